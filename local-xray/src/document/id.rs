//! Trace ids and segment ids: parsed once at the edge, printed back in X-Ray's own form.

use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};

/// The id of one trace, printed as `1-` + 8 hex digits + `-` + 24 hex digits (35 characters).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TraceId(u128);

impl TraceId {
    /// Takes the 16 bytes of a W3C trace id; the first four become the part that X-Ray's SDKs fill with the epoch second.
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(u128::from_be_bytes(bytes))
    }

    /// The 16 bytes of the W3C trace id.
    pub fn to_bytes(self) -> [u8; 16] {
        self.0.to_be_bytes()
    }

    /// The last 32 bits, which are random in every id that is made as X-Ray or W3C ask for.
    #[expect(clippy::cast_possible_truncation, reason = "the low half of the low half is what is wanted")]
    pub fn random_bits(self) -> u32 {
        self.0 as u32
    }

    /// The 32 hexadecimal digits of the id in W3C trace context.
    pub fn to_w3c(self) -> String {
        format!("{:032x}", self.0)
    }

    /// Reads the 35-character form; `None` for anything else. Upper-case digits are accepted and printed in lower case.
    pub fn parse(text: &str) -> Option<Self> {
        let (time, unique) = text.strip_prefix("1-")?.split_once('-')?;
        let time = u128::from(u32::try_from(hex(time, 8)?).ok()?);
        Some(Self(time << 96 | hex(unique, 24)?))
    }

    /// Reads X-Ray's form, or the 32 hexadecimal digits of W3C trace context.
    pub fn parse_any(text: &str) -> Option<Self> {
        Self::parse(text).or_else(|| hex(text, 32).map(Self))
    }
}

impl fmt::Display for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "1-{:08x}-{:024x}", self.0 >> 96, self.0 & ((1 << 96) - 1))
    }
}

/// The id of one segment or subsegment: 64 bits, printed as 16 hex digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SegmentId(u64);

impl SegmentId {
    /// Takes the 8 bytes of a W3C span id.
    pub fn from_bytes(bytes: [u8; 8]) -> Self {
        Self(u64::from_be_bytes(bytes))
    }

    /// The 8 bytes of the W3C span id.
    pub fn to_bytes(self) -> [u8; 8] {
        self.0.to_be_bytes()
    }

    /// Reads exactly 16 hex digits; `None` for anything else.
    pub fn parse(text: &str) -> Option<Self> {
        u64::try_from(hex(text, 16)?).ok().map(Self)
    }

    /// The id given to the segment that is inferred from this subsegment. It is the same on every read, and
    /// never the id itself.
    pub fn of_inferred(self) -> Self {
        // A bijective scramble (multiplication by an odd number, then a rotation), so distinct ids stay distinct.
        let scrambled = (self.0 ^ 0x5ead_beef_00fe_44ed).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(23);
        if scrambled == self.0 { Self(!scrambled) } else { Self(scrambled) }
    }
}

impl fmt::Display for SegmentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

fn hex(text: &str, digits: usize) -> Option<u128> {
    let all_hex = text.len() == digits && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    if all_hex { u128::from_str_radix(text, 16).ok() } else { None }
}

macro_rules! textual {
    ($id:ty) => {
        impl fmt::Debug for $id {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $id {
            type Err = InvalidId;

            fn from_str(text: &str) -> Result<Self, InvalidId> {
                Self::parse(text).ok_or(InvalidId)
            }
        }

        impl Serialize for $id {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }
    };
}

textual!(TraceId);
textual!(SegmentId);

/// The text is not an id of the expected form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an id of the expected form")]
pub struct InvalidId;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trace_ids_are_parsed_strictly() {
        let check = |text: &str, expected: Option<&str>| {
            assert_eq!(TraceId::parse(text).map(|id| id.to_string()).as_deref(), expected, "{text}");
        };
        check("1-4efaaf4d-1e8720b39541901950019ee5", Some("1-4efaaf4d-1e8720b39541901950019ee5"));
        check("1-4EFAAF4D-1E8720B39541901950019EE5", Some("1-4efaaf4d-1e8720b39541901950019ee5"));
        check("1-00000000-000000000000000000000001", Some("1-00000000-000000000000000000000001"));
        check("1-4efaaf4d-1e8720b39541901950019ee", None);
        check("1-4efaaf4d1-e8720b39541901950019ee5", None);
        check("2-4efaaf4d-1e8720b39541901950019ee5", None);
        check("1-+efaaf4d-1e8720b39541901950019ee5", None);
        check("4efaaf4d1e8720b39541901950019ee5", None);
        check("", None);
    }

    #[test]
    fn bytes_and_text_name_the_same_trace() {
        let bytes = 0x4efa_af4d_1e87_20b3_9541_9019_5001_9ee5_u128.to_be_bytes();
        let id = TraceId::from_bytes(bytes);
        assert_eq!(TraceId::parse("1-4efaaf4d-1e8720b39541901950019ee5"), Some(id));
        assert_eq!(id.to_w3c(), "4efaaf4d1e8720b39541901950019ee5");
        assert_eq!(TraceId::parse_any("1-4efaaf4d-1e8720b39541901950019ee5"), Some(id));
        assert_eq!(TraceId::parse_any("4EFAAF4D1E8720B39541901950019EE5"), Some(id));
        assert_eq!(TraceId::parse_any("4efaaf4d1e8720b39541901950019ee"), None);
    }

    #[test]
    fn segment_ids_are_sixteen_hex_digits() {
        let check = |text: &str, expected: Option<&str>| {
            assert_eq!(SegmentId::parse(text).map(|id| id.to_string()).as_deref(), expected, "{text}");
        };
        check("70de5b6f19ff9a0a", Some("70de5b6f19ff9a0a"));
        check("00DE5B6F19FF9A0A", Some("00de5b6f19ff9a0a"));
        check("70de5b6f19ff9a0", None);
        check("-0de5b6f19ff9a0a", None);
        check("ä0de5b6f19ff9a0", None);
    }
}
