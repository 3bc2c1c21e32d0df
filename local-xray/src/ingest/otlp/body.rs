//! Bytes of an HTTP body into a request, and answers back into bytes of the same encoding.

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceResponse;
use prost::Message;
use serde::de::DeserializeOwned;
use serde_json::json;

use crate::gzip::{NotUnpacked, unpacked};

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
    #[error(transparent)]
    Packed(NotUnpacked),
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

    fn decode<R: Message + Default + DeserializeOwned>(self, plain: &[u8]) -> Result<R, Unreadable> {
        match self {
            Self::Protobuf => R::decode(plain).map_err(|error| Unreadable::Protobuf(error.to_string())),
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

/// Reads a whole body. The encoding is told in both cases, because the answer must have it too.
///
/// # Errors
/// When the body holds no request, or more than `limit` bytes.
pub(super) fn read<R: Message + Default + DeserializeOwned>(
    content_type: &str,
    body: &[u8],
    limit: usize,
) -> (Encoding, Result<R, Unreadable>) {
    let plain = match unpacked(body, limit) {
        Ok(plain) => plain,
        Err(why) => return (Encoding::of(content_type, &[]), Err(why.into())),
    };
    let encoding = Encoding::of(content_type, &plain);
    (encoding, encoding.decode(&plain))
}

impl From<NotUnpacked> for Unreadable {
    fn from(why: NotUnpacked) -> Self {
        match why {
            NotUnpacked::TooLarge { limit } => Self::TooLarge { limit },
            NotUnpacked::Invalid(_) => Self::Packed(why),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
