//! Spans as X-Ray segment documents, for the daemon and for standard output.
//!
//! `opentelemetry-aws` translates; this adapter mends what it gets wrong. [`span`] changes a span beforehand, where the translator would lose
//! or misread it, and [`document`] corrects the result, with what [`call`] has read in the span and [`whereabouts`] in the resource. Each quirk has a test. A span is
//! translated on its own, so one that cannot be translated costs nobody else.

mod call;
mod document;
mod span;
#[cfg(test)]
mod tests;
mod whereabouts;

use std::sync::Arc;

use opentelemetry_aws::xray_exporter::SegmentTranslator;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{SpanData, SpanExporter};
use serde_json::Value;

use self::document::{Facts, Origin};
use super::daemon::Sink;
use super::losses::Losses;

pub(super) use self::document::{strip, trim};
#[cfg(test)]
pub(super) use self::tests::span_named;

/// Exports spans as segment documents.
#[derive(Debug)]
pub(super) struct SegmentExporter {
    translation: Translation,
    sink: Sink,
    losses: Arc<Losses>,
}

impl SegmentExporter {
    pub(super) fn new(sink: Sink, losses: Arc<Losses>) -> Self {
        Self { translation: Translation::default(), sink, losses }
    }

    fn export_one(&self, span: SpanData) {
        let name = span.name.clone();
        let sent = match self.translation.document(span) {
            Some(mut document) => self.sink.send(&mut document).map_err(|error| error.to_string()),
            None => Err(format!("the span `{name}` could not be translated")),
        };
        match sent {
            Ok(()) => self.losses.spans.exported(1),
            Err(why) => self.losses.spans_failed(1, &why),
        }
    }
}

impl SpanExporter for SegmentExporter {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        self.losses.spans.taken(batch.len());
        for span in batch {
            self.export_one(span);
        }
        Ok(())
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.translation.set_resource(resource);
    }
}

/// The translator between its two mendings.
#[derive(Debug)]
struct Translation {
    translator: SegmentTranslator,
    origin: Origin,
}

impl Default for Translation {
    fn default() -> Self {
        // X-Ray itself stopped judging the age of trace ids, and W3C callers send ids without a time in them.
        let translator = SegmentTranslator::new().skip_timestamp_validation().metadata_all_attrs();
        Self { translator, origin: Origin::new(&Resource::builder_empty().build()) }
    }
}

impl Translation {
    fn set_resource(&mut self, resource: &Resource) {
        self.translator.set_resource(resource);
        self.origin = Origin::new(resource);
    }

    fn document(&self, span: SpanData) -> Option<Value> {
        let facts = Facts::of(&span);
        let span = [span::mend(span, &self.origin.resource)];
        let documents = self.translator.translate_spans(&span);
        let mut document = serde_json::to_value(documents.first()?).ok()?;
        document::mend(&mut document, &facts, &self.origin);
        Some(document)
    }
}
