//! From text to tokens. A token knows its bytes, so an error can point at them.

use std::fmt;

use serde_json::Value;

use super::error::{Problem, Span};

/// One token and where it stands.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Token {
    pub(super) kind: TokenKind,
    pub(super) span: Span,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum TokenKind {
    /// A keyword, `AND`, `CONTAINS`, `true`, or a bare value: letters, digits, `_`, `.` and `-`.
    Word(String),
    /// A text in double quotes, without them.
    Text(String),
    Number(f64),
    /// An operator written in signs.
    Sign(Sign),
    /// `[key]` or `["key"]`, the key alone.
    Bracketed(String),
    /// `#` and the JSON behind it.
    Json(Value),
    Bang,
    Comma,
    Colon,
    LeftParen,
    RightParen,
    LeftBrace,
    RightBrace,
    End,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sign {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl fmt::Display for TokenKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = PUNCTUATION.iter().find(|(_, kind)| kind == self).map(|(sign, _)| *sign);
        match (self, sign) {
            (_, Some(sign)) => write!(f, "`{sign}`"),
            (Self::Word(word), _) => write!(f, "`{word}`"),
            (Self::Number(number), _) => write!(f, "the number {number}"),
            (Self::Text(_), _) => f.write_str("a text"),
            (Self::Bracketed(_), _) => f.write_str("`[`"),
            (Self::Json(_), _) => f.write_str("JSON"),
            _ => f.write_str("the end of the expression"),
        }
    }
}

/// Signs and punctuation, the longer before the shorter.
const PUNCTUATION: &[(&str, TokenKind)] = &[
    ("!=", TokenKind::Sign(Sign::NotEqual)),
    ("<=", TokenKind::Sign(Sign::LessOrEqual)),
    (">=", TokenKind::Sign(Sign::GreaterOrEqual)),
    ("=", TokenKind::Sign(Sign::Equal)),
    ("<", TokenKind::Sign(Sign::Less)),
    (">", TokenKind::Sign(Sign::Greater)),
    ("!", TokenKind::Bang),
    (",", TokenKind::Comma),
    (":", TokenKind::Colon),
    ("(", TokenKind::LeftParen),
    (")", TokenKind::RightParen),
    ("{", TokenKind::LeftBrace),
    ("}", TokenKind::RightBrace),
];

/// What people write from habit with other languages, and what it is called here.
const FROM_ELSEWHERE: &[(&str, &str)] = &[
    ("==", "write a single `=`"),
    ("<>", "write `!=`"),
    ("&&", "write AND"),
    ("||", "write OR"),
    ("'", "texts stand in double quotes, like \"this\""),
    ("“", "texts stand in plain double quotes, like \"this\""),
    ("”", "texts stand in plain double quotes, like \"this\""),
];

/// Takes an expression apart. The last token is always [`TokenKind::End`].
pub(super) fn tokens(text: &str) -> Result<Vec<Token>, Problem> {
    let mut lexer = Lexer { text, at: 0 };
    let mut tokens = Vec::new();
    loop {
        lexer.skip_whitespace();
        let start = lexer.at;
        let kind = lexer.token()?;
        let ended = kind == TokenKind::End;
        tokens.push(Token { kind, span: start..lexer.at });
        if ended {
            return Ok(tokens);
        }
    }
}

struct Lexer<'t> {
    text: &'t str,
    /// Always on a character boundary.
    at: usize,
}

impl<'t> Lexer<'t> {
    fn token(&mut self) -> Result<TokenKind, Problem> {
        let rest = self.rest();
        let Some(first) = rest.chars().next() else { return Ok(TokenKind::End) };
        if let Some((wrong, hint)) = FROM_ELSEWHERE.iter().find(|(wrong, _)| rest.starts_with(wrong)) {
            return Err(Problem::new(self.span_of(wrong), format!("unexpected `{wrong}`")).hint(*hint));
        }
        if let Some((sign, kind)) = PUNCTUATION.iter().find(|(sign, _)| rest.starts_with(sign)) {
            self.at += sign.len();
            return Ok(kind.clone());
        }
        match first {
            '"' => self.quoted().map(TokenKind::Text),
            '#' => self.json(),
            '[' => self.bracketed().map(TokenKind::Bracketed),
            c if c.is_alphabetic() || c == '_' => Ok(TokenKind::Word(self.take_while(is_word).to_owned())),
            c if c.is_ascii_digit() || c == '-' || c == '.' => self.number(),
            c => {
                let problem =
                    Problem::new(self.at..self.at + c.len_utf8(), format!("unexpected `{}`", c.escape_debug()));
                Err(problem.hint("texts with signs in them stand in double quotes"))
            }
        }
    }

