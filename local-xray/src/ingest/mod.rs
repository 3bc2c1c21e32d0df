//! The ways in: UDP datagrams, the `PutTraceSegments` call, OTLP over HTTP and gRPC.
//!
//! Every door turns its bytes into documents or rejections and hands them to the one [`Intake`], which stores, counts
//! and remembers. Nothing is lost in silence: what is refused, dropped or cut is counted by door and reason. Senders that
//! wait for an answer are told to come back when too much is on its way; datagrams wait in a bounded queue.

mod admission;
mod intake;
pub mod otlp;
mod rejections;
pub(crate) mod segments_api;
pub(crate) mod translate;
pub(crate) mod udp;

pub use self::admission::Admission;
pub use self::intake::{DoorCount, Intake, IntakeReport, UdpSocketReport};
pub use self::rejections::LoggedRejection;
#[cfg(test)]
pub(crate) use self::translate::translate;

/// The way a document came in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Door {
    /// A datagram, as the X-Ray SDKs send them.
    Udp,
    /// The `PutTraceSegments` call.
    SegmentsApi,
    /// OTLP over HTTP.
    OtlpHttp,
    /// OTLP over gRPC.
    OtlpGrpc,
}

impl Door {
    /// Every door, in the order that reports list them.
    pub const ALL: [Self; 4] = [Self::Udp, Self::SegmentsApi, Self::OtlpHttp, Self::OtlpGrpc];

    /// The name for a person.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Udp => "UDP",
            Self::SegmentsApi => "PutTraceSegments",
            Self::OtlpHttp => "OTLP/HTTP",
            Self::OtlpGrpc => "OTLP/gRPC",
        }
    }
}
