//! `GET /intake.json`: the counters of the console's Intake page, for programs. X-Ray has no such operation.

use actix_web::web;

use crate::state::AppState;

use super::wire::IntakeOut;

pub(crate) async fn get(state: web::Data<AppState>) -> web::Json<IntakeOut> {
    let (store, logs) = (state.store.snapshot().report(), state.logs.snapshot().report());
    web::Json(IntakeOut::new(&state.intake.report(), &store, &logs))
}
