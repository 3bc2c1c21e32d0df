//! The keywords as tables: how each is written, what kind of value it has, and where it means something.

use super::ast::{CauseElement, CauseKind, CauseList};

/// A simple keyword.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keyword {
    /// Answered, without error, throttle or fault.
    Ok,
    /// A client error.
    Error,
    /// A throttled request.
    Throttle,
    /// A server error.
    Fault,
    /// Parts of the trace are still missing.
    Partial,
    /// Made up from the call that led there, because nothing answered it.
    Inferred,
    /// The trace starts at this service.
    Root,
    /// The first element of a root cause's list.
    First,
    /// The last element of a root cause's list.
    Last,
    /// The entity is a call to somewhere else.
    Remote,
    /// Seconds until the response left.
    ResponseTime,
    /// Seconds until all work had ended.
    Duration,
    /// The status of the HTTP response.
    HttpStatus,
    /// The position in a root cause's list, from 0.
    Index,
    /// The entity's share of the root segment's response time, 0 to 1.
    Coverage,
    /// The full URL.
    HttpUrl,
    /// The HTTP method.
    HttpMethod,
    /// The caller's user agent.
    HttpUserAgent,
    /// The caller's address.
    HttpClientIp,
    /// The end user.
    User,
    /// The name of a service, entity or exception.
    Name,
    /// The type of a service.
    Type,
    /// The AWS account.
    AccountId,
    /// The message of an exception.
    Message,
    /// Where an instance or task ran.
    AvailabilityZone,
    /// The id of an EC2 instance.
    InstanceId,
    /// The ARN of a traced resource.
    ResourceArn,
}

/// What a keyword's values are, which decides the operators.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Bare, or `=` and `!=` with `true` and `false`.
    Boolean,
    /// `=`, `!=`, `<`, `<=`, `>`, `>=`; bare means that there is a value.
    Number,
    /// `=`, `!=`, `CONTAINS`, `BEGINSWITH`, `ENDSWITH`; bare means that there is a value.
    Text,
    /// Like `Text`, but upper and lower case are the same: the documentation spells one type in two ways, and some
    /// SDKs send HTTP methods in lower case.
    CaselessText,
}

/// Where a condition stands, and so what it is asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scope {
    /// At the top: the trace.
    Trace,
    /// In the braces of `service(…)`: each segment of the chosen nodes.
    Service,
    /// In the braces of `edge(…)`: each call, as the caller saw it.
    Edge,
    /// In the braces of `rootcause.….service`.
    CauseService,
    /// In the braces of `rootcause.fault.entity` or `rootcause.error.entity`.
    CauseEntity,
    /// In the braces of `rootcause.responsetime.entity`.
    SlowEntity,
    /// In the braces of `rootcause.….exception`.
    Exception,
}

impl Scope {
    /// The scope in words, to follow "inside" or "belongs".
    pub(super) fn place(self) -> &'static str {
        match self {
            Self::Trace => "at the top level",
            Self::Service => "inside `service(…) { }`",
            Self::Edge => "inside `edge(…) { }`",
            Self::CauseService => "inside `rootcause.….service { }`",
            Self::CauseEntity => "inside `rootcause.fault.entity { }` or `rootcause.error.entity { }`",
            Self::SlowEntity => "inside `rootcause.responsetime.entity { }`",
            Self::Exception => "inside `rootcause.….exception { }`",
        }
    }
}

/// One row of the table.
#[derive(Debug)]
pub(super) struct Definition {
    pub(super) keyword: Keyword,
    pub(super) name: &'static str,
    pub(super) kind: Kind,
    pub(super) scopes: &'static [Scope],
}

const WORK: &[Scope] = &[Scope::Trace, Scope::Service, Scope::Edge];
const SEGMENT: &[Scope] = &[Scope::Trace, Scope::Service];
const CAUSES: &[Scope] = &[Scope::CauseService, Scope::CauseEntity, Scope::SlowEntity, Scope::Exception];
const NAMED: &[Scope] = &[Scope::Service, Scope::CauseService, Scope::CauseEntity, Scope::SlowEntity, Scope::Exception];
const SERVICES: &[Scope] = &[Scope::Service, Scope::CauseService];

