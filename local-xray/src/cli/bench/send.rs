//! Fills a local X-Ray through the ways in that acknowledge: as fast as they do, four calls at a time.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceResponse;
use opentelemetry_proto::tonic::collector::trace::v1::trace_service_client::TraceServiceClient;
use prost::Message as _;
use reqwest::{Client, StatusCode, header};
use serde::{Deserialize, Serialize};
use tokio::time::sleep;
use tonic::transport::{Channel, Endpoint};

use crate::workload::{Story, Workload, export_request};

use super::Way;
use super::server::Server;

/// Calls under way at a time.
const LANES: usize = 4;
/// How long to wait before a call is tried again that the local X-Ray was too busy for.
const BUSY: Duration = Duration::from_millis(50);

/// What was sent.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Sent {
    /// Segment documents or spans.
    pub(super) documents: u64,
    /// Calls that had to be repeated, because the local X-Ray was too busy.
    pub(super) repeated: u64,
    /// How long it took.
    pub(super) wall: Duration,
}

/// Sends all traces; each call is acknowledged before its lane makes the next one.
pub(super) async fn fill(way: Way, workload: &Arc<Workload>, server: &Server) -> anyhow::Result<Sent> {
    let started = Instant::now();
    let next = Arc::new(AtomicU64::new(0));
    let mut lanes = Vec::new();
    for _ in 0..LANES {
        let lane = Lane { door: Door::open(way, server)?, workload: Arc::clone(workload), next: Arc::clone(&next) };
        lanes.push(actix_rt::spawn(lane.run()));
    }
    let mut sent = Sent::default();
    for lane in lanes {
        let part = lane.await.context("a sender panicked")??;
        sent.documents += part.documents;
        sent.repeated += part.repeated;
    }
    Ok(Sent { wall: started.elapsed(), ..sent })
}

/// One connection that sends one batch after another.
struct Lane {
    door: Door,
    workload: Arc<Workload>,
    /// The first trace of the next batch, shared by all lanes.
    next: Arc<AtomicU64>,
}

impl Lane {
    async fn run(mut self) -> anyhow::Result<Sent> {
        let mut sent = Sent::default();
        loop {
            let size = self.door.batch();
            let first = self.next.fetch_add(size, Ordering::Relaxed);
            if first >= self.workload.traces() {
                return Ok(sent);
            }
            let last = (first + size).min(self.workload.traces());
            let stories: Vec<_> = (first..last).map(|number| self.workload.story(number)).collect();
            let (documents, repeated) = self.door.send(&stories).await?;
            sent.documents += documents;
            sent.repeated += repeated;
        }
    }
}

/// A connection to one way in.
enum Door {
    Api { client: Client, url: String },
    OtlpHttp { client: Client, url: String },
    OtlpGrpc(Box<TraceServiceClient<Channel>>),
}

impl Door {
    fn open(way: Way, server: &Server) -> anyhow::Result<Self> {
        let client = || Client::builder().no_proxy().build().context("cannot make an HTTP client");
        Ok(match way {
            Way::Api => Self::Api { client: client()?, url: format!("http://{}/TraceSegments", server.addr()) },
            Way::OtlpHttp => {
                Self::OtlpHttp { client: client()?, url: format!("http://{}/v1/traces", server.otlp_http()) }
            }
            Way::OtlpGrpc => {
                let channel = Endpoint::from_shared(format!("http://{}", server.otlp_grpc()))?.connect_lazy();
                Self::OtlpGrpc(Box::new(TraceServiceClient::new(channel)))
            }
            Way::Udp => bail!("datagrams are not acknowledged"),
        })
    }

    /// Traces in one call: about fifty documents, as a daemon sends them, or five hundred spans, as SDKs do.
    fn batch(&self) -> u64 {
        match self {
            Self::Api { .. } => 20,
            Self::OtlpHttp { .. } | Self::OtlpGrpc(_) => 100,
        }
    }

    /// Sends one batch until it is taken; gives the number of documents, and of refusals before that.
    async fn send(&mut self, stories: &[Story]) -> anyhow::Result<(u64, u64)> {
        match self {
            Self::Api { client, url } => {
                let documents: Vec<_> = stories.iter().flat_map(Story::documents).map(|it| it.to_json()).collect();
                let count = documents.len() as u64;
                let body = serde_json::to_vec(&PutTraceSegments { trace_segment_documents: documents })?;
                let (answer, repeated) = post(client, url, "application/json", body).await?;
                let answer: PutTraceSegmentsAnswer = serde_json::from_slice(&answer)?;
                ensure!(answer.unprocessed_trace_segments.is_empty(), "{:?}", answer.unprocessed_trace_segments);
                Ok((count, repeated))
            }
            Self::OtlpHttp { client, url } => {
                let body = export_request(stories).encode_to_vec();
                let (answer, repeated) = post(client, url, "application/x-protobuf", body).await?;
                let answer = ExportTraceServiceResponse::decode(answer.as_slice())?;
                ensure!(answer.partial_success.is_none(), "{:?}", answer.partial_success);
                Ok((spans(stories), repeated))
            }
            Self::OtlpGrpc(client) => {
                let mut repeated = 0;
                while let Err(status) = client.export(export_request(stories)).await {
                    ensure!(status.code() == tonic::Code::ResourceExhausted, "refused: {status}");
                    repeated += 1;
                    sleep(BUSY).await;
                }
                Ok((spans(stories), repeated))
            }
        }
    }
}

fn spans(stories: &[Story]) -> u64 {
    stories.iter().flat_map(Story::works).map(|work| 1 + work.calls.len() as u64).sum()
}

/// Posts until the answer is not that the local X-Ray is too busy.
async fn post(client: &Client, url: &str, content_type: &str, body: Vec<u8>) -> anyhow::Result<(Vec<u8>, u64)> {
    let mut repeated = 0;
    loop {
        let answer = client.post(url).header(header::CONTENT_TYPE, content_type).body(body.clone()).send().await?;
        let status = answer.status();
        let bytes = answer.bytes().await?;
        match status {
            StatusCode::OK => return Ok((bytes.into(), repeated)),
            StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => repeated += 1,
            _ => bail!("{url} answered {status}: {}", String::from_utf8_lossy(&bytes)),
        }
        sleep(BUSY).await;
    }
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct PutTraceSegments {
    trace_segment_documents: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct PutTraceSegmentsAnswer {
    unprocessed_trace_segments: Vec<serde_json::Value>,
}
