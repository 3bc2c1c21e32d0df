//! What a form sends: its fields by name, and the state of the page that it was sent from.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::error::PageError;
use super::view::View;

/// The fields of one form.
pub(super) struct Fields<'a> {
    values: BTreeMap<Cow<'a, str>, Cow<'a, str>>,
    /// Where the form was sent from.
    pub(super) view: View,
}

impl<'a> Fields<'a> {
    /// Reads the body of a form.
    pub(super) fn parse(body: &'a str) -> Result<Self, PageError> {
        Ok(Self { values: form_urlencoded::parse(body.as_bytes()).collect(), view: View::parse(body)? })
    }

    /// A field without the space around it; empty when it was left empty or not sent.
    pub(super) fn text(&self, name: &str) -> &str {
        self.values.get(name).map(|value| value.trim()).unwrap_or_default()
    }

    /// Says whether a box was ticked.
    pub(super) fn is_ticked(&self, name: &str) -> bool {
        self.values.contains_key(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_read_without_the_space_around_them() {
        let fields = Fields::parse("name=+slow+likes+&insights=on&range=1h&filter=ok").unwrap();
        assert_eq!((fields.text("name"), fields.text("expression")), ("slow likes", ""));
        assert!(fields.is_ticked("insights") && !fields.is_ticked("notifications"));
        assert_eq!(fields.view.link("/map").to_string(), "/map?range=1h&filter=ok");
        assert!(Fields::parse("range=never").is_err());
    }
}
