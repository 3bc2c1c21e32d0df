//! Why a setting or a question is refused, in the exceptions that X-Ray knows.

use std::ops::RangeInclusive;

/// What was refused, and the sentence for the caller. Every message names the member that it is about.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Refusal {
    /// Which of X-Ray's exceptions it is.
    pub reason: Reason,
    /// The sentence for the caller.
    pub message: String,
    /// The resource that it is about, where X-Ray names one.
    pub resource: Option<String>,
}

/// The exceptions of X-Ray.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// The request cannot be answered as it is.
    InvalidRequest,
    /// The resource that was named does not exist.
    ResourceNotFound,
    /// There are as many sampling rules as there may be.
    RuleLimitExceeded,
    /// A resource would have too many tags.
    TooManyTags,
    /// A policy is not JSON.
    MalformedPolicyDocument,
    /// A policy has changed since the caller read it.
    InvalidPolicyRevisionId,
    /// A policy is too long.
    PolicySizeLimitExceeded,
    /// There are as many policies as there may be.
    PolicyCountLimitExceeded,
    /// The settings cannot be saved at present.
    Unavailable,
}

impl Refusal {
    /// A refusal for any reason.
    pub fn new(reason: Reason, message: impl Into<String>) -> Self {
        Self { reason, message: message.into(), resource: None }
    }

    /// The request cannot be answered as it is.
    pub fn invalid(message: impl Into<String>) -> Self {
        Self::new(Reason::InvalidRequest, message)
    }

    /// The resource does not exist.
    pub fn not_found(message: impl Into<String>, resource: &str) -> Self {
        Self::new(Reason::ResourceNotFound, message).about(resource)
    }

    /// The same, with the name of the resource.
    pub fn about(self, resource: &str) -> Self {
        Self { resource: Some(resource.to_owned()), ..self }
    }
}

/// Refuses a text whose length, in characters, lies outside the bounds.
///
/// # Errors
/// Names the member, its length and the bounds.
pub(crate) fn check_length(member: &str, text: &str, bounds: RangeInclusive<usize>) -> Result<(), Refusal> {
    let length = text.chars().count();
    if bounds.contains(&length) {
        return Ok(());
    }
    let (min, max) = (bounds.start(), bounds.end());
    Err(Refusal::invalid(format!("{member}: {length} characters are not between {min} and {max}")))
}
/// Refuses a number outside the bounds.
///
/// # Errors
/// Names the member, the number and the bounds.
pub(crate) fn check_range<T: Copy + PartialOrd + std::fmt::Display>(
    member: &str,
    number: T,
    bounds: RangeInclusive<T>,
) -> Result<(), Refusal> {
    if bounds.contains(&number) {
        return Ok(());
    }
    let (min, max) = (bounds.start(), bounds.end());
    Err(Refusal::invalid(format!("{member}: {number} is not between {min} and {max}")))
}
