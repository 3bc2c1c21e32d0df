//! What holds for every text and every expression.

use proptest::prelude::*;

use super::ast::*;
use super::keyword::{KEYWORDS, Kind, Scope};
use super::root_cause::{CausePattern, EntityPattern, ServicePattern};
use super::{Answer, Groups, TraceView, compile, parse};
use crate::digest::Digest;
use crate::digest::random::{documents, traces};
use crate::document;
use crate::store::Trace;

/// Every group holds the traces with a fault.
struct FaultyTraces;

impl Groups for FaultyTraces {
    fn filter_expression(&self, _: GroupKey, _: &str) -> Option<String> {
        Some("fault".to_owned())
    }
}

/// A trace with something for every scope: nodes, a call, annotations, and root causes of all kinds.
fn trace() -> Trace {
    let document = r#"{"trace_id": "1-5759e988-bd862e3fe1be46a994272793", "id": "00000000000000a0", "name": "a",
        "start_time": 1, "end_time": 2, "error": true, "fault": true, "annotations": {"a": 1}, "subsegments": [
        {"id": "00000000000000a1", "name": "dynamodb", "namespace": "aws", "start_time": 1, "end_time": 2, "error": true,
        "fault": true, "cause": {"exceptions": [{"id": "0000000000000001", "message": "a"}]}}]}"#;
    let documents = document::parse(document).expect("the document is valid");
    let id = documents[0].trace_id;
    Trace::from_segments(id, documents.into_iter().map(|document| document.segment))
}

proptest! {
    #[test]
    fn any_text_is_answered_or_refused(text in any_text()) {
        if let Err(error) = parse(&text) {
            let span = error.span();
            prop_assert!(text.get(span.clone()).is_some(), "{span:?} lies in {text:?}");
            prop_assert!(error.to_string().lines().count() >= 3);
        }
    }

    #[test]
    fn printed_expressions_parse_to_themselves(condition in conditions(Scope::Trace)) {
        let expression = Expression(condition);
        let text = expression.to_string();
        prop_assert_eq!(parse(&text).map_err(|error| error.to_string()), Ok(expression), "{}", text);
    }

    #[test]
    fn a_trace_matches_either_an_expression_or_its_negation(condition in conditions(Scope::Trace)) {
        let matches = |condition: Condition| {
            let filter = compile(&Expression(condition).to_string(), &FaultyTraces);
            let trace = trace();
            filter.map(|filter| filter.matches(&TraceView::of(&trace))).map_err(|error| error.to_string())
        };
        let negated = matches(condition.clone().negated());
        prop_assert_eq!(matches(condition).map(|matched| !matched), negated);
    }
}

proptest! {
    #[test]
    fn digests_answer_as_documents_do_or_ask_for_them(condition in conditions(Scope::Trace), documents in documents(12)) {
        let filter = compile(&Expression(condition).to_string(), &FaultyTraces).map_err(|error| error.to_string());
        let filter = filter.expect("what is printed can be read");
        for trace in traces(&documents) {
            let answer = filter.ask(&Digest::of(&trace));
            let holds = Answer::from(filter.matches(&TraceView::of(&trace)));
            prop_assert!(answer == holds || answer == Answer::ReadDocuments, "{:?} instead of {:?}", answer, holds);
        }
    }
}

/// Rubbish, and what looks like an expression.
fn any_text() -> impl Strategy<Value = String> {
    let words = prop::sample::select(vec![
        "ok",
        "error",
        "http.status",
        "annotation",
        "annotation.a",
        "service",
        "edge",
        "id",
        "name",
        "group.name",
        "json",
        "rootcause.fault.entity",
        "AND",
        "or",
        "CONTAINS",
        "true",
        "(",
        ")",
        "{",
        "}",
        "[",
        "]",
        "\"a\"",
        "\"",
        "\\",
        "5",
        "-",
        "1e9",
        "#",
        "#[{\"Services\": []}]",
        "!",
        "=",
        "!=",
        "<",
        ">=",
        ",",
        ":",
        "é",
        "\u{0}",
        "\t",
        "'",
    ]);
    let mixed = prop::collection::vec((words, "[ ]?"), 0..30)
        .prop_map(|parts| parts.into_iter().map(|(word, space)| format!("{word}{space}")).collect());
    prop_oneof![".*", mixed]
}

/// Any text, and those of the random documents.
fn texts() -> impl Strategy<Value = String> {
    let known =
        prop::sample::select(vec!["a", "b", "web", "monolith", "SQS", "remote", "client", "get", "AWS::ECS::Fargate"]);
    prop_oneof![
        known.prop_map(str::to_owned),
        "[a-z ]{0,8}",
        ".{0,8}",
        Just("true".to_owned()),
        Just("\"\\\n".to_owned())
    ]
}

fn numbers() -> impl Strategy<Value = f64> {
    let known = prop::sample::select(vec![0.0, 0.1, 1.0, 20.0, 200.0, 503.0]);
    prop_oneof![known, any::<i32>().prop_map(f64::from), prop::num::f64::NORMAL, Just(f64::MAX)]
}