    /// A text in double quotes, with JSON's escapes.
    fn quoted(&mut self) -> Result<String, Problem> {
        let start = self.at;
        let mut escaped = false;
        let length = self.rest().char_indices().skip(1).find_map(|(at, c)| {
            let closes = c == '"' && !escaped;
            escaped = c == '\\' && !escaped;
            closes.then_some(at + 1)
        });
        let Some(length) = length else {
            return Err(Problem::new(start..self.text.len(), "this text has no closing double quote"));
        };
        let literal = self.rest().get(..length).unwrap_or_default();
        self.at += length;
        serde_json::from_str(literal).map_err(|_| {
            Problem::new(start..self.at, "this text is not written as JSON writes texts")
                .hint(r#"a double quote inside is \", a backslash \\, a line break \n"#)
        })
    }

    fn number(&mut self) -> Result<TokenKind, Problem> {
        let start = self.at;
        let literal = self.take_while(|c| is_word(c) || c == '+');
        // A sign belongs to a number only in front and after its exponent; anything else is not a number anyway.
        let number = literal.parse::<f64>().ok().filter(|_| literal.bytes().any(|byte| byte.is_ascii_digit()));
        match number {
            Some(number) if number.is_finite() => Ok(TokenKind::Number(number)),
            Some(_) => Err(Problem::new(start..self.at, format!("`{literal}` is too large a number"))),
            None => Err(not_a_number(start..self.at, literal)),
        }
    }

    /// The key of an annotation: quoted, or bare up to the closing bracket.
    fn bracketed(&mut self) -> Result<String, Problem> {
        let start = self.at;
        self.at += 1;
        self.skip_whitespace();
        let quoted = self.rest().starts_with('"');
        let key = if quoted { self.quoted()? } else { self.take_while(is_bare_key).trim_end().to_owned() };
        self.skip_whitespace();
        if !self.rest().starts_with(']') {
            let hint = "an annotation's key stands alone in its brackets, quoted or bare: annotation[key]";
            return Err(Problem::new(self.at..self.at, "expected `]`").hint(hint));
        }
        self.at += 1;
        if key.is_empty() {
            return Err(Problem::new(start..self.at, "expected the key of an annotation between the brackets"));
        }
        Ok(key)
    }

    fn json(&mut self) -> Result<TokenKind, Problem> {
        let start = self.at;
        self.at += 1;
        let mut values = serde_json::Deserializer::from_str(self.rest()).into_iter::<Value>();
        let value = values.next();
        let length = values.byte_offset();
        match value {
            Some(Ok(value)) => {
                self.at += length;
                Ok(TokenKind::Json(value))
            }
            Some(Err(error)) => {
                let end = self.text.len();
                let place = self.place_of(&error).min(end);
                let problem = if error.is_eof() { end..end } else { place..end.min(place + 1) };
                let reason = error.to_string();
                let reason = reason.split(" at line ").next().unwrap_or_default();
                Err(Problem::new(self.on_boundaries(problem), format!("the JSON after `#` is not valid: {reason}")))
            }
            None => Err(Problem::new(start..self.at, "expected a JSON list after `#`")),
        }
    }

    /// Where in the text a JSON error happened. serde_json counts lines from 1 and bytes of a line from 1.
    fn place_of(&self, error: &serde_json::Error) -> usize {
        let lines_before: usize =
            self.rest().split_inclusive('\n').take(error.line().saturating_sub(1)).map(str::len).sum();
        self.at + lines_before + error.column().saturating_sub(1)
    }

    fn on_boundaries(&self, span: Span) -> Span {
        self.text.floor_char_boundary(span.start)..self.text.ceil_char_boundary(span.end)
    }

    fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn span_of(&self, next: &str) -> Span {
        self.at..self.at + next.len()
    }

    fn skip_whitespace(&mut self) {
        self.take_while(char::is_whitespace);
    }

    fn take_while(&mut self, belongs: impl Fn(char) -> bool) -> &'t str {
        let rest = self.rest();
        let taken =
            rest.split_at_checked(rest.find(|c| !belongs(c)).unwrap_or(rest.len())).map_or("", |(taken, _)| taken);
        self.at += taken.len();
        taken
    }
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '.' | '-')
}

fn is_bare_key(c: char) -> bool {
    !matches!(c, ']' | '[' | '"') && !c.is_control()
}

fn not_a_number(span: Span, literal: &str) -> Problem {
    let digits = literal.trim_end_matches(char::is_alphabetic);
    let has_unit = digits.parse::<f64>().is_ok() && matches!(literal.trim_start_matches(digits), "s" | "ms" | "us");
    let hint = if has_unit {
        "times are in seconds, without a unit".to_owned()
    } else {
        format!("texts stand in double quotes: \"{literal}\"")
    };
    Problem::new(span, format!("`{literal}` is not a number")).hint(hint)
}
