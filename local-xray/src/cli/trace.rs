//! The `trace` verb: one trace, as a timeline or as the documents that the endpoint keeps.

use anyhow::{Context as _, bail};
use clap::Args;
use serde_json::Value;

use super::timeline::{Entity, timeline};
use super::{EndpointArgs, print, terminal_width};

/// Arguments of the `trace` verb.
#[derive(Debug, Clone, Args)]
pub struct TraceArgs {
    /// Trace id, such as 1-69550001-000000000000000000000001
    pub id: String,

    /// Print the segment documents as a JSON list
    #[arg(long)]
    pub json: bool,

    /// Where to ask.
    #[command(flatten)]
    pub endpoint: EndpointArgs,
}

/// Prints the trace, as wide as the terminal.
///
/// # Errors
/// When the endpoint does not answer or does not know the trace, or standard output is closed.
pub async fn trace_command(args: &TraceArgs) -> anyhow::Result<()> {
    let documents = args.endpoint.client()?.trace(&args.id).await?;
    if documents.is_empty() {
        bail!("{} does not know the trace {}", args.endpoint.endpoint, args.id);
    }
    if args.json {
        return print(&format!("{:#}\n", Value::Array(documents)));
    }
    let segments: Result<Vec<Entity>, _> = documents.into_iter().map(serde_json::from_value).collect();
    print(&timeline(&segments.context("the endpoint gave a segment that cannot be read")?, terminal_width()))
}
