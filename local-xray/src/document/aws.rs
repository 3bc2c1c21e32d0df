//! The `aws` block: where a segment ran, or which AWS resource a subsegment called.
//!
//! Clients send far more members here than are documented, and X-Ray's users look for them in the raw document. So the
//! block is kept as it came; accessors name the members that mean something to the graph and the summaries.

use serde::{Serialize, Serializer};
use serde_json::{Map, Value};

use super::json::{self, Json, Members};

/// The members of one `aws` block, all of them kept.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Aws(Members<'static>);

impl Aws {
    pub(super) fn new(mut members: Members<'_>) -> Self {
        json::tidy(&mut members);
        Self(json::owned(members))
    }

    /// The text of a member at the top of the block; absent when it is empty or not a string.
    pub fn text(&self, member: &str) -> Option<&str> {
        text(&self.0, member)
    }

    /// The text of a member one block further down, for example `("ec2", "instance_id")`.
    pub fn nested_text(&self, block: &str, member: &str) -> Option<&str> {
        match json::find(&self.0, block)? {
            Json::Object(members) => text(members, member),
            _ => None,
        }
    }

    /// The account that owns the resource.
    pub fn account_id(&self) -> Option<&str> {
        self.text("account_id")
    }

    /// The only DynamoDB table of the call: `table_name`, or `table_names` when it holds exactly one.
    pub fn table_name(&self) -> Option<&str> {
        self.text("table_name").or_else(|| match json::find(&self.0, "table_names")? {
            Json::List(names) if names.len() == 1 => names.first()?.as_text().filter(|text| !text.is_empty()),
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

    pub(super) fn members(&self) -> &Members<'static> {
        &self.0
    }
}

impl From<Map<String, Value>> for Aws {
    fn from(map: Map<String, Value>) -> Self {
        Self(json::members(map))
    }
}

impl Serialize for Aws {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        json::write(&self.0, serializer)
    }
}

fn text<'m>(members: &'m Members<'_>, name: &str) -> Option<&'m str> {
    json::find(members, name)?.as_text().filter(|text| !text.is_empty())
}
