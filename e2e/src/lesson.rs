//! The text of a lab as a list of steps: what it prints for the reader to type, what it promises to be seen, what it has changed.
//!
//! A block of `console` holds commands behind `$ ` and, beneath a command, lines of its output; `…` stands for whatever is there instead. A
//! block of `diff` changes the file that its first line names. A picture is a step, too. What stands under a heading that speaks of
//! Fargate is for a stack on AWS.

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail, ensure};

/// One thing that a lab has its reader do or see.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// A command, and lines that it must print, in this order.
    Run {
        /// What stands behind the prompt.
        command: String,
        /// Lines beneath it.
        output: Vec<String>,
    },
    /// A change of a file.
    Edit(Edit),
    /// A picture, by the name of its file.
    Picture(String),
}

/// Lines of a file that give way to others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edit {
    /// The path of the file in the repository.
    pub file: String,
    /// What is there before.
    pub before: String,
    /// What is there afterwards.
    pub after: String,
}

/// A lab's two halves.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Lesson {
    /// What happens on the reader's machine.
    pub local: Vec<Step>,
    /// What happens on AWS.
    pub fargate: Vec<Step>,
}

impl Lesson {
    /// Reads the text of a lab.
    ///
    /// # Errors
    /// When a block has no end, or a change names no file.
    pub fn read(text: &str) -> Result<Self> {
        let mut lesson = Self::default();
        let mut is_on_fargate = false;
        let mut lines = text.lines();
        while let Some(line) = lines.next() {
            if line.starts_with('#') {
                is_on_fargate = line.contains("Fargate");
            }
            let steps = match line.trim_start().strip_prefix("```") {
                Some(language) => {
                    let block: Vec<&str> = lines.by_ref().take_while(|line| line.trim() != "```").collect();
                    ensure!(!block.is_empty(), "an empty block of {language}");
                    match language {
                        "console" => commands(&block)?,
                        "diff" => vec![Step::Edit(edit(&block)?)],
                        _ => Vec::new(),
                    }
                }
                None => pictures(line),
            };
            if is_on_fargate { &mut lesson.fargate } else { &mut lesson.local }.extend(steps);
        }
        Ok(lesson)
    }
}

/// Commands with their output; a backslash at the end of a line continues it.
fn commands(block: &[&str]) -> Result<Vec<Step>> {
    let mut steps: Vec<Step> = Vec::new();
    let mut is_continued = false;
    for line in block {
        let (line, goes_on) = line.strip_suffix('\\').map_or((*line, false), |line| (line, true));
        match (line.strip_prefix("$ "), steps.last_mut()) {
            (Some(command), _) => {
                steps.push(Step::Run { command: without_remark(command).to_owned(), output: Vec::new() });
            }
            (None, Some(Step::Run { command, .. })) if is_continued => {
                *command = format!("{} {}", command.trim_end(), line.trim_start());
            }
            (None, Some(Step::Run { output, .. })) => output.push(line.to_owned()),
            _ => bail!("a console block begins without a prompt: {line}"),
        }
        is_continued = goes_on;
    }
    Ok(steps)
}

/// A command without the remark behind it, which two blanks and a hash begin.
fn without_remark(command: &str) -> &str {
    command.split_once("  #").map_or(command, |(command, _)| command).trim_end()
}

fn edit(block: &[&str]) -> Result<Edit> {
    let file = block.first().and_then(|line| line.strip_prefix("--- ")).context("a diff begins with `--- FILE`")?;
    let lines = block.get(1..).unwrap_or_default();
    let side = |sign: char| {
        let of_side = lines.iter().filter(|line| line.starts_with([' ', sign]) || line.is_empty());
        of_side.map(|line| format!("{}\n", line.get(1..).unwrap_or_default())).collect::<String>()
    };
    Ok(Edit { file: file.trim().to_owned(), before: side('-'), after: side('+') })
}

/// The files in `![…](…)`.
fn pictures(line: &str) -> Vec<Step> {
    let targets = line.split("![").skip(1).filter_map(|rest| rest.split_once("](")?.1.split(')').next());
    targets.map(|target| Step::Picture(target.to_owned())).collect()
}

