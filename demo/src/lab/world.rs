//! Asks a running demo what can be seen of it since it was started: over the X-Ray API and the endpoints that a learner has, too.

use std::collections::BTreeSet;
use std::time::{Duration, SystemTime};

use anyhow::Context as _;
use local_xray::cli::client::Client;
use local_xray::cli::service::Service;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::ecs::CHECKER;
use crate::running::Running;

/// The way of a like as the map shows it, whoever else is on it.
pub(super) const LIKES: &str = r#"service("like service") AND http.method = "POST""#;

/// The question that the whole of lab 3 leads to.
pub(super) const ODD_LIKES: &str = r#"service("like service") { responsetime > 1 OR error } AND http.method = "POST""#;

/// A running demo.
pub(super) struct World {
    pub(super) running: Running,
    xray: Client,
    http: reqwest::Client,
}

/// A group of X-Ray: a question with a name.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Group {
    #[serde(rename = "GroupName")]
    pub(super) name: String,
    #[serde(default)]
    pub(super) filter_expression: String,
}

impl World {
    pub(super) fn of(running: Running) -> anyhow::Result<Self> {
        let xray = Client::new(&running.xray, None)?;
        let http = reqwest::Client::builder().no_proxy().user_agent(CHECKER).build()?;
        Ok(Self { running, xray, http })
    }

    /// What a URL answers.
    pub(super) async fn get(&self, url: &str) -> anyhow::Result<Value> {
        let answer = self.http.get(url).send().await.with_context(|| format!("nobody answers at {url}"))?;
        answer.error_for_status()?.json().await.with_context(|| format!("{url} answers no JSON"))
    }

    /// The map since the demo was started.
    pub(super) async fn services(&self) -> anyhow::Result<Vec<Service>> {
        self.xray.service_graph(self.running.since(), soon()).await
    }

    /// The ids of the traces since then that match.
    pub(super) async fn traces(&self, expression: &str) -> anyhow::Result<BTreeSet<String>> {
        let found = self.xray.trace_summaries(self.running.since(), soon(), expression).await?;
        Ok(found.summaries.into_iter().map(|summary| summary.id).collect())
    }

    /// The keys of all annotations of one trace.
    pub(super) async fn annotation_keys(&self, trace: &str) -> anyhow::Result<BTreeSet<String>> {
        let mut keys = BTreeSet::new();
        for document in self.xray.trace(trace).await? {
            collect_keys(&document, &mut keys);
        }
        Ok(keys)
    }

    /// The groups that somebody has saved.
    pub(super) async fn groups(&self) -> anyhow::Result<Vec<Group>> {
        #[derive(Deserialize)]
        #[serde(rename_all = "PascalCase")]
        struct Page {
            groups: Vec<Group>,
        }
        let url = format!("{}/Groups", self.running.xray);
        let answer = self.http.post(&url).json(&json!({})).send().await?.error_for_status()?;
        let page: Page = answer.json().await.with_context(|| format!("{url} did not answer as an X-Ray does"))?;
        Ok(page.groups.into_iter().filter(|group| group.name != "Default").collect())
    }
}

fn soon() -> SystemTime {
    SystemTime::now() + Duration::from_secs(1)
}

fn collect_keys(entity: &Value, keys: &mut BTreeSet<String>) {
    let annotations = entity.get("annotations").and_then(Value::as_object);
    keys.extend(annotations.into_iter().flatten().map(|(key, _)| key.clone()));
    for child in entity.get("subsegments").and_then(Value::as_array).into_iter().flatten() {
        collect_keys(child, keys);
    }
}
