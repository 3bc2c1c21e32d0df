//! Lab 2: the learner has found the log line of a lost like, and followed it to its trace.

use serde_json::Value;

use super::report::Finding;
use super::world::World;
use crate::child::Role;

/// The field of a line that tells what was done to a like on purpose.
const FAULT: &str = "chaos.fault";

/// What can be seen of it.
#[derive(Clone, Debug, Default)]
pub(super) struct Evidence {
    /// The services whose lines have arrived.
    services: Vec<String>,
    /// Lines of the trace that the learner names, and how many of them tell of a fault.
    lines: usize,
    telling: usize,
    /// Whether that trace has an error in it.
    has_error: bool,
}

impl Evidence {
    pub(super) async fn gather(world: &World, answer: Option<&str>) -> anyhow::Result<Self> {
        let mut evidence = Self::default();
        for role in [Role::Monolith, Role::LikeService] {
            if !lines(world, &[("service", role.name()), ("limit", "1")]).await?.is_empty() {
                evidence.services.push(role.name().to_owned());
            }
        }
        let Some(trace) = answer.filter(|answer| is_trace_id(answer)) else { return Ok(evidence) };
        let of_trace = lines(world, &[("trace", trace)]).await?;
        let tells = |line: &&Value| line.pointer("/fields").and_then(|fields| fields.get(FAULT)).is_some();
        evidence.telling = of_trace.iter().filter(tells).count();
        evidence.lines = of_trace.len();
        evidence.has_error = world.traces("error OR fault").await?.contains(trace);
        Ok(evidence)
    }
}

/// Lines that the local X-Ray finds.
async fn lines(world: &World, asked: &[(&str, &str)]) -> anyhow::Result<Vec<Value>> {
    let url = reqwest::Url::parse_with_params(&format!("{}/logs.json", world.running.xray), asked)?;
    let answer = world.get(url.as_str()).await?;
    Ok(answer.get("lines").and_then(Value::as_array).cloned().unwrap_or_default())
}

/// Whether this may be asked for at all: anything else would be an error of the question, not of the answer.
fn is_trace_id(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let is_hexadecimal = |part: &&str| part.chars().all(|digit| digit.is_ascii_hexdigit());
    matches!(parts.as_slice(), ["1", time, rest] if time.len() == 8 && rest.len() == 24 && [time, rest].into_iter().all(is_hexadecimal))
}

/// Judges what was seen, and what the learner says.
pub(super) fn judge(evidence: &Evidence, answer: Option<&str>) -> Vec<Finding> {
    let Evidence { services, lines, telling, has_error } = evidence;
    let asked = answer.map_or_else(|| "no answer yet".to_owned(), |answer| format!("the answer `{answer}`"));
    let seen = |words: String| match answer {
        Some(answer) if is_trace_id(answer) => words,
        Some(_) => "not the id of a trace, which looks like 1-6a2b3c4d-0123456789abcdef01234567".to_owned(),
        None => "no answer yet".to_owned(),
    };
    vec![
        Finding::new(
            "lines of both services are kept",
            "the log lines of the local X-Ray",
            if services.is_empty() { "none".to_owned() } else { services.join(", ") },
            services.len() == 2,
            "wait for the first likes; OTEL_LOGS_EXPORTER must be unset or `otlp` in the first terminal",
        ),
        Finding::new(
            "you found a line that tells of a fault",
            format!("the lines of a trace: {asked}"),
            seen(format!("{lines} lines, {telling} of them with the field {FAULT}")),
            *telling > 0,
            "search the Logs page for chaos.fault=not_found, and add --answer with the trace id of a line",
        ),
        Finding::new(
            "its trace says that the like was lost",
            format!("the trace: {asked}"),
            seen(if *has_error { "it has an error" } else { "it has no error" }.to_owned()),
            *has_error,
            "take a line with chaos.fault=not_found: slow likes are odd, too, but not lost",
        ),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRACE: &str = "1-6a2b3c4d-0123456789abcdef01234567";

    fn missing(answer: Option<&str>, change: impl FnOnce(&mut Evidence)) -> Vec<&'static str> {
        let services = vec!["monolith".to_owned(), "like service".to_owned()];
        let mut evidence = Evidence { services, lines: 3, telling: 1, has_error: true };
        change(&mut evidence);
        judge(&evidence, answer).iter().filter(|finding| !finding.holds()).map(Finding::claim).collect()
    }

    #[test]
    fn each_claim_falls_by_itself() {
        assert_eq!(missing(Some(TRACE), |_| {}), [""; 0]);
        assert_eq!(missing(Some(TRACE), |seen| seen.services.truncate(1)), ["lines of both services are kept"]);
        assert_eq!(missing(Some(TRACE), |seen| seen.telling = 0), ["you found a line that tells of a fault"]);
        assert_eq!(missing(Some(TRACE), |seen| seen.has_error = false), ["its trace says that the like was lost"]);
    }

    #[test]
    fn only_an_id_of_x_ray_is_asked_for() {
        assert!(is_trace_id(TRACE));
        for other in
            ["", "1-2-3", "6a2b3c4d0123456789abcdef01234567", "1-6a2b3c4d-0123456789abcdef0123456z", "a&level=x"]
        {
            assert!(!is_trace_id(other), "{other}");
        }
    }
}
