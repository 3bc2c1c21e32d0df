//! A limit on request bodies that also holds on routes which never look at the body.
//!
//! A declared length above the limit is refused before a byte is read. A body without a length is read up to the limit and handed on
//! from memory; our APIs take small bodies, so reading ahead costs nothing.

use std::future::{Ready, ready};
use std::rc::Rc;

use actix_web::body::{EitherBody, MessageBody};
use actix_web::dev::{Payload, Service, ServiceRequest, ServiceResponse, Transform, forward_ready};
use actix_web::http::header::{CONTENT_LENGTH, TRANSFER_ENCODING};
use actix_web::web::BytesMut;
use actix_web::{Error, HttpMessage, ResponseError};
use futures_util::StreamExt;
use futures_util::future::LocalBoxFuture;

use crate::error::ApiError;

/// Middleware that answers 413 to bodies above a size.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BodyLimit {
    max_bytes: usize,
}

impl BodyLimit {
    /// Refuses bodies of more than `max_bytes` bytes.
    pub(crate) const fn new(max_bytes: usize) -> Self {
        Self { max_bytes }
    }
}

impl<S, B> Transform<S, ServiceRequest> for BodyLimit
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error> + 'static,
    B: MessageBody + 'static,
{
    type Response = ServiceResponse<EitherBody<B>>;
    type Error = Error;
    type Transform = BodyLimitService<S>;
    type InitError = ();
    type Future = Ready<Result<Self::Transform, ()>>;

    fn new_transform(&self, inner: S) -> Self::Future {
        ready(Ok(BodyLimitService { inner: Rc::new(inner), max_bytes: self.max_bytes }))
    }
}

/// The service behind [`BodyLimit`].
pub(crate) struct BodyLimitService<S> {
    inner: Rc<S>,
    max_bytes: usize,
}

impl<S, B> Service<ServiceRequest> for BodyLimitService<S>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error> + 'static,
    B: MessageBody + 'static,
{
    type Response = ServiceResponse<EitherBody<B>>;
    type Error = Error;
    type Future = LocalBoxFuture<'static, Result<Self::Response, Error>>;

    forward_ready!(inner);

    fn call(&self, mut request: ServiceRequest) -> Self::Future {
        let (inner, max_bytes) = (Rc::clone(&self.inner), self.max_bytes);
        Box::pin(async move {
            if let Err(refusal) = limit(&mut request, max_bytes).await {
                return Ok(request.into_response(refusal.error_response().map_into_right_body()));
            }
            Ok(inner.call(request).await?.map_into_left_body())
        })
    }
}

async fn limit(request: &mut ServiceRequest, max_bytes: usize) -> Result<(), ApiError> {
    let declared = request.headers().get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
    match declared {
        Some(length) if length > max_bytes => Err(too_large(max_bytes)),
        Some(_) => Ok(()),
        None if request.headers().contains_key(TRANSFER_ENCODING) => read_ahead(request, max_bytes).await,
        None => Ok(()),
    }
}

async fn read_ahead(request: &mut ServiceRequest, max_bytes: usize) -> Result<(), ApiError> {
    let mut payload = request.take_payload();
    let mut body = BytesMut::new();
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(|error| ApiError::bad_request(format!("the body could not be read: {error}")))?;
        if body.len() + chunk.len() > max_bytes {
            return Err(too_large(max_bytes));
        }
        body.extend_from_slice(&chunk);
    }
    request.set_payload(Payload::from(body.freeze()));
    Ok(())
}

fn too_large(max_bytes: usize) -> ApiError {
    ApiError::payload_too_large(format!("the body may have at most {max_bytes} bytes"))
}
