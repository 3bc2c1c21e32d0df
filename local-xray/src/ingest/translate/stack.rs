//! Stack traces as text, read into frames where the line says plainly what it is.
//!
//! One reader for all languages: the forms do not collide, and the sender's language is not always known. Lines that are
//! not understood are no loss, because the text is then kept whole beside the frames.

use crate::document::StackFrame;

/// Frames kept of one exception, as the X-Ray SDK for Java does.
const MAX_FRAMES: usize = 50;

/// What a stack trace says.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Stack {
    /// Innermost first.
    pub(super) frames: Vec<StackFrame>,
    /// Frames beyond the limit.
    pub(super) left_out: i64,
    /// Whether the frames say all that the text did.
    pub(super) is_complete: bool,
}

/// Reads Java, JavaScript, .NET, Python and Rust traces.
pub(super) fn parse(text: &str) -> Stack {
    let mut frames: Vec<StackFrame> = Vec::new();
    let mut understood = true;
    let mut is_python = false;
    for (number, line) in text.lines().map(str::trim).enumerate().filter(|(_, line)| !line.is_empty()) {
        is_python |= line.starts_with("Traceback (most recent call last)");
        if let Some(frame) = line.strip_prefix("at ").map(after_at).or_else(|| python(line)) {
            match frames.last_mut().filter(|last| last.path.is_none() && frame.label.is_none()) {
                Some(function) => *function = StackFrame { label: function.label.take(), ..frame },
                None => frames.push(frame),
            }
        } else if let Some(label) = rust_function(line) {
            frames.push(StackFrame { label: said(label), ..StackFrame::default() });
        } else if number > 0 {
            understood = false; // the first line repeats the type and message
        }
    }
    if is_python {
        frames.reverse(); // Python writes the innermost last
    }
    let left_out = frames.len().saturating_sub(MAX_FRAMES);
    frames.truncate(MAX_FRAMES);
    Stack { is_complete: understood && left_out == 0 && !frames.is_empty(), left_out: left_out as i64, frames }
}

/// `label(path:line)`, `label (path:line:column)`, `label in path:line 7`, or `path:line:column` alone.
fn after_at(text: &str) -> StackFrame {
    if let Some((label, place)) = text.strip_suffix(')').and_then(|text| text.rsplit_once('('))
        && (place.contains(':') || !place.contains(' '))
    {
        let (path, line) = place_of(place);
        return StackFrame { path, line, label: said(label) };
    }
    if let Some((label, place)) = text.split_once(" in ")
        && let Some((path, line)) = place.rsplit_once(":line ")
    {
        return StackFrame { path: said(path), line: line.parse().ok(), label: said(label) };
    }
    match place_of(text) {
        (path, line @ Some(_)) => StackFrame { path, line, label: None },
        _ => StackFrame { label: said(text), ..StackFrame::default() },
    }
}

/// A path with its line; a column after the line is of no use.
fn place_of(place: &str) -> (Option<String>, Option<i64>) {
    let numbered = |text: &str| {
        let (before, number) = text.rsplit_once(':')?;
        Some((before.to_owned(), number.parse::<i64>().ok()?))
    };
    match numbered(place) {
        None => (said(place), None),
        Some((before, last)) => match numbered(&before) {
            Some((path, line)) => (said(&path), Some(line)),
            None => (said(&before), Some(last)),
        },
    }
}

/// A text, unless it says nothing: in a document an empty one means that there is none.
fn said(text: &str) -> Option<String> {
    Some(text.trim().to_owned()).filter(|text| !text.is_empty())
}

/// `File "path", line 7, in label`.
fn python(line: &str) -> Option<StackFrame> {
    let (path, rest) = line.strip_prefix("File \"")?.split_once("\", line ")?;
    let (number, label) = rest.split_once(", in ").unwrap_or((rest, ""));
    Some(StackFrame { path: said(path), line: Some(number.parse().ok()?), label: said(label) })
}

/// `7: crate::function`, followed by a line with the place.
fn rust_function(line: &str) -> Option<&str> {
    let (number, label) = line.split_once(": ")?;
    number.parse::<u32>().ok().map(|_| label)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &[(Option<&str>, Option<i64>, Option<&str>)], is_complete: bool) {
        let stack = parse(text);
        let frames: Vec<_> =
            stack.frames.iter().map(|frame| (frame.path.as_deref(), frame.line, frame.label.as_deref())).collect();
        assert_eq!((frames.as_slice(), stack.is_complete), (expected, is_complete), "{text}");
    }

    #[test]
    fn frames_are_read_in_the_common_forms() {
        check(
            "java.lang.IllegalStateException: no\n\tat shop.Cart.add(Cart.java:12)\n\tat java.lang.Thread.run(Native Method)",
            &[
                (Some("Cart.java"), Some(12), Some("shop.Cart.add")),
                (None, None, Some("java.lang.Thread.run(Native Method)")),
            ],
            true,
        );
        check(
            "Error: no\n    at like (/app/like.js:3:7)\n    at /app/main.js:9:1\n    at async Promise.all (index 0)",
            &[
                (Some("/app/like.js"), Some(3), Some("like")),
                (Some("/app/main.js"), Some(9), None),
                (None, None, Some("async Promise.all (index 0)")),
            ],
            true,
        );
        check("E: no\n  at (a.js:0:2)\n  at  (:1)", &[(Some("a.js"), Some(0), None), (None, Some(1), None)], true);
        check(
            "System.Exception: no\n   at Shop.Cart.Add(Int32 id) in /app/Cart.cs:line 7",
            &[(Some("/app/Cart.cs"), Some(7), Some("Shop.Cart.Add(Int32 id)"))],
            true,
        );
        check(
            "   0: like_service::chaos::fail\n             at ./src/chaos.rs:10:5\n   1: main",
            &[(Some("./src/chaos.rs"), Some(10), Some("like_service::chaos::fail")), (None, None, Some("main"))],
            true,
        );
    }

    #[test]
    fn python_frames_are_turned_innermost_first_and_source_lines_keep_the_text() {
        check(
            "Traceback (most recent call last):\n  File \"app.py\", line 3, in main\n    like()\n  File \"like.py\", line 9, in like\n    raise ValueError(\"no\")\nValueError: no",
            &[(Some("like.py"), Some(9), Some("like")), (Some("app.py"), Some(3), Some("main"))],
            false,
        );
    }

    #[test]
    fn a_text_that_is_no_stack_trace_gives_no_frames() {
        check("", &[], false);
        check("goroutine 1 [running]:\nmain.main()\n\t/app/main.go:7 +0x1d", &[], false);
    }

    #[test]
    fn deep_stacks_are_cut_and_say_by_how_much() {
        let stack = parse(&"at a.b(c:1)\n".repeat(53));
        assert_eq!((stack.frames.len(), stack.left_out, stack.is_complete), (50, 3, false));
    }
}
