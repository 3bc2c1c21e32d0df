//! The public API described by itself: generated from the handlers, so that it cannot name a route that is not there.
//!
//! `tests/api/openapi.rs` holds it against the routes and against every status that the other tests see.

use actix_web::web;
use serde::Serialize;
use utoipa::openapi::{ContentBuilder, Ref, Response, ResponseBuilder};
use utoipa::{Modify, OpenApi, ToSchema};

use crate::handlers::{adoptions, health, likes, mysfits};

/// The shape of every error; mirrors what `shared::error` sends.
#[derive(Debug, Serialize, ToSchema)]
pub struct ErrorEnvelope {
    /// What went wrong.
    pub error: ErrorBody,
}

/// What went wrong.
#[derive(Debug, Serialize, ToSchema)]
pub struct ErrorBody {
    /// One word for programs.
    #[schema(example = "not_found")]
    pub code: String,
    /// One sentence for people.
    pub message: String,
    /// The trace that shows why, where there is one.
    #[schema(example = "1-581cf771-a006649127e371903a2de979")]
    pub trace_id: Option<String>,
}

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Mythical Mysfits",
        description = "The adoption centre for mythical creatures. The API takes no bodies: more than 16 KiB is answered 413. \
            Every answer but those about health names its trace in X-Amzn-Trace-Id.",
    ),
    paths(mysfits::list, mysfits::show, likes::forward, adoptions::adopt, health::live, health::ready, show),
    modifiers(&CommonAnswers)
)]
struct Document;

/// The answers that any operation may give.
struct CommonAnswers;

impl Modify for CommonAnswers {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let common = [("413", "The body has more than 16 KiB"), ("500", "A failure of ours; its trace says which")];
        for item in document.paths.paths.values_mut() {
            for operation in [&mut item.get, &mut item.post].into_iter().flatten() {
                for (status, description) in common {
                    let answers = &mut operation.responses.responses;
                    answers.entry(status.to_owned()).or_insert_with(|| error(description).into());
                }
            }
        }
    }
}

/// An answer in the error envelope.
fn error(description: &str) -> Response {
    let schema = Ref::from_schema_name("ErrorEnvelope");
    let content = ContentBuilder::new().schema(Some(schema)).build();
    ResponseBuilder::new().description(description).content("application/json", content).build()
}

/// Describes the API.
#[utoipa::path(
    get, path = "/openapi.json", tag = "catalogue",
    responses((status = 200, description = "This document", body = Object))
)]
pub async fn show() -> web::Json<utoipa::openapi::OpenApi> {
    web::Json(Document::openapi())
}
