//! The right side of a comparison: checked against what the keyword's values are, so that nothing is compared that
//! could never be equal.

use serde::Deserialize;
use serde_json::Value;

use super::ast::Test;
use super::error::{Problem, Span};
use super::keyword::{Definition, Kind};
use super::operator::Operator;
use super::parser::{expected, is_reserved};
use super::root_cause::CausePattern;
use super::token::{Token, TokenKind};

/// What a simple keyword is compared with.
pub(super) fn test(definition: &Definition, operator: &(Operator, Span), value: &Token) -> Result<Test, Problem> {
    let name = definition.name;
    match definition.kind {
        Kind::Boolean => {
            let equal = operator.0.of_truths().ok_or_else(|| {
                wrong_operator(operator, &format!("`{name}` is true or false and takes only = and !="))
            })?;
            let value = truth(value).ok_or_else(|| expected("true or false", value))?;
            Ok(Test::Truth(value == equal))
        }
        Kind::Number => {
            let operator = operator.0.of_numbers().ok_or_else(|| {
                wrong_operator(operator, &format!("`{name}` is a number and takes =, !=, <, <=, > and >="))
            })?;
            match value.kind {
                TokenKind::Number(number) => Ok(Test::Number(operator, number)),
                _ => Err(expected("a number", value).maybe_hint(number_in_quotes(value))),
            }
        }
        Kind::Text | Kind::CaselessText => {
            let operator = operator.0.of_texts().ok_or_else(|| {
                let takes = "=, !=, CONTAINS, BEGINSWITH and ENDSWITH";
                wrong_operator(operator, &format!("`{name}` is a text and takes {takes}"))
            })?;
            match text(value) {
                Some(text) => Ok(Test::Text(operator, text)),
                None => Err(expected("a text in double quotes", value)),
            }
        }
    }
}

/// What an annotation is compared with: the value's own type says how.
pub(super) fn annotation_test(operator: &(Operator, Span), value: &Token) -> Result<Test, Problem> {
    if let TokenKind::Number(number) = value.kind {
        let compares = operator.0.of_numbers().map(|operator| Test::Number(operator, number));
        return compares.ok_or_else(|| wrong_operator(operator, "numbers are compared with =, !=, <, <=, > and >="));
    }
    if let Some(truth) = truth(value) {
        let compares = operator.0.of_truths().map(|equal| Test::Truth(truth == equal));
        return compares.ok_or_else(|| wrong_operator(operator, "true and false are compared with = and !="));
    }
    let Some(text) = text(value) else {
        return Err(expected("a text in double quotes, a number, true or false", value));
    };
    let compares = operator.0.of_texts().map(|operator| Test::Text(operator, text));
    compares.ok_or_else(|| {
        wrong_operator(operator, "texts are compared with =, !=, CONTAINS, BEGINSWITH and ENDSWITH")
            .maybe_hint(number_in_quotes(value))
    })
}

/// A text: quoted, or one bare word, as one of the documented examples has it.
pub(super) fn text(token: &Token) -> Option<String> {
    match &token.kind {
        TokenKind::Text(text) => Some(text.clone()),
        TokenKind::Word(word) if !is_reserved(word) => Some(word.clone()),
        _ => None,
    }
}

/// The root causes of `rootcause.json = #[…]`.
pub(super) fn cause_patterns(json: &Value, span: &Span) -> Result<Vec<CausePattern>, Problem> {
    if !json.is_array() {
        let problem = Problem::new(span.clone(), "expected a JSON list of root causes after `#`");
        return Err(problem.hint("write #[ … ], also for a single root cause"));
    }
    Vec::<CausePattern>::deserialize(json)
        .map_err(|error| Problem::new(span.clone(), format!("this is not a list of root causes: {error}")))
}

fn truth(token: &Token) -> Option<bool> {
    match &token.kind {
        TokenKind::Word(word) if word.eq_ignore_ascii_case("true") => Some(true),
        TokenKind::Word(word) if word.eq_ignore_ascii_case("false") => Some(false),
        _ => None,
    }
}

fn number_in_quotes(token: &Token) -> Option<String> {
    match &token.kind {
        TokenKind::Text(text) if text.parse::<f64>().is_ok() => Some(format!("write {text} without quotes")),
        _ => None,
    }
}

fn wrong_operator((_, span): &(Operator, Span), message: &str) -> Problem {
    Problem::new(span.clone(), message)
}
