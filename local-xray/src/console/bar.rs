//! What every page asks with: the group, the filter expression and the range, kept from page to page; and the way to
//! save what is asked as a group.

use super::link::Link;
use super::logs;
use super::view::{DEFAULT_GROUP, RANGES, View};

/// The form of the bar.
pub(super) struct Bar {
    pub(super) text: String,
    pub(super) groups: Vec<Choice>,
    pub(super) ranges: Vec<RangeLink>,
    /// What the form has to carry along.
    pub(super) kept: Vec<(&'static str, String)>,
    /// The same page without the filter, when there is one.
    pub(super) clear: Option<String>,
    /// `None` when nothing is asked that could be saved.
    pub(super) save: Option<Save>,
    /// Whether the text is not understood; the page says why.
    pub(super) is_unread: bool,
    /// Whether a group other than the default one is chosen.
    pub(super) has_group: bool,
}

/// A group to choose; the value is empty for all traces.
pub(super) struct Choice {
    pub(super) value: String,
    pub(super) label: String,
    pub(super) is_chosen: bool,
}

/// A range to choose.
pub(super) struct RangeLink {
    pub(super) label: String,
    pub(super) hint: String,
    pub(super) href: String,
    pub(super) is_current: bool,
}

/// The form that makes a group of what is asked.
pub(super) struct Save {
    pub(super) expression: String,
    /// What leads back to the same page.
    pub(super) kept: Vec<(&'static str, String)>,
}

impl Bar {
    /// On a page that is not about the traces of a range: asking leads to the list.
    pub(super) fn of_another_page(view: &View) -> Self {
        let plain = View {
            range: view.range,
            time: view.time,
            live: view.live,
            groups: view.groups.clone(),
            ..View::default()
        };
        let asked = View { group: view.group.clone(), filter: view.filter.clone(), ..plain };
        Self { clear: None, ..Self::on("/traces", &asked) }
    }

    /// On a page about the traces of a range: asking leads to the same page.
    pub(super) fn on(path: &'static str, view: &View) -> Self {
        Self::with_links(path, view, |view| view.link_with_all(path))
    }

    /// The same on a page with an address that says more than a view; `link` leads to it with another view.
    pub(super) fn with_links(path: &'static str, view: &View, link: impl Fn(&View) -> Link) -> Self {
        let on = ("on", path.trim_start_matches('/').to_owned());
        let unfiltered = link(&view.filtered(""));
        let mut kept = unfiltered.clone().without("group").into_parameters();
        kept.push(on.clone());
        let mut asked = link(view).into_parameters();
        asked.push(on);
        Self {
            text: view.filter.clone(),
            groups: choices(view),
            ranges: ranges(view, link),
            kept,
            clear: (!view.filter.is_empty()).then(|| unfiltered.to_string()),
            save: (!view.filter.is_empty()).then(|| Save { expression: view.expression(), kept: asked }),
            is_unread: false,
            has_group: view.group.is_some(),
        }
    }

    /// Marks the text as not understood.
    pub(super) fn unread(self) -> Self {
        Self { is_unread: true, save: None, ..self }
    }
}

/// Back to the page that a form of the bar was sent from, which `sent` says, with another view.
pub(super) fn back(view: &View, sent: &str) -> Link {
    let on = form_urlencoded::parse(sent.as_bytes()).find(|(name, _)| name == "on").map(|(_, on)| on);
    match on.as_deref() {
        Some("logs") => logs::Asked::parse(sent).unwrap_or_default().link(view),
        Some("map") => view.link_with_all("/map"),
        Some("dashboard") => view.link_with_all("/dashboard"),
        Some("analytics") => view.link_with_all("/analytics"),
        Some("why") => view.link_with_all("/why"),
        _ => view.link_with_all("/traces"),
    }
}

/// All groups, and the chosen one even if it is gone.
fn choices(view: &View) -> Vec<Choice> {
    let chosen = view.group.as_deref();
    let default =
        Choice { value: String::new(), label: format!("{DEFAULT_GROUP} · all traces"), is_chosen: chosen.is_none() };
    let known = view.groups.iter().map(String::as_str);
    let gone = chosen.filter(|&name| !known.clone().any(|known| known == name));
    let named = |name: &str, label: String| Choice { value: name.to_owned(), label, is_chosen: chosen == Some(name) };
    let gone = gone.map(|name| named(name, format!("{name} · not here")));
    std::iter::once(default).chain(known.map(|name| named(name, name.to_owned()))).chain(gone).collect()
}

/// The ranges of a page; `link` leads to the same page over another one.
fn ranges(view: &View, link: impl Fn(&View) -> Link) -> Vec<RangeLink> {
    let chosen = view.time.map(|_| RangeLink {
        label: view.when(),
        hint: "a stretch of time that was picked on a chart".to_owned(),
        href: link(view).to_string(),
        is_current: true,
    });
    let ranges = RANGES.into_iter().map(|range| RangeLink {
        label: range.key.to_owned(),
        hint: range.words.to_owned(),
        href: link(&view.over(range)).to_string(),
        is_current: view.time.is_none() && range == view.range,
    });
    ranges.chain(chosen).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn view(query: &str, groups: &[&str]) -> View {
        let groups = groups.iter().map(|&name| name.to_owned()).collect();
        View { groups, ..View::parse(query).unwrap() }
    }

    #[test]
    fn a_chosen_group_is_offered_even_when_it_is_gone() {
        let labels = |query: &str| {
            let choices = choices(&view(query, &["broken", "slow"]));
            choices.into_iter().map(|choice| (choice.label, choice.is_chosen)).collect::<Vec<_>>()
        };
        let check = |query: &str, expected: &[(&str, bool)]| {
            let expected: Vec<_> = expected.iter().map(|(label, chosen)| ((*label).to_owned(), *chosen)).collect();
            assert_eq!(labels(query), expected, "{query}");
        };
        check("", &[("Default · all traces", true), ("broken", false), ("slow", false)]);
        check("group=slow", &[("Default · all traces", false), ("broken", false), ("slow", true)]);
        check(
            "group=lost",
            &[("Default · all traces", false), ("broken", false), ("slow", false), ("lost · not here", true)],
        );
    }

    #[test]
    fn the_form_carries_everything_but_what_its_own_fields_say() {
        let bar = Bar::on("/map", &view("range=1h&group=slow&filter=ok&node=a", &["slow"]));
        let text = |kept: &[(&'static str, String)]| {
            kept.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("&")
        };
        assert_eq!(text(&bar.kept), "range=1h&node=a&on=map");
        assert_eq!(bar.clear.as_deref(), Some("/map?range=1h&group=slow&node=a"));
        let save = bar.save.unwrap();
        assert_eq!(text(&save.kept), "range=1h&group=slow&filter=ok&node=a&on=map");
        assert_eq!(save.expression, "group.name = \"slow\" AND (ok)");
        assert!(Bar::on("/map", &view("group=slow", &[])).save.is_none());
    }

    #[test]
    fn elsewhere_asking_leads_to_the_list() {
        let bar = Bar::of_another_page(&view("range=1h&filter=ok&node=a", &[]));
        assert!(bar.ranges.iter().any(|range| range.href == "/traces?range=6h&filter=ok"));
        assert_eq!(bar.kept, [("range", "1h".to_owned()), ("on", "traces".to_owned())]);
    }
}
