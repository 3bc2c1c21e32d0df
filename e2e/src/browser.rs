//! A headless Chromium behind a chromedriver of its own; both end with the value.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result};
use fantoccini::elements::Element;
use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::json;
use tempfile::TempDir;

use crate::wait::eventually;

/// A browser window of 1280 × 900 CSS pixels unless asked otherwise, with an empty profile.
#[derive(Debug)]
pub struct Browser {
    /// The WebDriver session.
    pub page: Client,
    driver: Driver,
}

#[derive(Debug)]
struct Driver {
    process: Child,
    _profile: TempDir,
}

/// Something that a page loaded, itself included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Download {
    /// Where from.
    pub url: String,
    /// Its size on the wire without headers; 0 when the browser still had it.
    pub bytes: u64,
}

/// Colours the browser asks pages for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Theme {
    /// `prefers-color-scheme: light`.
    Light,
    /// `prefers-color-scheme: dark`.
    Dark,
}

impl Browser {
    /// Opens a light browser of desktop size.
    ///
    /// # Errors
    ///
    /// When chromedriver or Chromium is missing or does not start; the text says what to install.
    pub async fn open() -> Result<Self> {
        Self::open_as(Theme::Light, 1280, 900).await
    }

    /// Opens a browser with these colours and this window size in CSS pixels.
    ///
    /// # Errors
    ///
    /// As [`Browser::open`].
    pub async fn open_as(theme: Theme, width: u32, height: u32) -> Result<Self> {
        // It wants the port that the system gives it a second time, for IPv6, where somebody else may have it.
        let (driver, port) = Driver::start().or_else(|_| Driver::start()).or_else(|_| Driver::start())?;
        let page = ClientBuilder::new(HttpConnector::new())
            .capabilities(capabilities(driver._profile.path(), theme, width, height))
            .connect(&format!("http://127.0.0.1:{port}"))
            .await
            .context("chromedriver starts but opens no browser; on Debian: apt-get install chromium")?;
        Ok(Self { page, driver })
    }

    /// Waits for the first element that matches.
    ///
    /// # Errors
    ///
    /// When none appears; the text has the page's address.
    pub async fn find(&self, selector: &str) -> Result<Element> {
        let found = self.page.wait().for_element(Locator::Css(selector)).await;
        let address = self.page.current_url().await?;
        found.with_context(|| format!("{address} has no {selector}"))
    }

    /// Clicks the first element that matches. What was found on a page that is just being left is looked for again on the one that
    /// takes its place.
    ///
    /// # Errors
    ///
    /// When there is none, or none that can be clicked.
    pub async fn click(&self, selector: &str) -> Result<()> {
        eventually(&format!("a click on {selector}"), || async {
            self.find(selector).await?.click().await?;
            Ok(Some(()))
        })
        .await
    }

    /// Waits until the address of the page has this in it: a click returns before the page that it leads to is there.
    ///
    /// # Errors
    ///
    /// When it does not come to that.
    pub async fn arrives(&self, part: &str) -> Result<()> {
        eventually(&format!("an address with {part}"), || async {
            Ok(self.page.current_url().await?.as_str().contains(part).then_some(()))
        })
        .await
    }

    /// Runs no script of any page from now on. The driver still can.
    ///
    /// # Errors
    ///
    /// When the driver does not answer.
    pub async fn switch_scripts_off(&self) -> Result<()> {
        let command = json!({ "cmd": "Emulation.setScriptExecutionDisabled", "params": { "value": true } });
        self.page.issue_cmd(DevTools(command)).await?;
        Ok(())
    }

    /// Shows pages this wide from now on, in CSS pixels. Chromium's windows end at 500, telephones do not.
    ///
    /// # Errors
    ///
    /// When the driver does not answer.
    pub async fn narrow_to(&self, width: u32) -> Result<()> {
        let size = json!({ "width": width, "height": 0, "deviceScaleFactor": 0, "mobile": false });
        let command = json!({ "cmd": "Emulation.setDeviceMetricsOverride", "params": size });
        self.page.issue_cmd(DevTools(command)).await?;
        Ok(())
    }

