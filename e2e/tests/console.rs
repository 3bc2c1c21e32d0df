//! The console as somebody uses it who looks for the odd likes: with a mouse, with the keyboard alone, without scripts.
//! Every page is also held against an accessibility check, in both themes and on a narrow window.

use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, ensure};
use e2e::{Browser, Stack, Theme, eventually, violations};
use fantoccini::Locator;
use fantoccini::key::Key;
use like_service::chaos::{Fault, Mode, Settings};
use serde_json::{Value, json};

const SEED: u64 = 7;
const COCO: &str = "0e37d916-f960-4772-a25a-01b762b5c1bd";
/// The expression of the original workshop, to the letter.
const UNUSUAL: &str = r#"service("like service") { responsetime > 1 OR error } AND http.method = "POST""#;
/// What a sender could write to become part of a page.
const HOSTILE: &str = "<script>window.hit = 1</script><img src=x onerror='window.hit = 1'>";
const MOST_BYTES: u64 = 150_000;

// === What happened before ===

/// Likes as the workshop's reader clicks them: five slow, two lost, one fine.
async fn click_hearts(stack: &Stack) -> Result<()> {
    let chaos = Settings::original(Mode::On, SEED);
    let keys = |wanted: fn(&Option<Fault>) -> bool, count| {
        let keys = (0..).map(|n| format!("console-{n}"));
        keys.filter(|key| wanted(&chaos.fault_for(key))).take(count).collect::<Vec<_>>()
    };
    let slow = keys(|fault| matches!(fault, Some(Fault::Slow { .. })), 5);
    let lost = keys(|fault| fault == &Some(Fault::NotFound), 2);
    let fine = keys(Option::is_none, 1);
    let url = stack.site(&format!("/mysfits/{COCO}/like"));
    let mut clicks = tokio::task::JoinSet::new();
    for key in [slow, lost, fine].concat() {
        clicks.spawn(reqwest::Client::new().post(&url).header("Idempotency-Key", key).send());
    }
    while let Some(click) = clicks.join_next().await {
        click??;
    }
    Ok(())
}

/// What a load balancer asks of both services, over and over.
async fn check_health(stack: &Stack, times: usize) -> Result<()> {
    let log = stack.log_of("like-service")?;
    let (_, address) = log.split_once("listening on ").context("the like service says where it listens")?;
    let like_service: String = address.chars().take_while(|c| c.is_ascii_digit() || matches!(c, '.' | ':')).collect();
    let client = reqwest::Client::builder().user_agent("ELB-HealthChecker/2.0").build()?;
    for _ in 0..times {
        client.get(stack.site("/")).send().await?.error_for_status()?;
        client.get(format!("http://{like_service}/")).send().await?.error_for_status()?;
    }
    Ok(())
}