fn number_tests() -> impl Strategy<Value = Test> {
    let operators = prop::sample::select(vec![
        NumberOperator::Equal,
        NumberOperator::NotEqual,
        NumberOperator::Less,
        NumberOperator::LessOrEqual,
        NumberOperator::Greater,
        NumberOperator::GreaterOrEqual,
    ]);
    (operators, numbers()).prop_map(|(operator, number)| Test::Number(operator, number))
}

fn text_tests() -> impl Strategy<Value = Test> {
    let operators = prop::sample::select(vec![
        TextOperator::Equal,
        TextOperator::NotEqual,
        TextOperator::Contains,
        TextOperator::BeginsWith,
        TextOperator::EndsWith,
    ]);
    (operators, texts()).prop_map(|(operator, text)| Test::Text(operator, text))
}

fn simple(scope: Scope) -> impl Strategy<Value = Condition> {
    let here: Vec<_> = KEYWORDS.iter().filter(|row| row.scopes.contains(&scope)).collect();
    prop::sample::select(here).prop_flat_map(|row| {
        let test = match row.kind {
            Kind::Boolean => Just(Test::Truth(true)).boxed(),
            Kind::Number => prop_oneof![Just(Test::IsSet), number_tests()].boxed(),
            Kind::Text | Kind::CaselessText => prop_oneof![Just(Test::IsSet), text_tests()].boxed(),
        };
        test.prop_map(move |test| Condition::Compare(Fact::Keyword(row.keyword), test))
    })
}

fn annotated() -> impl Strategy<Value = Condition> {
    let truths = any::<bool>().prop_map(Test::Truth);
    let test = prop_oneof![Just(Test::IsSet), truths, number_tests(), text_tests()];
    ("[ab]|[a-zA-Z0-9_]{1,6}|.{1,6}", test).prop_map(|(key, test)| Condition::Compare(Fact::Annotation(key), test))
}

fn nodes() -> impl Strategy<Value = NodePattern> {
    (prop::option::of(texts()), prop::option::of(texts()), prop::option::of(texts()))
        .prop_map(|(name, service_type, account_id)| NodePattern { name, service_type, account_id })
}

fn cause_lists() -> impl Strategy<Value = (CauseList, Scope)> {
    let list = |kind, element| CauseList { kind, element };
    prop::sample::select(vec![
        (list(CauseKind::Fault, CauseElement::Service), Scope::CauseService),
        (list(CauseKind::ResponseTime, CauseElement::Service), Scope::CauseService),
        (list(CauseKind::Error, CauseElement::Entity), Scope::CauseEntity),
        (list(CauseKind::Fault, CauseElement::Exception), Scope::Exception),
        (list(CauseKind::ResponseTime, CauseElement::Entity), Scope::SlowEntity),
    ])
}

fn patterns() -> impl Strategy<Value = Vec<CausePattern>> {
    let entity = (prop::option::of(texts()), prop::option::of(0.0..1.0), prop::option::of(any::<bool>()))
        .prop_map(|(name, coverage, remote)| EntityPattern { name, coverage, remote, exceptions: None });
    let service = (prop::option::of(texts()), prop::option::of(prop::collection::vec(entity, 0..3)))
        .prop_map(|(name, entity_path)| ServicePattern { name, entity_path, ..ServicePattern::default() });
    let cause = (prop::option::of(any::<bool>()), prop::option::of(prop::collection::vec(service, 0..3)))
        .prop_map(|(client_impacting, services)| CausePattern { client_impacting, services });
    prop::collection::vec(cause, 0..3)
}

fn complex() -> impl Strategy<Value = Condition> {
    let inside = |scope| prop::option::of(conditions(scope).prop_map(Box::new));
    let named = || nodes().prop_filter("an edge names both ends", |node| *node != NodePattern::default());
    let group = (prop::sample::select(vec![GroupKey::Name, GroupKey::Arn]), texts());
    prop_oneof![
        (nodes(), inside(Scope::Service)).prop_map(|(node, inside)| Condition::Service(node, inside)),
        (named(), named(), inside(Scope::Edge))
            .prop_map(|(source, target, inside)| Condition::Edge(EdgePattern { source, target }, inside)),
        group.prop_map(|(by, value)| Condition::Group(GroupReference { by, value, span: 0..0 })),
        cause_lists().prop_flat_map(|(list, scope)| {
            conditions(scope).prop_map(move |inside| Condition::RootCause(list, Box::new(inside)))
        }),
        patterns().prop_map(Condition::RootCauseJson),
    ]
}

/// Conditions as the parser makes them, of the keywords that mean something in the scope.
fn conditions(scope: Scope) -> BoxedStrategy<Condition> {
    let leaf = match scope {
        Scope::Trace => prop_oneof![simple(scope), annotated(), complex()].boxed(),
        Scope::Service | Scope::Edge => prop_oneof![simple(scope), annotated()].boxed(),
        _ => simple(scope).boxed(),
    };
    let lists = leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 1..4).prop_map(Condition::all),
            prop::collection::vec(inner.clone(), 1..4).prop_map(Condition::any),
            inner.prop_map(Condition::negated),
        ]
    });
    lists.boxed()
}
