//! Why a map looks the way it does: what can be said of its nodes, its edges and the traces behind them that no number
//! says.
//!
//! Pure: traces in, findings out, the same for the same traces in any order. A finding says what is so, how often, and in
//! which traces; how to put that into words is the business of whoever shows it.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::document::{Namespace, Segment, TraceId};
use crate::store::Trace;

use super::ServiceId;
use super::calls::{Calls, Part};
use super::identity::Key;

/// How many traces a finding names.
pub const EXAMPLES: usize = 3;
/// Two clocks that fit within this disagree about nothing: a callee may end a little after its caller has its answer.
const CLOCK_NOISE: Duration = Duration::from_millis(5);

/// Something that explains a map.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What is so.
    pub reason: Why,
    /// How many pieces of work or traces show it.
    pub count: u64,
    /// Some of those traces, in the order of their ids.
    pub examples: Vec<TraceId>,
}

/// What is so.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Why {
    /// A node was made up from what its callers saw, because no segment answers the calls.
    Inferred {
        /// The node.
        node: Node,
        /// Who called it.
        callers: BTreeSet<Node>,
        /// What kind of callee that is.
        callee: Callee,
    },
    /// Several nodes have one name, because something else sets them apart.
    SharedName {
        /// The name.
        name: String,
        /// The nodes.
        nodes: BTreeSet<Node>,
    },
    /// A service's work names a parent that has not arrived, so no edge leads to the service.
    LostParent {
        /// The service.
        node: Node,
    },
    /// Parts of work whose segment has not arrived count on no node.
    LostSegment {
        /// The name of the part.
        name: String,
    },
    /// A trace in which everything has a parent: nothing tells what was asked.
    NoRoot,
    /// A trace with several segments that have no parent: the services were asked apart, or passed no header on.
    ManyRoots {
        /// Who has no parent.
        nodes: BTreeSet<Node>,
    },
    /// Work that has not ended counts nowhere yet.
    InProgress {
        /// Whose work.
        node: Node,
    },
    /// The times of caller and callee cannot both be right.
    Clocks {
        /// The caller.
        caller: Node,
        /// The callee.
        callee: Node,
        /// Whether the callee's clock is ahead of the caller's, or behind it.
        is_ahead: bool,
        /// By how much at least.
        apart: Duration,
    },
}

/// What kind of callee an inferred node stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Callee {
    /// A database, which never sends segments.
    Database,
    /// An AWS service, which seldom does.
    Aws,
    /// Anything else: it may not be traced, or its segment may be missing.
    Remote,
    /// The caller announced that the callee is traced too.
    Announced,
}

/// A node, by what identifies it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Node {
    /// The canonical name.
    pub name: String,
    /// The type; absent for a service without origin.
    pub service_type: Option<String>,
    /// The account, when it is known.
    pub account_id: Option<String>,
}

impl Node {
    fn of(key: &Key<'_>) -> Self {
        let ServiceId { name, service_type, account_id } = key.to_service_id();
        Self { name, service_type, account_id }
    }

    fn of_segment(segment: &Segment) -> Self {
        Self::of(&Key::of_segment(segment))
    }
}

impl Why {
    /// Says whether this explains a node of that name, or an edge from or to one.
    pub fn is_about(&self, name: &str) -> bool {
        let is_named = |node: &Node| node.name == name;
        match self {
            Self::Inferred { node, callers, .. } => is_named(node) || callers.iter().any(is_named),
            Self::SharedName { name: shared, .. } | Self::LostSegment { name: shared } => shared == name,
            Self::LostParent { node } | Self::InProgress { node } => is_named(node),
            Self::ManyRoots { nodes } => nodes.iter().any(is_named),
            Self::Clocks { caller, callee, .. } => is_named(caller) || is_named(callee),
            Self::NoRoot => false,
        }
    }
}

/// Explains the map of these traces; what concerns most work comes first.
pub fn explain<'a>(traces: impl IntoIterator<Item = &'a Trace>) -> Vec<Finding> {
    let mut evidence = Evidence::default();
    for trace in traces {
        evidence.add(trace);
    }
    evidence.finish()
}

