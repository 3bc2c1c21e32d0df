//! The frame around every page: navigation, the bar, refreshing; and the headers every page is sent with.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS};
use askama::Template;

use super::bar::Bar;
use super::error::PageError;
use super::view::View;
use super::{assets, completion};

/// Nothing but our own files: no inline script or style, no frames, no other origin.
const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; \
                      form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// The part of the console that a page belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Section {
    Map,
    Dashboard,
    Traces,
    Analytics,
    Logs,
    Groups,
    Sampling,
    Intake,
    None,
}

/// What the frame prints.
pub(super) struct Frame {
    pub(super) title: String,
    pub(super) tabs: Vec<Tab>,
    pub(super) home: String,
    /// What every expression may begin with.
    pub(super) words: &'static [&'static str],
    pub(super) bar: Bar,
    /// Says that the oldest traces had to go, and leads to where that is counted.
    pub(super) full: Option<(String, String)>,
    /// `None` on pages that do not refresh themselves.
    pub(super) live: Option<Live>,
    /// Whether one can sign out.
    pub(super) is_protected: bool,
    pub(super) assets: &'static assets::Urls,
}

/// A link that may be the current one.
pub(super) struct Tab {
    pub(super) label: &'static str,
    pub(super) href: String,
    pub(super) current: bool,
}

/// The switch for refreshing.
pub(super) struct Live {
    pub(super) on: bool,
    /// Leads to the same page with the other setting.
    pub(super) other: String,
}

impl Frame {
    /// A page that stays as it is.
    pub(super) fn still(title: &str, section: Section, view: &View) -> Self {
        let tab = |label, path: &str, tab| Tab { label, href: view.link(path).to_string(), current: section == tab };
        Self {
            title: title.to_owned(),
            tabs: vec![
                tab("Map", "/map", Section::Map),
                tab("Dashboard", "/dashboard", Section::Dashboard),
                tab("Traces", "/traces", Section::Traces),
                tab("Analytics", "/analytics", Section::Analytics),
                tab("Logs", "/logs", Section::Logs),
                tab("Groups", "/groups", Section::Groups),
                tab("Sampling", "/sampling", Section::Sampling),
                tab("Intake", "/intake", Section::Intake),
            ],
            home: view.link("/map").to_string(),
            words: &completion::WORDS,
            bar: Bar::of_another_page(view),
            full: full(view).map(|words| (words, view.link("/intake").to_string())),
            live: None,
            is_protected: view.is_protected,
            assets: assets::urls(),
        }
    }

    /// A page about the traces of a range, a group and a filter: lets the bar choose them for this page.
    pub(super) fn with_query(self, path: &'static str, view: &View) -> Self {
        Self { bar: Bar::on(path, view), ..self }
    }

    /// Marks the text in the bar as not understood.
    pub(super) fn with_unread(self) -> Self {
        Self { bar: self.bar.unread(), ..self }
    }

    /// Lets the page refresh itself, unless the reader switched that off.
    pub(super) fn refreshing(mut self, path: &str, view: &View) -> Self {
        let other = View { live: !view.live, ..view.clone() }.link_with_all(path).to_string();
        self.live = Some(Live { on: view.live, other });
        self
    }
}

/// What every page says about a store that has no room.
fn full(view: &View) -> Option<String> {
    if let Some(words) = &view.incident {
        return Some(format!("Nothing is stored: {words}"));
    }
    (view.evicted > 0).then(|| format!("Store full: {} let go", super::format::plural(view.evicted, "oldest trace")))
}

/// Renders a page and adds the headers.
pub(super) fn respond(status: StatusCode, page: &impl Template) -> Result<HttpResponse, PageError> {
    let html = page.render().map_err(|error| {
        tracing::error!(error = %error, "a console page failed to render");
        PageError::Internal
    })?;
    Ok(HttpResponse::build(status)
        .content_type("text/html; charset=utf-8")
        .insert_header((CACHE_CONTROL, "no-store"))
        .insert_header((CONTENT_SECURITY_POLICY, POLICY))
        .insert_header((REFERRER_POLICY, "same-origin"))
        .insert_header((X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .body(html))
}
