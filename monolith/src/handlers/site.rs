//! The web site's URLs: two pages and the files they are made of.

use actix_web::body::BoxBody;
use actix_web::http::header::{self, HeaderName};
use actix_web::{HttpRequest, HttpResponse, ResponseError, web};
use askama::Template;
use shared::error::ApiError;
use shared::telemetry;

use crate::app::AppState;
use crate::domain::{Mysfit, Selection};
use crate::handlers::wire::SelectionQuery;
use crate::routes::read;
use crate::site::assets;
use crate::site::pages::{Frame, HomePage, ProblemPage, ProfilePage};

/// What a page may load: our own files, and nothing written into the page itself.
const PAGE_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
    base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
/// What a file may load when it is opened by itself: drawings carry their two grounds as a style.
const ASSET_POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'";
/// Hashed names never change their content.
const FOR_EVER: &str = "public, max-age=31536000, immutable";

/// Adds every URL of the web site.
pub fn configure(settings: &mut web::ServiceConfig) {
    settings
        .service(read("/", home))
        .service(read("/creatures/{name}", profile))
        .service(read("/assets/{name}", asset));
}

/// All creatures, or those that the query selects.
async fn home(request: HttpRequest, state: web::Data<AppState>) -> HttpResponse {
    match find_selected(&request, &state).await {
        Ok((selection, mysfits)) => page(&HomePage::new(Frame::new(&state.site), selection, mysfits)),
        Err(error) => problem(&error, &state),
    }
}

/// One creature, by its name.
async fn profile(name: web::Path<String>, state: web::Data<AppState>) -> HttpResponse {
    let found = state.store.list(Selection::All).await.map_err(ApiError::from).and_then(|roster| {
        let found = ProfilePage::find(Frame::new(&state.site), &name, roster);
        found.ok_or_else(|| ApiError::not_found("no creature goes by that name"))
    });
    found.map_or_else(|error| problem(&error, &state), |profile| page(&profile))
}

/// A file, by its hashed name.
async fn asset(name: web::Path<String>) -> Result<HttpResponse, ApiError> {
    let asset = assets::find(&name).ok_or_else(|| ApiError::not_found("no file has this name"))?;
    Ok(HttpResponse::Ok()
        .content_type(asset.content_type)
        .insert_header((header::CACHE_CONTROL, FOR_EVER))
        .insert_header((header::CONTENT_SECURITY_POLICY, ASSET_POLICY))
        .insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .body(asset.bytes.as_ref()))
}

async fn find_selected(request: &HttpRequest, state: &AppState) -> Result<(Selection, Vec<Mysfit>), ApiError> {
    let query = web::Query::<SelectionQuery>::from_query(request.query_string())
        .map_err(|error| ApiError::bad_request(error.to_string()))?;
    let selection = Selection::parse(query.filter.as_deref(), query.value.as_deref())?;
    Ok((selection, state.store.list(selection).await?))
}

fn page(template: &impl Template) -> HttpResponse {
    html(HttpResponse::Ok().finish(), template)
}

/// An error as a page; its own answer is what logs and traces it, and sets the status.
fn problem(error: &ApiError, state: &AppState) -> HttpResponse {
    let answer = error.error_response();
    let (status, trace_id) = (answer.status(), telemetry::current_trace_id());
    html(answer, &ProblemPage::new(Frame::new(&state.site), status, &error.to_string(), trace_id))
}

/// Puts a page into an answer that may already have a status and headers.
fn html(answer: HttpResponse, template: &impl Template) -> HttpResponse {
    let rendered = match template.render() {
        Ok(rendered) => rendered,
        Err(error) => return ApiError::internal(error).error_response(),
    };
    let mut answer = answer.set_body(BoxBody::new(rendered));
    let headers: [(HeaderName, &'static str); 5] = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CACHE_CONTROL, "no-cache"),
        (header::CONTENT_SECURITY_POLICY, PAGE_POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "same-origin"),
    ];
    for (name, value) in headers {
        answer.headers_mut().insert(name, header::HeaderValue::from_static(value));
    }
    answer
}
