//! The search box: a trace id leads to its trace. Filter expressions are not understood yet, and it says so.

use actix_web::HttpResponse;
use actix_web::http::header::LOCATION;

use crate::document::TraceId;

use super::error::PageError;
use super::view::View;

/// Leads to the trace that was asked for.
pub(super) async fn redirect(view: View) -> Result<HttpResponse, PageError> {
    let location = destination(&view)?;
    Ok(HttpResponse::SeeOther().insert_header((LOCATION, location)).finish())
}

fn destination(view: &View) -> Result<String, PageError> {
    let text = view.search.as_str();
    if text.is_empty() {
        return Ok(view.link("/traces").to_string());
    }
    let id = trace_id(text).ok_or_else(|| {
        PageError::bad_request(format!(
            "\u{201c}{text}\u{201d} is not a trace id. The box takes a trace id as X-Ray writes it \
             (1-67891233-abcdef012345678912345678), as W3C writes it (32 hex digits), or a whole X-Amzn-Trace-Id header. \
             Filter expressions are not understood by this box yet."
        ))
    })?;
    Ok(view.link(format!("/traces/{id}")).to_string())
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

    fn check(typed: &str, expected: Option<&str>) {
        let view = View { search: typed.to_owned(), ..View::default() };
        assert_eq!(destination(&view).ok().as_deref(), expected, "{typed}");
    }

    #[test]
    fn trace_ids_lead_to_traces_in_every_spelling() {
        let page = Some("/traces/1-4efaaf4d-1e8720b39541901950019ee5");
        check("1-4efaaf4d-1e8720b39541901950019ee5", page);
        check("4efaaf4d1e8720b39541901950019ee5", page);
        check("Root=1-4efaaf4d-1e8720b39541901950019ee5;Parent=53995c3f42cd8ad8;Sampled=1", page);
        check("", Some("/traces"));
    }

    #[test]
    fn anything_else_is_refused_with_an_explanation() {
        check("service(\"like service\")", None);
        check("1-4efaaf4d", None);
        check("é4efaaf4d1e8720b39541901950019e", None);
    }
}
