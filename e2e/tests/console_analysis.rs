//! The console as somebody uses it who has found something odd and wants to know why: charts that cut the list, two sets side
//! by side, a trace walked with the keyboard, and explanations.

use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, ensure};
use e2e::{Browser, Stack, eventually};
use fantoccini::Locator;
use fantoccini::actions::{InputSource, MOUSE_BUTTON_LEFT, MouseActions, PointerAction};
use fantoccini::elements::Element;
use fantoccini::key::Key;
use serde_json::{Value, json};

/// Six requests of the last minutes: quick ones that end well, and slow ones of which half fail in the stock service.
async fn send_traces(stack: &Stack) -> Result<()> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs_f64();
    let mut documents = Vec::new();
    for number in 0..6_u32 {
        let is_slow = number >= 3;
        let (start, length) = (now - 240.0 + f64::from(number) * 40.0, if is_slow { 2.2 } else { 0.02 });
        let id = format!("1-67891233-00000000000000000000000{number}");
        let fails = number >= 4;
        let parent = format!("000000000000{number}0a2");
        documents.push(json!({
            "name": "shop", "id": format!("000000000000{number}0a1"), "trace_id": id, "start_time": start, "end_time": start + length,
            "fault": fails, "annotations": { "basket": if is_slow { "large" } else { "small" } },
            "http": { "request": { "method": "GET", "url": "http://shop/basket" }, "response": { "status": if fails { 500 } else { 200 } } },
            "subsegments": [{ "name": "stock", "id": parent, "namespace": "remote", "start_time": start + 0.001, "end_time": start + length - 0.001 }],
        }));
        documents.push(json!({
            "name": "stock", "id": format!("000000000000{number}0a3"), "trace_id": id, "parent_id": parent, "fault": fails,
            "start_time": start + 0.002, "end_time": start + length - 0.002,
            "subsegments": [{ "name": "goods", "id": format!("000000000000{number}0a4"), "namespace": "remote", "sql": { "sanitized_query": "SELECT 1" },
                "start_time": start + 0.003, "end_time": start + 0.006 }],
        }));
    }
    let documents: Vec<String> = documents.iter().map(Value::to_string).collect();
    let answer = stack.xray().call("/TraceSegments", &json!({ "TraceSegmentDocuments": documents })).await?;
    ensure!(answer == json!({ "UnprocessedTraceSegments": [] }), "{answer}");
    Ok(())
}

// === What a reader does ===

async fn run(browser: &Browser, script: &str) -> Result<Value> {
    Ok(browser.page.execute(script, vec![]).await?)
}

async fn rows(browser: &Browser) -> Result<u64> {
    let count = run(browser, "return document.querySelectorAll('.traces tbody tr').length").await?;
    count.as_u64().context("a count")
}

/// Drags the mouse from the middle of one element to the middle of another.
async fn drag(browser: &Browser, from: Element, to: Element) -> Result<()> {
    let over = |element: Element| PointerAction::MoveToElement { element, duration: None, x: 0.0, y: 0.0 };
    let mouse = MouseActions::new("mouse".to_owned())
        .then(over(from))
        .then(PointerAction::Down { button: MOUSE_BUTTON_LEFT })
        .then(over(to))
        .then(PointerAction::Up { button: MOUSE_BUTTON_LEFT });
    browser.page.perform_actions(mouse).await?;
    Ok(())
}

async fn all_quiet(browser: &Browser, stack: &Stack) -> Result<()> {
    let errors = browser.console_errors().await?;
    ensure!(errors.is_empty(), "the page complained: {errors:#?}");
    let own = stack.console("/");
    let foreign: Vec<_> = browser.downloads().await?.into_iter().filter(|one| !one.url.starts_with(&own)).collect();
    ensure!(foreign.is_empty(), "the page asked others: {foreign:#?}");
    Ok(())
}

// === The journeys ===

