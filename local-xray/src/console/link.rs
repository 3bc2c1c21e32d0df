//! Links between pages. All state of the console is in its URLs, so a link is a path and what the reader is looking at.

use std::fmt;

/// A path with a query; printing it escapes what needs escaping in a URL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Link {
    path: String,
    query: Vec<(&'static str, String)>,
}

impl Link {
    /// A link without a query.
    pub(super) fn to(path: impl Into<String>) -> Self {
        Self { path: path.into(), query: Vec::new() }
    }

    /// Sets a parameter; an empty value removes it.
    pub(super) fn with(mut self, name: &'static str, value: &str) -> Self {
        self.query.retain(|(known, _)| *known != name);
        if !value.is_empty() {
            self.query.push((name, value.to_owned()));
        }
        self
    }

    /// Sets a parameter whose empty value means something too.
    pub(super) fn with_empty(mut self, name: &'static str, value: &str) -> Self {
        self.query.retain(|(known, _)| *known != name);
        self.query.push((name, value.to_owned()));
        self
    }

    /// Sets a parameter when there is a value for it.
    pub(super) fn with_some(self, name: &'static str, value: Option<&str>) -> Self {
        self.with(name, value.unwrap_or_default())
    }

    /// The parameters, as a form would send them.
    pub(super) fn into_parameters(self) -> Vec<(&'static str, String)> {
        self.query
    }

    /// Leaves a parameter out.
    pub(super) fn without(self, name: &'static str) -> Self {
        self.with(name, "")
    }
}

impl fmt::Display for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.path)?;
        if self.query.is_empty() {
            return Ok(());
        }
        let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(&self.query).finish();
        write!(f, "?{query}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_escaped_and_replaced() {
        let link = Link::to("/map").with("range", "15m").with("node", "a b&c!<x>").with("range", "1h");
        assert_eq!(link.to_string(), "/map?node=a+b%26c%21%3Cx%3E&range=1h");
        assert_eq!(link.without("node").without("range").to_string(), "/map");
    }
}
