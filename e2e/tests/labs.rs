//! Every command that a lab prints is typed here, in order, into a folder that looks like a fresh checkout; every line of output that it
//! promises has to come; every change that it asks for has to lead to the finished code; and its pictures are taken on the way.
//!
//! `UPDATE_PICTURES=1 cargo test -p e2e --test labs` renews the pictures.

#![expect(clippy::indexing_slicing, reason = "a test may panic on an answer of the wrong shape")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use e2e::{Browser, Lesson, Stack, Step, eventually, executable, missing_line};
use fantoccini::Locator;
use serde_json::Value;
use tempfile::TempDir;
use tokio::process::Command;

/// The ports that labs print, and where the demo's own file says what they are here, where every port is a free one.
const PORTS: [(&str, &str); 5] = [
    ("127.0.0.1:8080", "/site"),
    ("127.0.0.1:8081", "/like/0/url"),
    ("127.0.0.1:8091", "/like/0/internal"),
    ("127.0.0.1:2000", "/xray"),
    ("127.0.0.1:8170", "/metadata"),
];

/// What is not typed here, because it fetches packages: `.venv` is the environment of local-xray's conformance suite, which holds the
/// same package in a pinned version.
const FETCHES: [&str; 2] = ["python3 -m venv .venv", ".venv/bin/pip install aws-xray-sdk"];
const ENVIRONMENT: &str = "conformance-venv";

/// What labs type to run a program of this repository, and which executable that is.
const PROGRAMS: [(&str, &str); 2] = [("cargo run -p local-xray --", "local-xray"), ("cargo run --", "mysfits")];

/// The code that a learner changes, and what it has become after each part. Cargo is not started here: what is built of each
/// stage is built with everything else, and a stage counts only when the changes in the text have led to its very lines.
const STAGES: [(&str, &str, &str); 3] = [
    ("lab-3-start", "labs/3-start/Cargo.toml", "labs/3-start/src/main.rs"),
    ("lab-3-after-3a", "labs/3-finished/Cargo.toml", "labs/3-finished/src/after_3a.rs"),
    ("lab-3-after-3c", "labs/3-finished/Cargo.toml", "labs/3-finished/src/after_3c.rs"),
];
const LEARNERS: &str = "lab-3-start";

/// The pictures, each with the page that it shows and something to wait for on it. `{FILE}` in an address is what a command has
/// written into that file.
const PICTURES: [(&str, &str, &str); 10] = [
    ("2-logs", "/logs?live=off", "section.lines .entry"),
    ("2-lost", "/logs?live=off&q=http.status%3D404", "section.lines .entry"),
    ("2-trace", "/traces/{lost.txt}#logs", "#logs .entry"),
    ("3a-before", "/map?live=off", "[data-map] a.node"),
    ("3a-after", "/map?live=off", "[data-map] a.node"),
    ("3b-checks", "/traces?live=off", "table tbody tr"),
    ("3b-group", "/map?live=off&group=unusual-behavior", "[data-map] a.node"),
    ("3c-after", "/map?live=off", "[data-map] a.node"),
    ("4-dashboard", "/dashboard?live=off", "section.service"),
    ("5-map", "/map?live=off", "[data-map] a.node"),
];

/// A command that takes longer than this has got stuck.
const PATIENCE: Duration = Duration::from_secs(120);

/// How long somebody looks who waits for the last spans to arrive.
const CHECK: &str = "lab check";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn read(path: &str) -> Result<String> {
    std::fs::read_to_string(root().join(path)).with_context(|| format!("cannot read {path}"))
}

/// Somebody who walks through a lab.
struct Walk {
    folder: TempDir,
    files: BTreeMap<String, String>,
    stack: Option<Stack>,
    running: Value,
    failed_before: Vec<String>,
    passed: Vec<String>,
}

impl Walk {
    fn begin() -> Result<Self> {
        let folder = tempfile::tempdir()?;
        std::os::unix::fs::symlink(root().join("labs").canonicalize()?, folder.path().join("labs"))?;
        std::fs::create_dir_all(folder.path().join("target/debug"))?;
        let built = executable("mysfits")?;
        let environment = built.ancestors().nth(2).context("a folder for builds")?.join(ENVIRONMENT);
        std::os::unix::fs::symlink(environment, folder.path().join(".venv"))?;
        let (_, manifest, code) = STAGES[0];
        let files = [manifest, code].map(|path| Ok((path.to_owned(), read(path)?)));
        let files = files.into_iter().collect::<Result<_>>()?;
        let (failed_before, passed) = (Vec::new(), Vec::new());
        Ok(Self { folder, files, stack: None, running: Value::Null, failed_before, passed })
    }

