//! Keywords with a syntax of their own: annotations, nodes and edges, groups, and root causes as JSON.

use crate::filter::ast::{Condition, EdgePattern, Fact, GroupKey, GroupReference, NodePattern, Test};
use crate::filter::error::{Problem, Span};
use crate::filter::keyword::{self, Scope};
use crate::filter::token::{Sign, TokenKind};
use crate::filter::value;

use super::{Parser, did_you_mean};

impl Parser<'_> {
    pub(super) fn annotation(&mut self, word: &str, span: &Span, scope: Scope) -> Result<Condition, Problem> {
        if !matches!(scope, Scope::Trace | Scope::Service | Scope::Edge) {
            return Err(Problem::new(span.clone(), format!("annotations mean nothing {}", scope.place())));
        }
        let key = match (word.split_once('.'), &self.peek().kind) {
            (Some((_, key)), _) if !key.is_empty() => key.to_owned(),
            (None, TokenKind::Bracketed(key)) => {
                self.advance();
                key.clone()
            }
            _ => return Err(self.expected("a key").hint("write annotation.key or annotation[key]")),
        };
        let test = match self.operator()? {
            Some(operator) => value::annotation_test(&operator, self.take())?,
            None => Test::IsSet,
        };
        Ok(Condition::Compare(Fact::Annotation(key), test))
    }

    pub(super) fn service(&mut self) -> Result<Condition, Problem> {
        let node = self.any_node()?;
        Ok(Condition::Service(node, self.braces(Scope::Service)?.map(Box::new)))
    }

    /// A node in parentheses; without anything in them, every node.
    pub(super) fn any_node(&mut self) -> Result<NodePattern, Problem> {
        self.open_paren()?;
        let any_node = self.peek().kind == TokenKind::RightParen;
        let node = if any_node { NodePattern::default() } else { self.node()? };
        self.close(&TokenKind::RightParen, "`)`")?;
        Ok(node)
    }

    pub(super) fn edge(&mut self) -> Result<Condition, Problem> {
        let nodes = self.two_nodes()?;
        Ok(Condition::Edge(nodes, self.braces(Scope::Edge)?.map(Box::new)))
    }

    /// Two nodes in parentheses.
    pub(super) fn two_nodes(&mut self) -> Result<EdgePattern, Problem> {
        self.open_paren()?;
        let source = self.node()?;
        if self.take().kind != TokenKind::Comma {
            self.step_back();
            return Err(self.expected("`,` and the called service").hint("write edge(\"caller\", \"callee\")"));
        }
        let target = self.node()?;
        self.close(&TokenKind::RightParen, "`)`")?;
        Ok(EdgePattern { source, target })
    }

    /// A name, or `id(…)`.
    pub(super) fn node(&mut self) -> Result<NodePattern, Problem> {
        let token = self.take();
        match &token.kind {
            TokenKind::Word(word) if word.eq_ignore_ascii_case("id") && self.peek().kind == TokenKind::LeftParen => {
                self.id()
            }
            _ => match value::text(token) {
                Some(name) => Ok(NodePattern { name: Some(name), ..NodePattern::default() }),
                None => {
                    self.step_back();
                    Err(self.expected("the name of a service in double quotes, or id(…)"))
                }
            },
        }
    }

    fn id(&mut self) -> Result<NodePattern, Problem> {
        self.open_paren()?;
        let mut pattern = NodePattern::default();
        loop {
            self.id_member(&mut pattern)?;
            if self.peek().kind != TokenKind::Comma {
                break;
            }
            self.advance();
        }
        self.close(&TokenKind::RightParen, "`)`")?;
        Ok(pattern)
    }

    fn id_member(&mut self, pattern: &mut NodePattern) -> Result<(), Problem> {
        let token = self.take();
        let word = if let TokenKind::Word(word) = &token.kind { word.to_ascii_lowercase() } else { String::new() };
        let member = match word.as_str() {
            "name" => &mut pattern.name,
            "type" => &mut pattern.service_type,
            "account.id" => &mut pattern.account_id,
            _ => {
                self.step_back();
                let near = keyword::nearest_of(&word, ["name", "type", "account.id"].into_iter());
                return Err(self.expected("name:, type: or account.id:").maybe_hint(near.map(did_you_mean)));
            }
        };
        if member.is_some() {
            return Err(Problem::new(token.span.clone(), format!("`{word}` is given twice")));
        }
        if self.take().kind != TokenKind::Colon {
            self.step_back();
            return Err(self.expected("`:`"));
        }
        match value::text(self.take()) {
            Some(text) => *member = Some(text),
            None => {
                self.step_back();
                return Err(self.expected("a text in double quotes"));
            }
        }
        Ok(())
    }

    pub(super) fn group(&mut self, by: GroupKey) -> Result<Condition, Problem> {
        if self.take().kind != TokenKind::Sign(Sign::Equal) {
            self.step_back();
            return Err(self.expected("`=`").hint(format!("write {by} = \"…\", or !{by} = \"…\" for all others")));
        }
        let token = self.take();
        match value::text(token) {
            Some(value) => Ok(Condition::Group(GroupReference { by, value, span: token.span.clone() })),
            None => {
                self.step_back();
                Err(self.expected("a text in double quotes"))
            }
        }
    }

    pub(super) fn root_cause_json(&mut self) -> Result<Condition, Problem> {
        let negated = match self.take().kind {
            TokenKind::Sign(Sign::Equal) => false,
            TokenKind::Sign(Sign::NotEqual) => true,
            _ => {
                self.step_back();
                return Err(self.expected("`=` or `!=`"));
            }
        };
        let token = self.take();
        let TokenKind::Json(json) = &token.kind else {
            self.step_back();
            return Err(self.expected("`#` and a JSON list of root causes"));
        };
        let condition = Condition::RootCauseJson(value::cause_patterns(json, &token.span)?);
        Ok(if negated { condition.negated() } else { condition })
    }
}