    /// Everything that the page has loaded so far, refreshing included.
    ///
    /// # Errors
    ///
    /// When the driver does not answer.
    pub async fn downloads(&self) -> Result<Vec<Download>> {
        const LOADED: &str =
            "return [...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')]
            .map((entry) => [entry.name, entry.encodedBodySize])";
        let entries = self.page.execute(LOADED, vec![]).await?;
        let download = |entry: &serde_json::Value| Download {
            url: entry.pointer("/0").and_then(serde_json::Value::as_str).unwrap_or_default().to_owned(),
            bytes: entry.pointer("/1").and_then(serde_json::Value::as_u64).unwrap_or_default(),
        };
        Ok(entries.as_array().into_iter().flatten().map(download).collect())
    }

    /// Closes the window and ends the driver.
    ///
    /// # Errors
    ///
    /// When the session is already gone.
    pub async fn close(mut self) -> Result<()> {
        self.page.clone().close().await?;
        self.driver.stop();
        Ok(())
    }

    /// Lines that the page wrote to its console as errors, policy violations included.
    ///
    /// # Errors
    ///
    /// When the driver does not answer.
    pub async fn console_errors(&self) -> Result<Vec<String>> {
        let log = self.page.issue_cmd(BrowserLog).await?;
        let severe = |entry: &&serde_json::Value| entry["level"] == "SEVERE";
        Ok(log.as_array().into_iter().flatten().filter(severe).map(|entry| entry["message"].to_string()).collect())
    }
}

impl Driver {
    /// A driver at work, and its port.
    fn start() -> Result<(Self, u16)> {
        let profile = tempfile::tempdir()?;
        let mut process = Command::new("chromedriver")
            .arg("--port=0")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .context("chromedriver does not start; on Debian: apt-get install chromium chromium-driver")?;
        let port = driver_port(&mut process);
        let driver = Self { process, _profile: profile };
        Ok((driver, port?))
    }

    fn stop(&mut self) {
        let _ended_already = self.process.kill();
        let _reaped = self.process.wait();
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        self.stop();
    }
}

fn driver_port(process: &mut Child) -> Result<u16> {
    let output = process.stdout.take().context("chromedriver has an output")?;
    for line in BufReader::new(output).lines() {
        let line = line?;
        if let Some((_, rest)) = line.split_once("successfully on port ") {
            return rest.trim_end_matches('.').parse().with_context(|| format!("a port in '{line}'"));
        }
    }
    anyhow::bail!("chromedriver ended before it said its port")
}

fn capabilities(profile: &Path, theme: Theme, width: u32, height: u32) -> serde_json::Map<String, serde_json::Value> {
    let scheme = match theme {
        Theme::Light => 1,
        Theme::Dark => 0,
    };
    let arguments = [
        "--headless=new".to_owned(),
        "--no-sandbox".to_owned(),
        "--disable-gpu".to_owned(),
        "--disable-dev-shm-usage".to_owned(),
        "--disable-background-networking".to_owned(),
        "--disable-component-update".to_owned(),
        "--disable-sync".to_owned(),
        "--no-first-run".to_owned(),
        "--hide-scrollbars".to_owned(),
        format!("--blink-settings=preferredColorScheme={scheme}"),
        format!("--user-data-dir={}", profile.display()),
        format!("--window-size={width},{height}"),
    ];
    let wanted = json!({
        "goog:chromeOptions": { "args": arguments },
        "goog:loggingPrefs": { "browser": "ALL" },
    });
    wanted.as_object().cloned().unwrap_or_default()
}

/// Chromium's own WebDriver command for the lines of the page's console.
#[derive(Debug)]
struct BrowserLog;

impl fantoccini::wd::WebDriverCompatibleCommand for BrowserLog {
    fn endpoint(&self, base_url: &url::Url, session: Option<&str>) -> Result<url::Url, url::ParseError> {
        base_url.join(&format!("session/{}/se/log", session.unwrap_or_default()))
    }

    fn method_and_body(&self, _url: &url::Url) -> (http::Method, Option<String>) {
        (http::Method::POST, Some(json!({ "type": "browser" }).to_string()))
    }
}

/// Chromium's own WebDriver command for a command of the DevTools protocol.
#[derive(Debug)]
struct DevTools(serde_json::Value);

impl fantoccini::wd::WebDriverCompatibleCommand for DevTools {
    fn endpoint(&self, base_url: &url::Url, session: Option<&str>) -> Result<url::Url, url::ParseError> {
        base_url.join(&format!("session/{}/goog/cdp/execute", session.unwrap_or_default()))
    }

    fn method_and_body(&self, _url: &url::Url) -> (http::Method, Option<String>) {
        (http::Method::POST, Some(self.0.to_string()))
    }
}
