//! Where the bar leads: a trace id to its trace, a filter expression to the page that it was typed on.

use std::collections::HashMap;

use actix_web::http::header::LOCATION;
use actix_web::{HttpResponse, web};

use crate::document::TraceId;

use super::bar;
use super::view::View;

/// Leads to what was asked for: `q` holds the text, `on` the page.
pub(super) async fn redirect(view: View, query: web::Query<HashMap<String, String>>) -> HttpResponse {
    let value = |name: &str| query.get(name).map(String::as_str).unwrap_or_default();
    let location = destination(&view, value("q").trim(), value("on"));
    HttpResponse::SeeOther().insert_header((LOCATION, location)).finish()
}

fn destination(view: &View, text: &str, on: &str) -> String {
    match trace_id(text) {
        Some(id) => view.link(format!("/traces/{id}")).to_string(),
        None => view.filtered(text).link_with_all(bar::page(on)).to_string(),
    }
}

/// Finds the trace id in what people paste: the id itself, the W3C form, or a trace header.
fn trace_id(text: &str) -> Option<TraceId> {
    let root = text.split(';').find_map(|part| part.trim().strip_prefix("Root=")).unwrap_or(text);
    TraceId::parse(root).or_else(|| {
        let is_w3c = root.len() == 32 && root.bytes().all(|byte| byte.is_ascii_hexdigit());
        let (time, unique) = is_w3c.then(|| root.split_at_checked(8))??;
        TraceId::parse(&format!("1-{time}-{unique}"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(typed: &str, on: &str, expected: &str) {
        let view = View::parse("range=1h&node=a").unwrap();
        assert_eq!(destination(&view, typed, on), expected, "{typed}");
    }

    #[test]
    fn trace_ids_lead_to_traces_in_every_spelling() {
        let page = "/traces/1-4efaaf4d-1e8720b39541901950019ee5?range=1h";
        check("1-4efaaf4d-1e8720b39541901950019ee5", "", page);
        check("4efaaf4d1e8720b39541901950019ee5", "map", page);
        check("Root=1-4efaaf4d-1e8720b39541901950019ee5;Parent=53995c3f42cd8ad8;Sampled=1", "traces", page);
    }

    #[test]
    fn anything_else_filters_the_page_that_it_was_typed_on() {
        check("service(\"like service\")", "map", "/map?range=1h&filter=service%28%22like+service%22%29&node=a");
        check("ok", "dashboard", "/dashboard?range=1h&filter=ok&node=a");
        check("ok", "traces", "/traces?range=1h&filter=ok&node=a");
        check("", "map", "/map?range=1h&node=a");
        check("", "", "/traces?range=1h&node=a");
        check("1-4efaaf4d", "", "/traces?range=1h&filter=1-4efaaf4d&node=a");
        check(
            "é4efaaf4d1e8720b39541901950019e",
            "",
            "/traces?range=1h&filter=%C3%A94efaaf4d1e8720b39541901950019e&node=a",
        );
    }
}
