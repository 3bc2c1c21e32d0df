//! What one piece of work says to the keywords: a service's segment, or a call as the caller recorded it.

use std::time::Duration;

use crate::document::{HttpRequest, Outcome, Segment};
use crate::graph::ServiceId;
use crate::summary::{availability_zones_of, instance_id_of, resource_arns_of};

use super::keyword::Keyword;
use super::subject::{Subject, Value, Values};

/// A segment of a node, in the braces of `service(…)`.
pub(super) struct NodeSegment<'v> {
    pub(super) node: &'v ServiceId,
    pub(super) segment: &'v Segment,
}

/// A call, in the braces of `edge(…)`.
pub(super) struct Call<'v>(pub(super) &'v Segment);

impl Subject for NodeSegment<'_> {
    fn values(&self, keyword: Keyword) -> Values<'_> {
        match keyword {
            Keyword::Name => Values::texts([self.node.name.as_str()]),
            Keyword::Type => Values::texts(self.node.service_type.as_deref()),
            Keyword::AccountId => Values::texts(self.node.account_id.as_deref()),
            _ => values(self.segment, keyword),
        }
    }

    fn annotations(&self, key: &str) -> Values<'_> {
        annotations(self.segment, key)
    }
}

impl Subject for Call<'_> {
    fn values(&self, keyword: Keyword) -> Values<'_> {
        values(self.0, keyword)
    }

    fn annotations(&self, key: &str) -> Values<'_> {
        annotations(self.0, key)
    }
}

/// The values of a keyword; none when the work has none. What was asked for of a segment may stand in its subsegments.
pub(super) fn values(segment: &Segment, keyword: Keyword) -> Values<'_> {
    let request = || segment.http.as_deref()?.request.as_ref();
    let requested = |member: fn(&HttpRequest) -> &Option<String>| {
        Values::texts(request().and_then(|request| member(request).as_deref()))
    };
    match keyword {
        Keyword::Ok => Values::truth(!segment.is_in_progress() && segment.outcome() == Outcome::Ok),
        Keyword::Error => Values::truth(segment.error),
        Keyword::Throttle => Values::truth(segment.throttle),
        Keyword::Fault => Values::truth(segment.fault),
        Keyword::Root => Values::truth(is_root(segment)),
        Keyword::ResponseTime => seconds(segment.response_time()),
        Keyword::Duration => seconds(duration(segment)),
        Keyword::HttpStatus => status(segment),
        Keyword::HttpUrl => requested(|request| &request.url),
        Keyword::HttpMethod => requested(|request| &request.method),
        Keyword::HttpUserAgent => requested(|request| &request.user_agent),
        Keyword::HttpClientIp => requested(|request| &request.client_ip),
        Keyword::User => Values::texts(segment.descendants().filter_map(|part| part.user.as_deref())),
        Keyword::AvailabilityZone => Values::texts(segment.descendants().flat_map(availability_zones_of)),
        Keyword::InstanceId => Values::texts(segment.descendants().filter_map(instance_id_of)),
        Keyword::ResourceArn => Values::texts(segment.descendants().flat_map(resource_arns_of)),
        // The keyword table keeps these for other scopes.
        Keyword::Partial
        | Keyword::Inferred
        | Keyword::First
        | Keyword::Last
        | Keyword::Remote
        | Keyword::Index
        | Keyword::Coverage
        | Keyword::Name
        | Keyword::Type
        | Keyword::AccountId
        | Keyword::Message => Values::none(),
    }
}

fn annotations<'v>(segment: &'v Segment, key: &str) -> Values<'v> {
    Values::exactly(segment.descendants().filter_map(|part| part.annotations.get(key)).map(Value::from))
}

fn is_root(segment: &Segment) -> bool {
    segment.parent_id.is_none()
}

/// The time that all of the work took, including what went on after the response; none while it is in progress.
fn duration(segment: &Segment) -> Option<Duration> {
    segment.end_time.map(|_| segment.last_activity().since(segment.first_activity()))
}

fn seconds(duration: Option<Duration>) -> Values<'static> {
    Values::exactly(duration.map(|duration| Value::Number(duration.as_secs_f64())))
}

fn status(segment: &Segment) -> Values<'static> {
    let status = segment.http.as_deref().and_then(|http| http.status());
    let status = status.and_then(|status| i32::try_from(status).ok());
    Values::exactly(status.map(|status| Value::Number(status.into())))
}
