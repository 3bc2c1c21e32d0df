//! What a node is, as a picture.

use crate::graph::Service;

/// The icons of the map; the drawings are in `templates/symbols.html`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::console) enum Icon {
    Client,
    Service,
    Function,
    Remote,
    Database,
    Queue,
    Bucket,
}

impl Icon {
    /// Chooses by the type of the node.
    pub(in crate::console) fn of(service: &Service) -> Self {
        let Some(service_type) = service.service_type.as_deref() else { return Self::Service };
        let has = |word: &str| service_type.to_ascii_lowercase().contains(word);
        match service_type {
            "remote" => Self::Remote,
            _ if has("client") => Self::Client,
            _ if has("database") || has("dynamodb") || has("rds") => Self::Database,
            _ if has("sqs") || has("sns") || has("events") || has("kinesis") => Self::Queue,
            _ if has("s3") => Self::Bucket,
            _ if has("lambda") => Self::Function,
            _ => Self::Service,
        }
    }

    /// The id of the drawing and the CSS class of the node.
    pub(in crate::console) fn symbol(self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::Service => "service",
            Self::Function => "function",
            Self::Remote => "remote",
            Self::Database => "database",
            Self::Queue => "queue",
            Self::Bucket => "bucket",
        }
    }
}
