//! What the README tells people to type works, and what it links to is there.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use e2e::{Stack, run, run_up};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn documents() -> Result<Vec<(PathBuf, String)>> {
    read(&["README.md", "CONTRIBUTING.md", "ARCHITECTURE.md", "local-xray/README.md"])
}

/// The labs: what they print is typed in `labs.rs`.
fn labs() -> Result<Vec<(PathBuf, String)>> {
    read(&["labs/README.md", "labs/1-metadata.md", "labs/3-tracing.md", "labs/4-scaling.md", "labs/5-your-own.md"])
}

fn read(names: &[&str]) -> Result<Vec<(PathBuf, String)>> {
    names.iter().map(|name| root().join(name)).map(|path| Ok((path.clone(), std::fs::read_to_string(&path)?))).collect()
}

/// The arguments of each `cargo run` that a document prints, at a prompt or in running text.
fn demo_commands(text: &str) -> Vec<Vec<String>> {
    let at_prompt = text.lines().filter_map(|line| line.strip_prefix("$ cargo run"));
    let in_text = text.split('`').filter_map(|code| code.strip_prefix("cargo run"));
    let is_of_another_package =
        |rest: &&str| rest.split_whitespace().take_while(|word| *word != "--").any(|word| word == "-p");
    let of_demo = at_prompt.chain(in_text).filter(|rest| !is_of_another_package(rest));
    of_demo
        .map(|rest| rest.split('#').next().unwrap_or_default().trim().trim_start_matches("--").trim())
        .map(|arguments| arguments.split_whitespace().map(str::to_owned).collect())
        .collect()
}

#[tokio::test]
async fn every_printed_run_of_the_demo_works() -> Result<()> {
    let mut seen = Vec::new();
    for (path, text) in documents()? {
        for command in demo_commands(&text) {
            if seen.contains(&command) {
                continue;
            }
            let arguments: Vec<&str> = command.iter().map(String::as_str).collect();
            let what = || format!("`cargo run -- {}` in {}", arguments.join(" "), path.display());
            let is_bounded = arguments.contains(&"--for") || arguments.contains(&"--requests");
            if let ["load", rest @ ..] = arguments.as_slice() {
                load_a_running_demo(rest).await.with_context(what)?;
            } else if arguments.contains(&"--help") {
                ensure!(run(&arguments).await?.status.success(), "{}", what());
            } else if is_bounded {
                let run = run_up(&arguments).await.with_context(what)?;
                ensure!(run.status.success(), "{}:\n{}\n{}", what(), run.stdout, run.stderr);
            } else {
                Stack::start(&arguments, &[]).await.with_context(what)?.stop().await.with_context(what)?;
            }
            seen.push(command);
        }
    }
    ensure!(seen.iter().any(Vec::is_empty), "nothing prints a plain `cargo run`, only {seen:?}");
    ensure!(seen.len() >= 3, "only {seen:?} were found");
    Ok(())
}

/// `mysfits load` wants a demo that runs already, as it does in another terminal of the reader's.
async fn load_a_running_demo(arguments: &[&str]) -> Result<()> {
    let stack = Stack::start(&["--no-traffic"], &[]).await?;
    let site = stack.site("");
    let load = run(&[&["load", "--site", &site], arguments].concat()).await?;
    ensure!(load.status.success(), "{}\n{}", load.stdout, load.stderr);
    stack.stop().await
}

/// Targets of links and pictures, without those that leave the repository or stay on the page.
fn links(text: &str) -> impl Iterator<Item = &str> {
    let markdown = text.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    let html = ["src=\"", "srcset=\""]
        .into_iter()
        .flat_map(move |attribute| text.split(attribute).skip(1).filter_map(|rest| rest.split('"').next()));
    markdown.chain(html).filter(|target| !target.contains("://") && !target.starts_with('#'))
}

#[test]
fn every_link_leads_somewhere() -> Result<()> {
    let mut followed = 0;
    for (path, text) in documents()?.into_iter().chain(labs()?) {
        let folder = path.parent().context("a document lies in a folder")?;
        for target in links(&text) {
            let file = folder.join(target.split('#').next().unwrap_or_default());
            ensure!(file.exists(), "{} links to {target}, which is not there", path.display());
            followed += 1;
        }
    }
    ensure!(followed >= 8, "only {followed} links were found");
    Ok(())
}
