//! The `aws` block: where a segment ran, or which AWS resource a subsegment called.
//!
//! Clients send far more members here than are documented, and X-Ray's users look for them in the raw document. So the
//! block is kept as it came; accessors name the members that mean something to the graph and the summaries.

use serde::Serialize;
use serde_json::{Map, Value};

/// The members of one `aws` block, all of them kept.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Aws(pub Map<String, Value>);

impl Aws {
    /// The text of a member at the top of the block; absent when it is empty or not a string.
    pub fn text(&self, member: &str) -> Option<&str> {
        self.0.get(member)?.as_str().filter(|text| !text.is_empty())
    }

    /// The text of a member one block further down, for example `("ec2", "instance_id")`.
    pub fn nested_text(&self, block: &str, member: &str) -> Option<&str> {
        self.0.get(block)?.get(member)?.as_str().filter(|text| !text.is_empty())
    }

    /// The account that owns the resource.
    pub fn account_id(&self) -> Option<&str> {
        self.text("account_id")
    }

    /// The only DynamoDB table of the call: `table_name`, or `table_names` when it holds exactly one.
    pub fn table_name(&self) -> Option<&str> {
        self.text("table_name").or_else(|| match self.0.get("table_names")?.as_array()?.as_slice() {
            [only] => only.as_str().filter(|text| !text.is_empty()),
            _ => None,
        })
    }

    /// The URL of the SQS queue.
    pub fn queue_url(&self) -> Option<&str> {
        self.text("queue_url")
    }

    /// The S3 bucket.
    pub fn bucket_name(&self) -> Option<&str> {
        self.text("bucket_name")
    }

    /// The Lambda function that was called.
    pub fn function_name(&self) -> Option<&str> {
        self.text("function_name")
    }
}
