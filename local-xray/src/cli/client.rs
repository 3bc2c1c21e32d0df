//! Asks an X-Ray endpoint: for its service graph, for summaries of traces, and for one trace.
//!
//! Requests are not signed, so this reaches a local X-Ray or a daemon's proxy, which signs for its callers; AWS itself
//! would refuse them. Plain HTTP only, for the same reason.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, bail};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::service::Service;
use super::summary::{Found, Summary};

/// A page that takes longer than this is not worth waiting for.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Pages asked for at most; an endpoint whose pages never end is broken.
const MAX_PAGES: usize = 1_000;

/// Messages of the endpoint are quoted up to this many characters: a long expression with the caret under it fits.
const MAX_MESSAGE: usize = 64 * 1024;

/// Error bodies that are no message of an X-Ray are quoted up to this many characters.
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
    /// When the endpoint is no HTTP address, or no HTTP client can be made.
    pub fn new(endpoint: &str, token: Option<String>) -> anyhow::Result<Self> {
        let is_http = reqwest::Url::parse(endpoint).is_ok_and(|url| url.scheme() == "http" && url.has_host());
        if !is_http {
            bail!("the endpoint `{endpoint}` is not of the form http://127.0.0.1:2000");
        }
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
        let question = json!({ "StartTime": epoch_seconds(start), "EndTime": epoch_seconds(end) });
        let mut services = Vec::new();
        self.pages("ServiceGraph", question, |page: GraphPage| {
            services.extend(page.services);
            page.next_token
        })
        .await?;
        Ok(services)
    }

    /// Fetches every page of `GetTraceSummaries` for the traces that started in the window and match the expression.
    ///
    /// # Errors
    /// As [`Client::service_graph`]; an expression that the endpoint cannot read is quoted with its explanation.
    pub async fn trace_summaries(&self, start: SystemTime, end: SystemTime, expression: &str) -> anyhow::Result<Found> {
        let mut question = json!({ "StartTime": epoch_seconds(start), "EndTime": epoch_seconds(end) });
        if !expression.is_empty() {
            set(&mut question, "FilterExpression", expression.into());
        }
        let mut found = Found::default();
        self.pages("TraceSummaries", question, |page: SummariesPage| {
            found.summaries.extend(page.trace_summaries);
            found.processed += page.traces_processed_count.unwrap_or_default();
            page.next_token
        })
        .await?;
        Ok(found)
    }

    /// Fetches the segment documents of one trace with `BatchGetTraces`; none when the endpoint does not know it.
    ///
    /// # Errors
    /// As [`Client::service_graph`], and when a document is not JSON.
    pub async fn trace(&self, id: &str) -> anyhow::Result<Vec<Value>> {
        let mut documents = Vec::new();
        self.pages("Traces", json!({ "TraceIds": [id] }), |page: TracesPage| {
            documents.extend(page.traces.into_iter().flat_map(|trace| trace.segments));
            page.next_token
        })
        .await?;
        let parse = |segment: Segment| serde_json::from_str(&segment.document).context("a document is not JSON");
        documents.into_iter().map(parse).collect()
    }

    /// Asks for one page after another; `take` keeps what a page holds and gives its token for the next one.
    async fn pages<Page: DeserializeOwned>(
        &self,
        path: &str,
        mut question: Value,
        mut take: impl FnMut(Page) -> Option<String>,
    ) -> anyhow::Result<()> {
        let url = format!("{}/{path}", self.endpoint);
        for _ in 0..MAX_PAGES {
            match take(self.post(&url, &question).await?) {
                Some(token) if !token.is_empty() => set(&mut question, "NextToken", token.into()),
                _ => return Ok(()),
            }
        }
        bail!("{url} gave more than {MAX_PAGES} pages")
    }

    async fn post<Page: DeserializeOwned>(&self, url: &str, question: &Value) -> anyhow::Result<Page> {
        let mut request = self.http.post(url).json(question);
        if let Some(token) = &self.token {
            request = request.bearer_auth(token);
        }
        let answer = request.send().await.with_context(|| format!("no X-Ray answers at {}", self.endpoint))?;
        let status = answer.status();
        let body = answer.bytes().await.with_context(|| format!("{url} stopped in the middle of its answer"))?;
        if !status.is_success() {
            bail!("{url} answered {status}: {}", explanation(&body));
        }
        serde_json::from_slice(&body).with_context(|| format!("{url} did not answer as an X-Ray does"))
    }
}

/// What an error answer says: the message of an X-Ray, else the beginning of whatever came.
fn explanation(body: &[u8]) -> String {
    let (text, limit) = match serde_json::from_slice(body) {
        Ok(Explained { message }) => (message, MAX_MESSAGE),
        Err(_) => (String::from_utf8_lossy(body).into_owned(), MAX_QUOTE),
    };
    let harmless = |character: &char| !character.is_control() || *character == '\n';
    text.trim().chars().filter(harmless).take(limit).collect()
}

fn set(question: &mut Value, member: &str, value: Value) {
    if let Some(members) = question.as_object_mut() {
        members.insert(member.to_owned(), value);
    }
}

#[derive(Deserialize)]
struct Explained {
    #[serde(alias = "Message")]
    message: String,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct GraphPage {
    services: Vec<Service>,
    next_token: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct SummariesPage {
    trace_summaries: Vec<Summary>,
    traces_processed_count: Option<u64>,
    next_token: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct TracesPage {
    traces: Vec<Trace>,
    next_token: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Trace {
    segments: Vec<Segment>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Segment {
    document: String,
}

fn epoch_seconds(time: SystemTime) -> f64 {
    time.duration_since(UNIX_EPOCH).map_or(0.0, |duration| duration.as_secs_f64())
}
