//! Waiting for a condition, never for a length of time.

use std::future::Future;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};

const DEADLINE: Duration = Duration::from_secs(60);
const PAUSE: Duration = Duration::from_millis(50);

/// Asks again until `condition` answers with a value, and fails by the name of what it waited for after a minute.
///
/// # Errors
///
/// When the deadline passes; an error of the condition itself counts as "not yet" and is told at the end.
pub async fn eventually<T, F, Fut>(what: &str, mut condition: F) -> Result<T>
where
    F: FnMut() -> Fut,
    Fut: Future<Output = Result<Option<T>>>,
{
    let started = Instant::now();
    loop {
        let last = match condition().await {
            Ok(Some(value)) => return Ok(value),
            Ok(None) => None,
            Err(error) => Some(error),
        };
        if started.elapsed() > DEADLINE {
            match last {
                Some(error) => return Err(error.context(format!("waited a minute for {what}"))),
                None => bail!("waited a minute for {what}"),
            }
        }
        tokio::time::sleep(PAUSE).await;
    }
}
