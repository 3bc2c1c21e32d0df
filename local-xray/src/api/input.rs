//! The input of an operation: JSON, gzip or not, with or without a body.

use std::future::Future;
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest, web};
use serde::de::DeserializeOwned;

use crate::gzip::{NotUnpacked, unpacked};

use super::error::ApiError;

/// The largest body that is read, compressed or not.
const MAX_BODY: usize = 16 << 20;

/// The input of one operation.
pub(super) struct Input<T>(pub(super) T);

impl<T: DeserializeOwned + 'static> FromRequest for Input<T> {
    type Error = ApiError;
    type Future = Pin<Box<dyn Future<Output = Result<Self, ApiError>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        // The payload itself, because actix would unpack by the header.
        let body = web::Payload::from_request(request, payload).into_inner();
        Box::pin(async move {
            let too_large = || ApiError::too_large(format!("the request is larger than {MAX_BODY} bytes"));
            let body = body.map_err(|error| ApiError::invalid_request(error.to_string()))?;
            let body = body.to_bytes_limited(MAX_BODY).await.map_err(|_| too_large())?;
            let body = body.map_err(|error| ApiError::invalid_request(format!("the body broke off: {error}")))?;
            read(&body).map(Input)
        })
    }
}

/// Reads a body; an empty one counts as `{}`, as clients send it for operations without input.
fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, ApiError> {
    let body = unpacked(body, MAX_BODY)?;
    let body = body.trim_ascii();
    let json = if body.is_empty() { b"{}" } else { body };
    // serde would take a list for the members in their order.
    if !json.starts_with(b"{") {
        return Err(ApiError::invalid_request("the body is no JSON object"));
    }
    // Knowing all the time where one is has a price, so that is asked only about what cannot be read.
    serde_json::from_slice(json).map_err(|error| ApiError::invalid_request(explained::<T>(json, &error)))
}

/// What is wrong with a body.
fn explained<T: DeserializeOwned>(json: &[u8], error: &serde_json::Error) -> String {
    let mut json = serde_json::Deserializer::from_slice(json);
    let again = serde_path_to_error::deserialize::<_, T>(&mut json);
    again.err().map_or_else(|| error.to_string(), |error| place(&error))
}

/// What is wrong, with the member that it is wrong in.
fn place(error: &serde_path_to_error::Error<serde_json::Error>) -> String {
    match error.path().to_string() {
        path if error.inner().is_data() && path != "." => format!("{path}: {}", error.inner()),
        _ => error.inner().to_string(),
    }
}

impl From<NotUnpacked> for ApiError {
    fn from(why: NotUnpacked) -> Self {
        match why {
            NotUnpacked::TooLarge { .. } => Self::too_large(format!("the unpacked request is {why}")),
            NotUnpacked::Invalid(_) => Self::invalid_request(format!("the body is {why}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::write::GzEncoder;
    use serde_json::{Value, json};

    use super::*;

    fn gzip(text: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn bodies_are_empty_plain_or_packed() {
        let check = |body: &[u8], expected: Option<Value>| assert_eq!(read::<Value>(body).ok(), expected, "{body:?}");
        check(b"", Some(json!({})));
        check(b" \n", Some(json!({})));
        check(b"{\"a\": 1}", Some(json!({ "a": 1 })));
        check(&gzip(b"{\"a\": 1}"), Some(json!({ "a": 1 })));
        check(&gzip(b""), Some(json!({})));
        check(b"{", None);
        check(b"[]", None);
        check(b"null", None);
        check(&[0x1f, 0x8b, 0, 0], None);
    }

    #[test]
    fn a_wrong_member_is_named() {
        #[derive(Debug, serde::Deserialize)]
        #[expect(dead_code, reason = "only its error is looked at")]
        struct Named {
            #[serde(rename = "Names")]
            names: Vec<String>,
        }
        let check = |body: &str, expected: &str| {
            let message = read::<Named>(body.as_bytes()).unwrap_err().to_string();
            assert!(message.starts_with(expected), "{body}: {message}");
        };
        check("{}", "missing field `Names`");
        check(r#"{"Names": 1}"#, "Names: invalid type: integer `1`, expected a sequence");
        check(r#"{"Names": ["a", true]}"#, "Names[1]: invalid type: boolean `true`, expected a string");
        check(r#"{"Names": []} {}"#, "trailing characters");
        check("[]", "the body is no JSON object");
        check("{", "EOF");
    }

    #[test]
    fn a_bomb_is_refused() {
        let zeros = vec![b' '; MAX_BODY + 1];
        assert!(read::<Value>(&gzip(&zeros)).is_err());
    }
}