/// A trace full of markup, of a request just now; its id.
async fn send_markup(stack: &Stack) -> Result<String> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs_f64() - 2.0;
    let id = "1-67891233-abcdef012345678912345678";
    let document = json!({
        "name": "marked up", "id": "00000000000000a1", "trace_id": id, "start_time": now, "end_time": now + 0.5,
        "fault": true, "user": HOSTILE, "annotations": { "note": HOSTILE }, "metadata": { "default": { HOSTILE: HOSTILE } },
        "http": { "request": { "method": "GET", "url": format!("http://host/{HOSTILE}"), "user_agent": HOSTILE }, "response": { "status": 500 } },
        "cause": { "working_directory": HOSTILE, "exceptions": [{ "id": "00000000000000e1", "type": HOSTILE, "message": HOSTILE }] },
        "subsegments": [{ "name": "database", "id": "00000000000000a2", "namespace": "remote", "start_time": now, "end_time": now + 0.1,
            "sql": { "sanitized_query": HOSTILE } }],
    });
    let refused = json!({ "name": HOSTILE, "id": "zz", "trace_id": id, "start_time": now });
    let documents = [document.to_string(), refused.to_string()];
    stack.xray().call("/TraceSegments", &json!({ "TraceSegmentDocuments": documents })).await?;
    let group = json!({ "GroupName": "slow", "FilterExpression": "responsetime > 1" });
    stack.xray().call("/CreateGroup", &group).await?;
    let rule = json!({ "SamplingRule": { "RuleName": "<script>", "Priority": 5, "FixedRate": 0.5, "ReservoirSize": 1, "ServiceName": "*",
        "ServiceType": "*", "Host": "<img src=x>", "HTTPMethod": "*", "URLPath": "*", "ResourceARN": "*", "Version": 1 } });
    stack.xray().call("/CreateSamplingRule", &rule).await?;
    let text = json!({ "stringValue": HOSTILE });
    let attributes = json!([{ "key": HOSTILE, "value": text }]);
    let line = json!({ "severityNumber": 17, "body": text, "attributes": attributes, "spanId": "00000000000000a1",
        "traceId": "67891233abcdef012345678912345678" });
    let resource = json!({ "attributes": [{ "key": "service.name", "value": text }] });
    let logs = json!({ "resourceLogs": [{ "resource": resource, "scopeLogs": [{ "logRecords": [line] }] }] });
    stack.xray().call("/v1/logs", &logs).await?;
    eventually("the trace full of markup", || async { Ok(stack.xray().trace(id).await?.map(drop)) }).await?;
    Ok(id.to_owned())
}

// === What a reader does ===

/// Follows the first link of the page whose text is this.
async fn follow(browser: &Browser, text: &str) -> Result<()> {
    let link = browser.page.wait().for_element(Locator::LinkText(text)).await;
    link.with_context(|| format!("no link says '{text}'"))?.click().await?;
    Ok(())
}

async fn texts(browser: &Browser, selector: &str) -> Result<Vec<String>> {
    let script = "return [...document.querySelectorAll(arguments[0])].map((one) => one.textContent.trim())";
    let found = browser.page.execute(script, vec![json!(selector)]).await?;
    Ok(found.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect())
}

/// The words for a node of the map, as a screen reader says them.
async fn node_words(browser: &Browser, name: &str) -> Result<String> {
    eventually(&format!("{name} on the map"), || async {
        let titles = texts(browser, "[data-map] a.node > title").await?;
        Ok(titles.into_iter().find(|title| title.starts_with(name)))
    })
    .await
}

/// Neither an error in the page's log nor a request to anywhere else.
async fn all_quiet(browser: &Browser, stack: &Stack) -> Result<()> {
    let errors = browser.console_errors().await?;
    ensure!(errors.is_empty(), "the page complained: {errors:#?}");
    let own = stack.console("/");
    let foreign: Vec<_> = browser.downloads().await?.into_iter().filter(|one| !one.url.starts_with(&own)).collect();
    ensure!(foreign.is_empty(), "the page asked others: {foreign:#?}");
    Ok(())
}

/// The share of errors in the words for a node, in percent.
fn error_share(words: &str) -> f64 {
    let share = words.split(", ").find_map(|part| part.strip_suffix(" % error"));
    share.and_then(|share| share.parse().ok()).unwrap_or(0.0)
}

fn is_slow(words: &str) -> bool {
    words.split("average ").nth(1).is_some_and(|rest| rest.split(',').next().is_some_and(|time| time.ends_with(" s")))
}

// === The journeys ===

