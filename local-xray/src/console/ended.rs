//! Long text on one line: its end often matters more than its middle, so the end is kept when the room is short.

/// No end is longer than this.
const LONGEST_END: usize = 24;

/// A text in two parts; the page shortens the first and always shows the second.
pub(super) struct Ended {
    pub(super) start: String,
    /// From the last slash on; empty when there is none worth keeping.
    pub(super) end: String,
}

impl Ended {
    /// Cuts before the last slash, as long as what follows is short.
    pub(super) fn new(text: &str) -> Self {
        let cut = text.rfind('/').filter(|&slash| slash > 0 && text.len() - slash <= LONGEST_END);
        let (start, end) = text.split_at(cut.unwrap_or(text.len()));
        Self { start: start.to_owned(), end: end.to_owned() }
    }

    /// Says whether there is nothing to show.
    pub(super) fn is_empty(&self) -> bool {
        self.start.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_part_of_a_path_is_kept() {
        let check = |text, start: &str, end: &str| {
            let ended = Ended::new(text);
            assert_eq!((ended.start.as_str(), ended.end.as_str()), (start, end), "{text}");
        };
        check("/mysfits/b41ff031/like", "/mysfits/b41ff031", "/like");
        check("/", "/", "");
        check("SELECT 1", "SELECT 1", "");
        check("/a/a-very-long-last-part-of-a-path", "/a/a-very-long-last-part-of-a-path", "");
        check("", "", "");
    }
}
