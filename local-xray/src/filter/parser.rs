//! From tokens to a tree, by recursive descent. Stops at the first error; two carets have not been needed.

mod complex;

use super::ast::{Condition, Fact, GroupKey, Test};
use super::error::{Problem, Span};
use super::keyword::{self, CAUSE_LISTS, Definition, Kind, Scope};
use super::operator::{self, Operator};
use super::selector::Selected;
use super::token::{Token, TokenKind};
use super::value;

/// How deeply parentheses, braces and negations may nest.
pub(super) const MAX_NESTING: usize = 32;

/// Reads a whole expression; no tokens at all are the empty expression.
pub(super) fn parse(tokens: &[Token]) -> Result<Condition, Problem> {
    let mut parser = Parser { tokens, next: 0, depth: 0 };
    if parser.peek().kind == TokenKind::End {
        return Ok(Condition::All(Vec::new()));
    }
    let condition = parser.any(Scope::Trace)?;
    match &parser.peek().kind {
        TokenKind::End => Ok(condition),
        _ => Err(parser.expected("AND, OR or the end of the expression")),
    }
}

/// Reads the name of a node or an edge, without a condition on it.
pub(super) fn selector(tokens: &[Token]) -> Result<Selected, Problem> {
    let mut parser = Parser { tokens, next: 0, depth: 0 };
    let token = parser.peek();
    let word = if let TokenKind::Word(word) = &token.kind { word.to_ascii_lowercase() } else { String::new() };
    let opens = parser.peek_second().kind == TokenKind::LeftParen;
    let selected = match word.as_str() {
        "id" if opens => Selected::Node(parser.node()?),
        "service" if opens => parser.after_word(Parser::any_node).map(Selected::Node)?,
        "edge" if opens => parser.after_word(Parser::two_nodes).map(Selected::Edge)?,
        _ => return Err(parser.expected("service(…), edge(…, …) or id(…)")),
    };
    match &parser.peek().kind {
        TokenKind::End => Ok(selected),
        TokenKind::LeftBrace => {
            let hint = "a selector names a node or an edge, without a condition on it";
            Err(parser.expected("the end of the selector").hint(hint))
        }
        _ => Err(parser.expected("the end of the selector")),
    }
}

struct Parser<'t> {
    /// Ends with [`TokenKind::End`].
    tokens: &'t [Token],
    next: usize,
    depth: usize,
}

const END: Token = Token { kind: TokenKind::End, span: 0..0 };

impl<'t> Parser<'t> {
    // === Conditions ===

    fn any(&mut self, scope: Scope) -> Result<Condition, Problem> {
        let mut conditions = vec![self.all(scope)?];
        while self.take_word("or") {
            conditions.push(self.all(scope)?);
        }
        Ok(Condition::any(conditions))
    }

    fn all(&mut self, scope: Scope) -> Result<Condition, Problem> {
        let mut conditions = vec![self.not(scope)?];
        while self.take_word("and") || self.starts_condition() {
            conditions.push(self.not(scope)?);
        }
        Ok(Condition::all(conditions))
    }

    fn not(&mut self, scope: Scope) -> Result<Condition, Problem> {
        let token = self.peek();
        match &token.kind {
            TokenKind::Bang => self.nested(|parser| Ok(parser.not(scope)?.negated())),
            TokenKind::LeftParen => self.nested(|parser| {
                let condition = parser.any(scope)?;
                parser.close(&TokenKind::RightParen, "`)`")?;
                Ok(condition)
            }),
            TokenKind::Word(word) if !is_reserved(word) => {
                self.advance();
                self.term(word, &token.span, scope)
            }
            _ => Err(self.expected("a keyword, `!` or `(`").maybe_hint(misplaced(token))),
        }
    }

    /// Says whether a condition follows without an AND in between.
    fn starts_condition(&self) -> bool {
        match &self.peek().kind {
            TokenKind::Word(word) => !is_reserved(word),
            TokenKind::Bang | TokenKind::LeftParen => true,
            _ => false,
        }
    }

    fn term(&mut self, word: &str, span: &Span, scope: Scope) -> Result<Condition, Problem> {
        let lower = word.to_ascii_lowercase();
        if let Some(list) = CAUSE_LISTS.iter().find(|list| list.name == lower) {
            self.only_at_the_top(word, span, scope)?;
            let inside = self.braces(list.scope)?.ok_or_else(|| self.expected("`{`"))?;
            return Ok(Condition::RootCause(list.list, Box::new(inside)));
        }
        match lower.split_once('.').unwrap_or((&lower, "")) {
            ("annotation", _) => self.annotation(word, span, scope),
            ("service", "") => self.only_at_the_top(word, span, scope).and_then(|()| self.service()),
            ("edge", "") => self.only_at_the_top(word, span, scope).and_then(|()| self.edge()),
            ("group", "name") => self.only_at_the_top(word, span, scope).and_then(|()| self.group(GroupKey::Name)),
            ("group", "arn") => self.only_at_the_top(word, span, scope).and_then(|()| self.group(GroupKey::Arn)),
            ("json", "") | ("rootcause", "json") => {
                self.only_at_the_top(word, span, scope).and_then(|()| self.root_cause_json())
            }
            _ => match keyword::find(word) {
                Some(definition) => self.simple(definition, span, scope),
                None => Err(unknown_keyword(word, span, scope)),
            },
        }
    }

