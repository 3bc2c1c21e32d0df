//! The web site as a browser meets it: pages, their policy, and the files behind them.

use reqwest::Method;

use crate::failures::break_database;
use crate::helpers::{Answer, EVANGELINE, NOBODY, TestApp, spawn_app, spawn_app_with};

impl Answer {
    /// Makes sure that this is a page under the strict policy, without anything written into it that the policy refuses.
    fn page(&self, status: u16) -> &str {
        assert_eq!(self.status.as_u16(), status, "{}", self.body);
        assert_eq!(self.header("Content-Type"), Some("text/html; charset=utf-8"));
        assert_eq!(self.header("X-Content-Type-Options"), Some("nosniff"));
        assert_eq!(self.header("Cache-Control"), Some("no-cache"));
        let policy = self.header("Content-Security-Policy").unwrap();
        assert!(
            policy.starts_with("default-src 'none'; ") && !policy.contains("unsafe") && !policy.contains("http"),
            "{policy}"
        );
        for forbidden in ["<style", "style=", "onclick", "<script>", "javascript:", "src=\"http", "href=\"http"] {
            assert!(!self.body.contains(forbidden), "the page contains {forbidden}");
        }
        &self.body
    }
}

/// Every file that a page names.
fn assets(page: &str) -> Vec<&str> {
    let mut urls: Vec<_> = page.split('"').filter(|text| text.starts_with("/assets/")).collect();
    urls.sort_unstable();
    urls.dedup();
    urls
}

#[actix_rt::test]
async fn the_site_shows_all_twelve_and_needs_nothing_from_elsewhere() {
    let app = spawn_app().await;
    let answer = app.get("/").await;
    let page = answer.page(200);
    assert_eq!(page.matches("<article").count(), 12);
    assert_eq!(page.matches("alt=\"\"").count(), 0, "every picture says what it shows");
    let files = assets(page);
    assert_eq!(files.len(), 12 + 3, "twelve creatures, the icon, the style sheet and the script");
    for file in files {
        let answer = app.get(file).await;
        let media_type = match file.rsplit('.').next() {
            Some("svg") => "image/svg+xml",
            Some("css") => "text/css; charset=utf-8",
            _ => "text/javascript; charset=utf-8",
        };
        assert_eq!((answer.status.as_u16(), answer.header("Content-Type")), (200, Some(media_type)), "{file}");
        assert_eq!(answer.header("Cache-Control"), Some("public, max-age=31536000, immutable"), "{file}");
        assert_eq!(answer.header("X-Content-Type-Options"), Some("nosniff"), "{file}");
        assert!(answer.header("Content-Security-Policy").unwrap().starts_with("default-src 'none'"), "{file}");
    }
}

#[actix_rt::test]
async fn the_api_points_at_the_pictures_that_are_there() {
    let app = spawn_app().await;
    for mysfit in app.get("/mysfits").await.json()["mysfits"].as_array().unwrap() {
        let answer = app.get(mysfit["thumbImageUri"].as_str().unwrap()).await;
        assert_eq!((answer.status.as_u16(), answer.header("Content-Type")), (200, Some("image/svg+xml")), "{mysfit}");
        assert!(
            answer
                .body
                .contains(&format!("<title>{} the {}</title>", mysfit["name"], mysfit["species"]).replace('"', ""))
        );
    }
}

#[actix_rt::test]
async fn filters_are_plain_links() {
    async fn check(app: &TestApp, query: &str, shown: usize) {
        let answer = app.get(&format!("/?{query}")).await;
        assert_eq!(answer.page(200).matches("<article").count(), shown, "{query}");
        let link = format!("href=\"/?{}\" aria-current=\"page\"", query.replace('&', "&#38;"));
        assert!(answer.body.contains(&link), "{query} is marked as the one in use");
    }
    let app = spawn_app().await;
    check(&app, "filter=GoodEvil&value=Good", 4).await;
    check(&app, "filter=GoodEvil&value=Neutral", 4).await;
    check(&app, "filter=GoodEvil&value=Evil", 4).await;
    check(&app, "filter=LawChaos&value=Lawful", 3).await;
    check(&app, "filter=LawChaos&value=Neutral", 5).await;
    check(&app, "filter=LawChaos&value=Chaotic", 4).await;
}

