//! Lab 1: the learner has asked the task metadata endpoint, and knows from its figures which container burns CPU.

use std::collections::BTreeMap;

use anyhow::Context as _;
use serde_json::Value;

use super::report::Finding;
use super::world::World;

/// What can be seen of it.
#[derive(Clone, Debug, Default)]
pub(super) struct Evidence {
    /// Paths that somebody has asked for.
    asked: Vec<String>,
    /// CPU time of each task's container so far, in nanoseconds.
    used: BTreeMap<String, u64>,
}

impl Evidence {
    pub(super) async fn gather(world: &World) -> anyhow::Result<Self> {
        let metadata = &world.running.metadata;
        let asked = world.get(&format!("{metadata}/asked")).await?;
        let tasks = world.get(&format!("{metadata}/")).await?;
        let mut used = BTreeMap::new();
        for (task, url) in tasks.as_object().into_iter().flatten() {
            let url = url.as_str().with_context(|| format!("{metadata} tells no address of {task}"))?;
            let stats = world.get(&format!("{url}/stats")).await?;
            let total = stats.pointer("/cpu_stats/cpu_usage/total_usage").and_then(Value::as_u64);
            used.insert(task.clone(), total.unwrap_or_default());
        }
        Ok(Self { asked: serde_json::from_value(asked)?, used })
    }

    /// Whether somebody has asked for something of this kind, by the parts of its path behind a task's name in version 4.
    fn asked_for(&self, kind: &[&str]) -> bool {
        let is_of_kind = |path: &String| {
            let mut parts = path.split('/').filter(|part| !part.is_empty());
            parts.next() == Some("v4") && parts.next().is_some() && parts.eq(kind.iter().copied())
        };
        self.asked.iter().any(is_of_kind)
    }

    /// The container that has used most.
    fn hottest(&self) -> Option<&str> {
        self.used.iter().max_by_key(|(_, used)| **used).map(|(name, _)| name.as_str())
    }

    fn table(&self) -> String {
        #[expect(clippy::cast_precision_loss, reason = "seconds with one digit")]
        let entry = |(name, used): (&String, &u64)| format!("{name} {:.1} s", *used as f64 / 1e9);
        self.used.iter().map(entry).collect::<Vec<_>>().join(", ")
    }
}

/// Judges what was seen, and what the learner says.
pub(super) fn judge(evidence: &Evidence, answer: Option<&str>) -> Vec<Finding> {
    let asked = |claim, kind: &[&str]| {
        let path = [&["v4", "like-service"], kind].concat().join("/");
        let saw = match evidence.asked.as_slice() {
            [] => "nothing yet".to_owned(),
            paths => paths.join(", "),
        };
        let to_do = format!("curl -s http://127.0.0.1:8170/{path}");
        Finding::new(claim, "what the endpoint was asked for", saw, evidence.asked_for(kind), to_do)
    };
    let hottest = evidence.hottest().filter(|name| answer == Some(*name));
    vec![
        asked("you asked which container this is", &[]),
        asked("you asked which task it belongs to", &["task"]),
        asked("you asked for its statistics", &["stats"]),
        Finding::new(
            "you know which container burns CPU",
            format!("CPU time of each container since its start: {}", evidence.table()),
            match (answer, hottest) {
                (None, _) => "no answer yet".to_owned(),
                (Some(answer), None) => format!("`{answer}` is not the one that used most"),
                (Some(_), Some(_)) => evidence.table(),
            },
            hottest.is_some(),
            "compare cpu_stats.cpu_usage.total_usage of the containers, and add --answer NAME with the one that used most",
        ),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn missing(asked: &[&str], answer: Option<&str>) -> Vec<&'static str> {
        let used = BTreeMap::from([("like-service".to_owned(), 9_000_000_000), ("monolith".to_owned(), 2_000_000_000)]);
        let evidence = Evidence { asked: asked.iter().map(|path| (*path).to_owned()).collect(), used };
        judge(&evidence, answer).iter().filter(|finding| !finding.holds()).map(Finding::claim).collect()
    }

    #[test]
    fn each_claim_falls_by_itself() {
        let [container, task, stats] = ["/v4/like-service", "/v4/monolith/task", "/v4/like-service/stats"];
        let right = Some("like-service");
        assert_eq!(missing(&[container, task, stats], right), [""; 0]);
        assert_eq!(missing(&[task, stats], right), ["you asked which container this is"]);
        assert_eq!(missing(&[container, stats], right), ["you asked which task it belongs to"]);
        assert_eq!(missing(&[container, task, "/v3/like-service/stats"], right), ["you asked for its statistics"]);
        assert_eq!(missing(&[container, task, stats], None), ["you know which container burns CPU"]);
        assert_eq!(missing(&[container, task, stats], Some("monolith")), ["you know which container burns CPU"]);
    }
}
