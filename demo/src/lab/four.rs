//! Lab 4: several tasks of the Like service share the likes of a load.

use super::report::Finding;
use super::world::{LIKES, World};

/// Likes that make a load: a quarter of a minute at the lab's rate.
const LOAD: usize = 200;

/// A task must have taken this part of a fair share: the first one has more behind it, from before there were others.
const FAIR: usize = 4;

/// What can be seen of it.
#[derive(Clone, Debug, Default)]
pub(super) struct Evidence {
    likes: usize,
    /// Each task's URL, and the likes that it took.
    tasks: Vec<(String, usize)>,
}

impl Evidence {
    pub(super) async fn gather(world: &World) -> anyhow::Result<Self> {
        let mut tasks = Vec::new();
        for task in &world.running.like {
            let taken = format!(r#"service("like service") {{ http.url BEGINSWITH "{}/mysfits/" }}"#, task.url);
            tasks.push((task.url.clone(), world.traces(&taken).await?.len()));
        }
        Ok(Self { likes: world.traces(LIKES).await?.len(), tasks })
    }
}

/// Judges what was seen.
pub(super) fn judge(evidence: &Evidence) -> Vec<Finding> {
    let Evidence { likes, tasks } = evidence;
    let table = tasks.iter().map(|(url, taken)| format!("{url} {taken}")).collect::<Vec<_>>().join(", ");
    let least = tasks.iter().map(|(_, taken)| *taken).min().unwrap_or_default();
    let of_these: usize = tasks.iter().map(|(_, taken)| taken).sum();
    vec![
        Finding::new(
            "the Like service has several tasks",
            "the running demo",
            format!("{} at {}", tasks.len(), tasks.iter().map(|(url, _)| url.as_str()).collect::<Vec<_>>().join(", ")),
            tasks.len() >= 2,
            "mysfits scale 3",
        ),
        Finding::new(
            "a load was sent",
            format!("traces that match {LIKES}"),
            format!("{likes} likes"),
            *likes >= LOAD,
            "mysfits load --rate 17 --for 20s --like-share 1",
        ),
        Finding::new(
            "every task took its share",
            "likes that each task took, by the URL on its segments",
            if table.is_empty() { "none".to_owned() } else { table },
            tasks.len() >= 2 && least * tasks.len() * FAIR >= of_these && least > 0,
            "send the load once more, now that there are more tasks",
        ),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn missing(likes: usize, taken: &[usize]) -> Vec<&'static str> {
        let tasks =
            taken.iter().enumerate().map(|(port, taken)| (format!("http://127.0.0.1:{port}"), *taken)).collect();
        judge(&Evidence { likes, tasks }).iter().filter(|finding| !finding.holds()).map(Finding::claim).collect()
    }

    #[test]
    fn each_claim_falls_by_itself() {
        assert_eq!(missing(680, &[340, 170, 170]), [""; 0]);
        assert_eq!(missing(100, &[50, 50]), ["a load was sent"]);
        assert_eq!(missing(340, &[340]), ["the Like service has several tasks", "every task took its share"]);
        assert_eq!(missing(680, &[660, 20]), ["every task took its share"]);
        assert_eq!(missing(680, &[680, 0]), ["every task took its share"]);
    }
}