/// What was seen so far.
#[derive(Default)]
struct Evidence {
    nodes: BTreeMap<Node, Seen>,
    inferred: BTreeMap<Node, (BTreeSet<Node>, Callee, Seen)>,
    clocks: BTreeMap<(Node, Node, bool), (Duration, Seen)>,
    /// What needs nothing but counting.
    other: BTreeMap<Why, Seen>,
}

/// How often something was seen, and in which traces.
#[derive(Default)]
struct Seen {
    count: u64,
    traces: BTreeSet<TraceId>,
}

impl Seen {
    fn add(&mut self, trace: &Trace) {
        self.count += 1;
        self.traces.insert(trace.id());
        if self.traces.len() > EXAMPLES {
            self.traces.pop_last();
        }
    }

    fn merge(&mut self, other: &Self) {
        self.count += other.count;
        self.traces.extend(&other.traces);
        while self.traces.len() > EXAMPLES {
            self.traces.pop_last();
        }
    }

    fn finding(self, reason: Why) -> Finding {
        Finding { reason, count: self.count, examples: self.traces.into_iter().collect() }
    }
}

impl Evidence {
    fn add(&mut self, trace: &Trace) {
        let calls = Calls::of(trace);
        for part in calls.parts() {
            self.add_part(trace, &calls, part);
        }
        for segment in trace.segments() {
            let node = Node::of_segment(segment);
            self.nodes.entry(node.clone()).or_default().add(trace);
            if segment.parent_id.is_some_and(|parent| !trace.contains(parent)) {
                self.note(Why::LostParent { node }, trace);
            }
        }
        for orphan in trace.orphans() {
            self.note(Why::LostSegment { name: orphan.name.clone() }, trace);
        }
        let roots: Vec<&Segment> = trace.segments().iter().filter(|segment| segment.parent_id.is_none()).collect();
        match roots.as_slice() {
            [] => self.note(Why::NoRoot, trace),
            [_] => {}
            several => {
                let nodes = several.iter().map(|root| Node::of_segment(root)).collect();
                self.note(Why::ManyRoots { nodes }, trace);
            }
        }
    }

    fn add_part(&mut self, trace: &Trace, calls: &Calls<'_>, part: Part<'_>) {
        let piece = part.piece;
        let owner = part.owner.map(Node::of_segment);
        if piece.is_in_progress()
            && let Some(node) = owner.clone().filter(|_| part.owner.is_some_and(|owner| owner.id == piece.id))
        {
            self.note(Why::InProgress { node }, trace);
        }
        if calls.is_unanswered_call(piece) {
            let node = Node::of(&Key::of_call(piece));
            self.nodes.entry(node.clone()).or_default().add(trace);
            let callee = callee_of(piece);
            let (callers, kind, seen) =
                self.inferred.entry(node).or_insert_with(|| (BTreeSet::new(), callee, Seen::default()));
            callers.extend(owner);
            *kind = callee.max(*kind);
            seen.add(trace);
        } else if let Some(caller) = owner.filter(|_| piece.is_downstream_call()) {
            for answer in calls.answers_to(piece) {
                if let Some((is_ahead, apart)) = disagreement(piece, answer) {
                    let pair = (caller.clone(), Node::of_segment(answer), is_ahead);
                    let (most, seen) = self.clocks.entry(pair).or_default();
                    *most = apart.max(*most);
                    seen.add(trace);
                }
            }
        }
    }

    fn note(&mut self, why: Why, trace: &Trace) {
        self.other.entry(why).or_default().add(trace);
    }

    fn finish(self) -> Vec<Finding> {
        let mut by_name: BTreeMap<&str, Vec<(&Node, &Seen)>> = BTreeMap::new();
        for (node, seen) in &self.nodes {
            by_name.entry(&node.name).or_default().push((node, seen));
        }
        let mut findings: Vec<Finding> = by_name
            .into_iter()
            .filter(|(_, nodes)| nodes.len() > 1)
            .map(|(name, nodes)| {
                let mut all = Seen::default();
                nodes.iter().for_each(|(_, seen)| all.merge(seen));
                let nodes = nodes.into_iter().map(|(node, _)| node.clone()).collect();
                all.finding(Why::SharedName { name: name.to_owned(), nodes })
            })
            .collect();
        let inferred = self.inferred.into_iter();
        findings.extend(
            inferred.map(|(node, (callers, callee, seen))| seen.finding(Why::Inferred { node, callers, callee })),
        );
        let clocks = self.clocks.into_iter();
        findings.extend(clocks.map(|((caller, callee, is_ahead), (apart, seen))| {
            seen.finding(Why::Clocks { caller, callee, is_ahead, apart })
        }));
        findings.extend(self.other.into_iter().map(|(why, seen)| seen.finding(why)));
        findings.sort_by(|a, b| (b.count, &a.reason).cmp(&(a.count, &b.reason)));
        findings
    }
}

