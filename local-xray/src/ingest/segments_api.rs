//! `PutTraceSegments`: a list of strings, each of them JSON. Good ones are stored, each bad one is named.

use crate::document::Rejection;
use crate::store::{Arrival, NotStored};

use super::{Door, Intake};

/// Stores what can be read and returns the rest, in the order it came. Once this returns, readers see the new documents.
///
/// # Errors
/// When they cannot be stored; nothing is acknowledged then.
pub(crate) async fn take(documents: Vec<String>, intake: &Intake) -> Result<Vec<Rejection>, NotStored> {
    let _admission = intake.admit(documents.iter().map(String::len).sum(), Door::SegmentsApi)?;
    let mut accepted = Vec::new();
    let mut rejections = Vec::new();
    for document in documents {
        match Arrival::read(document) {
            Ok(arrivals) => accepted.extend(arrivals),
            Err(rejection) => rejections.push(rejection),
        }
    }
    intake.submit(accepted, Door::SegmentsApi).await?;
    for rejection in &rejections {
        intake.reject(rejection.clone(), Door::SegmentsApi);
    }
    Ok(rejections)
}
