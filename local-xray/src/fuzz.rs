//! The readers of outside bytes that are private to their rooms, for the targets in `fuzz/`; no part of the interface.

use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;

use crate::api::page_token::PageToken;
use crate::document::{Document, Rejection, Timestamp};
use crate::ingest::otlp::read_body;
use crate::ingest::translate::{Translation, lines, translate};
use crate::ingest::udp;
use crate::logs::LogRecord;
use crate::store::Position;

/// What became of some bytes.
#[derive(Debug)]
pub struct Taken {
    /// What is stored.
    pub documents: Vec<Document>,
    /// What is refused.
    pub rejections: Vec<Rejection>,
}

impl From<Translation> for Taken {
    fn from(Translation { documents, rejections }: Translation) -> Self {
        Self { documents, rejections }
    }
}

/// A datagram, with whatever format it claims to have.
pub fn datagram(datagram: &[u8]) -> Taken {
    let mut received = udp::Received::default();
    udp::read(datagram, &mut received);
    let documents = received.arrivals.iter().map(|arrival| arrival.document().clone());
    Taken { documents: documents.collect(), rejections: received.rejections }
}

/// The body of an OTLP request over HTTP, and how many spans it holds; `None` when it is no request.
pub fn otlp(content_type: &str, body: &[u8]) -> Option<(usize, Taken)> {
    let request: ExportTraceServiceRequest = read_body(content_type, body).ok()?;
    let scopes = request.resource_spans.iter().flat_map(|resource| &resource.scope_spans);
    Some((scopes.map(|scope| scope.spans.len()).sum(), translate(&request).into()))
}

/// The body of an OTLP request with log records, and how many it holds; `None` when it is no request.
pub fn otlp_logs(content_type: &str, body: &[u8]) -> Option<(usize, Vec<LogRecord>, Vec<Rejection>)> {
    let request: ExportLogsServiceRequest = read_body(content_type, body).ok()?;
    let scopes = request.resource_logs.iter().flat_map(|resource| &resource.scope_logs);
    let lines = lines(&request, Timestamp::EPOCH);
    Some((scopes.map(|scope| scope.log_records.len()).sum(), lines.records, lines.rejections))
}

/// Reads a text as a page token of `query`, and then as the place that one with a valid seal tells: gives it as it is
/// written, or `None` when it is no place.
pub fn page_token(query: &str, text: &str) -> Option<String> {
    let tokens = PageToken::of_query(&query);
    let _ = tokens.read::<Position>(text);
    tokens.read::<Position>(&tokens.write(&text)).ok().map(|place| place.to_string())
}