fn callee_of(call: &Segment) -> Callee {
    match call.namespace {
        _ if call.expects_callee() => Callee::Announced,
        _ if call.sql.is_some() => Callee::Database,
        Some(Namespace::Aws) => Callee::Aws,
        _ => Callee::Remote,
    }
}

/// Whether the callee's clock is ahead of the caller's, and by how much at least; `None` while both can be right.
///
/// A callee works within the call. Where it lies outside and is no longer than the call, one of the clocks has to be moved
/// for it to fit. A callee that is longer than the call proves nothing by its end: the caller may have given up.
fn disagreement(call: &Segment, answer: &Segment) -> Option<(bool, Duration)> {
    let early = call.start_time.since(answer.start_time);
    if early > CLOCK_NOISE {
        return Some((false, early));
    }
    let (called, answered) = (call.end_time?, answer.end_time?);
    let late = answered.since(called);
    let fits = answer.response_time()? <= call.response_time()?;
    (fits && late > CLOCK_NOISE).then_some((true, late))
}

#[cfg(test)]
mod tests {
    use crate::document::{self, Timestamp};

    use super::*;

    const ID: &str = "1-67891233-abcdef012345678912345678";

    fn trace(documents: &[&str]) -> Trace {
        let mut trace = Trace::new(TraceId::parse(ID).unwrap());
        for members in documents {
            let text = format!(r#"{{"trace_id": "{ID}", {members}}}"#);
            document::parse(text.as_bytes()).unwrap().into_iter().for_each(|parsed| {
                trace.merge(parsed.segment);
            });
        }
        trace
    }

    /// The findings in short: what, about whom, how often.
    fn short(finding: &Finding) -> String {
        let list = |nodes: &BTreeSet<Node>| nodes.iter().map(named).collect::<Vec<_>>().join(", ");
        let words = match &finding.reason {
            Why::Inferred { node, callers, callee } => {
                format!("{} inferred as {callee:?}, called by {}", named(node), list(callers))
            }
            Why::SharedName { name, nodes } => format!("{name} is {}", list(nodes)),
            Why::LostParent { node } => format!("{} lost its parent", named(node)),
            Why::LostSegment { name } => format!("{name} lost its segment"),
            Why::NoRoot => "no root".to_owned(),
            Why::ManyRoots { nodes } => format!("roots {}", list(nodes)),
            Why::InProgress { node } => format!("{} in progress", named(node)),
            Why::Clocks { caller, callee, is_ahead, apart } => {
                let place = if *is_ahead { "ahead of" } else { "behind" };
                format!("{} {place} {} by {apart:?}", named(callee), named(caller))
            }
        };
        format!("{words} ({})", finding.count)
    }

    fn named(node: &Node) -> String {
        node.service_type.as_ref().map_or_else(|| node.name.clone(), |kind| format!("{}:{kind}", node.name))
    }

    #[track_caller]
    fn check(documents: &[&str], expected: &[&str]) {
        let forth = explain([&trace(documents)]);
        assert_eq!(forth.iter().map(short).collect::<Vec<_>>(), expected);
        assert!(forth.iter().all(|finding| finding.examples.len() == 1));
        let reversed: Vec<&str> = documents.iter().rev().copied().collect();
        assert_eq!(explain([&trace(&reversed)]), forth, "the order of arrival never matters");
    }

    const SHOP: &str = r#""name": "shop", "id": "0000000000000001", "start_time": 100, "end_time": 102"#;

    fn calling(members: &str) -> String {
        format!(
            r#"{SHOP}, "subsegments": [{{"id": "0000000000000002", "start_time": 100.5, "end_time": 101.5, {members}}}]"#
        )
    }

    fn answering(members: &str) -> String {
        format!(r#""name": "stock", "id": "0000000000000003", "parent_id": "0000000000000002", {members}"#)
    }

    #[test]
    fn a_whole_trace_needs_no_explanation() {
        let call = calling(r#""name": "stock", "namespace": "remote""#);
        check(&[SHOP], &[]);
        check(&[&call, &answering(r#""start_time": 100.6, "end_time": 101.4"#)], &[]);
    }

    #[test]
    fn nodes_are_inferred_for_a_reason() {
        let one = |members: &str, expected: &str| check(&[&calling(members)], &[expected]);
        one(
            r#""name": "db", "namespace": "remote", "sql": {}"#,
            "db:Database::SQL inferred as Database, called by shop (1)",
        );
        one(r#""name": "DynamoDB", "namespace": "aws""#, "DynamoDB:AWS::DynamoDB inferred as Aws, called by shop (1)");
        one(r#""name": "stock", "namespace": "remote""#, "stock:remote inferred as Remote, called by shop (1)");
        one(
            r#""name": "stock", "namespace": "remote", "http": {"request": {"traced": true}}"#,
            "stock:remote inferred as Announced, called by shop (1)",
        );
    }

    #[test]
    fn one_name_can_be_two_nodes() {
        let call = calling(r#""name": "stock", "namespace": "remote""#);
        let stock = r#""name": "stock", "id": "0000000000000009", "parent_id": "0000000000000001",
            "start_time": 100, "end_time": 101, "origin": "AWS::ECS::Container""#;
        check(
            &[&call, stock],
            &[
                "stock is stock:AWS::ECS::Container, stock:remote (2)",
                "stock:remote inferred as Remote, called by shop (1)",
            ],
        );
    }

    #[test]
    fn what_is_missing_is_named() {
        let lost = r#""name": "stock", "id": "0000000000000003", "parent_id": "00000000000000ff",
            "start_time": 100, "end_time": 101"#;
        check(&[lost], &["stock lost its parent (1)", "no root (1)"]);
        let orphan = r#""name": "work", "type": "subsegment", "id": "0000000000000003",
            "parent_id": "00000000000000ff", "start_time": 100, "end_time": 101"#;
        check(&[SHOP, orphan], &["work lost its segment (1)"]);
        check(&[orphan], &["work lost its segment (1)", "no root (1)"]);
        let other = r#""name": "stock", "id": "0000000000000003", "start_time": 100, "end_time": 101"#;
        check(&[SHOP, other], &["roots shop, stock (1)"]);
        check(
            &[r#""name": "shop", "id": "0000000000000001", "start_time": 100, "in_progress": true"#],
            &["shop in progress (1)"],
        );
    }

    #[test]
    fn clocks_disagree_when_no_times_fit() {
        let call = calling(r#""name": "stock", "namespace": "remote""#);
        let one = |times: &str, expected: &[&str]| check(&[&call, &answering(times)], expected);
        one(r#""start_time": 100.2, "end_time": 101.0"#, &["stock behind shop by 300ms (1)"]);
        one(r#""start_time": 100.9, "end_time": 101.75"#, &["stock ahead of shop by 250ms (1)"]);
        one(r#""start_time": 100.497, "end_time": 101.504"#, &[]);
        one(r#""start_time": 100.6, "end_time": 109.0"#, &[]);
        one(r#""start_time": 100.6, "in_progress": true"#, &["stock in progress (1)"]);
    }

    #[test]
    fn examples_are_few_and_counts_are_whole() {
        let traces: Vec<Trace> = (0..10_u8)
            .map(|n| {
                let mut lost = Segment::new(
                    document::Kind::Segment,
                    document::SegmentId::from_bytes([n; 8]),
                    "stock",
                    Timestamp::from_micros(1),
                );
                lost.end_time = Some(Timestamp::from_micros(2));
                lost.parent_id = Some(document::SegmentId::from_bytes([255; 8]));
                Trace::from_segments(TraceId::from_bytes([n; 16]), [lost])
            })
            .collect();
        let findings = explain(&traces);
        let seen: Vec<_> = findings.iter().map(|finding| (finding.count, finding.examples.len())).collect();
        assert_eq!(seen, [(10, EXAMPLES), (10, EXAMPLES)]);
        assert_eq!(explain(traces.iter().rev()), findings);
        assert!(findings[0].reason.is_about("stock") && !findings[0].reason.is_about("shop"));
    }
}
