//! Tags on the wire.

use serde::{Deserialize, Serialize};

use crate::settings::Tag;

#[derive(Deserialize, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::api) struct TagBody {
    key: String,
    value: String,
}

#[derive(Deserialize)]
pub(in crate::api) struct TagResource {
    #[serde(rename = "ResourceARN")]
    pub(in crate::api) resource_arn: String,
    #[serde(rename = "Tags")]
    pub(in crate::api) tags: Vec<TagBody>,
}

#[derive(Deserialize)]
pub(in crate::api) struct UntagResource {
    #[serde(rename = "ResourceARN")]
    pub(in crate::api) resource_arn: String,
    #[serde(rename = "TagKeys")]
    pub(in crate::api) tag_keys: Vec<String>,
}

#[derive(Deserialize)]
pub(in crate::api) struct ListTagsForResource {
    #[serde(rename = "ResourceARN")]
    pub(in crate::api) resource_arn: String,
    #[serde(rename = "NextToken")]
    pub(in crate::api) next_token: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::api) struct TagsAnswer {
    pub(in crate::api) tags: Vec<TagBody>,
}

impl From<TagBody> for Tag {
    fn from(tag: TagBody) -> Self {
        Self { key: tag.key, value: tag.value }
    }
}

impl From<Tag> for TagBody {
    fn from(tag: Tag) -> Self {
        Self { key: tag.key, value: tag.value }
    }
}
