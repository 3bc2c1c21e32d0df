//! Asks an X-Ray endpoint for its service graph.
//!
//! Requests are not signed, so this reaches a local X-Ray or a daemon's proxy, which signs for its callers; AWS itself
//! would refuse them. Plain HTTP only, for the same reason.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, bail};
use serde::Deserialize;
use serde_json::json;

use super::service::Service;

/// A page of the graph that takes longer than this is not worth waiting for.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Pages asked for at most; an endpoint whose pages never end is broken.
const MAX_PAGES: usize = 1_000;

/// Error bodies are quoted up to this many characters.
const MAX_QUOTE: usize = 300;

/// Fetches the service graph of an endpoint that asks for no token; see [`Client::service_graph`].
///
/// # Errors
/// As [`Client::service_graph`].
pub async fn get_service_graph(endpoint: &str, start: SystemTime, end: SystemTime) -> anyhow::Result<Vec<Service>> {
    Client::new(endpoint, None)?.service_graph(start, end).await
}

/// Asks one X-Ray endpoint.
#[derive(Clone)]
pub struct Client {
    endpoint: String,
    token: Option<String>,
    http: reqwest::Client,
}

impl Client {
    /// Makes a client; it connects when it is first asked. The token is what a protected local X-Ray wants of its readers.
    ///
    /// # Errors
    /// When no HTTP client can be made.
    pub fn new(endpoint: &str, token: Option<String>) -> anyhow::Result<Self> {
        let http =
            reqwest::Client::builder().timeout(TIMEOUT).no_proxy().build().context("cannot make an HTTP client")?;
        Ok(Self { endpoint: endpoint.trim_end_matches('/').to_owned(), token, http })
    }

    /// Fetches every page of `GetServiceGraph` for the window.
    ///
    /// # Errors
    /// When the endpoint cannot be reached, answers with an error status (quoted with its message), or with something
    /// that is not a service graph.
    pub async fn service_graph(&self, start: SystemTime, end: SystemTime) -> anyhow::Result<Vec<Service>> {
        let url = format!("{}/ServiceGraph", self.endpoint);
        let mut services = Vec::new();
        let mut next_token: Option<String> = None;
        for _ in 0..MAX_PAGES {
            let mut question = json!({ "StartTime": epoch_seconds(start), "EndTime": epoch_seconds(end) });
            if let (Some(token), Some(members)) = (next_token.take(), question.as_object_mut()) {
                members.insert("NextToken".to_owned(), token.into());
            }
            let page: Page = self.post(&url, &question).await?;
            services.extend(page.services);
            match page.next_token {
                Some(token) if !token.is_empty() => next_token = Some(token),
                _ => return Ok(services),
            }
        }
        bail!("{url} gave more than {MAX_PAGES} pages")
    }

    async fn post(&self, url: &str, question: &serde_json::Value) -> anyhow::Result<Page> {
        let mut request = self.http.post(url).json(question);
        if let Some(token) = &self.token {
            request = request.bearer_auth(token);
        }
        let answer = request.send().await.with_context(|| format!("no X-Ray answers at {url}"))?;
        let status = answer.status();
        let body = answer.bytes().await.with_context(|| format!("{url} stopped in the middle of its answer"))?;
        if !status.is_success() {
            let text: String = String::from_utf8_lossy(&body).chars().take(MAX_QUOTE).collect();
            bail!("{url} answered {status}: {}", text.trim());
        }
        serde_json::from_slice(&body).with_context(|| format!("{url} did not answer with a service graph"))
    }
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Page {
    services: Vec<Service>,
    next_token: Option<String>,
}

fn epoch_seconds(time: SystemTime) -> f64 {
    time.duration_since(UNIX_EPOCH).map_or(0.0, |duration| duration.as_secs_f64())
}
