//! The `sql` block of a subsegment: one database query.

use serde::Serialize;

use super::reader::Reader;

/// One query; every member is optional.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Sql {
    /// The connection string, without secrets.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub connection_string: Option<String>,
    /// The database's URL, for those that have one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// The query with values taken out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sanitized_query: Option<String>,
    /// The product, for example `postgresql`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub database_type: Option<String>,
    /// The product's version.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub database_version: Option<String>,
    /// The driver's version.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub driver_version: Option<String>,
    /// The database user.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// `statement` or `call`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub preparation: Option<String>,
}

impl Sql {
    pub(super) fn read(mut block: Reader<'_>) -> Self {
        let sql = Self {
            connection_string: block.text("connection_string"),
            url: block.text("url"),
            sanitized_query: block.text("sanitized_query"),
            database_type: block.text("database_type"),
            database_version: block.text("database_version"),
            driver_version: block.text("driver_version"),
            user: block.text("user"),
            preparation: block.text("preparation"),
        };
        block.finish();
        sql
    }
}
