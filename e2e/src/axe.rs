//! The accessibility check axe-core, as a package of the Python index ships it, run inside the page.
//!
//! `scripts/test` installs the package into `target/browser-venv`; nothing of it is part of the project.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde_json::Value;

use crate::Browser;

/// What the page is held against: WCAG 2.2 A and AA, and what axe-core calls good practice.
const RUN: &str =
    "return axe.run(document, { resultTypes: ['violations'] }).then((result) => result.violations.flatMap((one) =>
    one.nodes.map((node) => `${one.id}: ${one.help}: ${node.target.join(' ')}: ${node.failureSummary}`)))";

/// Checks the page in the browser; each line is one violation at one place.
///
/// # Errors
///
/// When axe-core is not installed, or the page does not let it run.
pub async fn violations(browser: &Browser) -> Result<Vec<String>> {
    let script = std::fs::read_to_string(script_path()?)?;
    browser.page.execute(&script, vec![]).await.context("axe-core does not load")?;
    let lines = browser.page.execute(RUN, vec![]).await.context("axe-core does not run")?;
    Ok(lines.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect())
}

fn script_path() -> Result<PathBuf> {
    let test = std::env::current_exe()?;
    let packages = test.ancestors().nth(3).unwrap_or(Path::new(".")).join("browser-venv/lib");
    let pythons = std::fs::read_dir(&packages).into_iter().flatten().filter_map(Result::ok);
    let mut scripts = pythons.map(|python| python.path().join("site-packages/axe_playwright_python/axe.min.js"));
    let missing = || format!("axe-core is not in {}; scripts/test --install puts it there", packages.display());
    scripts.find(|script| script.is_file()).with_context(missing)
}
