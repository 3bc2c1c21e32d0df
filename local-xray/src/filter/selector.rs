//! Entity selectors: which nodes or edges of the map a question is about. They are the parts of the filter language that
//! name nodes and edges, without a condition on either.

use crate::graph::ServiceRef;

use super::ast::{EdgePattern, NodePattern};
use super::error::FilterError;
use super::{parser, token};

/// A parsed selector: `service(…)`, `edge(…, …)` or `id(…)`.
#[derive(Debug, Clone, PartialEq)]
pub struct Selector(pub(super) Selected);

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Selected {
    Node(NodePattern),
    Edge(EdgePattern),
}

/// Parses a selector.
///
/// # Errors
/// The first place where the text is not understood.
pub fn parse_selector(text: &str) -> Result<Selector, FilterError> {
    let understood = token::tokens(text).and_then(|tokens| parser::selector(&tokens));
    understood.map(Selector).map_err(|problem| problem.within(text))
}

impl Selector {
    /// Says whether edges are selected, and not nodes.
    pub fn is_of_edges(&self) -> bool {
        matches!(self.0, Selected::Edge(_))
    }

    /// Says whether a node is selected.
    pub fn selects_node(&self, id: ServiceRef<'_>) -> bool {
        matches!(&self.0, Selected::Node(pattern) if pattern.matches(id))
    }

    /// Says whether an edge is selected.
    pub fn selects_edge(&self, source: ServiceRef<'_>, target: ServiceRef<'_>) -> bool {
        match &self.0 {
            Selected::Edge(pattern) => pattern.source.matches(source) && pattern.target.matches(target),
            Selected::Node(_) => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(name: &'static str, service_type: &'static str) -> ServiceRef<'static> {
        ServiceRef { name, service_type: Some(service_type), account_id: None }
    }

    #[test]
    fn selectors_name_nodes_or_edges() {
        let (client, likes) = (id("likes", "client"), id("likes", "AWS::ECS::Fargate"));
        let check = |text: &str, nodes: [bool; 2], edge: bool| {
            let selector = parse_selector(text).unwrap_or_else(|error| panic!("{error}"));
            assert_eq!([client, likes].map(|node| selector.selects_node(node)), nodes, "{text}");
            assert_eq!(selector.selects_edge(client, likes), edge, "{text}");
            assert_eq!(selector.is_of_edges(), edge, "{text}");
        };
        check(r#"service("likes")"#, [true, true], false);
        check("service()", [true, true], false);
        check(r#"service(id(name: "likes", type: "client"))"#, [true, false], false);
        check(r#" ID(name: "likes", type: "AWS::ECS::Fargate") "#, [false, true], false);
        check(r#"edge("likes", "likes")"#, [false, false], true);
        check(r#"edge(id(type: "client"), id(name: "likes"))"#, [false, false], true);
    }

    #[test]
    fn everything_else_is_refused_at_its_place() {
        let check = |text: &str, place: usize, expected: &str| {
            let error = parse_selector(text).unwrap_err();
            assert_eq!(error.span().start, place, "{error}");
            assert!(error.to_string().contains(expected), "{error}");
        };
        check("", 0, "expected service(…), edge(…, …) or id(…)");
        check("fault", 0, "expected service(…), edge(…, …) or id(…)");
        check(r#"id = "x""#, 0, "expected service(…)");
        check(r#""likes""#, 0, "expected service(…)");
        check(r#"service("likes") { fault }"#, 17, "without a condition");
        check(r#"service("a") OR service("b")"#, 13, "expected the end of the selector");
        check(r#"edge("a")"#, 8, "the called service");
        check(r#"id(nam: "a")"#, 3, "did you mean `name`?");
    }
}
