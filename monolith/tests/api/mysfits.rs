//! The catalogue.

use reqwest::Method;
use serde_json::json;

use crate::helpers::{EVANGELINE, NOBODY, spawn_app};

#[actix_rt::test]
async fn the_catalogue_lists_all_twelve() {
    let app = spawn_app().await;
    let answer = app.get("/mysfits").await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("Content-Type"), Some("application/json"));
    let list = answer.json();
    let names: Vec<_> = list["mysfits"].as_array().unwrap().iter().map(|mysfit| mysfit["name"].as_str()).collect();
    assert_eq!(names.len(), 12);
    assert_eq!(names[0], Some("Evangeline"));
    assert_eq!(names[11], Some("Rujin"));
}

#[actix_rt::test]
async fn a_mysfit_has_the_fields_of_the_original() {
    let app = spawn_app().await;
    let mysfit = app.get("/mysfits/a901bb08-1985-42f5-bb77-27439ac14300").await.json();
    let description = mysfit["description"].clone();
    let picture = mysfit["thumbImageUri"].clone();
    assert!(description.as_str().unwrap().starts_with("Hasla "));
    assert_eq!(
        mysfit,
        json!({
            "mysfitId": "a901bb08-1985-42f5-bb77-27439ac14300", "name": "Hasla", "species": "Haetae",
            "description": description, "age": 2_000_000_000, "goodevil": "Good", "lawchaos": "Neutral",
            "thumbImageUri": picture, "profileImageUri": mysfit["profileImageUri"], "likes": 0, "adopted": false,
        })
    );
}

#[actix_rt::test]
async fn a_filter_selects_and_the_list_agrees_with_the_profile() {
    let app = spawn_app().await;
    async fn check(app: &crate::helpers::TestApp, filter: &str, value: &str, field: &str, expected: usize) {
        let answer = app.get(&format!("/mysfits?filter={filter}&value={value}")).await;
        let list = answer.json();
        let mysfits = list["mysfits"].as_array().unwrap();
        assert_eq!((answer.status.as_u16(), mysfits.len()), (200, expected), "{filter} {value}");
        for mysfit in mysfits {
            assert_eq!(mysfit[field], *value);
            assert_eq!(app.get(&format!("/mysfits/{}", mysfit["mysfitId"].as_str().unwrap())).await.json(), *mysfit);
        }
    }
    check(&app, "GoodEvil", "Good", "goodevil", 4).await;
    check(&app, "GoodEvil", "Neutral", "goodevil", 4).await;
    check(&app, "GoodEvil", "Evil", "goodevil", 4).await;
    check(&app, "LawChaos", "Lawful", "lawchaos", 3).await;
    check(&app, "LawChaos", "Neutral", "lawchaos", 5).await;
    check(&app, "LawChaos", "Chaotic", "lawchaos", 4).await;
}

#[actix_rt::test]
async fn an_unknown_filter_or_value_names_the_choices() {
    let app = spawn_app().await;
    async fn check(app: &crate::helpers::TestApp, query: &str, choices: &[&str]) {
        let message = app.get(&format!("/mysfits?{query}")).await.error(400, "bad_request");
        for choice in choices {
            assert!(message.contains(choice), "{query}: {message}");
        }
    }
    check(&app, "filter=Foo", &["GoodEvil", "LawChaos"]).await;
    check(&app, "filter=Foo&value=Good", &["GoodEvil", "LawChaos"]).await;
    check(&app, "filter=&value=", &["GoodEvil", "LawChaos"]).await;
    check(&app, "value=Good", &["GoodEvil", "LawChaos"]).await;
    check(&app, "filter=GoodEvil", &["Good", "Neutral", "Evil"]).await;
    check(&app, "filter=GoodEvil&value=Lawful", &["Good", "Neutral", "Evil"]).await;
    check(&app, "filter=LawChaos&value=%27%20OR%201=1", &["Lawful", "Neutral", "Chaotic"]).await;
    check(&app, "filter=GoodEvil&filter=LawChaos&value=Neutral", &["filter"]).await;
    check(&app, "filter=GoodEvil&value=%ff", &["Good"]).await;
}

#[actix_rt::test]
async fn an_unknown_id_is_not_found() {
    let app = spawn_app().await;
    for id in [NOBODY, "nope", "4e53920c", "%00", "..%2f..", &"a".repeat(2000)] {
        app.get(&format!("/mysfits/{id}")).await.error(404, "not_found");
    }
}

#[actix_rt::test]
async fn head_answers_as_get_does_without_a_body() {
    let app = spawn_app().await;
    for path in ["/mysfits", &format!("/mysfits/{EVANGELINE}"), "/health/live", "/openapi.json"] {
        let get = app.get(path).await;
        let head = app.send(app.request(Method::HEAD, path)).await;
        assert_eq!((head.status, head.body.as_str()), (get.status, ""));
        assert_eq!(head.header("Content-Length"), get.header("Content-Length"), "{path}");
    }
}
