//! Asks a filled local X-Ray what people and pages ask, often enough for a figure that means something.

use std::time::{Duration, Instant};

use anyhow::Context as _;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::document::Window;
use crate::workload::Workload;

use super::report::{Answer, Answers};
use super::server::Server;

/// A question is asked at least so often,
const LEAST: usize = 5;
/// and at most so often.
const MOST: usize = 500;

/// Asks everything, each question until it has taken `long_enough`.
pub(super) async fn all(workload: &Workload, server: &Server, long_enough: Duration) -> anyhow::Result<Answers> {
    let asker = Asker { server, window: workload.window(), long_enough };
    let topology = workload.topology();
    let window = asker.window();
    let lab = asker.with(&[("FilterExpression", topology.question().into())]);
    let vain = asker.with(&[("FilterExpression", topology.vain_question().into())]);
    let series = asker.with(&[("Period", 60.into())]);
    let ids = move |round: usize| {
        let pick = |n: u64| (round as u64 * 7_919 + n * 104_729) % workload.traces();
        let ids: Vec<_> = (0..5).map(|n| workload.story(pick(n)).trace_id.to_string()).collect();
        json!({ "TraceIds": ids })
    };
    let time = seconds(workload.window());
    let page = async |path: &str| server.page(&format!("{path}?time={time}")).await.map(|_| 0);
    Ok(Answers {
        map_page: asker.measure(async |_| page("/map").await).await?,
        dashboard_page: asker.measure(async |_| page("/dashboard").await).await?,
        graph: asker.measure(async |_| asker.pages("/ServiceGraph", &window).await).await?,
        series: asker.measure(async |_| asker.pages("/TimeSeriesServiceStatistics", &series).await).await?,
        filter_page: asker.measure(async |_| asker.page("/TraceSummaries", &lab).await.map(Page::examined)).await?,
        filter_scan: asker.measure(async |_| asker.pages("/TraceSummaries", &vain).await).await?,
        batch_get: asker.measure(async |round| asker.page("/Traces", &ids(round)).await.map(Page::examined)).await?,
    })
}

/// A window as pages have it in their addresses.
fn seconds(window: Window) -> String {
    let [start, end] = [window.start, window.end].map(|time| time.micros() / 1_000_000);
    format!("{start}-{}", end + 1)
}

struct Asker<'a> {
    server: &'a Server,
    window: Window,
    long_enough: Duration,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Page {
    next_token: Option<String>,
    traces_processed_count: u64,
}

impl Page {
    fn examined(self) -> u64 {
        self.traces_processed_count
    }
}

impl Asker<'_> {
    fn window(&self) -> Value {
        json!({ "StartTime": self.window.start.seconds(), "EndTime": self.window.end.seconds() })
    }

    fn with(&self, members: &[(&str, Value)]) -> Value {
        let mut question = self.window();
        for (name, value) in members {
            set(&mut question, name, value.clone());
        }
        question
    }

    /// One answer, of which only what is needed here is read.
    async fn page(&self, path: &str, question: &Value) -> anyhow::Result<Page> {
        let answer = self.server.call(path, serde_json::to_vec(question)?).await?;
        serde_json::from_slice(&answer).with_context(|| format!("{path} did not answer as an X-Ray does"))
    }

    /// All pages of an answer; gives the number of traces that were looked at.
    async fn pages(&self, path: &str, question: &Value) -> anyhow::Result<u64> {
        let (mut question, mut examined) = (question.clone(), 0);
        loop {
            let page = self.page(path, &question).await?;
            examined += page.traces_processed_count;
            match page.next_token {
                Some(token) if !token.is_empty() => set(&mut question, "NextToken", token.into()),
                _ => return Ok(examined),
            }
        }
    }

    /// Asks over and over; the question gives the number of traces that its answer looked at.
    async fn measure(&self, mut ask: impl AsyncFnMut(usize) -> anyhow::Result<u64>) -> anyhow::Result<Answer> {
        ask(0).await?; // what is made once and kept is not what is asked about
        let (started, before) = (Instant::now(), self.server.usage());
        let (mut walls, mut examined) = (Vec::new(), 0);
        while walls.len() < LEAST || (started.elapsed() < self.long_enough && walls.len() < MOST) {
            let asked = Instant::now();
            examined += ask(walls.len() + 1).await?;
            walls.push(asked.elapsed());
        }
        let cpu = self.server.usage().since(&before).cpu;
        Ok(Answer::new(&mut walls, cpu, examined))
    }
}

fn set(question: &mut Value, member: &str, value: Value) {
    if let Some(members) = question.as_object_mut() {
        members.insert(member.to_owned(), value);
    }
}
