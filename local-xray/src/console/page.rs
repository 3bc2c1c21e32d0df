//! The frame around every page: navigation, the filter bar, time range, refreshing; and the headers every page is sent with.

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
    pub(super) bar: Bar,
    /// `None` on pages that do not refresh themselves.
    pub(super) live: Option<Live>,
    pub(super) assets: &'static assets::Urls,
}

/// The field for a filter expression or a trace id.
pub(super) struct Bar {
    pub(super) text: String,
    /// What the form has to carry along.
    pub(super) kept: Vec<(&'static str, String)>,
    /// The same page without the filter, when there is one.
    pub(super) clear: Option<String>,
    /// Whether the text is not understood; the page says why.
    pub(super) is_unread: bool,
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
            bar: Bar {
                text: view.filter.clone(),
                kept: view.filtered("").link("").into_parameters(),
                clear: None,
                is_unread: false,
            },
            live: None,
            assets: assets::urls(),
        }
    }

    /// A page about the traces of a range and a filter: adds the choice of the range, and lets the bar filter this page.
    pub(super) fn with_query(mut self, path: &'static str, view: &View) -> Self {
        let unfiltered = view.filtered("").link_with_all(path);
        self.bar.clear = (!view.filter.is_empty()).then(|| unfiltered.to_string());
        self.bar.kept = unfiltered.into_parameters();
        self.bar.kept.push(("on", path.trim_start_matches('/').to_owned()));
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

    /// Marks the text in the bar as not understood.
    pub(super) fn with_unread(mut self) -> Self {
        self.bar.is_unread = true;
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
