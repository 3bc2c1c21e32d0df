//! The children's log files: their last lines when one dies, and the warnings worth showing while they live.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};

use serde::Deserialize;

/// Lines shown of the log of a child that died.
const TAIL_LINES: usize = 12;

/// How far back the tail is looked for, and how much is read at once while following.
const MAX_READ: u64 = 64 * 1024;

/// Different warnings shown for one child; the file has them all.
const MAX_WARNINGS: usize = 10;

/// One child's log file, followed from its start.
#[derive(Debug)]
pub(crate) struct Log {
    path: PathBuf,
    read_up_to: u64,
    unfinished: Vec<u8>,
    shown: BTreeSet<String>,
}

#[derive(Deserialize)]
struct Line {
    level: String,
    message: String,
}

impl Log {
    /// Follows the file at `path`.
    pub(crate) const fn new(path: PathBuf) -> Self {
        Self { path, read_up_to: 0, unfinished: Vec::new(), shown: BTreeSet::new() }
    }

    /// Where the file is.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The last lines of the file, indented.
    pub(crate) fn tail(&self) -> String {
        let length = self.path.metadata().map_or(0, |metadata| metadata.len());
        let text = self.read_from(length.saturating_sub(MAX_READ)).unwrap_or_default();
        let text = String::from_utf8_lossy(&text);
        let lines: Vec<&str> = text.lines().collect();
        let start = lines.len().saturating_sub(TAIL_LINES);
        let tail: Vec<String> = lines.get(start..).unwrap_or_default().iter().map(|line| readable(line)).collect();
        if tail.is_empty() { "  (it is empty)".to_owned() } else { format!("  {}", tail.join("\n  ")) }
    }

    /// The warnings and errors written since the last call, each text once.
    pub(crate) fn new_warnings(&mut self) -> Vec<String> {
        let Ok(text) = self.read_from(self.read_up_to) else { return Vec::new() };
        self.read_up_to += text.len() as u64;
        self.unfinished.extend(text);
        let Some(end) = self.unfinished.iter().rposition(|byte| *byte == b'\n') else { return Vec::new() };
        let rest = self.unfinished.split_off(end + 1);
        let complete = std::mem::replace(&mut self.unfinished, rest);
        String::from_utf8_lossy(&complete).lines().filter_map(|line| self.warning(line)).collect()
    }

    fn warning(&mut self, line: &str) -> Option<String> {
        let line: Line = serde_json::from_str(line).ok()?;
        let is_warning = matches!(line.level.as_str(), "WARN" | "ERROR");
        let is_new = is_warning && self.shown.len() < MAX_WARNINGS && self.shown.insert(line.message.clone());
        is_new.then_some(line.message)
    }

    fn read_from(&self, start: u64) -> std::io::Result<Vec<u8>> {
        let mut file = File::open(&self.path)?;
        file.seek(SeekFrom::Start(start))?;
        let mut text = Vec::new();
        file.take(MAX_READ).read_to_end(&mut text)?;
        Ok(text)
    }
}

/// A line of the log as a person reads it; what is not one of our JSON lines (a panic, say) stays as it is.
fn readable(line: &str) -> String {
    match serde_json::from_str(line) {
        Ok(Line { level, message }) => format!("{level} {message}"),
        Err(_) => line.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write as _;

    fn log() -> (tempfile::NamedTempFile, Log) {
        let file = tempfile::NamedTempFile::new().unwrap();
        let log = Log::new(file.path().to_owned());
        (file, log)
    }

    #[test]
    fn each_warning_is_shown_once_and_only_when_its_line_is_complete() {
        let (mut file, mut log) = log();
        assert!(log.new_warnings().is_empty());
        write!(file, "{{\"level\":\"INFO\",\"message\":\"hello\"}}\n{{\"level\":\"WARN\",\"mess").unwrap();
        assert!(log.new_warnings().is_empty());
        writeln!(file, "age\":\"trouble\"}}").unwrap();
        assert_eq!(log.new_warnings(), ["trouble"]);
        writeln!(
            file,
            "{{\"level\":\"WARN\",\"message\":\"trouble\"}}\nnot JSON\n{{\"level\":\"ERROR\",\"message\":\"worse\"}}"
        )
        .unwrap();
        assert_eq!(log.new_warnings(), ["worse"]);
    }

    #[test]
    fn a_flood_of_different_warnings_is_cut_short() {
        let (mut file, mut log) = log();
        for n in 0..2 * MAX_WARNINGS {
            writeln!(file, "{{\"level\":\"WARN\",\"message\":\"trouble {n}\"}}").unwrap();
        }
        assert_eq!(log.new_warnings().len(), MAX_WARNINGS);
    }

    #[test]
    fn the_tail_is_the_last_lines() {
        let (mut file, log) = log();
        assert_eq!(log.tail(), "  (it is empty)");
        for n in 0..100 {
            writeln!(file, "line {n}").unwrap();
        }
        let tail = log.tail();
        assert_eq!(tail.lines().count(), TAIL_LINES);
        assert!(tail.starts_with("  line 88\n") && tail.ends_with("  line 99"), "{tail}");

        writeln!(file, "{{\"level\":\"ERROR\",\"message\":\"no database\",\"service\":\"monolith\"}}").unwrap();
        assert!(log.tail().ends_with("line 99\n  ERROR no database"), "{}", log.tail());
    }
}
