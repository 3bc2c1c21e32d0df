//! Which status each way of failing has.

use shared::error::ApiError;

use crate::domain::like_key::MalformedLikeKey;
use crate::domain::mysfit_id::MalformedMysfitId;
use crate::domain::selection::SelectionError;
use crate::store::{AddLikeError, AdoptError, StoreError};

impl From<MalformedMysfitId> for ApiError {
    fn from(error: MalformedMysfitId) -> Self {
        ApiError::not_found(error.to_string())
    }
}

impl From<MalformedLikeKey> for ApiError {
    fn from(error: MalformedLikeKey) -> Self {
        ApiError::bad_request(error.to_string())
    }
}

impl From<SelectionError> for ApiError {
    fn from(error: SelectionError) -> Self {
        ApiError::bad_request(error.to_string())
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Unreachable(_) | StoreError::Closed => {
                ApiError::unavailable("the database cannot be reached at the moment, please try again later")
                    .caused_by(error)
            }
            StoreError::Failed(_) | StoreError::Unreadable { .. } => ApiError::internal(error),
        }
    }
}

impl From<AddLikeError> for ApiError {
    fn from(error: AddLikeError) -> Self {
        match error {
            AddLikeError::UnknownMysfit(_) => ApiError::not_found(error.to_string()),
            AddLikeError::Store(error) => error.into(),
        }
    }
}

impl From<AdoptError> for ApiError {
    fn from(error: AdoptError) -> Self {
        match error {
            AdoptError::UnknownMysfit(_) => ApiError::not_found(error.to_string()),
            AdoptError::AlreadyAdopted { .. } => ApiError::conflict(error.to_string()),
            AdoptError::Store(error) => error.into(),
        }
    }
}
