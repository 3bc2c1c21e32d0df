//! Where the bar leads: a trace id to its trace, a filter expression to the page that it was typed on.

use actix_web::http::header::LOCATION;
use actix_web::{HttpRequest, HttpResponse};

use crate::document::TraceId;

use super::bar;
use super::view::View;

/// Leads to what was asked for: `filter` holds the text, `on` the page.
pub(super) async fn redirect(view: View, request: HttpRequest) -> HttpResponse {
    let location = destination(&view, request.query_string());
    HttpResponse::SeeOther().insert_header((LOCATION, location)).finish()
}

fn destination(view: &View, query: &str) -> String {
    match trace_id(&view.filter) {
        Some(id) => view.filtered("").link(format!("/traces/{id}")).to_string(),
        None => bar::back(view, query).to_string(),
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
        let sent = [("range", "1h"), ("node", "a"), ("q", "slow"), ("level", "warn"), ("filter", typed), ("on", on)];
        let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(sent).finish();
        assert_eq!(destination(&View::parse(&query).unwrap(), &query), expected, "{typed}");
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
        check("ok", "logs", "/logs?range=1h&filter=ok&q=slow&level=warn");
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