#[tokio::test]
async fn in_chromium_dragging_over_the_charts_cuts_the_list() -> Result<()> {
    let stack = Stack::start(&["--no-traffic"], &[]).await?;
    send_traces(&stack).await?;
    let browser = Browser::open().await?;
    browser.page.goto(&stack.console("/traces?live=off")).await?;
    ensure!(rows(&browser).await? == 6, "all are listed");

    // Two bands at the slow end of the distribution.
    let bars = browser.page.find_all(Locator::Css("[data-as=band] a .room")).await?;
    let [.., first, last] = bars.as_slice() else { anyhow::bail!("a distribution has bars") };
    drag(&browser, first.clone(), last.clone()).await?;
    browser.arrives("band=").await?;
    browser.find(".restrictions .chip").await?;
    ensure!(rows(&browser).await? == 3, "the slow ones are left");

    // And of those the last two, by when they began.
    let columns = "[data-as=time] a:has(rect:not(.room)) .room";
    let columns = browser.page.find_all(Locator::Css(columns)).await?;
    let [.., first, last] = columns.as_slice() else { anyhow::bail!("there are columns") };
    drag(&browser, first.clone(), last.clone()).await?;
    browser.arrives("time=").await?;
    ensure!(rows(&browser).await? == 2, "the failed ones are left");
    all_quiet(&browser, &stack).await?;

    // What is left is grouped, and a group leads to its traces.
    browser.click(".grouping a[href*='by=status']").await?;
    browser.click(".by .value a[href*='http.status']").await?;
    browser.arrives("filter=http.status+%3D+500").await?;
    ensure!(rows(&browser).await? == 2, "the group is what was counted");
    browser.click(".sort[href*='sort=slowest']").await?;
    browser.find("[aria-sort=descending] .sort[href*='sort=fastest']").await?;
    all_quiet(&browser, &stack).await?;
    browser.close().await?;
    stack.stop().await
}

#[tokio::test]
async fn in_chromium_two_sets_are_compared_and_the_culprit_is_read() -> Result<()> {
    let stack = Stack::start(&["--no-traffic"], &[]).await?;
    send_traces(&stack).await?;
    let browser = Browser::open().await?;
    browser.page.goto(&stack.console("/analytics")).await?;
    let b = browser.find("textarea[name=b]").await?;
    b.clear().await?;
    b.send_keys("responsetime > 1").await?;
    let a = browser.find("textarea[name=a]").await?;
    a.clear().await?;
    a.send_keys("responsetime < 1").await?;
    browser.click(".set-acts .strong").await?;
    browser.arrives("b=responsetime").await?;
    let link = "//table[contains(@class, 'apart')]//tr[td[text()='basket']][td[text()='large']]//td[4]//a";
    let large = browser.page.wait().for_element(Locator::XPath(link)).await.context("the baskets differ")?;
    ensure!(large.text().await? == "100 %", "every slow one was large");
    all_quiet(&browser, &stack).await?;
    large.click().await?;
    browser.arrives("annotation.basket").await?;
    ensure!(rows(&browser).await? == 3, "the share leads to its traces");

    browser.click(".traces .id a").await?;
    let culprit = browser.find(".waits li a").await?;
    ensure!(culprit.text().await?.starts_with("stock"), "the answer waited for the stock service");
    culprit.click().await?;
    browser.find("details[open]:target .facts").await?;
    // On by keyboard: down to what it asked, and in.
    browser
        .page
        .find(Locator::Css("details:target summary"))
        .await?
        .send_keys(&char::from(Key::Down).to_string())
        .await?;
    let on = "return document.activeElement.closest('details').querySelector('.name b').textContent";
    ensure!(run(&browser, on).await? == json!("goods"), "the arrow leads to the next row");
    browser.page.active_element().await?.send_keys(&char::from(Key::Right).to_string()).await?;
    ensure!(
        run(&browser, "return document.activeElement.closest('details').open").await? == json!(true),
        "and opens it"
    );
    browser.find("#why summary").await?.send_keys(&char::from(Key::Enter).to_string()).await?;
    let why = browser.find("#why .explanations").await?.text().await?;
    ensure!(why.contains("goods sent nothing itself") && why.contains("A database sends no segments"), "{why}");
    all_quiet(&browser, &stack).await?;

    browser.page.goto(&stack.console("/why?node=shop")).await?;
    ensure!(browser.find("h1").await?.text().await? == "Why is it so: shop", "the page is about the node");
    all_quiet(&browser, &stack).await?;
    browser.close().await?;
    stack.stop().await
}

