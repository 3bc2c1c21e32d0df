//! The pictures in the README, taken by a browser from a running system.
//!
//! `UPDATE_PICTURES=1 cargo test -p e2e --test pictures` renews them; without the variable they are taken and thrown away, so that
//! the way to take them cannot rot.

#![expect(clippy::indexing_slicing, reason = "a test may panic on an answer of the wrong shape")]

use std::path::Path;

use anyhow::{Context, Result, ensure};
use e2e::{Browser, Stack, Theme, eventually};
use fantoccini::Locator;
use serde_json::{Value, json};

/// Loads `url` in a window of this height, waits until something matches `selector`, and takes what the window shows.
async fn take(browser: &Browser, name: &str, height: u32, url: &str, selector: &str) -> Result<()> {
    browser.page.set_window_size(1280, height).await?;
    browser.page.goto(url).await?;
    browser
        .page
        .wait()
        .for_element(Locator::Css(selector))
        .await
        .with_context(|| format!("{url} shows no {selector}"))?;
    let all_drawn = "return document.fonts.ready.then(() => [...document.images].every((image) => image.complete))";
    eventually("every image of the page", || async {
        Ok((browser.page.execute(all_drawn, vec![]).await? == Value::Bool(true)).then_some(()))
    })
    .await?;
    let picture = browser.page.screenshot().await?;
    ensure!(picture.starts_with(b"\x89PNG") && picture.len() > 10_000, "{name} came out empty");
    if std::env::var_os("UPDATE_PICTURES").is_some() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/pictures");
        std::fs::create_dir_all(&folder)?;
        std::fs::write(folder.join(format!("{name}.png")), picture)?;
    }
    Ok(())
}

/// The id of a slow like, found the way the workshop finds it.
async fn a_slow_like(stack: &Stack) -> Result<String> {
    let expression = r#"service("like service") { responsetime > 1 } AND http.method = "POST" AND !partial"#;
    eventually("a slow like", || async {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?.as_secs();
        let query = json!({ "StartTime": now - 600, "EndTime": now + 60, "FilterExpression": expression });
        let answer = stack.xray().call("/TraceSummaries", &query).await?;
        Ok(answer["TraceSummaries"][0]["Id"].as_str().map(str::to_owned))
    })
    .await
}

#[tokio::test]
async fn chromium_takes_the_pictures_of_the_readme() -> Result<()> {
    let stack = Stack::start(&["--seed", "7", "--rate", "3"], &[]).await?;
    let slow = a_slow_like(&stack).await?;
    eventually("a few dozen likes on the map", || async {
        let services = stack.xray().service_graph().await?;
        let likes = services.iter().filter(|node| node["Name"] == "like service" && node["State"] == "active");
        Ok(likes.into_iter().any(|node| node["SummaryStatistics"]["TotalCount"].as_u64() >= Some(40)).then_some(()))
    })
    .await?;

    for (theme, suffix) in [(Theme::Light, ""), (Theme::Dark, "-dark")] {
        let browser = Browser::open_as(theme, 1280, 1160).await?;
        take(&browser, &format!("site{suffix}"), 1160, &stack.site("/"), "[data-mysfit] [data-action=like]:enabled")
            .await?;
        take(&browser, &format!("map{suffix}"), 922, &stack.console("/map?live=off"), "[data-map] a.node").await?;
        take(
            &browser,
            &format!("trace{suffix}"),
            1480,
            &stack.console(&format!("/traces/{slow}")),
            ".timeline summary",
        )
        .await?;
        take(
            &browser,
            &format!("traces{suffix}"),
            1000,
            &stack.console("/traces?live=off&sort=slowest"),
            ".traces .id a",
        )
        .await?;
        let compared = "/analytics?a=responsetime+%3C+1&b=responsetime+%3E%3D+1";
        take(&browser, &format!("analytics{suffix}"), 1300, &stack.console(compared), ".apart .value").await?;
        browser.close().await?;
    }
    stack.stop().await
}
