//! The `http` block: the request that a segment served or a subsegment made.

use serde::Serialize;

use super::reader::Reader;

/// One HTTP exchange.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Http {
    /// The request, as far as it was recorded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request: Option<HttpRequest>,
    /// The response; absent when none came.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub response: Option<HttpResponse>,
}

/// The request half of an exchange.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct HttpRequest {
    /// The method as it was sent; some SDKs write it in lower case.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// The full URL.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// The caller's user agent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_agent: Option<String>,
    /// The caller's address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_ip: Option<String>,
    /// True when `client_ip` came from `X-Forwarded-For` and may be forged.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub x_forwarded_for: Option<bool>,
    /// True on a downstream call whose callee is traced too: a segment with this subsegment as parent will follow.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub traced: Option<bool>,
}

/// The response half of an exchange.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct HttpResponse {
    /// The status code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<i64>,
    /// The length of the body in bytes; `-1` occurs and means unknown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content_length: Option<i64>,
}

impl Http {
    /// The response status, when there was one.
    pub fn status(&self) -> Option<i64> {
        self.response.as_ref()?.status
    }

    pub(super) fn read(mut block: Reader<'_>) -> Self {
        let http = Self {
            request: block.block("request", HttpRequest::read),
            response: block.block("response", HttpResponse::read),
        };
        block.finish();
        http
    }
}

impl HttpRequest {
    fn read(mut block: Reader<'_>) -> Self {
        let request = Self {
            method: block.text("method"),
            url: block.text("url"),
            user_agent: block.text("user_agent"),
            client_ip: block.text("client_ip"),
            x_forwarded_for: block.flag("x_forwarded_for"),
            traced: block.flag("traced"),
        };
        block.finish();
        request
    }
}

impl HttpResponse {
    fn read(mut block: Reader<'_>) -> Self {
        let response = Self { status: block.integer("status"), content_length: block.integer("content_length") };
        block.finish();
        response
    }
}
