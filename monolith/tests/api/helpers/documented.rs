//! The API's own description, as something that answers can be held against.

use std::collections::{BTreeMap, BTreeSet};

use reqwest::{Method, StatusCode};
use serde_json::Value;

/// Which statuses each operation may have: by path template, then by method in lower case.
#[derive(Debug)]
pub(crate) struct Documented(BTreeMap<String, BTreeMap<String, BTreeSet<u16>>>);

impl Documented {
    /// Asks a running monolith.
    pub(crate) async fn by(client: &reqwest::Client, url: &str) -> Self {
        let answer = client.get(format!("{url}/openapi.json")).send().await.unwrap();
        Self::from_document(&answer.json().await.unwrap())
    }

    /// Reads an OpenAPI document.
    pub(crate) fn from_document(document: &Value) -> Self {
        let statuses = |operation: &Value| {
            operation["responses"].as_object().unwrap().keys().map(|status| status.parse().unwrap()).collect()
        };
        let operations = |item: &Value| {
            let methods = item.as_object().unwrap().iter();
            methods.map(|(method, operation)| (method.clone(), statuses(operation))).collect()
        };
        let paths = document["paths"].as_object().unwrap().iter();
        Documented(paths.map(|(path, item)| (path.clone(), operations(item))).collect())
    }

    /// Every path and its methods.
    pub(crate) fn operations(&self) -> Vec<(String, String)> {
        let pairs = |(path, methods): (&String, &BTreeMap<_, _>)| {
            methods.keys().map(|method: &String| (path.clone(), method.clone())).collect::<Vec<_>>()
        };
        self.0.iter().flat_map(pairs).collect()
    }

    /// Panics for a status that a described operation does not name; URLs and methods outside the description pass.
    pub(crate) fn check(&self, method: &Method, path: &str, status: StatusCode) {
        let item = self.0.iter().find(|(template, _)| matches(template, path));
        let statuses = item.and_then(|(_, methods)| methods.get(&method.as_str().to_lowercase()));
        if let Some(statuses) = statuses {
            assert!(
                statuses.contains(&status.as_u16()),
                "{method} {path} answered {status}, which /openapi.json omits"
            );
        }
    }
}

fn matches(template: &str, path: &str) -> bool {
    let (template, path): (Vec<_>, Vec<_>) = (template.split('/').collect(), path.split('/').collect());
    let same = |(part, found): (&&str, &&str)| part.starts_with('{') || part == found;
    template.len() == path.len() && template.iter().zip(&path).all(same)
}

mod tests {
    use serde_json::json;

    use super::*;

    fn documented() -> Documented {
        Documented::from_document(&json!({"paths": {"/a/{id}/b": {"get": {"responses": {"200": {}, "404": {}}}}}}))
    }

    #[test]
    fn a_documented_status_passes() {
        documented().check(&Method::GET, "/a/1/b", StatusCode::NOT_FOUND);
        documented().check(&Method::POST, "/a/1/b", StatusCode::METHOD_NOT_ALLOWED);
        documented().check(&Method::GET, "/a/1", StatusCode::IM_A_TEAPOT);
    }

    #[test]
    #[should_panic = "which /openapi.json omits"]
    fn an_omitted_status_fails() {
        documented().check(&Method::GET, "/a/1/b", StatusCode::CONFLICT);
    }
}
