//! OTLP spans in, segment documents out, and log records to log lines: pure, and without a word dropped.
//!
//! The rules are those of the collectors that send OTLP to X-Ray, so that a trace looks the same here and on AWS. Two
//! known gaps of theirs are closed: calls to a message broker make a node, and work on a received message starts a
//! segment of the consuming service. Names are always cleaned, where those translators may send one that X-Ray refuses.
//!
//! `span` tells the story of one span: its [`identity`] and [`role`] first, then one file for each block of the
//! document. Blocks *take* attributes out of one map; what nobody has taken becomes metadata.

mod annotations;
mod attributes;
mod aws;
mod cause;
mod http;
mod identity;
mod links;
mod logs;
mod metadata;
mod naming;
mod resource;
mod role;
mod span;
mod sql;
mod stack;

#[cfg(test)]
mod tests;

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;

use crate::document::{Document, Rejection};

pub(crate) use self::logs::lines;
use self::resource::Resource;
use self::span::Scope;

/// What became of a request: every span is either in a document or among the rejections.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Translation {
    /// One document a span; two for a client span that is also the root of its service.
    pub(crate) documents: Vec<Document>,
    /// Spans that cannot be placed in a trace, with the path of what is wrong in the OTLP/JSON form of the request.
    pub(crate) rejections: Vec<Rejection>,
}

impl From<Vec<Document>> for Translation {
    fn from(documents: Vec<Document>) -> Self {
        Self { documents, rejections: Vec::new() }
    }
}

impl From<Rejection> for Translation {
    fn from(rejection: Rejection) -> Self {
        Self { documents: Vec::new(), rejections: vec![rejection] }
    }
}

/// Translates all spans of a request.
#[must_use]
pub(crate) fn translate(request: &ExportTraceServiceRequest) -> Translation {
    let mut translation = Translation::default();
    for (r, resource_spans) in request.resource_spans.iter().enumerate() {
        let resource = Resource::new(resource_spans.resource.as_ref(), &resource_spans.schema_url);
        for (s, scope_spans) in resource_spans.scope_spans.iter().enumerate() {
            let scope = Scope::new(scope_spans.scope.as_ref(), &scope_spans.schema_url);
            for (n, span) in scope_spans.spans.iter().enumerate() {
                match span::documents(span, &resource, &scope) {
                    Ok(documents) => translation.documents.extend(documents),
                    Err(rejection) => {
                        let path = format!("$.resourceSpans[{r}].scopeSpans[{s}].spans[{n}].{}", rejection.path);
                        translation.rejections.push(Rejection { path, ..rejection });
                    }
                }
            }
        }
    }
    translation
}