#[rustfmt::skip]
pub(super) const KEYWORDS: &[Definition] = &[
    row(Keyword::Ok,               "ok",               Kind::Boolean,      WORK),
    row(Keyword::Error,            "error",            Kind::Boolean,      WORK),
    row(Keyword::Throttle,         "throttle",         Kind::Boolean,      WORK),
    row(Keyword::Fault,            "fault",            Kind::Boolean,      WORK),
    row(Keyword::Partial,          "partial",          Kind::Boolean,      &[Scope::Trace]),
    row(Keyword::Inferred,         "inferred",         Kind::Boolean,      &[Scope::Trace, Scope::CauseService]),
    row(Keyword::Root,             "root",             Kind::Boolean,      &[Scope::Service]),
    row(Keyword::First,            "first",            Kind::Boolean,      CAUSES),
    row(Keyword::Last,             "last",             Kind::Boolean,      CAUSES),
    row(Keyword::Remote,           "remote",           Kind::Boolean,      &[Scope::CauseEntity, Scope::SlowEntity]),
    row(Keyword::ResponseTime,     "responsetime",     Kind::Number,       WORK),
    row(Keyword::Duration,         "duration",         Kind::Number,       WORK),
    row(Keyword::HttpStatus,       "http.status",      Kind::Number,       WORK),
    row(Keyword::Index,            "index",            Kind::Number,       CAUSES),
    row(Keyword::Coverage,         "coverage",         Kind::Number,       &[Scope::SlowEntity]),
    row(Keyword::HttpUrl,          "http.url",         Kind::Text,         WORK),
    row(Keyword::HttpMethod,       "http.method",      Kind::CaselessText, WORK),
    row(Keyword::HttpUserAgent,    "http.useragent",   Kind::Text,         WORK),
    row(Keyword::HttpClientIp,     "http.clientip",    Kind::Text,         WORK),
    row(Keyword::User,             "user",             Kind::Text,         SEGMENT),
    row(Keyword::Name,             "name",             Kind::Text,         NAMED),
    row(Keyword::Type,             "type",             Kind::CaselessText, SERVICES),
    row(Keyword::AccountId,        "account.id",       Kind::Text,         &[Scope::Trace, Scope::Service, Scope::CauseService]),
    row(Keyword::Message,          "message",          Kind::Text,         &[Scope::Exception]),
    row(Keyword::AvailabilityZone, "availabilityzone", Kind::Text,         SEGMENT),
    row(Keyword::InstanceId,       "instance.id",      Kind::Text,         SEGMENT),
    row(Keyword::ResourceArn,      "resource.arn",     Kind::Text,         SEGMENT),
];

const fn row(keyword: Keyword, name: &'static str, kind: Kind, scopes: &'static [Scope]) -> Definition {
    Definition { keyword, name, kind, scopes }
}

/// A list of a root cause, with the scope that its braces open.
#[derive(Debug)]
pub(super) struct CauseListDefinition {
    pub(super) name: &'static str,
    pub(super) list: CauseList,
    pub(super) scope: Scope,
}

#[rustfmt::skip]
pub(super) const CAUSE_LISTS: &[CauseListDefinition] = &[
    list("rootcause.fault.service",        CauseKind::Fault,        CauseElement::Service,   Scope::CauseService),
    list("rootcause.fault.entity",         CauseKind::Fault,        CauseElement::Entity,    Scope::CauseEntity),
    list("rootcause.fault.exception",      CauseKind::Fault,        CauseElement::Exception, Scope::Exception),
    list("rootcause.error.service",        CauseKind::Error,        CauseElement::Service,   Scope::CauseService),
    list("rootcause.error.entity",         CauseKind::Error,        CauseElement::Entity,    Scope::CauseEntity),
    list("rootcause.error.exception",      CauseKind::Error,        CauseElement::Exception, Scope::Exception),
    list("rootcause.responsetime.service", CauseKind::ResponseTime, CauseElement::Service,   Scope::CauseService),
    list("rootcause.responsetime.entity",  CauseKind::ResponseTime, CauseElement::Entity,    Scope::SlowEntity),
];

const fn list(name: &'static str, kind: CauseKind, element: CauseElement, scope: Scope) -> CauseListDefinition {
    CauseListDefinition { name, list: CauseList { kind, element }, scope }
}

/// What else can be written at the start of a condition.
const COMPLEX: &[&str] = &["annotation", "service", "edge", "group.name", "group.arn", "json", "rootcause.json"];

/// How many single-character edits away a word may be to be offered as what was meant.
const MAX_EDITS: usize = 2;

impl Keyword {
    /// The keyword as it is written in canonical text.
    pub fn name(self) -> &'static str {
        self.definition().name
    }

    pub(super) fn definition(self) -> &'static Definition {
        KEYWORDS.iter().find(|row| row.keyword == self).expect("the table has a row for every keyword")
    }
}

impl Definition {
    /// The places where the keyword means something, in words.
    pub(super) fn places(&self) -> String {
        let places: Vec<_> = self.scopes.iter().map(|scope| scope.place()).collect();
        places.join(", ")
    }
}

/// Finds the keyword that a word spells, whatever its case.
pub(super) fn find(word: &str) -> Option<&'static Definition> {
    KEYWORDS.iter().find(|row| row.name.eq_ignore_ascii_case(word))
}

/// The word that was probably meant where a condition of this scope starts.
pub(super) fn nearest(word: &str, scope: Scope) -> Option<&'static str> {
    let here = KEYWORDS.iter().filter(|row| row.scopes.contains(&scope)).map(|row| row.name);
    let cause_lists = CAUSE_LISTS.iter().map(|row| row.name);
    let complex = COMPLEX.iter().copied().chain(cause_lists).filter(|_| scope == Scope::Trace);
    let elsewhere = KEYWORDS.iter().filter(|row| !row.scopes.contains(&scope)).map(|row| row.name);
    nearest_of(word, here.chain(complex).chain(elsewhere))
}

/// The first of the nearest candidates within two edits; none for a word so short that anything would be near.
pub(super) fn nearest_of<'c>(word: &str, candidates: impl Iterator<Item = &'c str>) -> Option<&'c str> {
    let word = word.to_lowercase();
    let near = candidates.map(|candidate| (strsim::osa_distance(&word, candidate), candidate));
    near.filter(|(edits, _)| *edits <= MAX_EDITS && *edits < word.chars().count())
        .min_by_key(|(edits, _)| *edits)
        .map(|(_, candidate)| candidate)
}
