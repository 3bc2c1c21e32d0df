//! The pages of settings rendered from tables: lists, forms as they are and as they were refused, the simulator; and the
//! choice of a group in the bar.

use std::collections::HashMap;

use askama::Template;

use crate::document::Timestamp;
use crate::limits::Limits;
use crate::sampling::{Report, Rule, Sampling};
use crate::settings::{GroupChange, GroupTable};

use super::found::{Found, Unanswered};
use super::samples::{entries, like, pending};
use super::view::View;
use super::{groups, sampling, traces};

const NOW: Timestamp = Timestamp::from_micros(110_000_000);
const SCRIPT: &str = "<script>alert(1)</script>";

fn table(expressions: &[(&str, &str)]) -> GroupTable {
    let mut table = GroupTable::new(Limits::default());
    for (name, expression) in expressions {
        let change = GroupChange { filter_expression: Some((*expression).to_owned()), insights: None };
        table.create(name, change).expect("the group is made");
    }
    table
}

fn view(query: &str, groups: &GroupTable) -> View {
    let names = groups.list().into_iter().skip(1).map(|group| group.name.clone());
    View { groups: names.collect(), ..View::parse(query).expect("the query is understood") }
}

fn rendered(page: &impl Template) -> String {
    page.render().expect("the page renders")
}

#[track_caller]
fn check(html: &str, has: &[&str], has_not: &[&str]) {
    for text in has {
        assert!(html.contains(text), "{text:?} is missing from {html}");
    }
    for text in has_not {
        assert!(!html.contains(text), "{text:?} is in {html}");
    }
}

#[test]
fn a_group_narrows_the_list_and_is_kept_by_every_link() {
    let groups = table(&[("lost", "error"), ("slow", "responsetime > 60")]);
    let list = |query: &str| {
        let view = view(query, &groups);
        let found = Found::among(&view, &entries(vec![like(), pending()]), 2, &groups).expect("it is understood");
        rendered(&traces::traces_page(&view, &found, NOW))
    };
    check(&list(""), &["2 traces in", "<option value=\"\" selected>"], &["2 of"]);
    let html = list("group=lost");
    check(&html, &["1 trace of 2 in", "<option value=\"lost\" selected>", "/map?group=lost"], &["Save as group"]);
    check(&list("group=lost&filter=ok"), &["0 traces of 2 in", "group.name = &#34;lost&#34; AND (ok)"], &[]);
    check(&list("group=slow"), &["No traces like that here"], &[]);
}

#[test]
fn a_group_that_cannot_be_asked_is_explained() {
    let mut groups = table(&[("a", "fault"), ("b", "group.name = \"a\"")]);
    groups.delete(&crate::arn::Reference { name: Some("a".to_owned()), arn: None }).expect("it is deleted");
    let words = |query: &str| match Found::among(&view(query, &groups), &[], 0, &groups) {
        Err(Unanswered::Group(words)) => words,
        Err(Unanswered::Filter(error)) => error.to_string(),
        Ok(_) => "asked".to_owned(),
    };
    assert!(words("group=a").starts_with("There is no group \u{201c}a\u{201d}."), "{}", words("group=a"));
    assert!(words("group=b").contains("there is no group with group.name = \"a\""), "{}", words("group=b"));
    assert!(words("group=b&filter=falt").contains("at character 1"), "{}", words("group=b&filter=falt"));
}

fn groups_page(query: &str, expressions: &[(&str, &str)], form: groups::Form) -> String {
    let groups = table(expressions);
    rendered(&groups::groups_page(&view(query, &groups), &groups, form))
}

#[test]
fn groups_are_listed_with_ways_to_look_and_to_change() {
    let html = groups_page("range=1h", &[("slow", "responsetime > 1")], groups::Form::default());
    check(&html, &["1 group besides", "responsetime &#62; 1", "href=\"/map?range=1h&#38;group=slow\""], &[]);
    check(&html, &["/groups/slow?range=1h", "clone=slow", "action=\"/ui/groups/slow/delete\"", "New group"], &[]);
    check(&html, &["all traces"], &["/ui/groups/Default/delete", "role=\"alert\""]);
}

#[test]
fn sampling_rules_are_listed_in_the_order_in_which_they_are_tried() {
    let mut sampling = Sampling::new(Limits::default(), NOW);
    let likes = Rule { priority: 5, url_path: "*/like".to_owned(), fixed_rate: 0.25, ..Rule::of_everything("likes") };
    sampling.rules.create(likes, NOW).expect("the rule is made");
    let report =
        Report { rule_name: "likes".to_owned(), client_id: "c".to_owned(), requests: 1_200, borrowed: 1, sampled: 300 };
    sampling.report(&report, NOW).expect("the rule exists");
    let html = sampling_page(&sampling, &[("path", "/mysfits/7/like"), ("rps", "9")]);
    check(&html, &["2 rules", "*/like", "25 %", "1,200 matched · 300 sampled · 1 borrowed", "no reports"], &[]);
    check(&html, &["decides, and keeps <b>3 of 9 requests a second, 33.33 %</b>", ">decides</span>"], &["passed over"]);
    check(&sampling_page(&sampling, &[("rps", "9")]), &["path is not known, and must be */like"], &[]);
    check(
        &sampling_page(&sampling, &[]),
        &["Spare the health checks", "New rule"],
        &["role=\"alert\"", "decides, and"],
    );
}

fn sampling_page(sampling: &Sampling, query: &[(&str, &str)]) -> String {
    let query: HashMap<_, _> = query.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    rendered(&sampling::from_query(&View::default(), sampling, None, &query, NOW).expect("no rule is named"))
}

#[test]
fn every_page_says_when_there_is_no_room() {
    let groups = table(&[]);
    let full = View { evicted: 1_204, ..View::default() };
    let html = rendered(&groups::groups_page(&full, &groups, groups::Form::default()));
    check(&html, &["Store full: 1,204 oldest traces let go", "href=\"/intake\""], &[]);
    let stuck = View { incident: Some("the disk is full".into()), ..full };
    let html = rendered(&groups::groups_page(&stuck, &groups, groups::Form::default()));
    check(&html, &["Nothing is stored: the disk is full"], &["Store full"]);
    check(&groups_page("", &[], groups::Form::default()), &[], &["Store full"]);
}

#[test]
fn nothing_from_a_setting_becomes_markup() {
    let quoted = serde_json::Value::from(SCRIPT).to_string();
    let expression = format!("user = {quoted}");
    let query = form_urlencoded::Serializer::new(String::new())
        .append_pair("group", SCRIPT)
        .append_pair("filter", &expression)
        .finish();
    let mut sampling = Sampling::new(Limits::default(), NOW);
    let hostile = Rule { url_path: SCRIPT.to_owned(), ..Rule::of_everything(&SCRIPT[..20]) };
    sampling.rules.create(Rule { priority: 1, ..hostile }, NOW).expect("the rule is made");
    for html in [
        groups_page(&query, &[("slow", &expression)], groups::Form::default()),
        sampling_page(&sampling, &[("path", SCRIPT), ("service", SCRIPT), ("rps", "1"), ("attributes", SCRIPT)]),
        sampling_page(&sampling, &[("path", SCRIPT), ("rps", "1")]),
    ] {
        check(&html, &["&#60;script&#62;"], &["<script>"]);
        assert!(!html.contains("style=\""), "the content policy forbids inline style");
    }
}
