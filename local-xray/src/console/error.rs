//! Pages for what cannot be shown: what happened and where to go from here, inside the same frame as everything else.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, ResponseError};
use askama::Template;

use super::page::{Frame, Section, respond};
use super::view::View;

/// Why a page cannot be shown.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum PageError {
    /// Something in the URL is not understood.
    #[error("{words}")]
    BadRequest {
        /// What it was and what was expected.
        words: String,
    },
    /// There is nothing at this address.
    #[error("{words}")]
    NotFound {
        /// What was looked for.
        words: String,
    },
    /// A page failed to render.
    #[error("the page failed to render")]
    Internal,
}

impl PageError {
    /// Refuses a URL.
    pub(super) fn bad_request(words: impl Into<String>) -> Self {
        Self::BadRequest { words: words.into() }
    }

    /// Says that nothing is here.
    pub(super) fn not_found(words: impl Into<String>) -> Self {
        Self::NotFound { words: words.into() }
    }

    /// The page, with the bar as the reader left it.
    pub(super) fn respond_in(&self, frame: Frame) -> Result<HttpResponse, Self> {
        let status = self.status_code();
        let (heading, words) = self.heading_and_words();
        respond(status, &ErrorPage { frame, code: status.as_u16(), heading, words })
    }

    fn heading_and_words(&self) -> (&'static str, String) {
        match self {
            Self::BadRequest { words } => ("That address is not understood", words.clone()),
            Self::NotFound { words } => ("Nothing here", words.clone()),
            Self::Internal => ("This page failed", "The log of local-xray says why.".to_owned()),
        }
    }
}

#[derive(Template)]
#[template(path = "error.html")]
struct ErrorPage {
    frame: Frame,
    code: u16,
    heading: &'static str,
    words: String,
}

impl ResponseError for PageError {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::BadRequest { .. } => StatusCode::BAD_REQUEST,
            Self::NotFound { .. } => StatusCode::NOT_FOUND,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    fn error_response(&self) -> HttpResponse {
        let (heading, _) = self.heading_and_words();
        let answer = self.respond_in(Frame::still(heading, Section::None, &View::default()));
        answer.unwrap_or_else(|_| HttpResponse::new(StatusCode::INTERNAL_SERVER_ERROR))
    }
}
