//! Bytes of an HTTP body into a request, and answers back into bytes of the same encoding.

use std::borrow::Cow;
use std::io::Read as _;

use flate2::read::MultiGzDecoder;
use opentelemetry_proto::tonic::collector::trace::v1::{ExportTraceServiceRequest, ExportTraceServiceResponse};
use prost::Message as _;
use serde_json::json;

/// The first bytes of gzip. Neither JSON nor a protobuf request begins like this, so the header is not needed: some
/// senders set `Content-Encoding: gzip` on bodies that are not compressed.
const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];

/// How a request is encoded, and so its answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Encoding {
    Protobuf,
    Json,
}

/// Why a body is no request.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Unreadable {
    #[error("larger than {limit} bytes")]
    TooLarge { limit: usize },
    #[error("the body ended too early")]
    Incomplete,
    #[error("not valid gzip: {0}")]
    Gzip(String),
    #[error("not a valid OTLP request in protobuf: {0}")]
    Protobuf(String),
    #[error("not a valid OTLP request in JSON: {0}")]
    Json(String),
}

/// The canonical error of RPC systems, which OTLP/HTTP puts in the body of failed requests.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct RpcStatus {
    #[prost(int32, tag = "1")]
    pub(super) code: i32,
    #[prost(string, tag = "2")]
    pub(super) message: String,
}

impl Encoding {
    /// Goes by the content type; without a telling one, by the first byte, because a protobuf request never begins with
    /// a brace.
    pub(super) fn of(content_type: &str, plain: &[u8]) -> Self {
        let looks_like_json = plain.trim_ascii_start().first() == Some(&b'{');
        match content_type {
            told if told.contains("json") => Self::Json,
            told if told.contains("protobuf") => Self::Protobuf,
            _ if looks_like_json => Self::Json,
            _ => Self::Protobuf,
        }
    }

    pub(super) fn content_type(self) -> &'static str {
        match self {
            Self::Protobuf => "application/x-protobuf",
            Self::Json => "application/json",
        }
    }

    pub(super) fn decode(self, plain: &[u8]) -> Result<ExportTraceServiceRequest, Unreadable> {
        match self {
            Self::Protobuf => ExportTraceServiceRequest::decode(plain).map_err(|e| Unreadable::Protobuf(e.to_string())),
            Self::Json => serde_json::from_slice(plain).map_err(|error| Unreadable::Json(error.to_string())),
        }
    }

    pub(super) fn encode(self, answer: &ExportTraceServiceResponse) -> Vec<u8> {
        match self {
            Self::Protobuf => answer.encode_to_vec(),
            Self::Json => {
                let partial = answer.partial_success.as_ref().map(|partial| {
                    // 64-bit numbers are texts in the JSON form of protobuf
                    json!({ "partialSuccess": {
                        "rejectedSpans": partial.rejected_spans.to_string(), "errorMessage": partial.error_message,
                    }})
                });
                partial.unwrap_or_else(|| json!({})).to_string().into_bytes()
            }
        }
    }

    pub(super) fn encode_status(self, status: &RpcStatus) -> Vec<u8> {
        match self {
            Self::Protobuf => status.encode_to_vec(),
            Self::Json => json!({ "code": status.code, "message": status.message }).to_string().into_bytes(),
        }
    }
}

/// Decompresses a body that is gzip, and refuses to unpack more than `limit` bytes of it.
pub(super) fn plain(body: &[u8], limit: usize) -> Result<Cow<'_, [u8]>, Unreadable> {
    if !body.starts_with(&GZIP_MAGIC) {
        return Ok(Cow::Borrowed(body));
    }
    let mut plain = Vec::new();
    let one_too_many = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
    MultiGzDecoder::new(body)
        .take(one_too_many)
        .read_to_end(&mut plain)
        .map_err(|error| Unreadable::Gzip(error.to_string()))?;
    if plain.len() > limit { Err(Unreadable::TooLarge { limit }) } else { Ok(Cow::Owned(plain)) }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn compression_is_seen_in_the_bytes_and_bounded() {
        let check = |body: &[u8], expected: Result<&[u8], Unreadable>| {
            assert_eq!(plain(body, 10).map(Cow::into_owned), expected.map(<[u8]>::to_vec));
        };
        check(b"{}", Ok(b"{}"));
        check(b"", Ok(b""));
        check(&gzip(b"0123456789"), Ok(b"0123456789"));
        check(&gzip(&[0; 1 << 20]), Err(Unreadable::TooLarge { limit: 10 }));
        assert!(matches!(plain(&[0x1f, 0x8b, 7], 10), Err(Unreadable::Gzip(_))));
    }

    #[test]
    fn the_content_type_decides_and_the_first_byte_helps_out() {
        let check = |content_type, body: &[u8], expected| assert_eq!(Encoding::of(content_type, body), expected);
        check("application/json; charset=utf-8", b"{}", Encoding::Json);
        check("application/x-protobuf", b"{}", Encoding::Protobuf);
        check("text/plain", b" {}", Encoding::Json);
        check("", b"\x0a\x00", Encoding::Protobuf);
        check("", b"", Encoding::Protobuf);
    }

    #[test]
    fn json_answers_write_counts_as_text() {
        use opentelemetry_proto::tonic::collector::trace::v1::ExportTracePartialSuccess;
        let partial = ExportTracePartialSuccess { rejected_spans: 2, error_message: "no".to_owned() };
        let check = |partial_success, expected: &str| {
            let bytes = Encoding::Json.encode(&ExportTraceServiceResponse { partial_success });
            assert_eq!(String::from_utf8(bytes).unwrap(), expected);
        };
        check(None, "{}");
        check(Some(partial), r#"{"partialSuccess":{"errorMessage":"no","rejectedSpans":"2"}}"#);
    }
}
