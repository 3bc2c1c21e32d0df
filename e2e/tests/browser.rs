//! What a visitor does: click a heart, follow its trace, read the map. In a real browser, with every refusal of the pages' own policy an error.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use e2e::{Browser, Stack, eventually};
use fantoccini::Locator;
use fantoccini::elements::Element;
use like_service::chaos::{Fault, Mode, Settings};
use serde_json::{Value, json};

const SEED: u64 = 7;
const PAULY: &str = "2b473002-36f8-4b87-954e-9a377e0ccbec";
const COCO: &str = "0e37d916-f960-4772-a25a-01b762b5c1bd";

/// One card of the site, as a visitor sees it.
struct Card<'a> {
    browser: &'a Browser,
    id: &'a str,
}

impl Card<'_> {
    async fn part(&self, selector: &str) -> Result<Element> {
        let selector = format!("[data-mysfit='{}'] {selector}", self.id);
        Ok(self.browser.page.find(Locator::Css(&selector)).await?)
    }

    async fn likes(&self) -> Result<u64> {
        Ok(self.part("[data-likes]").await?.text().await?.trim().parse()?)
    }

    async fn outcome(&self) -> Result<String> {
        Ok(self.part("[data-outcome]").await?.text().await?)
    }

    async fn click_heart(&self) -> Result<()> {
        self.part("[data-action=like]").await?.click().await?;
        Ok(())
    }

    /// Waits until the like under way has an outcome, and returns its words.
    async fn settled(&self) -> Result<String> {
        eventually("the outcome of a like", || async {
            let outcome = self.outcome().await?;
            Ok((outcome.starts_with("Counted") || outcome.starts_with("That like")).then_some(outcome))
        })
        .await
    }

    async fn trace_link(&self) -> Result<String> {
        let link = self.part("a[data-trace]").await?;
        ensure!(link.is_displayed().await?, "the link to the trace is hidden");
        link.attr("href").await?.context("the link leads somewhere")
    }
}

async fn open_site<'a>(stack: &Stack, browser: &'a Browser, id: &'a str) -> Result<Card<'a>> {
    browser.page.goto(&stack.site("/")).await?;
    let heart = format!("[data-mysfit='{id}'] [data-action=like]:enabled");
    browser.page.wait().at_most(Duration::from_secs(30)).for_element(Locator::Css(&heart)).await?;
    Ok(Card { browser, id })
}

/// Texts of everything that matches, as the page shows them.
async fn texts(browser: &Browser, selector: &str) -> Result<Vec<String>> {
    let mut found = Vec::new();
    for element in browser.page.find_all(Locator::Css(selector)).await? {
        found.push(element.text().await?);
    }
    Ok(found)
}

async fn no_complaints(browser: &Browser) -> Result<()> {
    let errors: Vec<String> = browser
        .console_errors()
        .await?
        .into_iter()
        .filter(|line| !line.contains("the server responded with a status of 404"))
        .collect();
    ensure!(errors.is_empty(), "the page complained: {errors:#?}");
    Ok(())
}

#[tokio::test]
async fn in_chromium_a_click_on_a_heart_can_be_followed_to_its_trace_and_the_map() -> Result<()> {
    let stack = Stack::start(&["--no-traffic", "--chaos", "off"], &[]).await?;
    let browser = Browser::open().await?;

    let card = open_site(&stack, &browser, COCO).await?;
    let before = card.likes().await?;
    card.click_heart().await?;
    card.settled().await?;
    ensure!(card.likes().await? == before + 1, "the count stayed at {before}");
    no_complaints(&browser).await?;

    browser.page.goto(&card.trace_link().await?).await?;
    eventually("both services and the database in the timeline", || async {
        let rows = texts(&browser, ".timeline summary .name b").await?;
        let has = |name: &str| rows.iter().any(|row| row == name);
        Ok((has("monolith") && has("like service") && has("mysfits@sqlite")).then_some(()))
    })
    .await?;
    no_complaints(&browser).await?;

    browser.page.goto(&stack.console("/map")).await?;
    let (nodes, rings) = eventually("four nodes on the map", || async {
        let nodes = texts(&browser, "[data-map] a.node").await?;
        let rings = browser.page.find_all(Locator::Css("[data-map] path.arc")).await?.len();
        Ok((nodes.len() >= 4).then_some((nodes.join("\n"), rings)))
    })
    .await?;
    for name in ["Clients", "monolith", "like service", "mysfits@sqlite"] {
        ensure!(nodes.contains(name), "'{name}' is not on the map:\n{nodes}");
    }
    ensure!(rings >= 3, "every service and the database wear a ring of health, but only {rings} are drawn");
    no_complaints(&browser).await?;
    browser.close().await?;
    stack.stop().await
}