#[actix_rt::test]
async fn an_unknown_filter_is_refused_on_a_page_that_names_the_choices() {
    let app = spawn_app().await;
    let answer = app.get("/?filter=%3Cscript%3Ealert(1)%3C/script%3E&value=Good").await;
    let page = answer.page(400);
    assert!(page.contains("choose GoodEvil or LawChaos.") && !page.contains("<script>alert"), "{page}");
    assert!(page.contains(&answer.root()), "the page names its trace");
    app.get("/?filter=LawChaos&filter=GoodEvil&value=Good").await.page(400);
}

#[actix_rt::test]
async fn every_creature_on_the_site_has_a_page_of_its_own() {
    let app = spawn_app().await;
    let home = app.get("/").await;
    let mut links: Vec<_> = home.body.split('"').filter(|text| text.starts_with("/creatures/")).collect();
    links.dedup();
    assert_eq!(links.len(), 12);
    for link in links {
        let answer = app.get(link).await;
        assert!(answer.page(200).contains("class=\"description\""), "{link}");
    }
    let hasla = app.get("/creatures/hasla").await;
    assert!(hasla.page(200).contains("Haetae · 2 billion years"));
}

#[actix_rt::test]
async fn an_unknown_creature_has_a_page_that_says_so() {
    let app = spawn_app().await;
    for name in ["nobody", "Evangeline", NOBODY, "%3Cb%3E", "..%2f..%2fetc"] {
        let answer = app.get(&format!("/creatures/{name}")).await;
        assert!(answer.page(404).contains("Nobody lives here"), "{name}");
    }
}

#[actix_rt::test]
async fn a_broken_database_is_a_page_that_keeps_our_secrets() {
    let app = spawn_app().await;
    break_database(&app).await;
    for path in ["/", "/creatures/cole"] {
        let answer = app.get(path).await;
        let page = answer.page(500);
        assert!(page.contains("Something has gone wrong") && page.contains(&answer.root()), "{page}");
        assert!(!page.contains("table") && !page.contains("mysfits.db"), "{page}");
    }
}

#[actix_rt::test]
async fn likes_and_adoptions_show_on_both_pages() {
    let app = spawn_app().await;
    for key in ["one", "two", "three"] {
        assert_eq!(app.fulfill(EVANGELINE, key).await.status, 200);
    }
    assert_eq!(app.post(&format!("/mysfits/{EVANGELINE}/adopt")).await.status, 200);
    for path in ["/", "/creatures/evangeline"] {
        let answer = app.get(path).await;
        let page = answer.page(200);
        assert!(page.contains("data-likes>3</span>"), "{path}");
        assert_eq!(page.matches("is-adopted").count(), 1, "{path}");
    }
}

#[actix_rt::test]
async fn the_page_knows_where_traces_are_shown_if_anywhere() {
    let app = spawn_app().await;
    assert!(app.get("/").await.page(200).contains("data-trace-url=\"\""));
    let template = "http://127.0.0.1:2000/traces/{trace_id}".to_owned();
    let app = spawn_app_with(|config| config.site.trace_url_template = Some(template)).await;
    assert!(app.get("/").await.page(200).contains("data-trace-url=\"http://127.0.0.1:2000/traces/{trace_id}\""));
}

#[actix_rt::test]
async fn pages_and_files_are_read_only() {
    let app = spawn_app().await;
    let script = assets(&app.get("/").await.body).into_iter().find(|url| url.ends_with(".js")).unwrap().to_owned();
    for path in ["/", "/creatures/cole", script.as_str()] {
        assert_eq!(app.send(app.request(Method::HEAD, path)).await.status, 200, "{path}");
        let answer = app.post(path).await;
        answer.error(405, "method_not_allowed");
        assert_eq!(answer.header("Allow"), Some("GET, HEAD"), "{path}");
    }
}

#[actix_rt::test]
async fn only_hashed_names_lead_to_files() {
    let app = spawn_app().await;
    for name in ["site.js", "site-000000000000.js", "pictures/cole.svg", "..%2fCargo.toml", ""] {
        assert_eq!(app.get(&format!("/assets/{name}")).await.status, 404, "{name}");
    }
}