    async fn take(&mut self, step: &Step, browser: &Browser) -> Result<()> {
        match step {
            Step::Edit(edit) => edit.apply(&mut self.files),
            Step::Picture(file) => self.picture(file, browser).await,
            Step::Run { command, output } => {
                if FETCHES.contains(&command.as_str()) {
                    return Ok(());
                }
                if let Some(package) = command.strip_prefix("cargo build -p ") {
                    return self.build(package);
                }
                match command.strip_prefix("cargo run -- ").filter(|rest| goes_on(rest)) {
                    Some(arguments) => self.start(arguments).await,
                    None => self.run(command, output).await,
                }
            }
        }
    }

    /// Puts the executable of the stage in place that the learner's code has reached.
    fn build(&self, package: &str) -> Result<()> {
        ensure!(package == LEARNERS, "only {LEARNERS} is there to be built, not {package}");
        let (_, manifest, code) = STAGES[0];
        let reached = STAGES.iter().find(|(_, finished_manifest, finished)| {
            let is = |ours: &str, theirs: &str| read(theirs).is_ok_and(|theirs| self.files[ours] == theirs);
            let dependencies = |text: &str| {
                text.split("[dependencies]")
                    .nth(1)
                    .map(|rest| rest.split("\n[").next().unwrap_or_default().trim().to_owned())
            };
            is(code, finished)
                && read(finished_manifest)
                    .is_ok_and(|theirs| dependencies(&theirs) == dependencies(&self.files[manifest]))
        });
        let (name, ..) =
            reached.with_context(|| format!("the changes have led to none of the stages:\n{}", self.files[code]))?;
        let place = self.folder.path().join("target/debug").join(LEARNERS);
        let _is_not_there_yet = std::fs::remove_file(&place);
        Ok(std::os::unix::fs::symlink(executable(name)?, place)?)
    }

    async fn start(&mut self, arguments: &str) -> Result<()> {
        self.stop().await?;
        self.stack = Some(Stack::type_in(self.folder.path(), arguments).await?);
        let file = self.folder.path().join(".mysfits/running.json");
        self.running =
            eventually("the demo's file", || async { Ok(Some(serde_json::from_slice(&std::fs::read(&file)?)?)) })
                .await?;
        Ok(())
    }

    async fn stop(&mut self) -> Result<()> {
        match self.stack.take() {
            Some(stack) => stack.stop().await,
            None => Ok(()),
        }
    }

    async fn run(&mut self, command: &str, promised: &[String]) -> Result<()> {
        let mut line = command.to_owned();
        for (typed, name) in PROGRAMS {
            line = line.replace(typed, &executable(name)?.display().to_string());
        }
        if command.contains("-- load ") {
            line.push_str(" --site http://127.0.0.1:8080");
        }
        for (printed, pointer) in PORTS {
            let here =
                self.running.pointer(pointer).and_then(Value::as_str).and_then(|url| url.strip_prefix("http://"));
            line = line.replace(printed, here.unwrap_or(printed));
        }
        let xray = self.running["xray"].as_str().unwrap_or_default();
        let mut shell = Command::new("sh");
        shell.arg("-c").arg(&line).current_dir(self.folder.path()).env("AWS_ENDPOINT_URL_XRAY", xray);
        let run = tokio::time::timeout(PATIENCE, shell.kill_on_drop(true).output()).await;
        let run = run.context("it does not end")??;
        let said = format!("{}{}", String::from_utf8_lossy(&run.stdout), String::from_utf8_lossy(&run.stderr));
        if let Some(line) = missing_line(promised, &said) {
            bail!("the line `{line}` is not in what it printed:\n{said}");
        }
        let is_to_fail = promised.iter().any(|line| line.ends_with("still missing."));
        ensure!(run.status.success() != is_to_fail, "it ended with {}:\n{said}", run.status);
        if let Some((_, lab)) = command.split_once(CHECK) {
            let lab = lab.split_whitespace().next().unwrap_or_default().to_owned();
            if is_to_fail { &mut self.failed_before } else { &mut self.passed }.push(lab);
        }
        Ok(())
    }

    /// An address with the contents of the file that it names.
    fn filled(&self, page: &str) -> Result<String> {
        let Some((before, (file, after))) =
            page.split_once('{').and_then(|(before, rest)| Some((before, rest.split_once('}')?)))
        else {
            return Ok(page.to_owned());
        };
        let text = std::fs::read_to_string(self.folder.path().join(file)).with_context(|| format!("no {file} yet"))?;
        Ok(format!("{before}{}{after}", text.trim()))
    }

