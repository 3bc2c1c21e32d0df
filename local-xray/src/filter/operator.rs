//! Operators as they are written, and which of them compare numbers and which compare texts.

use super::ast::{NumberOperator, TextOperator};
use super::error::Problem;
use super::keyword;
use super::parser::did_you_mean;
use super::token::{Sign, Token, TokenKind};

/// Any operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operator {
    Sign(Sign),
    Contains,
    BeginsWith,
    EndsWith,
}

const WORDS: &[(&str, Operator)] =
    &[("contains", Operator::Contains), ("beginswith", Operator::BeginsWith), ("endswith", Operator::EndsWith)];

impl From<Sign> for Operator {
    fn from(sign: Sign) -> Self {
        Self::Sign(sign)
    }
}

impl Operator {
    /// The operator between numbers, if it is one.
    pub(super) fn of_numbers(self) -> Option<NumberOperator> {
        match self {
            Self::Sign(Sign::Equal) => Some(NumberOperator::Equal),
            Self::Sign(Sign::NotEqual) => Some(NumberOperator::NotEqual),
            Self::Sign(Sign::Less) => Some(NumberOperator::Less),
            Self::Sign(Sign::LessOrEqual) => Some(NumberOperator::LessOrEqual),
            Self::Sign(Sign::Greater) => Some(NumberOperator::Greater),
            Self::Sign(Sign::GreaterOrEqual) => Some(NumberOperator::GreaterOrEqual),
            Self::Contains | Self::BeginsWith | Self::EndsWith => None,
        }
    }

    /// The operator between texts, if it is one.
    pub(super) fn of_texts(self) -> Option<TextOperator> {
        match self {
            Self::Sign(Sign::Equal) => Some(TextOperator::Equal),
            Self::Sign(Sign::NotEqual) => Some(TextOperator::NotEqual),
            Self::Contains => Some(TextOperator::Contains),
            Self::BeginsWith => Some(TextOperator::BeginsWith),
            Self::EndsWith => Some(TextOperator::EndsWith),
            Self::Sign(_) => None,
        }
    }

    /// For `=` true, for `!=` false; the other operators do not compare truth values.
    pub(super) fn of_truths(self) -> Option<bool> {
        match self {
            Self::Sign(Sign::Equal) => Some(true),
            Self::Sign(Sign::NotEqual) => Some(false),
            _ => None,
        }
    }
}

/// The operator that a word spells, whatever its case.
pub(super) fn word(word: &str) -> Option<Operator> {
    WORDS.iter().find(|(name, _)| name.eq_ignore_ascii_case(word)).map(|(_, operator)| *operator)
}

/// The problem with a word that stands between a keyword and a value, where only an operator can stand; `None` when
/// it may as well be the next condition.
pub(super) fn misspelt(word: &str, token: &Token, next: &Token) -> Option<Problem> {
    let before_value = matches!(next.kind, TokenKind::Text(_) | TokenKind::Number(_));
    if !before_value {
        return None;
    }
    let near = keyword::nearest_of(word, WORDS.iter().map(|(name, _)| *name));
    let hint = match near {
        Some(name) => did_you_mean(&name.to_uppercase()),
        None => "operators are =, !=, <, <=, >, >=, CONTAINS, BEGINSWITH and ENDSWITH".to_owned(),
    };
    Some(Problem::new(token.span.clone(), format!("expected an operator, found `{word}`")).hint(hint))
}
