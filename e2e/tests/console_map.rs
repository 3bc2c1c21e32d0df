//! The map and the dashboard as somebody uses them who looks for what has changed: brushing, comparing, looking around one
//! node, watching a threshold; and what the map says when it cannot show all.

use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, ensure};
use e2e::{Browser, LocalXray, Stack, eventually, violations};
use fantoccini::Locator;
use fantoccini::actions::{InputSource, MOUSE_BUTTON_LEFT, MouseActions, PointerAction};
use fantoccini::key::Key;
use serde_json::json;

/// A shop that lately fails and is slow, and asks another database than it used to: ten orders seven minutes ago, and
/// ten just now.
async fn send_orders(stack: &Stack) -> Result<()> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?;
    let before = (1..=10).map(|number| order(number, now.as_secs() - 420, "old", false));
    let lately = (11..=20).map(|number| order(number, now.as_secs() - 30, "new", number % 2 == 0));
    let documents: Vec<String> = before.chain(lately).collect();
    stack.xray().call("/TraceSegments", &json!({ "TraceSegmentDocuments": documents })).await?;
    Ok(())
}

/// One order: 800 ms when it fails, else 20 ms.
fn order(number: u64, second: u64, database: &str, fails: bool) -> String {
    let milliseconds = if fails { 800 } else { 20 };
    let end = format!("{second}.{milliseconds:03}");
    let query = format!(
        r#"{{"id": "{:016x}", "name": "{database}", "namespace": "remote", "start_time": {second}, "end_time": {end}, "sql": {{}}}}"#,
        number * 2 + 1
    );
    let status = if fails { 500 } else { 200 };
    format!(
        r#"{{"trace_id": "1-{second:08x}-{number:024x}", "id": "{:016x}", "name": "shop", "start_time": {second},
        "end_time": {end}, "fault": {fails}, "aws": {{"ecs": {{"container": "shop-{}"}}}},
        "http": {{"response": {{"status": {status}}}}}, "subsegments": [{query}]}}"#,
        number * 2,
        number % 2
    )
}

async fn follow(browser: &Browser, text: &str) -> Result<()> {
    let link = browser.page.wait().for_element(Locator::LinkText(text)).await;
    link.with_context(|| format!("no link says '{text}'"))?.click().await?;
    Ok(())
}

async fn press(browser: &Browser, keys: &str) -> Result<()> {
    browser.page.active_element().await?.send_keys(keys).await?;
    Ok(())
}

async fn count(browser: &Browser, selector: &str) -> Result<u64> {
    let script = "return document.querySelectorAll(arguments[0]).length";
    let found = browser.page.execute(script, vec![json!(selector)]).await?;
    found.as_u64().context("a number of elements")
}

/// Waits until so many elements are there.
async fn counted(browser: &Browser, selector: &str, expected: u64) -> Result<()> {
    let is_there = || async { Ok((count(browser, selector).await? == expected).then_some(())) };
    eventually(&format!("{expected} of {selector}"), is_there).await
}

async fn listed(browser: &Browser, traces: u64) -> Result<()> {
    counted(browser, "table.traces tbody tr", traces).await
}

async fn address_has(browser: &Browser, parameter: &str) -> Result<()> {
    let address = browser.page.current_url().await?;
    ensure!(address.query().is_some_and(|query| query.split('&').any(|one| one == parameter)), "{address}");
    Ok(())
}

/// Presses the mouse over one of the elements, moves it to another, and lets it go.
async fn drag(browser: &Browser, selector: &str, from: usize, to: usize) -> Result<()> {
    let elements = browser.page.find_all(Locator::Css(selector)).await?;
    let over = |place: usize| {
        let element = elements.get(place).with_context(|| format!("{selector} number {place}"))?.clone();
        Ok::<_, anyhow::Error>(PointerAction::MoveToElement { element, duration: None, x: 0.0, y: 0.0 })
    };
    let actions = MouseActions::new("mouse".to_owned())
        .then(over(from)?)
        .then(PointerAction::Down { button: MOUSE_BUTTON_LEFT })
        .then(over(to)?)
        .then(PointerAction::Up { button: MOUSE_BUTTON_LEFT });
    browser.page.perform_actions(actions).await?;
    Ok(())
}

async fn all_quiet(browser: &Browser) -> Result<()> {
    let errors = browser.console_errors().await?;
    ensure!(errors.is_empty(), "the page complained: {errors:#?}");
    Ok(())
}

