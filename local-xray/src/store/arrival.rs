//! A document on its way into the store, with the text that goes to the journal.

use crate::document::{Document, Rejection, parse};

/// A document and its JSON.
#[derive(Debug, Clone, PartialEq)]
pub struct Arrival {
    pub(super) document: Document,
    /// As it was sent, where it was sent as JSON: writing it anew would cost as much as reading it, and what is read from it
    /// later is what is read from it now.
    pub(super) json: Vec<u8>,
}

impl Arrival {
    /// Reads one string of JSON: a document, or a list of documents.
    ///
    /// # Errors
    /// As [`parse`] does.
    pub fn read(json: impl AsRef<[u8]> + Into<Vec<u8>>) -> Result<Vec<Self>, Rejection> {
        let mut documents = parse(&json)?;
        if json.as_ref().trim_ascii_start().starts_with(b"{")
            && let Some(document) = documents.pop()
        {
            return Ok(vec![Self { document, json: json.into() }]);
        }
        // The text of a document in a list is not known.
        Ok(documents.into_iter().map(Self::from).collect())
    }

    /// The document.
    pub fn document(&self) -> &Document {
        &self.document
    }
}

impl From<Document> for Arrival {
    fn from(document: Document) -> Self {
        Self { json: document.to_json().into_bytes(), document }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_journal_gets_what_was_sent_or_what_means_the_same() {
        let one = r#"{"trace_id": "1-5759e988-bd862e3fe1be46a994272793", "id": "53995c3f42cd8ad8", "name": "a", "start_time": 1.0, "end_time": 2, "odd": []}"#;
        let check = |sent: &str, count: usize, is_kept: bool| {
            let arrivals = Arrival::read(sent.to_owned()).unwrap();
            assert_eq!(arrivals.len(), count, "{sent}");
            for arrival in &arrivals {
                assert_eq!(arrival.json == sent.as_bytes(), is_kept, "{sent}");
                let again = parse(&arrival.json).unwrap().remove(0);
                assert_eq!((again.trace_id, &again.segment), (arrival.document.trace_id, &arrival.document.segment));
            }
        };
        check(one, 1, true);
        check(&format!("\n {one} "), 1, true);
        check(&format!("[{one}]"), 1, false);
        check(&format!("[{one}, {one}]"), 2, false);
        assert!(Arrival::read("{}".to_owned()).is_err());
    }
}
