//! The part of a `GetServiceGraph` answer that the map draws.
//!
//! Read leniently, because endpoints differ: members may be missing or null (`Root`, `Type`, the statistics of a client
//! node), and unknown members are ignored.

use serde::{Deserialize, Deserializer};

/// A node of the service graph with the edges that leave it.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Service {
    /// Number of the node, unique within one answer; edges point at it.
    pub reference_id: i64,
    /// Canonical name; of a client node, the name of the service it enters.
    #[serde(deserialize_with = "null_is_default")]
    pub name: String,
    /// Kind of resource, such as `AWS::ECS::Fargate`, `Database::SQL`, `remote` or `client`.
    #[serde(rename = "Type")]
    pub kind: Option<String>,
    /// `active` for services that sent segments, `unknown` for those known from their callers only.
    pub state: Option<String>,
    /// Whether some trace starts here.
    pub root: Option<bool>,
    /// Calls made by this node.
    #[serde(deserialize_with = "null_is_default")]
    pub edges: Vec<Edge>,
    /// Numbers of the requests served; absent on client nodes.
    pub summary_statistics: Option<Statistics>,
}

/// The calls from one node to another.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Edge {
    /// Number of the node that is called.
    pub reference_id: i64,
    /// Numbers as the caller saw them; empty on links.
    pub summary_statistics: Option<Statistics>,
    /// `link` where a queue hands messages to a consumer with a trace of its own.
    pub edge_type: Option<String>,
}

/// Counts by outcome, and the time they took together.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Statistics {
    /// Requests that ended well.
    #[serde(deserialize_with = "null_is_default")]
    pub ok_count: u64,
    /// Requests refused for a reason on the caller's side.
    #[serde(deserialize_with = "null_is_default")]
    pub error_statistics: ErrorStatistics,
    /// Requests that failed on the server's side.
    #[serde(deserialize_with = "null_is_default")]
    pub fault_statistics: FaultStatistics,
    /// All completed requests.
    #[serde(deserialize_with = "null_is_default")]
    pub total_count: u64,
    /// Sum of the response times in seconds.
    #[serde(deserialize_with = "null_is_default")]
    pub total_response_time: f64,
}

/// Client errors, throttled requests apart.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct ErrorStatistics {
    /// Requests answered with 429.
    #[serde(deserialize_with = "null_is_default")]
    pub throttle_count: u64,
    /// All other client errors.
    #[serde(deserialize_with = "null_is_default")]
    pub other_count: u64,
}

/// Server faults.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct FaultStatistics {
    /// All faults.
    #[serde(deserialize_with = "null_is_default")]
    pub total_count: u64,
}

fn null_is_default<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(deserializer: D) -> Result<T, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_node_with_nulls_and_unknown_members_is_read() {
        let service: Service = serde_json::from_str(
            r#"{"ReferenceId": 3, "Name": null, "Type": "client", "State": "unknown", "Root": null, "Colour": "red",
                "SummaryStatistics": null, "DurationHistogram": null, "Edges": [{"ReferenceId": 1, "Aliases": [],
                "SummaryStatistics": {"OkCount": 2, "ErrorStatistics": null, "TotalCount": 2, "TotalResponseTime": 0.5}}]}"#,
        )
        .unwrap();
        let statistics = Statistics { ok_count: 2, total_count: 2, total_response_time: 0.5, ..Statistics::default() };
        assert_eq!(
            service,
            Service {
                reference_id: 3,
                kind: Some("client".to_owned()),
                state: Some("unknown".to_owned()),
                edges: vec![Edge { reference_id: 1, summary_statistics: Some(statistics), edge_type: None }],
                ..Service::default()
            }
        );
    }
}
