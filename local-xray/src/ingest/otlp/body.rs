//! Bytes of an HTTP body into a request, and answers back into bytes of the same encoding.

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

/// What a sender is told of a request of which some was refused.
#[derive(Debug, Clone, Copy)]
pub(super) struct Partial<'a> {
    /// What the signal calls the number of what was refused.
    pub(super) name: &'static str,
    pub(super) rejected: i64,
    pub(super) message: &'a str,
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

    /// Writes an answer, of which `partial` is all that it says.
    pub(super) fn encode(self, answer: &impl Message, partial: Option<Partial<'_>>) -> Vec<u8> {
        match (self, partial) {
            (Self::Protobuf, _) => answer.encode_to_vec(),
            (Self::Json, None) => b"{}".to_vec(),
            // 64-bit numbers are texts in the JSON form of protobuf
            (Self::Json, Some(Partial { name, rejected, message })) => {
                json!({ "partialSuccess": { name: rejected.to_string(), "errorMessage": message } })
                    .to_string()
                    .into_bytes()
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
        let check = |partial, expected: &str| {
            let bytes = Encoding::Json.encode(&RpcStatus::default(), partial);
            assert_eq!(String::from_utf8(bytes).unwrap(), expected);
        };
        check(None, "{}");
        let partial = Partial { name: "rejectedSpans", rejected: 2, message: "no" };
        check(Some(partial), r#"{"partialSuccess":{"errorMessage":"no","rejectedSpans":"2"}}"#);
    }
}