    async fn picture(&self, file: &str, browser: &Browser) -> Result<()> {
        let name = Path::new(file).file_stem().and_then(|name| name.to_str()).unwrap_or_default();
        let known = PICTURES.iter().find(|picture| picture.0 == name);
        let (_, page, selector) = known.with_context(|| format!("no page is known for the picture {file}"))?;
        let stack = self.stack.as_ref().context("a picture of what runs")?;
        browser.page.goto(&stack.console(&self.filled(page)?)).await?;
        let found = browser.page.wait().at_most(Duration::from_secs(30)).for_element(Locator::Css(selector)).await;
        found.with_context(|| format!("{page} shows no {selector}"))?;
        let picture = browser.page.screenshot().await?;
        ensure!(picture.starts_with(b"\x89PNG") && picture.len() > 10_000, "{name} came out empty");
        let place = root().join("labs").join(file);
        if std::env::var_os("UPDATE_PICTURES").is_some() {
            std::fs::create_dir_all(place.parent().context("a folder for pictures")?)?;
            std::fs::write(&place, picture)?;
        }
        ensure!(place.is_file(), "{file} was never taken: UPDATE_PICTURES=1 takes it");
        Ok(())
    }
}

/// Whether a command of the demo runs until Ctrl-C.
fn goes_on(arguments: &str) -> bool {
    arguments.starts_with("lab start ") || arguments == "up" || arguments.starts_with("up ")
}

/// Walks through the local half of a lab. Each of these parts has to be checked twice, and to fail the first time.
async fn walk(text: &str, parts: &[&str]) -> Result<()> {
    let lesson = Lesson::read(&read(text)?)?;
    let browser = Browser::open_as(e2e::Theme::Light, 1180, 940).await?;
    let mut walk = Walk::begin()?;
    for step in &lesson.local {
        walk.take(step, &browser).await.with_context(|| format!("{text}: {step:?}"))?;
    }
    walk.stop().await?;
    browser.close().await?;
    for part in parts {
        ensure!(walk.failed_before.iter().any(|lab| lab == part), "lab check {part} was not seen to fail first");
        ensure!(walk.passed.iter().any(|lab| lab == part), "lab check {part} was not seen to pass");
    }
    Ok(())
}

#[tokio::test]
async fn in_chromium_lab_3_can_be_walked_through_as_it_is_printed() -> Result<()> {
    walk("labs/3-tracing.md", &["3a", "3b", "3c"]).await
}

#[tokio::test]
async fn in_chromium_lab_1_can_be_walked_through_as_it_is_printed() -> Result<()> {
    walk("labs/README.md", &[]).await?;
    walk("labs/1-metadata.md", &["1"]).await
}

#[tokio::test]
async fn in_chromium_lab_2_can_be_walked_through_as_it_is_printed() -> Result<()> {
    walk("labs/2-logs.md", &["2"]).await
}

#[tokio::test]
async fn in_chromium_lab_4_can_be_walked_through_as_it_is_printed() -> Result<()> {
    walk("labs/4-scaling.md", &["4"]).await
}

#[tokio::test]
async fn in_chromium_lab_5_can_be_walked_through_as_it_is_printed() -> Result<()> {
    walk("labs/5-your-own.md", &["5"]).await
}

/// What is printed for a stack on AWS cannot be run here; that its scripts know these flags can be said.
#[test]
fn commands_for_fargate_use_what_the_scripts_know() -> Result<()> {
    let mut seen = 0;
    for entry in std::fs::read_dir(root().join("labs"))? {
        let path = entry?.path();
        if path.extension().is_none_or(|extension| extension != "md") {
            continue;
        }
        for step in Lesson::read(&std::fs::read_to_string(&path)?)?.fargate {
            let Step::Run { command, .. } = step else { continue };
            let shell = std::process::Command::new("bash").args(["-n", "-c", &command]).status()?;
            ensure!(shell.success(), "bash cannot read `{command}` in {}", path.display());
            let mut words = command.split_whitespace();
            let Some(script) = words.next().filter(|word| word.starts_with("deploy/")) else { continue };
            let source = read(script)?;
            for flag in words.filter(|word| word.starts_with("--")) {
                ensure!(source.contains(flag), "{script} knows no {flag}: `{command}` in {}", path.display());
            }
            seen += 1;
        }
    }
    ensure!(seen > 0, "no lab uses a script of deploy/");
    Ok(())
}
