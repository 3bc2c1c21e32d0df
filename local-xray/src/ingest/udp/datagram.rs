//! The text of one datagram: a header line, then a segment document, or OTLP as AWS's exporters for Lambda send it.

use serde::Deserialize;

use crate::document::{ErrorCode, Rejection};
use crate::ingest::otlp;
use crate::ingest::translate::Translation;
use crate::store::Arrival;

/// What became of some datagrams.
#[derive(Debug, Default)]
pub(crate) struct Received {
    pub(crate) arrivals: Vec<Arrival>,
    pub(crate) rejections: Vec<Rejection>,
}

/// Reads one datagram.
pub(crate) fn read(datagram: &[u8], received: &mut Received) {
    match body(datagram) {
        Ok(body) if otlp::is_otlp(body) => {
            let Translation { documents, rejections } = otlp::read_datagram(body);
            received.arrivals.extend(documents.into_iter().map(Arrival::from));
            received.rejections.extend(rejections);
        }
        Ok(body) => match Arrival::read(body) {
            Ok(arrivals) => received.arrivals.extend(arrivals),
            Err(rejection) => received.rejections.push(rejection),
        },
        Err(rejection) => received.rejections.push(rejection),
    }
}

#[derive(Deserialize)]
struct Header {
    format: String,
    version: u64,
}

/// What follows the header line.
fn body(datagram: &[u8]) -> Result<&[u8], Rejection> {
    let invalid = |reason: &str| Rejection::new(ErrorCode::InvalidDatagram, "$", reason);
    let newline = datagram.iter().position(|byte| *byte == b'\n');
    let (header, body) = newline
        .and_then(|at| datagram.split_at_checked(at))
        .ok_or_else(|| invalid("there is no newline after the header"))?;
    let header: Header = serde_json::from_slice(header)
        .map_err(|_| invalid(r#"the first line is not the header {"format": "json", "version": 1}"#))?;
    if !header.format.eq_ignore_ascii_case("json") || header.version != 1 {
        return Err(invalid("only format json, version 1, is known"));
    }
    let body = body.trim_ascii();
    if body.is_empty() { Err(invalid("nothing follows the header line")) } else { Ok(body) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_header_line_ends_at_the_first_newline() {
        let check = |datagram: &str, expected: Option<&str>| {
            let body = body(datagram.as_bytes()).ok().map(|body| std::str::from_utf8(body).unwrap());
            assert_eq!(body, expected, "{datagram:?}");
        };
        check("{\"format\":\"json\",\"version\":1}\n{}", Some("{}"));
        check("{\"format\": \"json\", \"version\": 1}\n{\n}\n", Some("{\n}"));
        check(" { \"version\" : 1, \"format\" : \"JSON\" } \r\n{}", Some("{}"));
        check("{\"format\":\"json\",\"version\":1}\n", None);
        check("{\"format\":\"json\",\"version\":1}\n \n", None);
        check("{\"format\":\"json\",\"version\":1}", None);
        check("{\"format\":\"json\",\"version\":2}\n{}", None);
        check("{\"format\":\"xml\",\"version\":1}\n{}", None);
        check("{\"format\":\"json\"}\n{}", None);
        check("GET / HTTP/1.1\r\n\r\n", None);
        check("\n{}", None);
        check("", None);
    }

    proptest! {
        #[test]
        fn no_datagram_panics(datagram in prop::collection::vec(any::<u8>(), 0..200)) {
            read(&datagram, &mut Received::default());
        }

        #[test]
        fn no_body_panics(body in ".{0,200}") {
            let datagram = format!("{{\"format\":\"json\",\"version\":1}}\n{body}");
            read(datagram.as_bytes(), &mut Received::default());
        }
    }
}
