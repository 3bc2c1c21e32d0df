//! Filter expressions: the language in which traces are asked for.
//!
//! A small compiler: `token` takes text apart, `parser` makes a tree (`ast`) of it with the help of the `keyword` table,
//! `group` puts the expressions of groups in, and `eval` asks a trace: its digest first, which answers most questions, and
//! a [`TraceView`] where the documents have to be read. An expression is either answered exactly
//! or refused with the place and, where it can be guessed, the word that was meant. It is never half understood.
//!
//! # Grammar
//!
//! ```text
//! expression = [ any ]                            the empty expression holds for every trace
//! any        = all *( OR all )
//! all        = not *( [ AND ] not )               side by side means AND, and AND binds tighter than OR
//! not        = *"!" ( "(" any ")" | compare | complex )
//! compare    = fact [ operator value ]            bare: true, or "there is a value"
//! fact       = keyword | "annotation" ( "." key | "[" key "]" )
//! operator   = "=" | "!=" | "<" | "<=" | ">" | ">=" | CONTAINS | BEGINSWITH | ENDSWITH
//! value      = string | number | true | false | word      a word is a string without its quotes
//! complex    = "service" "(" [ node ] ")" [ "{" any "}" ]
//!            | "edge" "(" node "," node ")" [ "{" any "}" ]
//!            | ( "group.name" | "group.arn" ) "=" string
//!            | "rootcause." ( "fault" | "error" ) "." ( "service" | "entity" | "exception" ) "{" any "}"
//!            | "rootcause.responsetime." ( "service" | "entity" ) "{" any "}"
//!            | [ "rootcause." ] "json" ( "=" | "!=" ) "#" json-list
//! node       = string | "id" "(" member *( "," member ) ")"
//! member     = ( "name" | "type" | "account.id" ) ":" string
//! string     = JSON's; number = decimal, also with an exponent; word = letters, digits, "_", "." and "-"
//! ```
//!
//! Keywords, AND, OR and the operators may be written in any case; annotation keys and values are taken as they are.
//! Complex keywords ask about the whole trace and so stand at the top level only.
//!
//! # Meaning
//!
//! At the top level the simple keywords look at the root segment, the one without a parent; `throttle`, `duration`,
//! `partial` and `inferred` look at the trace as its summary does; `user`, annotations, `availabilityzone`,
//! `instance.id`, `resource.arn` and `account.id` hold when any segment has such a value. In the braces of `service(…)`
//! they look at each segment of the chosen nodes, in those of `edge(…)` at each call as the caller recorded it; the
//! expression holds when one of them fulfils the whole condition.
//!
//! A comparison asks for some value that fulfils it. So a missing value fulfils none, `!=` included: `http.status != 200`
//! needs another status, and `!http.status = 200` also holds without any. A value of another type never fulfils one.
//! Times are compared in exact microseconds. Texts are compared exactly, but types and HTTP methods ignore case.
//! An entity's place in its root cause (`first`, `last`, `index`) counts along the whole path from the entry to the
//! culprit, through all services.

mod error;
mod keyword;
mod operator;
mod token;

mod ast;
mod parser;
mod print;
mod reworded;
mod root_cause;
mod value;

mod group;

mod answer;
mod cause;
mod eval;
mod indexed;
mod segment;
mod subject;
mod view;

mod selector;

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;

pub use self::answer::Answer;
pub use self::ast::{Expression, GroupKey};
pub use self::error::{FilterError, Span};
pub use self::eval::Filter;
pub use self::group::Groups;
pub use self::keyword::Keyword;
pub use self::reworded::ValueType;
pub use self::selector::{Selector, parse_selector};
pub use self::view::TraceView;

use self::error::Problem;

/// The longest expression, in bytes, as it is written and in canonical form.
pub const MAX_BYTES: usize = 16 * 1024;

/// Parses an expression. The empty text is the expression that holds for every trace.
///
/// # Errors
/// The first place where the text is not understood.
pub fn parse(text: &str) -> Result<Expression, FilterError> {
    let too_long = || Problem::new(0..0, format!("the expression is longer than {MAX_BYTES} bytes")).within(text);
    if text.len() > MAX_BYTES {
        return Err(too_long());
    }
    let understood = token::tokens(text).and_then(|tokens| parser::parse(&tokens));
    let expression = Expression(understood.map_err(|problem| problem.within(text))?);
    if expression.to_string().len() > MAX_BYTES {
        return Err(too_long());
    }
    Ok(expression)
}

/// Parses an expression and puts the expressions of groups in, so that it can be asked.
///
/// # Errors
/// The first place where the text is not understood, or a group that does not exist or cannot be used.
pub fn compile(text: &str, groups: &dyn Groups) -> Result<Filter, FilterError> {
    group::resolve(parse(text)?, text, groups)
}
