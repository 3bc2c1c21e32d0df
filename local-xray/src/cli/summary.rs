//! The part of a `GetTraceSummaries` answer that the terminal shows, and a line of text for it.
//!
//! Read leniently, as the service graph is: only the id must be there.

use serde::Deserialize;

use crate::words;

use super::words::printable;

/// What stands above the lines of summaries.
pub(super) const HEADING: &str = "trace                                method status  time  url";

/// The traces that an expression matches, newest first as the endpoint gives them.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Found {
    /// Those that match.
    pub summaries: Vec<Summary>,
    /// How many traces the endpoint looked at, matching or not.
    pub processed: u64,
}

/// What is told of one trace.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Summary {
    /// Trace id.
    pub id: String,
    /// Seconds that the root segment took; absent without one, or while it runs.
    pub response_time: Option<f64>,
    /// Request to the root segment.
    #[serde(default)]
    pub http: Option<Http>,
}

/// The request that began a trace, as far as the root segment tells.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Http {
    /// URL, in full or only its path.
    #[serde(rename = "HttpURL")]
    pub url: Option<String>,
    /// Status of the answer.
    #[serde(rename = "HttpStatus")]
    pub status: Option<i64>,
    /// Method of the request.
    #[serde(rename = "HttpMethod")]
    pub method: Option<String>,
}

impl Summary {
    /// URL of the request, as the root segment has it.
    pub(super) fn url(&self) -> &str {
        self.http.as_ref().and_then(|http| http.url.as_deref()).unwrap_or("-")
    }

    /// URL of the request without scheme and host.
    pub(super) fn path(&self) -> &str {
        let after_scheme = self.url().split_once("://").map(|(_, rest)| rest);
        let path = after_scheme.and_then(|rest| rest.find('/').and_then(|slash| rest.get(slash..)));
        path.unwrap_or_else(|| self.url())
    }

    /// Id, method, status and response time on one line, with the URL or its path; what is unknown is a dash.
    pub(super) fn line(&self, url: &str) -> String {
        let unknown = || "-".to_owned();
        let http = self.http.as_ref();
        let method = http.and_then(|http| http.method.as_deref()).map_or_else(unknown, printable);
        let status = http.and_then(|http| http.status).map_or_else(unknown, |status| status.to_string());
        let time = self.response_time.map_or_else(unknown, words::seconds);
        format!("{:<35}  {method:<6} {status:>3} {time:>8}  {}", printable(&self.id), printable(url))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_what_is_known() {
        let check = |json: &str, expected: &str| {
            let summary: Summary = serde_json::from_str(json).unwrap();
            assert_eq!(summary.line(summary.url()), expected, "{json}");
        };
        check(
            r#"{"Id": "1-69550002-000000000000000000000002", "ResponseTime": 0.031, "Revision": 1,
                "Http": {"HttpMethod": "POST", "HttpStatus": 404, "HttpURL": "http://like.local/a"}}"#,
            "1-69550002-000000000000000000000002  POST   404    31 ms  http://like.local/a",
        );
        check(
            r#"{"Id": "1-69550002-000000000000000000000002", "ResponseTime": null, "Http": {"HttpMethod": null}}"#,
            "1-69550002-000000000000000000000002  -        -        -  -",
        );
        check(
            r#"{"Id": "short", "Http": {"HttpURL": "/\u001b[2J"}}"#,
            "short                                -        -        -  /\u{fffd}[2J",
        );
    }

    #[test]
    fn a_path_begins_behind_the_host() {
        let check = |url: &str, expected: &str| {
            let http = Some(Http { url: Some(url.to_owned()), ..Http::default() });
            assert_eq!(Summary { http, ..Summary::default() }.path(), expected);
        };
        check("http://like.local/a?b=http://c/d", "/a?b=http://c/d");
        check("http://like.local", "http://like.local");
        check("/a", "/a");
    }
}
