//! The chaos switch: shows and changes what is done to likes on purpose.

use actix_web::web;
use shared::error::ApiError;

use crate::chaos::{Change, InvalidSettings, Settings, Switch};

/// Answers the settings in force.
pub(crate) async fn show(switch: web::Data<Switch>) -> web::Json<Settings> {
    web::Json(switch.settings())
}

/// Changes the members that the body names and answers all of them.
pub(crate) async fn change(
    switch: web::Data<Switch>,
    change: web::Json<Change>,
) -> Result<web::Json<Settings>, ApiError> {
    let settings = switch.change(&change)?;
    tracing::info!(?settings, "chaos is {:?}", settings.mode);
    Ok(web::Json(settings))
}

impl From<InvalidSettings> for ApiError {
    fn from(error: InvalidSettings) -> Self {
        Self::bad_request(error.to_string())
    }
}