    fn simple(&mut self, definition: &Definition, span: &Span, scope: Scope) -> Result<Condition, Problem> {
        if !definition.scopes.contains(&scope) {
            let message = format!("`{}` means nothing {}", definition.name, scope.place());
            return Err(Problem::new(span.clone(), message).hint(format!("it belongs {}", definition.places())));
        }
        let fact = Fact::Keyword(definition.keyword);
        let Some(operator) = self.operator()? else {
            let test = if definition.kind == Kind::Boolean { Test::Truth(true) } else { Test::IsSet };
            return Ok(Condition::Compare(fact, test));
        };
        let value = self.take();
        match value::test(definition, &operator, value)? {
            // Of a boolean keyword only the positive test is kept: `ok = false` is `!ok`.
            Test::Truth(false) => Ok(Condition::Compare(fact, Test::Truth(true)).negated()),
            test => Ok(Condition::Compare(fact, test)),
        }
    }

    // === Parts ===

    /// The condition in braces, if there are any.
    fn braces(&mut self, scope: Scope) -> Result<Option<Condition>, Problem> {
        if self.peek().kind != TokenKind::LeftBrace {
            return Ok(None);
        }
        self.nested(|parser| {
            let condition = parser.any(scope)?;
            parser.close(&TokenKind::RightBrace, "`}`")?;
            Ok(Some(condition))
        })
    }

    fn operator(&mut self) -> Result<Option<(Operator, Span)>, Problem> {
        let token = self.peek();
        let operator = match &token.kind {
            TokenKind::Sign(sign) => Operator::from(*sign),
            TokenKind::Word(word) => match operator::word(word) {
                Some(operator) => operator,
                None => return operator::misspelt(word, token, self.peek_second()).map_or(Ok(None), Err),
            },
            _ => return Ok(None),
        };
        self.advance();
        Ok(Some((operator, token.span.clone())))
    }

    /// Steps over the next token and reads what it opens, one level deeper.
    fn nested<T>(&mut self, read: impl FnOnce(&mut Self) -> Result<T, Problem>) -> Result<T, Problem> {
        let span = self.take().span.clone();
        self.depth += 1;
        if self.depth > MAX_NESTING {
            return Err(Problem::new(span, format!("more than {MAX_NESTING} levels of nesting")));
        }
        let read = read(self)?;
        self.depth -= 1;
        Ok(read)
    }

    fn only_at_the_top(&self, word: &str, span: &Span, scope: Scope) -> Result<(), Problem> {
        if scope == Scope::Trace {
            return Ok(());
        }
        let message = format!("`{word}` means nothing {}", scope.place());
        Err(Problem::new(span.clone(), message).hint("it asks about the whole trace: join it outside with AND or OR"))
    }

    fn open_paren(&mut self) -> Result<(), Problem> {
        if self.peek().kind != TokenKind::LeftParen {
            return Err(self.expected("`(`"));
        }
        self.advance();
        Ok(())
    }

    fn close(&mut self, kind: &TokenKind, sign: &str) -> Result<(), Problem> {
        if self.peek().kind == *kind {
            self.advance();
            return Ok(());
        }
        Err(self.expected(sign))
    }

    // === Tokens ===

    fn peek(&self) -> &'t Token {
        self.tokens.get(self.next).or(self.tokens.last()).unwrap_or(&END)
    }

    fn peek_second(&self) -> &'t Token {
        self.tokens.get(self.next + 1).or(self.tokens.last()).unwrap_or(&END)
    }

    fn take(&mut self) -> &'t Token {
        let token = self.peek();
        self.advance();
        token
    }

    fn advance(&mut self) {
        self.next += 1;
    }

    fn step_back(&mut self) {
        self.next -= 1;
    }

    /// Steps over a word and reads what belongs to it.
    fn after_word<T>(&mut self, read: impl FnOnce(&mut Self) -> Result<T, Problem>) -> Result<T, Problem> {
        self.advance();
        read(self)
    }

    fn take_word(&mut self, word: &str) -> bool {
        let found = matches!(&self.peek().kind, TokenKind::Word(next) if next.eq_ignore_ascii_case(word));
        if found {
            self.advance();
        }
        found
    }

    fn expected(&self, what: &str) -> Problem {
        expected(what, self.peek())
    }
}

/// Something else stands where `what` should be.
pub(super) fn expected(what: &str, found: &Token) -> Problem {
    Problem::new(found.span.clone(), format!("expected {what}, found {}", found.kind))
}

pub(super) fn did_you_mean(word: &str) -> String {
    format!("did you mean `{word}`?")
}

/// Words that join or compare, and so never start a condition.
pub(super) fn is_reserved(word: &str) -> bool {
    word.eq_ignore_ascii_case("and") || word.eq_ignore_ascii_case("or") || operator::word(word).is_some()
}

fn misplaced(token: &Token) -> Option<String> {
    let hint = match &token.kind {
        TokenKind::Text(_) => {
            "a text needs a keyword in front, for example service(\"name\") or http.url CONTAINS \"text\""
        }
        TokenKind::Number(_) => "a number needs a keyword in front, for example responsetime > 5",
        _ => return None,
    };
    Some(hint.to_owned())
}

fn unknown_keyword(word: &str, span: &Span, scope: Scope) -> Problem {
    let hint = match word.to_ascii_lowercase().as_str() {
        "not" => Some("write `!` for not".to_owned()),
        "rootcause.responsetime.exception" => Some("the causes of response times have no exceptions".to_owned()),
        _ => keyword::nearest(word, scope).map(did_you_mean),
    };
    Problem::new(span.clone(), format!("unknown keyword `{word}`")).maybe_hint(hint)
}