/// Eight keys as the workshop's reader would meet them: mostly slow, some lost, one fine.
fn eight_fates() -> Vec<(String, Option<Fault>)> {
    let chaos = Settings::original(Mode::On, SEED);
    let with = |wanted: fn(&Option<Fault>) -> bool, count| {
        (0..)
            .map(|n| format!("heart-{n}"))
            .map(|key| (key.clone(), chaos.fault_for(&key)))
            .filter(move |(_, fault)| wanted(fault))
            .take(count)
    };
    let slow = with(|fault| matches!(fault, Some(Fault::Slow { .. })), 5);
    let lost = with(|fault| matches!(fault, Some(Fault::NotFound)), 2);
    let fine = with(Option::is_none, 1);
    slow.chain(lost).chain(fine).collect()
}

#[tokio::test]
async fn in_chromium_eight_clicks_meet_the_three_outcomes_of_the_workshop() -> Result<()> {
    let stack = Stack::start(&["--no-traffic", "--seed", "7"], &[]).await?;
    let browser = Browser::open().await?;
    let card = open_site(&stack, &browser, PAULY).await?;
    let fates = eight_fates();
    let keys: Vec<Value> = fates.iter().map(|(key, _)| json!(key)).collect();
    browser
        .page
        .execute("const keys = arguments[0]; crypto.randomUUID = () => keys.shift();", vec![json!(keys)])
        .await?;

    let mut likes = card.likes().await?;
    let mut traces = Vec::new();
    for (key, fault) in &fates {
        card.click_heart().await?;
        let outcome = card.settled().await?;
        if fault == &Some(Fault::NotFound) {
            ensure!(outcome.contains("did not get through"), "{key}: {outcome}");
        } else {
            likes += 1;
            ensure!(outcome.starts_with("Counted"), "{key}: {outcome}");
        }
        ensure!(
            card.likes().await? == likes,
            "{key}, {fault:?}: the page shows {} likes, not {likes}",
            card.likes().await?
        );
        traces.push(card.trace_link().await?);
    }
    no_complaints(&browser).await?;

    for ((key, fault), url) in fates.iter().zip(&traces) {
        let id = url.rsplit('/').next().context("a trace id")?;
        let trace = eventually(&format!("the trace of {key}"), || async {
            let trace = stack.xray().trace(id).await?;
            Ok(trace.filter(|trace| !trace.sent_by("like service").is_empty() && !trace.sent_by("monolith").is_empty()))
        })
        .await?;
        let told = trace.annotations().get("chaos_fault").and_then(|value| value.as_str().map(str::to_owned));
        let expected = fault.as_ref().map(Fault::name);
        ensure!(told.as_deref() == expected, "{key} met {fault:?}, but its trace tells {told:?}");
    }

    browser.page.goto(&stack.console("/traces")).await?;
    let outcomes = texts(&browser, "table.traces .state .pill").await?;
    ensure!(outcomes.iter().any(|word| word == "error") && outcomes.iter().any(|word| word == "ok"), "{outcomes:?}");
    browser.close().await?;
    stack.stop().await
}

#[tokio::test]
async fn in_chromium_a_trace_that_is_not_here_yet_appears_by_itself() -> Result<()> {
    let stack = Stack::start(&["--no-traffic"], &[]).await?;
    let browser = Browser::open().await?;
    let id = "1-67891233-0123456789abcdef01234567";
    browser.page.goto(&stack.console(&format!("/traces/{id}"))).await?;
    let heading = browser.page.find(Locator::Css("h1")).await?.text().await?;
    ensure!(heading.contains("Waiting"), "the page says '{heading}'");

    let document = json!({
        "name": "late bird", "id": "70de5b6f19ff9a0a", "trace_id": id,
        "start_time": 1_731_800_000.0, "end_time": 1_731_800_000.25,
    });
    stack.xray().call("/TraceSegments", &json!({ "TraceSegmentDocuments": [document.to_string()] })).await?;
    eventually("the timeline, without anybody reloading", || async {
        let rows = texts(&browser, ".timeline summary .name b").await?;
        Ok((rows == ["late bird"]).then_some(()))
    })
    .await?;
    browser.close().await?;
    stack.stop().await
}
