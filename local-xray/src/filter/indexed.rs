//! A trace asked by its digest. What the digest left out is answered with "read the documents", never with a guess.

use crate::digest::{Causes, DigestView, KeptText, KeptValue, Piece};
use crate::document::{Outcome, Timestamp};
use crate::graph::{Count, Key, ServiceRef};

use super::answer::Answer;
use super::ast::{CauseElement, CauseKind, CauseList};
use super::cause;
use super::keyword::Keyword;
use super::root_cause::CausePattern;
use super::subject::{Evidence, IsEdge, IsNode, Subject, Value, Values};

/// The top level, as for a [`TraceView`](super::TraceView).
impl Subject for DigestView<'_> {
    fn values(&self, keyword: Keyword) -> Values<'_> {
        let brief = self.brief();
        match keyword {
            Keyword::Throttle => Values::truth(brief.has_throttle),
            Keyword::Partial => Values::truth(brief.missing.is_some()),
            Keyword::Inferred => Values::truth(brief.has_inferred),
            Keyword::Duration => Values::exactly([Value::Number(brief.duration().as_secs_f64())]),
            Keyword::User => Values::kept(self.words().users.iter().map(|user| user.0.map(Value::Text))),
            Keyword::AccountId => Values::texts(self.services().filter_map(|service| service.account_id)),
            Keyword::AvailabilityZone | Keyword::InstanceId | Keyword::ResourceArn => places(brief.names_places),
            Keyword::HttpUrl => text(self.words().url),
            Keyword::HttpMethod => text(self.words().method),
            Keyword::HttpUserAgent => text(self.words().user_agent),
            Keyword::HttpClientIp => text(self.words().client_ip),
            _ => brief.root.as_ref().map_or(Values::none(), |root| of_piece(root, brief.start(), keyword)),
        }
    }

    fn annotations(&self, key: &str) -> Values<'_> {
        let annotations = self.words().annotations.iter();
        Values::kept(annotations.filter(|(known, _)| *known == key).map(|(_, value)| kept_value(*value)))
    }
}

impl Evidence for DigestView<'_> {
    fn any_node(&self, is_meant: IsNode<'_>, ask: &mut dyn FnMut(Option<&dyn Subject>) -> Answer) -> Answer {
        Answer::any(self.counts().map(|count| match count {
            Count::Segment { node, piece, .. } | Count::Inferred { node, piece } => {
                if !is_meant(node.known_as()) {
                    return Answer::No;
                }
                let work = Work { trace: self, piece, node: Some(node.service()) };
                ask(None).max(ask(Some(&work)))
            }
            Count::Entry { callee: end, .. } => has_node(&end.client(), is_meant, ask),
            Count::Call { caller, .. } => has_node(&caller, is_meant, ask),
        }))
    }

    fn any_call(&self, is_meant: IsEdge<'_>, ask: &mut dyn FnMut(&dyn Subject) -> Answer) -> Answer {
        Answer::any(self.counts().map(|count| {
            let (caller, callee, piece) = match count {
                Count::Entry { callee, piece } => (callee.client(), callee, piece),
                Count::Call { caller, callee, piece } => (caller, callee, piece),
                Count::Segment { .. } | Count::Inferred { .. } => return Answer::No,
            };
            let is_meant = is_meant(caller.known_as(), callee.known_as());
            if is_meant { ask(&Work { trace: self, piece, node: None }) } else { Answer::No }
        }))
    }

    fn any_cause(&self, list: CauseList, ask: &mut dyn FnMut(&dyn Subject) -> Answer) -> Answer {
        let causes = &self.cast().causes;
        let cause = match list.kind {
            CauseKind::Fault => &causes.fault,
            CauseKind::Error => &causes.error,
            CauseKind::ResponseTime => &causes.response_time,
        };
        match (cause, list.element) {
            (None, _) => Answer::No,
            (Some(cause), CauseElement::Service) => cause::any_service(self.passed(cause).collect(), ask),
            (Some(_), CauseElement::Entity | CauseElement::Exception) => Answer::ReadDocuments,
        }
    }

    fn has_cause(&self, _: &CausePattern) -> Answer {
        if self.cast().causes == Causes::default() { Answer::No } else { Answer::ReadDocuments }
    }
}

/// A node that is known by its calls alone, or as a client.
fn has_node(node: &Key<'_>, is_meant: IsNode<'_>, ask: &mut dyn FnMut(Option<&dyn Subject>) -> Answer) -> Answer {
    if is_meant(node.known_as()) { ask(None) } else { Answer::No }
}

/// A piece of work: of a node in the braces of `service(…)`, a call in those of `edge(…)`.
struct Work<'v, 'd> {
    trace: &'v DigestView<'d>,
    piece: &'v Piece,
    node: Option<ServiceRef<'v>>,
}

impl Subject for Work<'_, '_> {
    fn values(&self, keyword: Keyword) -> Values<'_> {
        let brief = self.trace.brief();
        match (keyword, self.node) {
            (Keyword::Name, Some(node)) => Values::texts([node.name]),
            (Keyword::Type, Some(node)) => Values::texts(node.service_type),
            (Keyword::AccountId, Some(node)) => Values::texts(node.account_id),
            (Keyword::User, _) => self.trace.values(Keyword::User).among(),
            (Keyword::AvailabilityZone | Keyword::InstanceId | Keyword::ResourceArn, _) => places(brief.names_places),
            (Keyword::HttpUrl | Keyword::HttpMethod | Keyword::HttpUserAgent | Keyword::HttpClientIp, _) => {
                if self.piece.has_request() { Values::left_out() } else { Values::none() }
            }
            _ => of_piece(self.piece, brief.start(), keyword),
        }
    }

    /// The work has none that the trace has not.
    fn annotations(&self, key: &str) -> Values<'_> {
        self.trace.annotations(key).among()
    }
}

fn text(text: Option<KeptText<'_>>) -> Values<'_> {
    Values::kept(text.map(|text| text.0.map(Value::Text)))
}

fn of_piece(piece: &Piece, trace_start: Timestamp, keyword: Keyword) -> Values<'static> {
    let work = piece.measured(trace_start);
    let seconds = |time: std::time::Duration| Value::Number(time.as_secs_f64());
    match keyword {
        Keyword::Ok => Values::truth(work.end_time.is_some() && work.outcome() == Outcome::Ok),
        Keyword::Error => Values::truth(work.error),
        Keyword::Throttle => Values::truth(work.throttle),
        Keyword::Fault => Values::truth(work.fault),
        Keyword::Root => Values::truth(!piece.has_parent()),
        Keyword::ResponseTime => Values::exactly(work.response_time().map(seconds)),
        Keyword::Duration => Values::exactly(work.end_time.map(|_| seconds(work.duration))),
        Keyword::HttpStatus => Values::exactly(piece.status.map(|status| Value::Number(status.into()))),
        // The keyword table keeps every other keyword for other scopes.
        _ => Values::none(),
    }
}

fn places(are_named: bool) -> Values<'static> {
    if are_named { Values::left_out() } else { Values::none() }
}

fn kept_value(value: KeptValue<'_>) -> Option<Value<'_>> {
    match value {
        KeptValue::Text(text) => text.0.map(Value::Text),
        KeptValue::Number(number) => Some(Value::Number(number)),
        KeptValue::Truth(truth) => Some(Value::Truth(truth)),
    }
}
