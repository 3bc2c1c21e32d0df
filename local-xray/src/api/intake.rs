//! `GET /intake.json`: the counters of the console's Intake page, for programs. X-Ray has no such operation.

use actix_web::web;

use crate::state::AppState;

use super::wire::IntakeOut;

pub(crate) async fn get(state: web::Data<AppState>) -> web::Json<IntakeOut> {
    web::Json(IntakeOut::new(&state.intake.report(), &state.store.snapshot().report()))
}
