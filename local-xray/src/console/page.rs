//! The frame around every page: navigation, search, time range, refreshing; and the headers every page is sent with.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS};
use askama::Template;

use super::assets;
use super::error::PageError;
use super::view::{RANGES, View};

/// Nothing but our own files: no inline script or style, no frames, no other origin.
const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; \
                      form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// The part of the console that a page belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Section {
    Map,
    Traces,
    Intake,
    None,
}

/// What the frame prints.
pub(super) struct Frame {
    pub(super) title: String,
    pub(super) tabs: Vec<Tab>,
    pub(super) ranges: Vec<Tab>,
    pub(super) home: String,
    /// Whether the range matters on this page.
    pub(super) has_range: bool,
    /// What the search form has to carry along.
    pub(super) range: Option<&'static str>,
    pub(super) search: String,
    /// `None` on pages that do not refresh themselves.
    pub(super) live: Option<Live>,
    pub(super) assets: &'static assets::Urls,
}

/// A link that may be the current one.
pub(super) struct Tab {
    pub(super) label: &'static str,
    pub(super) hint: String,
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
        let tab = |label, path: &str, tab| Tab {
            label,
            hint: String::new(),
            href: view.link(path).to_string(),
            current: section == tab,
        };
        Self {
            title: title.to_owned(),
            tabs: vec![
                tab("Map", "/map", Section::Map),
                tab("Traces", "/traces", Section::Traces),
                tab("Intake", "/intake", Section::Intake),
            ],
            ranges: Vec::new(),
            home: view.link("/map").to_string(),
            has_range: false,
            range: view.link("").to_string().contains("range=").then_some(view.range.key),
            search: view.search.clone(),
            live: None,
            assets: assets::urls(),
        }
    }

    /// Adds the choice of the time range.
    pub(super) fn with_ranges(mut self, path: &str, view: &View) -> Self {
        self.has_range = true;
        self.ranges = RANGES
            .into_iter()
            .map(|range| Tab {
                label: range.key,
                hint: range.words.to_owned(),
                href: View { range, ..view.clone() }.link_with_all(path).to_string(),
                current: range == view.range,
            })
            .collect();
        self
    }

    /// Lets the page refresh itself, unless the reader switched that off.
    pub(super) fn refreshing(mut self, path: &str, view: &View) -> Self {
        let other = View { live: !view.live, ..view.clone() }.link_with_all(path).to_string();
        self.live = Some(Live { on: view.live, other });
        self
    }
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
