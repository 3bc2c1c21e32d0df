//! The console of a local X-Ray that has a token: nothing is seen or changed without it, and a browser is asked once.

use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, ensure};
use e2e::{Browser, LocalXray, Theme, eventually, violations};
use fantoccini::Locator;
use fantoccini::key::Key;
use reqwest::StatusCode;
use serde_json::{Value, json};

/// With what would end a cookie, or change in an address.
const TOKEN: &str = "open; sesame+50%&é";
const ASKED: &str = "/map?range=1h&filter=ok";

/// Sends a trace of one segment, which ended well; senders need no token.
async fn send(xray: &LocalXray, name: &str, number: u8) -> Result<()> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs_f64();
    let document = json!({
        "name": name, "id": format!("00000000000000{number:02x}"), "trace_id": format!("1-67891233-0000000000000000000000{number:02x}"),
        "start_time": now - 2.0, "end_time": now - 1.0,
    });
    let documents = json!({ "TraceSegmentDocuments": [document.to_string()] });
    let answer = xray.xray().call("/TraceSegments", &documents).await?;
    ensure!(answer == json!({ "UnprocessedTraceSegments": [] }), "{answer}");
    Ok(())
}

/// Waits for the page that asks, which may have to take the place of another one first.
async fn is_asked(browser: &Browser) -> Result<()> {
    eventually("the page that asks for the token", || async {
        let heading = browser.page.find(Locator::Css("main h1")).await?.text().await?;
        Ok((heading == "This local X-Ray asks for its token").then_some(()))
    })
    .await?;
    ensure!(browser.page.find(Locator::Css("nav, [data-map]")).await.is_err(), "nothing else is seen");
    Ok(())
}

/// Types into the field that has the focus, and presses Enter.
async fn type_token(browser: &Browser, token: &str) -> Result<()> {
    browser.find("input[name=token]:focus").await?.send_keys(&format!("{token}{}", char::from(Key::Enter))).await?;
    Ok(())
}

async fn node(browser: &Browser, name: &str) -> Result<()> {
    let node = format!("//*[local-name() = 'a'][contains(@class, 'node')][contains(., '{name}')]");
    browser.page.wait().for_element(Locator::XPath(&node)).await.with_context(|| format!("{name} is on the map"))?;
    Ok(())
}

#[tokio::test]
async fn in_chromium_the_token_is_asked_for_once_and_leads_on_to_the_map() -> Result<()> {
    let xray = LocalXray::start(&["--token", TOKEN]).await?;
    send(&xray, "shop", 1).await?;
    let browser = Browser::open().await?;

    browser.page.goto(&xray.console(ASKED)).await?;
    is_asked(&browser).await?;
    type_token(&browser, "open barley").await?;
    browser.find("#wrong[role=alert]").await?;
    is_asked(&browser).await?;
    type_token(&browser, TOKEN).await?;
    node(&browser, "shop").await?;
    let address = browser.page.current_url().await?;
    ensure!(address.as_str() == xray.console(ASKED), "the token is not in the address, and the way is kept: {address}");
    ensure!(
        browser.page.execute("return document.cookie", vec![]).await? == json!(""),
        "no script can read the cookie"
    );

    // The page that refreshes itself, every other page, and what a form sends have the cookie too.
    send(&xray, "stock", 2).await?;
    node(&browser, "stock").await?;
    browser.click(".pop > summary").await?;
    browser.find(".sheet-form input[name=name]").await?.send_keys(&format!("fine{}", char::from(Key::Enter))).await?;
    browser.find(".filter select option[value=fine]:checked").await?;
    let foreign = browser.downloads().await?.into_iter().find(|one| !one.url.starts_with(&xray.console("/")));
    ensure!(foreign.is_none(), "the page asked others: {foreign:?}");

    browser.click("form[action='/ui/sign-out'] button").await?;
    is_asked(&browser).await?;
    browser.page.goto(&xray.console("/groups")).await?;
    is_asked(&browser).await?;
    let mut errors = browser.console_errors().await?;
    errors.retain(|line| !line.contains("401"));
    ensure!(errors.is_empty(), "the page complained of more than a missing token: {errors:#?}");
    browser.close().await?;
    xray.stop().await
}

#[tokio::test]
async fn in_chromium_the_page_that_asks_for_the_token_is_accessible() -> Result<()> {
    let xray = LocalXray::start(&["--token", TOKEN]).await?;
    let mut found = Vec::new();
    for (theme, width) in [(Theme::Light, 1280), (Theme::Dark, 1280), (Theme::Light, 390), (Theme::Dark, 390)] {
        let browser = Browser::open_as(theme, 1280, 900).await?;
        browser.narrow_to(width).await?;
        browser.page.goto(&xray.console(ASKED)).await?;
        for state in ["asked", "refused"] {
            is_asked(&browser).await?;
            let lines = violations(&browser).await?.into_iter();
            found.extend(lines.map(|line| format!("{state}, {theme:?}, {width}: {line}")));
            let wide = "return document.documentElement.scrollWidth > document.documentElement.clientWidth";
            if browser.page.execute(wide, vec![]).await? != Value::Bool(false) {
                found.push(format!("{state}, {theme:?}: wider than {width}"));
            }
            type_token(&browser, "open barley").await?;
            browser.find("#wrong").await?;
        }
        browser.close().await?;
    }
    ensure!(found.is_empty(), "{} findings: {found:#?}", found.len());
    xray.stop().await
}

#[tokio::test]
async fn programs_change_and_read_nothing_without_the_token() -> Result<()> {
    let xray = LocalXray::start(&["--token", "sesame"]).await?;
    let client = reqwest::Client::new();
    let asks = |path| client.post(xray.console(path)).json(&json!({ "GroupName": "fine", "FilterExpression": "ok" }));
    for path in ["/CreateGroup", "/GetGroup", "/ServiceGraph"] {
        for request in [asks(path), asks(path).bearer_auth("barley")] {
            let status = request.send().await?.status();
            ensure!(status == StatusCode::UNAUTHORIZED, "{path} answered {status}");
        }
    }
    for path in ["/CreateGroup", "/GetGroup"] {
        let answer: Value = asks(path).bearer_auth("sesame").send().await?.error_for_status()?.json().await?;
        ensure!(answer["Group"]["FilterExpression"] == "ok", "{path} answered {answer}");
    }
    xray.stop().await
}
