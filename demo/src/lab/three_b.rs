//! Lab 3b: a saved group that holds the odd likes and nothing else, and the annotation that names the culprit.

use std::collections::BTreeSet;

use super::report::Finding;
use super::three_a::CLICKS;
use super::world::{Group, LIKES, ODD_LIKES, World};

/// Traces whose documents are read, of each kind.
const MAX_READ: usize = 20;

/// A group with the traces that it holds, or why its expression cannot be asked.
#[derive(Clone, Debug)]
struct Saved {
    group: Group,
    traces: BTreeSet<String>,
}

/// What can be seen of it.
#[derive(Clone, Debug, Default)]
pub(super) struct Evidence {
    checks: usize,
    likes: BTreeSet<String>,
    odd: BTreeSet<String>,
    saved: Vec<Saved>,
    /// Annotation keys of each odd like, and of each that is not.
    odd_keys: Vec<BTreeSet<String>>,
    fine_keys: Vec<BTreeSet<String>>,
}

impl Evidence {
    pub(super) async fn gather(world: &World) -> anyhow::Result<Self> {
        let likes = world.traces(LIKES).await?;
        let odd = world.traces(ODD_LIKES).await?;
        let mut evidence = Self {
            checks: world.traces(r#"http.useragent = "ELB-HealthChecker/2.0""#).await?.len(),
            ..Self::default()
        };
        for group in world.groups().await? {
            let traces = world.traces(&group.filter_expression).await?;
            evidence.saved.push(Saved { group, traces });
        }
        for trace in odd.iter().take(MAX_READ) {
            evidence.odd_keys.push(world.annotation_keys(trace).await?);
        }
        for trace in likes.difference(&odd).take(MAX_READ) {
            evidence.fine_keys.push(world.annotation_keys(trace).await?);
        }
        Ok(Self { likes, odd, ..evidence })
    }

    /// The saved group that misses least: the fewest traces too many or too few.
    fn best(&self) -> Option<&Saved> {
        self.saved.iter().min_by_key(|saved| saved.traces.symmetric_difference(&self.odd).count())
    }

    /// Annotations that every odd like has and no other like.
    fn culprits(&self) -> BTreeSet<&str> {
        let Some(first) = self.odd_keys.first() else { return BTreeSet::new() };
        let is_on_all = |key: &&String| self.odd_keys.iter().all(|keys| keys.contains(*key));
        let is_on_fine = |key: &String| self.fine_keys.iter().any(|keys| keys.contains(key));
        first.iter().filter(is_on_all).filter(|key| !is_on_fine(key)).map(String::as_str).collect()
    }
}

/// Judges what was seen, and what the learner says.
pub(super) fn judge(evidence: &Evidence, answer: Option<&str>) -> Vec<Finding> {
    let Evidence { checks, likes, odd, .. } = evidence;
    let best = evidence.best();
    let name = best.map_or("none", |saved| saved.group.name.as_str());
    let too_many = best.map_or(0, |saved| saved.traces.difference(odd).count());
    let too_few = best.map_or(odd.len(), |saved| odd.difference(&saved.traces).count());
    let asked = best.map_or_else(String::new, |saved| saved.group.filter_expression.clone());
    vec![
        Finding::new(
            "seven likes or more, and odd ones among them",
            format!("traces that match {LIKES}"),
            format!("{} likes, {} of them slow or failed, beside {checks} health checks", likes.len(), odd.len()),
            likes.len() >= CLICKS && !odd.is_empty(),
            "click hearts on the web site until there are seven to nine",
        ),
        Finding::new(
            "a question is saved as a group",
            "the groups of the local X-Ray, other than Default",
            if best.is_some() { format!("the group `{name}`: {asked}") } else { "none".to_owned() },
            best.is_some(),
            "filter the traces in the console, and choose \"Save as group\"",
        ),
        Finding::new(
            "the group holds odd likes only",
            format!("the traces of the group `{name}`"),
            format!("{too_many} that are neither slow nor failed likes"),
            best.is_some() && too_many == 0,
            "narrow its expression: POST requests alone, of which the Like service was slow or made an error",
        ),
        Finding::new(
            "the group holds all of them",
            format!("traces that match {ODD_LIKES}"),
            format!("{too_few} of {} are not in the group `{name}`", odd.len()),
            best.is_some() && too_few == 0 && !odd.is_empty(),
            "widen its expression: likes that took more than a second count, and those with an error, too",
        ),
        culprit(evidence, answer),
    ]
}

fn culprit(evidence: &Evidence, answer: Option<&str>) -> Finding {
    let culprits = evidence.culprits();
    let saw = match answer {
        None => "no answer yet".to_owned(),
        Some(answer) => {
            let on = |all: &[BTreeSet<String>]| all.iter().filter(|keys| keys.contains(answer)).count();
            let (odd, fine) = (on(&evidence.odd_keys), on(&evidence.fine_keys));
            let (all_odd, all_fine) = (evidence.odd_keys.len(), evidence.fine_keys.len());
            format!("`{answer}` is on {odd} of {all_odd} odd likes, and on {fine} of {all_fine} others")
        }
    };
    Finding::new(
        "you know which annotation names the culprit",
        "the annotations of odd likes and of fine ones",
        saw,
        answer.is_some_and(|answer| culprits.contains(answer)),
        "open an odd like and a fine one, compare their annotations, and add --answer NAME with the one that only odd likes have",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(words: &[&str]) -> BTreeSet<String> {
        words.iter().map(|word| (*word).to_owned()).collect()
    }

    fn group(name: &str, traces: &[&str]) -> Saved {
        let group = Group { name: name.to_owned(), filter_expression: "…".to_owned() };
        Saved { group, traces: set(traces) }
    }

    fn done() -> Evidence {
        Evidence {
            checks: 40,
            likes: set(&["a", "b", "c", "d", "e", "f", "g"]),
            odd: set(&["a", "b"]),
            saved: vec![group("all", &["a", "b", "c", "x"]), group("odd", &["a", "b"])],
            odd_keys: vec![set(&["mysfit_id", "chaos_fault"]), set(&["mysfit_id", "chaos_fault"])],
            fine_keys: vec![set(&["mysfit_id"])],
        }
    }

    fn missing(answer: Option<&str>, change: impl FnOnce(&mut Evidence)) -> Vec<&'static str> {
        let mut evidence = done();
        change(&mut evidence);
        judge(&evidence, answer).iter().filter(|finding| !finding.holds()).map(Finding::claim).collect()
    }

    const ANSWER: &str = "you know which annotation names the culprit";

    #[test]
    fn each_claim_falls_by_itself() {
        let right = Some("chaos_fault");
        assert_eq!(missing(right, |_| {}), [""; 0]);
        assert_eq!(missing(right, |seen| seen.likes = set(&["a"])), ["seven likes or more, and odd ones among them"]);
        assert_eq!(
            missing(right, |seen| seen.saved = vec![group("wide", &["a", "b", "x"])]),
            ["the group holds odd likes only"]
        );
        assert_eq!(missing(right, |seen| seen.saved = vec![group("narrow", &["a"])]), ["the group holds all of them"]);
        let without_group =
            ["a question is saved as a group", "the group holds odd likes only", "the group holds all of them"];
        assert_eq!(missing(right, |seen| seen.saved.clear()), without_group);
    }

    #[test]
    fn only_an_annotation_that_tells_odd_likes_apart_is_the_answer() {
        assert_eq!(missing(None, |_| {}), [ANSWER]);
        assert_eq!(missing(Some("mysfit_id"), |_| {}), [ANSWER]);
        assert_eq!(missing(Some("guess"), |_| {}), [ANSWER]);
        assert_eq!(missing(Some("chaos_fault"), |seen| seen.odd_keys.push(set(&["mysfit_id"]))), [ANSWER]);
    }
}
