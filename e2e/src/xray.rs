//! Reads the local X-Ray as any client would: unsigned POST requests to the API.

use std::collections::BTreeMap;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

/// A client of one X-Ray endpoint.
#[derive(Debug, Clone)]
pub struct Xray {
    endpoint: String,
    client: reqwest::Client,
}

/// One trace as `BatchGetTraces` answers it, each segment document parsed.
#[derive(Debug, Clone)]
pub struct Trace {
    /// The trace id, `1-` + 8 + `-` + 24 hex digits.
    pub id: String,
    /// The documents of its segments, inferred ones included.
    pub segments: Vec<Value>,
}

impl Xray {
    /// Speaks to the API at `endpoint`, such as `http://127.0.0.1:2000`.
    #[must_use]
    pub fn new(endpoint: &str) -> Self {
        Self { endpoint: endpoint.trim_end_matches('/').to_owned(), client: reqwest::Client::new() }
    }

    /// Calls one operation by its path.
    ///
    /// # Errors
    ///
    /// When nobody answers, or the answer is not a 200 with JSON.
    pub async fn call(&self, path: &str, body: &Value) -> Result<Value> {
        let answer = self.client.post(format!("{}{path}", self.endpoint)).json(body).send().await?;
        let status = answer.status();
        let text = answer.text().await?;
        ensure!(status.is_success(), "{path} answered {status}: {text}");
        serde_json::from_str(&text).with_context(|| format!("{path} answered something that is not JSON: {text}"))
    }

    /// The nodes of the map over the last hour, as `GetServiceGraph` answers them.
    ///
    /// # Errors
    ///
    /// As [`Xray::call`].
    pub async fn service_graph(&self) -> Result<Vec<Value>> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
        let answer = self.call("/ServiceGraph", &json!({ "StartTime": now - 3600, "EndTime": now + 60 })).await?;
        Ok(answer.get("Services").and_then(Value::as_array).cloned().unwrap_or_default())
    }

    /// The trace with this id, or nothing while it has not arrived.
    ///
    /// # Errors
    ///
    /// As [`Xray::call`].
    pub async fn trace(&self, id: &str) -> Result<Option<Trace>> {
        let answer = self.call("/Traces", &json!({ "TraceIds": [id] })).await?;
        let Some(trace) = answer.pointer("/Traces/0") else { return Ok(None) };
        let segments = trace.get("Segments").and_then(Value::as_array).into_iter().flatten();
        let documents = segments.map(|segment| {
            let document = segment.get("Document").and_then(Value::as_str).context("a document is a string")?;
            Ok(serde_json::from_str(document)?)
        });
        let segments = documents.collect::<Result<Vec<Value>>>()?;
        Ok(Some(Trace { id: id.to_owned(), segments }))
    }
}

impl Trace {
    /// The segments with this name that a service sent itself.
    #[must_use]
    pub fn sent_by(&self, name: &str) -> Vec<&Value> {
        self.segments.iter().filter(|segment| segment["name"] == name && segment["inferred"] != true).collect()
    }

    /// Every annotation of the trace, segments and subsegments at any depth.
    #[must_use]
    pub fn annotations(&self) -> BTreeMap<String, Value> {
        let mut found = BTreeMap::new();
        self.walk(&mut |entity| {
            for (key, value) in entity["annotations"].as_object().into_iter().flatten() {
                found.insert(key.clone(), value.clone());
            }
        });
        found
    }

    /// Whether any subsegment carries an SQL block.
    #[must_use]
    pub fn asked_a_database(&self) -> bool {
        let mut asked = false;
        self.walk(&mut |entity| asked |= entity["sql"].is_object() && entity["inferred"] != true);
        asked
    }

    fn walk(&self, visit: &mut dyn FnMut(&Value)) {
        fn down(entity: &Value, visit: &mut dyn FnMut(&Value)) {
            visit(entity);
            for child in entity["subsegments"].as_array().into_iter().flatten() {
                down(child, visit);
            }
        }
        for segment in &self.segments {
            down(segment, visit);
        }
    }
}
