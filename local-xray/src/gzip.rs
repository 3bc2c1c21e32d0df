//! Bodies that may be gzip, unpacked within bounds.
//!
//! Only the bytes tell: some senders set `Content-Encoding: gzip` on bodies that are not compressed, and neither JSON nor
//! a protobuf request begins as gzip does.

use std::borrow::Cow;
use std::io::Read as _;

use flate2::read::MultiGzDecoder;

/// The first bytes of gzip.
const MAGIC: [u8; 2] = [0x1f, 0x8b];

/// Why a body could not be unpacked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NotUnpacked {
    /// It holds more than is read.
    #[error("larger than {limit} bytes")]
    TooLarge {
        /// The most that is read, in bytes.
        limit: usize,
    },
    /// It begins as gzip does and goes on otherwise.
    #[error("not valid gzip: {0}")]
    Invalid(String),
}

/// The body as it was before somebody compressed it, if somebody did.
///
/// # Errors
/// When it is broken, or more than `limit` bytes once it is unpacked.
pub(crate) fn unpacked(body: &[u8], limit: usize) -> Result<Cow<'_, [u8]>, NotUnpacked> {
    if !body.starts_with(&MAGIC) {
        return Ok(Cow::Borrowed(body));
    }
    let mut plain = Vec::new();
    let one_too_many = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
    MultiGzDecoder::new(body)
        .take(one_too_many)
        .read_to_end(&mut plain)
        .map_err(|error| NotUnpacked::Invalid(error.to_string()))?;
    if plain.len() > limit { Err(NotUnpacked::TooLarge { limit }) } else { Ok(Cow::Owned(plain)) }
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
        let check = |body: &[u8], expected: Result<&[u8], NotUnpacked>| {
            assert_eq!(unpacked(body, 10).map(Cow::into_owned), expected.map(<[u8]>::to_vec));
        };
        check(b"{}", Ok(b"{}"));
        check(b"", Ok(b""));
        check(&gzip(b"0123456789"), Ok(b"0123456789"));
        check(&[gzip(b"01234"), gzip(b"56789")].concat(), Ok(b"0123456789"));
        check(&gzip(&[0; 1 << 20]), Err(NotUnpacked::TooLarge { limit: 10 }));
        assert!(matches!(unpacked(&[0x1f, 0x8b, 0, 0], 10), Err(NotUnpacked::Invalid(_))));
    }
}
