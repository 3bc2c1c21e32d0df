//! The console: the pages that a person looks at.

use actix_web::web;

/// Adds the console's pages to an application. Handlers find [`crate::app::AppState`] as `web::Data`.
pub fn routes(_service: &mut web::ServiceConfig) {}