#[tokio::test]
async fn in_chromium_a_band_picked_on_the_chart_narrows_the_comparison() -> Result<()> {
    let stack = Stack::start(&["--no-traffic"], &[]).await?;
    send_traces(&stack).await?;
    let browser = Browser::open().await?;
    browser.page.goto(&stack.console("/analytics?a=annotation.basket&b=fault")).await?;
    let sizes = "return [...document.querySelectorAll('.set h2 a')].map((one) => one.textContent)";
    ensure!(run(&browser, sizes).await? == json!(["6 traces", "2 traces"]), "all are compared");

    // The slow half: from the first band beyond a second to the last.
    let bars = browser.page.find_all(Locator::Css("[data-as=band] a .room")).await?;
    let [.., first, last] = bars.as_slice() else { anyhow::bail!("a distribution has bars") };
    drag(&browser, first.clone(), last.clone()).await?;
    browser.arrives("band=").await?;
    ensure!(run(&browser, sizes).await? == json!(["3 traces", "2 traces"]), "the slow ones are compared");
    let left_out = "return document.querySelectorAll('[data-as=band] a:not([aria-current]) .bar-a').length > 0";
    ensure!(run(&browser, left_out).await? == json!(true), "the chart still shows the quick ones");
    all_quiet(&browser, &stack).await?;

    browser.click(".set-a h2 a").await?;
    browser.arrives("/traces").await?;
    ensure!(rows(&browser).await? == 3, "the size of a set leads to its traces");
    browser.page.back().await?;
    browser.click(".restrictions .chip").await?;
    eventually("the band to be lifted", || async {
        Ok((run(&browser, sizes).await? == json!(["6 traces", "2 traces"])).then_some(()))
    })
    .await?;

    // The same with the keyboard: two bands from the right.
    let keys: String = [Key::Shift, Key::Left, Key::Null, Key::Enter].map(char::from).into_iter().collect();
    browser.find("[data-as=band] a:last-of-type").await?.send_keys(&keys).await?;
    browser.arrives("band=").await?;
    ensure!(run(&browser, sizes).await? == json!(["3 traces", "2 traces"]), "keys pick the same band");
    all_quiet(&browser, &stack).await?;
    browser.close().await?;
    stack.stop().await
}

#[tokio::test]
async fn in_chromium_the_bar_completes_names_and_values_on_every_page() -> Result<()> {
    let stack = Stack::start(&["--no-traffic"], &[]).await?;
    send_traces(&stack).await?;
    let browser = Browser::open().await?;
    for page in ["/map", "/traces", "/traces/1-67891233-000000000000000000000000", "/analytics", "/intake", "/groups"] {
        browser.page.goto(&stack.console(&format!("{page}?live=off"))).await?;
        for (typed, wanted) in [
            ("serv", r#"service("stock")"#),
            ("ok AND annotation.bas", r#"ok AND annotation.basket = "large""#),
            ("edge", r#"edge("shop", "stock")"#),
            ("!respon", "!responsetime"),
        ] {
            let bar = browser.find(".filter input[type=search]").await?;
            bar.clear().await?;
            bar.send_keys(typed).await?;
            eventually(&format!("{wanted} on {page}"), || async {
                let offered = run(
                    &browser,
                    "return [...document.querySelectorAll('#completions option')].map((one) => one.value)",
                )
                .await?;
                Ok(offered.as_array().is_some_and(|offered| offered.contains(&json!(wanted))).then_some(()))
            })
            .await?;
        }
        all_quiet(&browser, &stack).await?;
    }
    browser.close().await?;
    stack.stop().await
}

#[tokio::test]
async fn in_chromium_finding_out_works_without_scripts_and_on_a_phone() -> Result<()> {
    let stack = Stack::start(&["--no-traffic"], &[]).await?;
    send_traces(&stack).await?;
    let browser = Browser::open().await?;
    browser.narrow_to(390).await?;
    browser.switch_scripts_off().await?;
    browser.page.goto(&stack.console("/traces")).await?;
    let fits =
        "const list = document.querySelector('.traces').parentElement; return list.scrollWidth <= list.clientWidth";
    ensure!(run(&browser, fits).await? == json!(true), "the list fits a phone");
    let slowest = "[data-as=band] a:last-of-type";
    run(&browser, &format!("location.assign(document.querySelector('{slowest}').getAttribute('href'))")).await?;
    browser.arrives("band=").await?;
    ensure!(rows(&browser).await? == 3, "a bar is a link");

    browser.page.goto(&stack.console("/analytics")).await?;
    let b = browser.find("textarea[name=b]").await?;
    b.clear().await?;
    b.send_keys("falt").await?;
    browser.click(".set-acts .strong").await?;
    let problem = browser.find("#unread-b [role=alert]").await?.text().await?;
    ensure!(problem.contains("at character 1"), "{problem}");
    browser.close().await?;
    stack.stop().await
}
