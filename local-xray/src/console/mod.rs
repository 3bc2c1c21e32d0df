//! The console: the pages that a person looks at, drawn by the server.
//!
//! A page is a handler, a template and a struct of ready-to-print text, with one name. What a page says is computed by
//! pure code from a snapshot, the URL and the present; handlers only fetch those three. Pages work without scripts and
//! keep all their state in the URL. Whatever came in with a trace is escaped by the templates.

mod analytics;
mod dashboard;
mod error;
mod groups;
mod intake;
mod logs;
mod raw;
mod sampling;
mod search;
mod service_map;
mod trace;
mod traces;
mod why;

mod assets;
mod bar;
mod compare;
mod editor;
mod form;
mod link;
mod map_state;
mod map_tools;
mod page;
mod token;
mod view;

mod attribute;
mod completion;
mod expression;
mod found;
mod gaps;
mod hints;
mod marked;
mod notes;
mod seen;
mod tally;
mod unknown;
mod unread;

#[cfg(test)]
mod analysis_tests;
mod details;
mod ended;
mod format;
mod health;
mod histogram;
mod map;
mod over_time;
mod panel;
mod periods;
#[cfg(test)]
mod samples;
#[cfg(test)]
mod settings_tests;
#[cfg(test)]
mod tests;
mod timeline;

use actix_web::web::{self, get, post};
use actix_web::{HttpRequest, HttpResponse, ResponseError};

use self::error::PageError;
pub(crate) use self::token::ask_for_token;

/// Adds the console's pages to an application. Handlers find [`crate::state::AppState`] as `web::Data`.
pub fn routes(service: &mut web::ServiceConfig) {
    service
        .route("/", get().to(service_map::home))
        .route("/map", get().to(service_map::page))
        .route("/dashboard", get().to(dashboard::page))
        .route("/traces", get().to(traces::page))
        .route("/traces/{id}", get().to(trace::page))
        .route("/traces/{id}/raw", get().to(raw::page))
        .route("/traces/{id}/raw.json", get().to(raw::download))
        .route("/analytics", get().to(analytics::page))
        .route("/why", get().to(why::page))
        .route("/logs", get().to(logs::page))
        .route("/groups", get().to(groups::page))
        .route("/groups/{name}", get().to(groups::edit))
        .route("/ui/groups", post().to(editor::create::<groups::Form>))
        .route("/ui/save-group", post().to(groups::save))
        .route("/ui/groups/{name}", post().to(editor::update::<groups::Form>))
        .route("/ui/groups/{name}/delete", post().to(editor::delete::<groups::Form>))
        .route("/sampling", get().to(sampling::page))
        .route("/sampling/{name}", get().to(sampling::edit))
        .route("/ui/sampling", post().to(editor::create::<sampling::Form>))
        .route("/ui/sampling/{name}", post().to(editor::update::<sampling::Form>))
        .route("/ui/sampling/{name}/delete", post().to(editor::delete::<sampling::Form>))
        .route("/intake", get().to(intake::page))
        .route("/words.json", get().to(completion::words))
        .route("/search", get().to(search::redirect))
        .route("/static/{name}", get().to(assets::serve));
}

/// The page for an address where nothing is.
pub fn not_found(_request: &HttpRequest) -> HttpResponse {
    PageError::not_found("There is no page at this address.").error_response()
}
