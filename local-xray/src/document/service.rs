//! The `service` block: which build of a service recorded the segment.

use serde::Serialize;

use super::reader::Reader;

/// The service's version and the runtime it ran on.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct ServiceInfo {
    /// The version of the service.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// The language runtime, for example `CPython`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub runtime: Option<String>,
    /// The version of the runtime.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub runtime_version: Option<String>,
    /// The compiler.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub compiler: Option<String>,
    /// The version of the compiler.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub compiler_version: Option<String>,
}

impl ServiceInfo {
    pub(super) fn read(mut block: Reader<'_>) -> Self {
        let service = Self {
            version: block.text("version"),
            runtime: block.text("runtime"),
            runtime_version: block.text("runtime_version"),
            compiler: block.text("compiler"),
            compiler_version: block.text("compiler_version"),
        };
        block.finish();
        service
    }
}