#[tokio::test]
async fn in_chromium_a_band_dragged_over_response_times_lists_exactly_those_traces() -> Result<()> {
    let stack = Stack::start(&["--no-traffic"], &[]).await?;
    send_orders(&stack).await?;
    let browser = Browser::open().await?;
    // 20 ms to 800 ms: 20-30, 30-50, 50-70, 70-100, 100-150, 150-200, 200-300, 300-500, 500-700, 700-1000.
    let bars = "svg[data-as=band] a";
    let (first, last) = (0, 9);

    browser.page.goto(&stack.console("/map?range=5m&live=off&node=shop")).await?;
    browser.find(bars).await?;
    drag(&browser, "svg[data-as=band] .room", last, 1).await?;
    listed(&browser, 5).await?;
    address_has(&browser, "band=30-1000").await?;
    browser.page.back().await?;
    browser.find(bars).await?;
    drag(&browser, "svg[data-as=band] .room", first, last).await?;
    listed(&browser, 10).await?;
    address_has(&browser, "band=20-1000").await?;

    // With the keyboard alone: from the last bar three to the left.
    browser.page.back().await?;
    browser.find(bars).await?;
    browser.page.execute("[...document.querySelectorAll(arguments[0])].at(-1).focus()", vec![json!(bars)]).await?;
    press(&browser, &format!("{}{}", char::from(Key::Shift), String::from(char::from(Key::Left)).repeat(3))).await?;
    counted(&browser, ".picked", 4).await?;
    press(&browser, &String::from(char::from(Key::Enter))).await?;
    listed(&browser, 5).await?;
    address_has(&browser, "band=200-1000").await?;
    all_quiet(&browser).await?;
    browser.close().await?;
    stack.stop().await
}

#[tokio::test]
async fn in_chromium_the_period_before_is_compared_on_the_map_and_in_words() -> Result<()> {
    let stack = Stack::start(&["--no-traffic"], &[]).await?;
    send_orders(&stack).await?;
    let browser = Browser::open().await?;

    browser.page.goto(&stack.console("/map?range=5m&live=off")).await?;
    follow(&browser, "Compare with the period before").await?;
    let list = browser.find(".changes").await?.text().await?;
    for words in ["failing more", "0 % → 50 % failing", "gone", "old", "new"] {
        ensure!(list.contains(words), "no '{words}' in {list}");
    }
    browser.find("[data-map] .node.is-gone").await?;
    browser.find("[data-map] .node.is-worse").await?;
    address_has(&browser, "compare=before").await?;
    browser.page.find(Locator::XPath("//tr[td/a = 'old']//a[. = 'before']")).await?.click().await?;
    listed(&browser, 10).await?;
    all_quiet(&browser).await?;
    browser.close().await?;
    stack.stop().await
}

#[tokio::test]
async fn in_chromium_one_node_can_be_found_looked_around_and_walked_from() -> Result<()> {
    let stack = Stack::start(&["--no-traffic"], &[]).await?;
    send_orders(&stack).await?;
    let browser = Browser::open().await?;

    browser.page.goto(&stack.console("/map?range=5m&live=off")).await?;
    let search = browser.find("[data-find]").await?;
    search.send_keys("ne").await?;
    counted(&browser, ".finding .node.found", 1).await?;
    search.send_keys(&format!("w{}", char::from(Key::Enter))).await?;
    let panel = browser.find(".panel h2").await?.text().await?;
    ensure!(panel == "new", "the only find is selected, not {panel}");
    follow(&browser, "Focus").await?;
    browser.find(".depths").await?;
    counted(&browser, "[data-map] .node", 2).await?;
    follow(&browser, "2").await?;
    counted(&browser, "[data-map] .node", 3).await?;

    browser.page.execute("document.querySelector('.node.client').focus()", vec![]).await?;
    for _ in 0..2 {
        press(&browser, &String::from(char::from(Key::Right))).await?;
    }
    let focused = "return document.activeElement.querySelector('title').textContent";
    let words = browser.page.execute(focused, vec![]).await?;
    ensure!(words.as_str().is_some_and(|words| words.starts_with("new")), "{words}");
    all_quiet(&browser).await?;
    browser.close().await?;
    stack.stop().await
}

#[tokio::test]
async fn in_chromium_the_dashboard_reports_a_service_beyond_its_threshold() -> Result<()> {
    let stack = Stack::start(&["--no-traffic"], &[]).await?;
    send_orders(&stack).await?;
    let browser = Browser::open().await?;

    browser.page.goto(&stack.console("/dashboard?live=off")).await?;
    let alert = browser.find(".alerts .refused").await?.text().await?;
    ensure!(alert.contains("shop: 5 of the 10 requests of its last 5 min failed, 50 %"), "{alert}");
    ensure!(browser.page.title().await?.starts_with("Alert: shop"), "the title says so");
    let tasks = browser.page.find(Locator::XPath("//div[dt = 'Tasks']/dd")).await?.text().await?;
    ensure!(tasks == "2", "{tasks} tasks");

    let threshold = browser.find("input[name=alert]").await?;
    threshold.clear().await?;
    threshold.send_keys(&format!("60{}", char::from(Key::Enter))).await?;
    counted(&browser, ".alerts .refused", 0).await?;
    address_has(&browser, "alert=60").await?;

    browser.page.find(Locator::XPath("//div[dt = 'fault']/dd/a")).await?.click().await?;
    listed(&browser, 5).await?;
    all_quiet(&browser).await?;
    browser.close().await?;
    stack.stop().await
}