impl Edit {
    /// Makes the change in a set of files by their paths.
    ///
    /// # Errors
    /// When the file is not among them, or does not hold the lines exactly once.
    pub fn apply(&self, files: &mut BTreeMap<String, String>) -> Result<()> {
        let Self { file, before, after } = self;
        let text = files.get_mut(file).with_context(|| format!("{file} is not a file of the lab"))?;
        let found = text.matches(before.as_str()).count();
        ensure!(found == 1, "{file} holds these lines {found} times:\n{before}\nin\n{text}");
        *text = text.replacen(before.as_str(), after, 1);
        Ok(())
    }
}

/// The first promised line that is not in the output, after the lines before it.
#[must_use]
pub fn missing_line<'a>(promised: &'a [String], output: &str) -> Option<&'a str> {
    let mut lines = output.lines();
    promised.iter().map(String::as_str).find(|line| *line != "…" && !lines.any(|said| matches(line, said)))
}

/// Whether a line says what was promised; `…` stands for any text, and blanks count once.
fn matches(promised: &str, said: &str) -> bool {
    let said = said.split_whitespace().collect::<Vec<_>>().join(" ");
    let promised = promised.split_whitespace().collect::<Vec<_>>().join(" ");
    let parts: Vec<&str> = promised.split('…').collect();
    let (Some(first), Some(last)) = (parts.first(), parts.last()) else { return false };
    if parts.len() == 1 {
        return said == promised;
    }
    let Some(mut rest) = said.strip_prefix(first).and_then(|rest| rest.strip_suffix(last)) else { return false };
    for part in parts.get(1..parts.len() - 1).unwrap_or_default() {
        let Some((_, behind)) = rest.split_once(part) else { return false };
        rest = behind;
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "\
# A lab

```console
$ one --flag \\
    second
said
$ two  # a remark
```

See ![the map](pictures/map.png).

```diff
--- a/file.rs
 kept
-old
+new
+more
```

```text
not a step
```

## The same on Fargate

```console
$ deploy/up
```
";

    fn run(command: &str, output: &[&str]) -> Step {
        Step::Run { command: command.to_owned(), output: output.iter().map(|line| (*line).to_owned()).collect() }
    }

    #[test]
    fn a_text_is_read_as_its_steps() {
        let lesson = Lesson::read(TEXT).unwrap();
        let edit = Edit { file: "a/file.rs".into(), before: "kept\nold\n".into(), after: "kept\nnew\nmore\n".into() };
        let local = [
            run("one --flag second", &["said"]),
            run("two", &[]),
            Step::Picture("pictures/map.png".into()),
            Step::Edit(edit),
        ];
        assert_eq!(lesson.local, local);
        assert_eq!(lesson.fargate, [run("deploy/up", &[])]);
    }

    #[test]
    fn a_change_fits_once_or_not_at_all() {
        let edit = Edit { file: "f".into(), before: "b\n".into(), after: "c\nd\n".into() };
        let apply = |text: &str| {
            let mut files = BTreeMap::from([("f".to_owned(), text.to_owned())]);
            edit.apply(&mut files).map(|()| files["f"].clone())
        };
        assert_eq!(apply("a\nb\nz\n").unwrap(), "a\nc\nd\nz\n");
        assert!(apply("a\nz\n").is_err() && apply("b\nb\n").is_err());
        assert!(edit.apply(&mut BTreeMap::new()).is_err());
    }

    #[test]
    fn promised_lines_are_looked_for_in_order() {
        let missing = |promised: &[&str], output: &str| {
            let promised: Vec<String> = promised.iter().map(|line| (*line).to_owned()).collect();
            missing_line(&promised, output).map(str::to_owned)
        };
        assert_eq!(missing(&["a", "…", "c"], "a\nb\nc\n"), None);
        assert_eq!(missing(&["c", "a"], "a\nb\nc\n").as_deref(), Some("a"));
        assert_eq!(missing(&["  saw … calls, … ms"], "  saw    9 calls, 3 ms"), None);
        assert_eq!(missing(&["saw … calls"], "saw 9 call").as_deref(), Some("saw … calls"));
        assert_eq!(missing(&["exactly"], "exactly so").as_deref(), Some("exactly"));
    }

    #[test]
    fn rubbish_is_told() {
        assert!(Lesson::read("```console\nsaid\n```\n").is_err());
        assert!(Lesson::read("```diff\n-old\n```\n").is_err());
        assert!(Lesson::read("```console\n```\n").is_err());
    }
}
