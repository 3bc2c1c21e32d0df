//! Groups and sampling rules as a browser changes them: forms that work without scripts, answers that lead back, reasons
//! at their place; and no change for a page on another site.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test may fail where it stands")]

mod support;

use reqwest::header::{LOCATION, ORIGIN};
use reqwest::redirect::Policy;
use serde_json::json;

use support::{Xray, with_xray};

/// Sends a form; the status, where it leads, and the page when it leads nowhere.
async fn send_form(xray: &Xray, path: &str, fields: &[(&str, &str)]) -> (u16, String, String) {
    let client = reqwest::Client::builder().redirect(Policy::none()).build().unwrap();
    let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    let request = client.post(xray.url(path)).header("content-type", "application/x-www-form-urlencoded");
    let origin = xray.url("");
    let answer = request.header(ORIGIN, origin).body(body).send().await.unwrap();
    let location = answer.headers().get(LOCATION).map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default();
    (answer.status().as_u16(), location, answer.text().await.unwrap())
}

async fn page(xray: &Xray, path: &str) -> String {
    xray.client.get(xray.url(path)).send().await.unwrap().text().await.unwrap()
}

#[test]
fn what_the_bar_asks_becomes_a_group_that_the_api_knows() {
    with_xray(async |xray| {
        let fields =
            [("name", "unusual-behavior"), ("on", "map"), ("range", "1h"), ("filter", "responsetime > 1 OR error")];
        let (status, location, _) = send_form(&xray, "/ui/save-group", &fields).await;
        assert_eq!((status, location.as_str()), (303, "/map?range=1h&group=unusual-behavior"));
        let group = xray.ok("/GetGroup", &json!({ "GroupName": "unusual-behavior" })).await;
        assert_eq!(group["Group"]["FilterExpression"], "responsetime > 1 OR error");

        // What is asked within a group keeps that condition, and a name that is taken is said so.
        let within = [("name", "broken"), ("group", "unusual-behavior"), ("filter", "fault")];
        assert_eq!(send_form(&xray, "/ui/save-group", &within).await.1, "/traces?group=broken");
        let group = xray.ok("/GetGroup", &json!({ "GroupName": "broken" })).await;
        assert_eq!(group["Group"]["FilterExpression"], r#"group.name = "unusual-behavior" AND (fault)"#);
        let (status, _, html) = send_form(&xray, "/ui/save-group", &within).await;
        assert!(status == 400 && html.contains("there is a group broken already"), "{html}");
        assert!(html.contains("AND (fault)</textarea>"), "the expression is kept: {html}");
    });
}

#[test]
fn groups_are_made_changed_and_deleted_by_forms() {
    with_xray(async |xray| {
        let made = [("name", "slow"), ("expression", "responsetime > 1"), ("insights", "on")];
        assert_eq!(send_form(&xray, "/ui/groups", &made).await.1, "/groups");
        assert!(page(&xray, "/groups").await.contains("responsetime &#62; 1"));
        assert!(page(&xray, "/groups/slow").await.contains("name=\"insights\" checked"));
        assert!(page(&xray, "/groups?clone=slow").await.contains("value=\"slow-clone\""));

        let wrong = [("expression", "responsetime > 1 AND falt")];
        let (status, _, html) = send_form(&xray, "/ui/groups/slow", &wrong).await;
        assert!(status == 400 && html.contains("AND <mark>falt</mark>") && html.contains("at character 22"), "{html}");
        assert!(html.contains("did you mean `fault`?") && html.contains("Edit slow"), "{html}");

        let changed = [("expression", "fault"), ("range", "1h"), ("group", "slow")];
        assert_eq!(send_form(&xray, "/ui/groups/slow", &changed).await.1, "/groups?range=1h&group=slow");
        let group = xray.ok("/GetGroup", &json!({ "GroupName": "slow" })).await;
        assert_eq!(group["Group"]["FilterExpression"], "fault");
        assert_eq!(group["Group"]["InsightsConfiguration"]["InsightsEnabled"], false);

        assert_eq!(send_form(&xray, "/ui/groups/slow/delete", &[("group", "slow")]).await.1, "/groups");
        assert_eq!(xray.call("/GetGroup", &json!({ "GroupName": "slow" })).await.status, 400);
        let (status, _, html) = send_form(&xray, "/ui/groups/Default/delete", &[]).await;
        assert!(status == 400 && html.contains("The group Default cannot be deleted."), "{html}");
        assert!(page(&xray, "/groups/slow").await.contains("There is no group slow."));
        assert!(page(&xray, "/map?group=slow").await.contains("There is no group \u{201c}slow\u{201d}."));
    });
}

#[test]
fn sampling_rules_are_made_changed_and_deleted_by_forms() {
    with_xray(async |xray| {
        let made = [
            ("name", "likes / all"),
            ("priority", "5"),
            ("reservoir", "2"),
            ("rate", "12.5 %"),
            ("path", "/mysfits/*"),
            ("attributes", "tier=gold\r\n"),
        ];
        assert_eq!(send_form(&xray, "/ui/sampling", &made).await.1, "/sampling");
        let rules = xray.ok("/GetSamplingRules", &json!({})).await;
        let rule = &rules["SamplingRuleRecords"][0]["SamplingRule"];
        assert_eq!(
            (&rule["RuleName"], &rule["FixedRate"], &rule["Host"]),
            (&json!("likes / all"), &json!(0.125), &json!("*"))
        );
        assert_eq!(rule["Attributes"], json!({ "tier": "gold" }));

        assert!(page(&xray, "/sampling/likes%20%2F%20all").await.contains("tier=gold</textarea>"));
        let mut changed = made;
        changed[1] = ("priority", "0");
        let (status, _, html) = send_form(&xray, "/ui/sampling/likes%20%2F%20all", &changed).await;
        assert!(status == 400 && html.contains("Priority: 0 is not between 1 and 9999"), "{html}");
        changed[1] = ("priority", "7");
        assert_eq!(send_form(&xray, "/ui/sampling/likes%20%2F%20all", &changed).await.1, "/sampling");
        let html = page(&xray, "/sampling?path=/mysfits/7&attributes=tier%3Dgold&rps=18").await;
        assert!(html.contains("<b>likes / all</b> decides") && html.contains("4 of 18 requests a second"), "{html}");
        assert!(html.contains("X-Ray SDKs leave out rules"), "{html}");

        assert_eq!(send_form(&xray, "/ui/sampling/likes%20%2F%20all/delete", &[]).await.0, 303);
        let default = [("reservoir", "1"), ("rate", "5")];
        assert_eq!(send_form(&xray, "/ui/sampling/Default", &default).await.0, 303);
        let rules = xray.ok("/GetSamplingRules", &json!({})).await;
        assert_eq!(rules["SamplingRuleRecords"].as_array().unwrap().len(), 1);
        assert_eq!(rules["SamplingRuleRecords"][0]["SamplingRule"]["FixedRate"], json!(0.05));
    });
}

#[test]
fn a_page_on_another_site_changes_nothing() {
    with_xray(async |xray| {
        for path in ["/ui/groups", "/ui/save-group", "/ui/sampling", "/ui/groups/Default"] {
            let request = xray.client.post(xray.url(path)).header(ORIGIN, "http://evil.example");
            let answer = request.body("name=stolen&filter=ok").send().await.unwrap();
            assert_eq!(answer.status(), 403, "{path}");
        }
        let groups = xray.ok("/Groups", &json!({})).await;
        assert_eq!(groups["Groups"].as_array().unwrap().len(), 1);
    });
}
