//! like-service
