//! The API's description is true: it names the routes there are, and (see `helpers/documented.rs`) every status they have.

use reqwest::Method;

use crate::helpers::{Documented, EVANGELINE, spawn_app};

#[actix_rt::test]
async fn the_description_names_every_operation() {
    let app = spawn_app().await;
    let documented = Documented::from_document(&app.get("/openapi.json").await.json());
    let operations = documented.operations();
    let operations: Vec<_> = operations.iter().map(|(path, method)| format!("{method} {path}")).collect();
    assert_eq!(
        operations,
        [
            "get /health/live",
            "get /health/ready",
            "get /mysfits",
            "get /mysfits/{id}",
            "post /mysfits/{id}/adopt",
            "post /mysfits/{id}/like",
            "get /openapi.json",
        ]
    );
}

#[actix_rt::test]
async fn every_described_operation_is_there_and_no_other_method() {
    let app = spawn_app().await;
    let documented = Documented::from_document(&app.get("/openapi.json").await.json());
    for (path, described) in documented.operations() {
        let path = path.replace("{id}", EVANGELINE);
        for method in [Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE] {
            let is_described = method.as_str().eq_ignore_ascii_case(&described);
            let answer = app.send(app.request(method.clone(), &path)).await;
            assert_eq!(answer.status == 405, !is_described, "{method} {path}: {}", answer.status);
        }
    }
}

#[actix_rt::test]
async fn every_reference_of_the_description_leads_somewhere() {
    let app = spawn_app().await;
    let document = app.get("/openapi.json").await;
    let text = document.body.as_str();
    let references: Vec<_> = text.split("\"$ref\":\"").skip(1).map(|rest| rest.split('"').next().unwrap()).collect();
    assert!(!references.is_empty());
    for reference in references {
        let pointer = reference.strip_prefix('#').unwrap();
        assert!(document.json().pointer(pointer).is_some(), "{reference}");
    }
}
