//! The canonical text of an expression: one way to write each meaning, readable again by the parser.

use std::fmt::{self, Display, Formatter};

use super::ast::{
    CauseList, Condition, EdgePattern, Expression, Fact, GroupReference, NodePattern, NumberOperator, Test,
    TextOperator,
};
use super::keyword::{CAUSE_LISTS, Keyword};

/// Beyond this many characters a number is printed with an exponent.
const MAX_PLAIN_DIGITS: usize = 20;

impl Display for Expression {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Display for Condition {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::All(conditions) => joined(f, conditions, " AND "),
            Self::Any(conditions) => joined(f, conditions, " OR "),
            Self::Not(condition) => write!(f, "!{}", Negated(condition)),
            Self::Compare(Fact::Keyword(keyword), Test::Truth(true)) => f.write_str(keyword.name()),
            Self::Compare(fact, test) => write!(f, "{fact}{test}"),
            Self::Service(node, inside) => write!(f, "service({node}){}", Braces(inside.as_deref())),
            Self::Edge(edge, inside) => write!(f, "edge({edge}){}", Braces(inside.as_deref())),
            Self::Group(group) => group.fmt(f),
            Self::RootCause(list, inside) => write!(f, "{list}{}", Braces(Some(inside))),
            Self::RootCauseJson(patterns) => {
                write!(f, "rootcause.json = #{}", serde_json::to_string(patterns).map_err(|_| fmt::Error)?)
            }
        }
    }
}

fn joined(f: &mut Formatter<'_>, conditions: &[Condition], separator: &str) -> fmt::Result {
    for (index, condition) in conditions.iter().enumerate() {
        let before = if index == 0 { "" } else { separator };
        match condition {
            // AND binds tighter than OR, so only an OR inside an AND needs parentheses.
            Condition::Any(_) => write!(f, "{before}({condition})")?,
            _ => write!(f, "{before}{condition}")?,
        }
    }
    Ok(())
}

/// What follows `!`.
struct Negated<'c>(&'c Condition);

impl Display for Negated<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self.0 {
            list @ (Condition::All(_) | Condition::Any(_)) => write!(f, "({list})"),
            other => other.fmt(f),
        }
    }
}

struct Braces<'c>(Option<&'c Condition>);

impl Display for Braces<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.0.map_or(Ok(()), |condition| write!(f, " {{ {condition} }}"))
    }
}

/// A text in double quotes, with JSON's escapes.
struct Quoted<'t>(&'t str);

impl Display for Quoted<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(&serde_json::to_string(self.0).map_err(|_| fmt::Error)?)
    }
}

impl Display for Fact {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Keyword(keyword) => f.write_str(keyword.name()),
            Self::Annotation(key) if is_plain(key) => write!(f, "annotation.{key}"),
            Self::Annotation(key) => write!(f, "annotation[{}]", Quoted(key)),
        }
    }
}

/// Says whether X-Ray's older spelling, `annotation.key`, can carry the key.
fn is_plain(key: &str) -> bool {
    !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

impl Display for Test {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::IsSet => Ok(()),
            Self::Truth(value) => write!(f, " = {value}"),
            Self::Number(operator, number) => write!(f, " {} {}", operator.as_str(), Plain(*number)),
            Self::Text(operator, text) => write!(f, " {} {}", operator.as_str(), Quoted(text)),
        }
    }
}

/// A number without an exponent where that is short.
struct Plain(f64);

impl Display for Plain {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let plain = self.0.to_string();
        if plain.len() <= MAX_PLAIN_DIGITS { f.write_str(&plain) } else { write!(f, "{:e}", self.0) }
    }
}

impl NumberOperator {
    fn as_str(self) -> &'static str {
        match self {
            Self::Equal => "=",
            Self::NotEqual => "!=",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
        }
    }
}

impl TextOperator {
    fn as_str(self) -> &'static str {
        match self {
            Self::Equal => "=",
            Self::NotEqual => "!=",
            Self::Contains => "CONTAINS",
            Self::BeginsWith => "BEGINSWITH",
            Self::EndsWith => "ENDSWITH",
        }
    }
}

impl Display for NodePattern {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        if let Self { name: Some(name), service_type: None, account_id: None } = self {
            return Quoted(name).fmt(f);
        }
        let members =
            [(Keyword::Name, &self.name), (Keyword::Type, &self.service_type), (Keyword::AccountId, &self.account_id)];
        let named = members.into_iter().filter_map(|(member, value)| Some((member.name(), value.as_deref()?)));
        let written: Vec<_> = named.map(|(member, value)| format!("{member}: {}", Quoted(value))).collect();
        if written.is_empty() { Ok(()) } else { write!(f, "id({})", written.join(", ")) }
    }
}

impl Display for EdgePattern {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}, {}", self.source, self.target)
    }
}

impl Display for GroupReference {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{} = {}", self.by, Quoted(&self.value))
    }
}

impl Display for CauseList {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let row = CAUSE_LISTS.iter().find(|row| row.list == *self);
        f.write_str(row.map_or("rootcause", |row| row.name))
    }
}