#[tokio::test]
async fn in_chromium_the_lab_leads_from_a_green_map_to_the_culprit() -> Result<()> {
    let stack = Stack::start(&["--no-traffic", "--seed", "7"], &[]).await?;
    click_hearts(&stack).await?;
    check_health(&stack, 40).await?;
    let browser = Browser::open().await?;

    browser.page.goto(&stack.console("/map")).await?;
    let green = eventually("eight likes on the map", || async {
        let words = node_words(&browser, "like service").await?;
        Ok((words.contains("error") && error_share(&words) < 6.0).then_some(words))
    })
    .await?;
    ensure!(!is_slow(&green), "health checks drown the likes, but the map says '{green}'");
    all_quiet(&browser, &stack).await?;

    follow(&browser, "Traces").await?;
    let check = "//tr[td[@class='method'][text()='GET']]/td[@class='id']/a";
    browser.page.wait().for_element(Locator::XPath(check)).await?.click().await?;
    follow(&browser, "JSON").await?;
    let raw = browser.find(".raw pre").await?.text().await?;
    ensure!(raw.contains(r#""user_agent": "ELB-HealthChecker/2.0""#), "{raw}");
    all_quiet(&browser, &stack).await?;

    follow(&browser, "Map").await?;
    let bar = browser.find(".filter input[type=search]").await?;
    bar.send_keys(&format!("{UNUSUAL}{}", char::from(Key::Enter))).await?;
    browser.find("a.button[href='/map']").await?;
    browser.click(".pop > summary").await?;
    browser.find(".sheet-form input[name=name]").await?.send_keys("unusual-behavior").await?;
    browser.click(".sheet-form button").await?;
    let chosen = browser.find(".filter select option[value=unusual-behavior]").await?;
    ensure!(chosen.is_selected().await?, "the group is shown");
    let orange = node_words(&browser, "like service").await?;
    ensure!(is_slow(&orange) && error_share(&orange) > 25.0, "'{green}' became '{orange}'");
    all_quiet(&browser, &stack).await?;

    let group = stack.xray().call("/GetGroup", &json!({ "GroupName": "unusual-behavior" })).await?;
    ensure!(group["Group"]["FilterExpression"] == UNUSUAL, "{group}");
    follow(&browser, "Traces").await?;
    let slow = "//tr[td[contains(@class, 'state')]/span[text()='ok']]/td[@class='id']/a";
    browser.page.wait().for_element(Locator::XPath(slow)).await?.click().await?;
    browser.find(".timeline").await?;
    let row = "//details[.//dt[text()='chaos_fault']]/summary";
    browser.page.wait().for_element(Locator::XPath(row)).await?.click().await?;
    let read = "//dt[text()='chaos_fault']/following-sibling::dd[1]";
    let culprit = browser.page.find(Locator::XPath(read)).await?;
    ensure!(culprit.is_displayed().await? && culprit.text().await? == "slow", "{}", culprit.text().await?);
    all_quiet(&browser, &stack).await?;
    browser.close().await?;
    stack.stop().await
}

/// Presses Tab until the focused element is meant, as `matches` of CSS says; then presses Enter.
async fn tab_to(browser: &Browser, selector: &str, then: &str) -> Result<()> {
    for _ in 0..200 {
        let focused = browser.page.active_element().await?;
        let script = "return document.activeElement.matches(arguments[0])";
        if browser.page.execute(script, vec![json!(selector)]).await? == Value::Bool(true) {
            focused.send_keys(then).await?;
            return Ok(());
        }
        focused.send_keys(&String::from(char::from(Key::Tab))).await?;
    }
    anyhow::bail!("{selector} cannot be reached with the Tab key")
}

#[tokio::test]
async fn in_chromium_the_lab_can_be_walked_with_the_keyboard_alone() -> Result<()> {
    let stack = Stack::start(&["--no-traffic", "--seed", "7"], &[]).await?;
    click_hearts(&stack).await?;
    let browser = Browser::open().await?;
    let enter = String::from(char::from(Key::Enter));
    browser.page.goto(&stack.console("/map?live=off")).await?;
    eventually("the likes on the map", || async {
        browser.page.refresh().await?;
        Ok((!texts(&browser, "[data-map] a.node").await?.is_empty()).then_some(()))
    })
    .await?;

    browser.find("body").await?.send_keys("/").await?;
    browser.page.active_element().await?.send_keys(&format!("{UNUSUAL}{enter}")).await?;
    browser.find(".pop > summary").await?;
    tab_to(&browser, ".pop > summary", &enter).await?;
    tab_to(&browser, ".sheet-form input[name=name]", &format!("unusual-behavior{enter}")).await?;
    browser.find(".filter select option[value=unusual-behavior]:checked").await?;
    tab_to(&browser, "[data-map] a.node[href*='node=like+service']", &enter).await?;
    browser.find(".panel").await?;
    tab_to(&browser, ".panel a.button", &enter).await?;
    browser.find("table.traces").await?;
    tab_to(&browser, ".traces .id a", &enter).await?;
    browser.find(".timeline").await?;
    tab_to(&browser, ".timeline summary", &enter).await?;
    browser.find(".timeline details[open] .facts").await?;
    browser.close().await?;
    stack.stop().await
}

// === Every page ===

/// Every page of the console, in its states.
fn pages(trace: &str) -> Vec<String> {
    let odd = "filter=responsetime+%3E+1";
    [
        "/map?range=all",
        "/map?range=all&node=marked+up",
        "/map?compare=before&find=marked",
        "/map?focus=marked+up",
        "/dashboard?range=all",
        "/dashboard?filter=user+%3D+%22nobody%22",
        "/map?filter=user+%3D+%22nobody%22",
        "/map?filter=falt",
        "/map?group=nobody",
        "/traces?range=all",
        "/traces?range=all&by=url&sort=slowest",
        "/traces?range=all&filter=service%28%22marked+u%22%29",
        "/analytics?range=all&a=fault&b=",
        "/analytics?a=falt&b=ok",
        "/why?range=all",
        "/why?range=all&node=marked+up",
        &format!("/traces?{odd}"),
        "/traces?filter=user+%3D+%22nobody%22",
        &format!("/traces/{trace}?row=00000000000000a1"),
        &format!("/traces/{trace}/raw"),
        "/traces/1-67891233-0123456789abcdef01234567?live=off",
        "/logs",
        "/logs?level=error&q=nobody",
        &format!("/logs?range=all&trace={trace}"),
        "/groups",
        "/groups/slow",
        "/sampling",
        "/sampling?path=%2F&rps=10",
        "/intake",
        "/nowhere",
    ]
    .map(str::to_owned)
    .into()
}

async fn nothing_was_injected(browser: &Browser) -> Result<()> {
    let script =
        "return window.hit === undefined && !document.querySelector('script:not([src]), main img, [onerror], [style]')";
    ensure!(
        browser.page.execute(script, vec![]).await? == Value::Bool(true),
        "markup of a trace became part of the page"
    );
    Ok(())
}

async fn every_page_is_accessible(theme: Theme, width: u32) -> Result<()> {
    let stack = Stack::start(&["--no-traffic"], &[]).await?;
    let browser = Browser::open_as(theme, 1280, 900).await?;
    browser.narrow_to(width).await?;
    let mut found = Vec::new();
    browser.page.goto(&stack.console("/map")).await?;
    found.extend(violations(&browser).await?.into_iter().map(|line| format!("the empty map: {line}")));
    let trace = send_markup(&stack).await?;
    for page in pages(&trace) {
        browser.page.goto(&stack.console(&page)).await?;
        browser.find("main h1, main h2").await?;
        found.extend(violations(&browser).await?.into_iter().map(|line| format!("{page}: {line}")));
        nothing_was_injected(&browser).await.context(page.clone())?;
        let wide = "return document.documentElement.scrollWidth > document.documentElement.clientWidth";
        if browser.page.execute(wide, vec![]).await? != Value::Bool(false) {
            found.push(format!("{page} is wider than its window"));
        }
    }
    ensure!(found.is_empty(), "{} findings: {found:#?}", found.len());
    browser.close().await?;
    stack.stop().await
}

#[tokio::test]
async fn in_chromium_every_page_is_accessible_in_light() -> Result<()> {
    every_page_is_accessible(Theme::Light, 1280).await
}

#[tokio::test]
async fn in_chromium_every_page_is_accessible_in_dark_and_narrow() -> Result<()> {
    every_page_is_accessible(Theme::Dark, 390).await
}

#[tokio::test]
async fn in_chromium_a_line_leads_to_its_trace_and_back_without_scripts() -> Result<()> {
    let stack = Stack::start(&["--no-traffic"], &[]).await?;
    let trace = send_markup(&stack).await?;
    let browser = Browser::open().await?;
    browser.switch_scripts_off().await?;

    browser.page.goto(&stack.console("/logs")).await?;
    browser.find(".seek input[type=search]").await?.send_keys(&trace).await?;
    browser.click(".seek .button").await?;
    browser.arrives("q=").await?;
    browser.click(".lines summary").await?;
    ensure!(browser.find(".lines .facts").await?.is_displayed().await?, "a line opens");
    browser.click(".lines .of").await?;
    browser.arrives(&format!("/traces/{trace}")).await?;
    browser.arrives("#part-00000000000000a1").await?;
    browser.find("#part-00000000000000a1[open]").await?;
    browser.click("#logs h2 a").await?;
    browser.arrives("/logs?").await?;
    let address = browser.page.current_url().await?;
    ensure!(address.path() == "/logs" && address.query().is_some_and(|query| query.contains(&trace)), "{address}");
    browser.find(".lines .line").await?;

    // The bar asks about traces here too, and this one has failed.
    browser.find(".filter input[type=search]").await?.send_keys("ok").await?;
    browser.click(".filter button").await?;
    browser.find(".empty").await?;
    let address = browser.page.current_url().await?;
    ensure!(address.path() == "/logs" && address.query().is_some_and(|query| query.contains(&trace)), "{address}");
    browser.click(".restrictions .chip[href*='trace=']").await?;
    browser.find(".lines .line").await?;
    browser.close().await?;
    stack.stop().await
}

#[tokio::test]
async fn in_chromium_the_pages_work_without_scripts() -> Result<()> {
    let stack = Stack::start(&["--no-traffic"], &[]).await?;
    let trace = send_markup(&stack).await?;
    let browser = Browser::open().await?;
    browser.switch_scripts_off().await?;

    browser.page.goto(&stack.console("/map")).await?;
    let named = Locator::XPath("//*[local-name() = 'a'][contains(@class, 'node')][contains(., 'marked up')]");
    browser.page.wait().for_element(named).await.context("the map is drawn")?;
    ensure!(browser.page.find(Locator::Css("html.js")).await.is_err(), "scripts ran");
    browser.click(".filter select option[value=slow]").await?;
    browser.click(".filter button").await?;
    browser.arrives("/map?group=slow").await?;
    browser.find(".empty").await?;

    browser.page.goto(&stack.console("/traces")).await?;
    browser.find(".filter input[type=search]").await?.send_keys("responsetime < 1").await?;
    browser.click(".filter button").await?;
    browser.click(".traces .id a").await?;
    browser.arrives(&format!("/traces/{trace}")).await?;
    browser.click(".timeline summary").await?;
    ensure!(browser.find(".facts").await?.is_displayed().await?, "a row opens");

    browser.page.goto(&stack.console("/groups")).await?;
    browser.find(".panel input[name=name]").await?.send_keys("faults").await?;
    browser.find(".panel textarea").await?.send_keys("fault").await?;
    browser.click(".panel .strong").await?;
    browser.find("a[href='/map?group=faults']").await?;
    browser.close().await?;
    stack.stop().await
}

#[tokio::test]
async fn in_chromium_the_first_view_is_light() -> Result<()> {
    let stack = Stack::start(&["--no-traffic"], &[]).await?;
    send_markup(&stack).await?;
    for page in [
        "/map",
        "/dashboard",
        "/traces",
        "/analytics",
        "/traces/1-67891233-abcdef012345678912345678",
        "/why",
        "/groups",
        "/sampling",
        "/intake",
    ] {
        let browser = Browser::open().await?;
        browser.page.goto(&stack.console(&format!("{page}?live=off"))).await?;
        browser.find("html.js").await?;
        let downloads = browser.downloads().await?;
        let bytes: u64 = downloads.iter().map(|one| one.bytes).sum();
        ensure!(downloads.len() >= 6 && bytes > 10_000, "{page} counts {downloads:#?}");
        ensure!(bytes < MOST_BYTES, "{page} weighs {bytes} bytes: {downloads:#?}");
        browser.close().await?;
    }
    stack.stop().await
}
