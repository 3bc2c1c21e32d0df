//! Questions about root causes: elements of their lists, and whole causes given as JSON.

use crate::graph::ServiceRef;
use crate::summary::{EntityException, RootCause, RootCauseEntity, RootCauseService, TraceSummary};

use super::answer::Answer;
use super::ast::{CauseElement, CauseKind, CauseList};
use super::keyword::Keyword;
use super::root_cause::{CausePattern, EntityPattern, ExceptionPattern, ServicePattern};
use super::subject::{Subject, Value, Values};

/// Asks about each element of the list, in every root cause of the kind.
pub(super) fn any_element(
    list: CauseList,
    summary: &TraceSummary,
    ask: &mut dyn FnMut(&dyn Subject) -> Answer,
) -> Answer {
    let causes = match list.kind {
        CauseKind::Fault => &summary.fault_root_causes,
        CauseKind::Error => &summary.error_root_causes,
        CauseKind::ResponseTime => &summary.response_time_root_causes,
    };
    Answer::any(causes.iter().map(|cause| any_placed(elements(cause, list.element), ask)))
}

/// Asks about each service of one root cause, of which it is known whether it was made up.
pub(super) fn any_service(
    services: Vec<(ServiceRef<'_>, bool)>,
    ask: &mut dyn FnMut(&dyn Subject) -> Answer,
) -> Answer {
    any_placed(services.into_iter().map(|(service, inferred)| Element::Service(service, inferred)).collect(), ask)
}

fn any_placed(elements: Vec<Element<'_>>, ask: &mut dyn FnMut(&dyn Subject) -> Answer) -> Answer {
    let length = elements.len();
    let placed = elements.into_iter().enumerate().map(|(index, element)| Placed { element, index, length });
    Answer::any(placed.map(|element| ask(&element)))
}

/// The list of one root cause; entities and exceptions are counted through all services on the way.
fn elements(cause: &RootCause, element: CauseElement) -> Vec<Element<'_>> {
    let entities = cause.services.iter().flat_map(|service| &service.entity_path);
    match element {
        CauseElement::Service => {
            cause.services.iter().map(|it| Element::Service(it.service.as_ref(), it.inferred)).collect()
        }
        CauseElement::Entity => entities.map(Element::Entity).collect(),
        CauseElement::Exception => entities.flat_map(|entity| &entity.exceptions).map(Element::Exception).collect(),
    }
}

enum Element<'c> {
    /// And whether it was made up.
    Service(ServiceRef<'c>, bool),
    Entity(&'c RootCauseEntity),
    Exception(&'c EntityException),
}

struct Placed<'c> {
    element: Element<'c>,
    index: usize,
    length: usize,
}

impl Subject for Placed<'_> {
    fn values(&self, keyword: Keyword) -> Values<'_> {
        match keyword {
            Keyword::First => Values::truth(self.index == 0),
            Keyword::Last => Values::truth(self.index + 1 == self.length),
            Keyword::Index => Values::exactly(u32::try_from(self.index).map(|index| Value::Number(index.into()))),
            _ => self.element.values(keyword),
        }
    }

    fn annotations(&self, _key: &str) -> Values<'_> {
        Values::none()
    }
}

impl Element<'_> {
    fn values(&self, keyword: Keyword) -> Values<'_> {
        match (self, keyword) {
            (Self::Service(service, _), Keyword::Name) => Values::texts([service.name]),
            (Self::Service(service, inferred), Keyword::Type) => Values::texts(types(*service, *inferred)),
            (Self::Service(service, _), Keyword::AccountId) => Values::texts(service.account_id),
            (Self::Service(_, inferred), Keyword::Inferred) => Values::truth(*inferred),
            (Self::Entity(entity), Keyword::Name) => Values::texts([entity.name.as_str()]),
            (Self::Entity(entity), Keyword::Remote) => Values::truth(entity.remote),
            (Self::Entity(entity), Keyword::Coverage) => Values::exactly(entity.coverage.map(Value::Number)),
            (Self::Exception(exception), Keyword::Name) => Values::texts(exception.name.as_deref()),
            (Self::Exception(exception), Keyword::Message) => Values::texts(exception.message.as_deref()),
            // The keyword table keeps every other keyword for other scopes.
            _ => Values::none(),
        }
    }
}

/// The types that a service answers to. An inferred AWS resource also answers to its AWS service: the documentation asks
/// for the table `traces` by the type `AWS::DynamoDB`, while the map calls it an `AWS::DynamoDB::Table`.
fn types(service: ServiceRef<'_>, inferred: bool) -> impl Iterator<Item = &str> {
    let exact = service.service_type;
    let resource = exact.filter(|kind| inferred && kind.matches("::").count() == 2);
    let aws_service = resource.and_then(|kind| Some(kind.rsplit_once("::")?.0));
    exact.into_iter().chain(aws_service)
}

/// Says whether some root cause of the trace, of any kind, is like the pattern.
pub(super) fn is_found(pattern: &CausePattern, summary: &TraceSummary) -> bool {
    let causes = [&summary.fault_root_causes, &summary.error_root_causes, &summary.response_time_root_causes];
    causes.into_iter().flatten().any(|cause| pattern.matches(cause))
}

impl CausePattern {
    fn matches(&self, cause: &RootCause) -> bool {
        is(self.client_impacting.as_ref(), Some(&cause.client_impacting))
            && are(self.services.as_deref(), &cause.services, ServicePattern::matches)
    }
}

impl ServicePattern {
    fn matches(&self, service: &RootCauseService) -> bool {
        let id = &service.service;
        // Names holds the canonical name alone, as in every summary.
        let has_names = self.names.as_deref().is_none_or(|names| names == [id.name.as_str()]);
        is(self.name.as_ref(), Some(&id.name))
            && has_names
            && is(self.r#type.as_ref(), id.service_type.as_ref())
            && is(self.account_id.as_ref(), id.account_id.as_ref())
            && is(self.inferred.as_ref(), Some(&service.inferred))
            && are(self.entity_path.as_deref(), &service.entity_path, EntityPattern::matches)
    }
}

impl EntityPattern {
    fn matches(&self, entity: &RootCauseEntity) -> bool {
        is(self.name.as_ref(), Some(&entity.name))
            && is(self.coverage.as_ref(), entity.coverage.as_ref())
            && is(self.remote.as_ref(), Some(&entity.remote))
            && are(self.exceptions.as_deref(), &entity.exceptions, ExceptionPattern::matches)
    }
}

impl ExceptionPattern {
    fn matches(&self, exception: &EntityException) -> bool {
        is(self.name.as_ref(), exception.name.as_ref()) && is(self.message.as_ref(), exception.message.as_ref())
    }
}

/// What is not wanted may be anything; what is wanted must be there and equal.
fn is<T: PartialEq>(wanted: Option<&T>, value: Option<&T>) -> bool {
    wanted.is_none_or(|wanted| value == Some(wanted))
}

/// Lists are like one another when they are as long and their elements are, in order.
fn are<P, T>(wanted: Option<&[P]>, values: &[T], matches: impl Fn(&P, &T) -> bool) -> bool {
    wanted.is_none_or(|wanted| {
        wanted.len() == values.len() && wanted.iter().zip(values).all(|(pattern, value)| matches(pattern, value))
    })
}