#[tokio::test]
async fn in_chromium_map_and_dashboard_lead_to_traces_without_scripts() -> Result<()> {
    let stack = Stack::start(&["--no-traffic"], &[]).await?;
    send_orders(&stack).await?;
    let browser = Browser::open().await?;
    browser.switch_scripts_off().await?;

    browser.page.goto(&stack.console("/map?range=5m&node=shop")).await?;
    browser.find("svg[data-as=band]").await?;
    let bars = browser.page.find_all(Locator::Css("svg[data-as=band] a")).await?;
    let slowest = bars.last().context("a bar")?.attr("href").await?.context("an address")?;
    browser.page.goto(&stack.console(&slowest)).await?;
    browser.find("table.traces").await?;
    listed(&browser, 5).await?;

    browser.page.goto(&stack.console("/dashboard")).await?;
    browser.click(".threshold button").await?;
    browser.click(".alerts .refused a").await?;
    browser.find("table.traces").await?;
    listed(&browser, 10).await?;
    let class = browser.page.execute("return document.documentElement.className", vec![]).await?;
    ensure!(class == "", "no script ran, but the page is marked {class}");
    browser.close().await?;
    stack.stop().await
}

/// Letters that no compression makes much shorter.
fn noise(seed: u64, letters: usize) -> String {
    let next =
        |state: &u64| Some(state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407));
    let states = std::iter::successors(Some(seed), next).skip(1);
    states.take(letters).map(|state| char::from(b'a' + u8::try_from((state >> 33) % 26).unwrap_or_default())).collect()
}

#[tokio::test]
async fn in_chromium_a_map_that_misses_something_says_so() -> Result<()> {
    let xray = LocalXray::start(&["--max-bytes=1MiB"]).await?;
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
    for number in 1..=60 {
        // In calls of their own: documents go in the groups that they came in.
        let document = json!({ "name": "shop", "id": format!("{number:016x}"), "trace_id": format!("1-{now:08x}-{number:024x}"),
            "start_time": now - 61 + number, "end_time": now - 60 + number, "metadata": { "default": { "note": noise(number, 50_000) } } });
        let documents = json!({ "TraceSegmentDocuments": [document.to_string()] });
        xray.xray().call("/TraceSegments", &documents).await?;
    }
    let begun = json!({ "name": "shop", "id": "00000000000000ff", "trace_id": format!("1-{now:08x}-{:024x}", 99), "start_time": now,
        "in_progress": true });
    let nameless =
        json!({ "id": "00000000000000fe", "trace_id": format!("1-{now:08x}-{:024x}", 98), "start_time": now });
    let documents = json!({ "TraceSegmentDocuments": [begun.to_string(), nameless.to_string()] });
    xray.xray().call("/TraceSegments", &documents).await?;

    let browser = Browser::open().await?;
    browser.page.goto(&xray.console("/map?live=off")).await?;
    let said = browser.find(".gaps").await?.text().await?;
    ensure!(
        said.contains("Not whole: the store has let go of traces") && said.contains("1 arrival was refused"),
        "{said}"
    );
    ensure!(
        browser.find(".tools .chip").await?.text().await?.starts_with("Store full: "),
        "every page says it in short"
    );
    let found = violations(&browser).await?;
    ensure!(found.is_empty(), "{found:#?}");
    follow(&browser, "1 partial trace").await?;
    listed(&browser, 1).await?;
    browser.page.back().await?;
    follow(&browser, "Intake").await?;
    ensure!(browser.find("#refused").await?.text().await?.contains("name"), "the intake says what was refused");
    all_quiet(&browser).await?;
    browser.close().await?;
    xray.stop().await
}

#[tokio::test]
async fn in_chromium_a_map_whose_server_is_gone_stays_and_says_so() -> Result<()> {
    let xray = LocalXray::start(&[]).await?;
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
    let documents = json!({ "TraceSegmentDocuments": [order(1, now - 5, "goods", false)] });
    xray.xray().call("/TraceSegments", &documents).await?;
    let browser = Browser::open().await?;
    browser.page.goto(&xray.console("/map")).await?;
    browser.find("[data-map] a.node").await?;
    xray.stop().await?;
    browser.find("body.stale .live.on").await?;
    let words = "return getComputedStyle(document.querySelector('.live.on'), '::after').content";
    ensure!(browser.page.execute(words, vec![]).await? == json!("\"no answer\""), "the mark has words");
    counted(&browser, "[data-map] a.node", 3).await?;
    browser.close().await
}
