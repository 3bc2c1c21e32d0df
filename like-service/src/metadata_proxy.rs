//! The verb `metadata-proxy`: the second container of lab 1, which hands on what the ECS task metadata endpoint says.
//!
//! Only containers of a task can ask that endpoint. This one lets whoever reaches `LISTEN_ADDR` ask it four questions, none of which has
//! a secret for an answer: the task's credentials are at another address. It is the Like service's own image with another argument, so a
//! task needs no image more.

use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::http::header::ContentType;
use actix_web::web::{self, Data, ServiceConfig, get, resource};
use actix_web::{HttpRequest, HttpResponse};
use shared::config::{Environment, ListenAddr};
use shared::error::{ApiError, method_not_allowed};
use shared::server::{self, HttpSettings};
use shared::shutdown::Shutdown;

use crate::config::LISTEN_ADDR;
use crate::handlers::health;

/// Where ECS says that the endpoint of this container is.
pub const METADATA_URI: &str = "ECS_CONTAINER_METADATA_URI_V4";

/// What is asked, and what it is called at the endpoint.
const QUESTIONS: [(&str, &str); 4] = [
    ("/metadata", ""),
    ("/metadata/stats", "/stats"),
    ("/metadata/task", "/task"),
    ("/metadata/task/stats", "/task/stats"),
];
/// The endpoint is on the same host, and has its answers at hand.
const PATIENCE: Duration = Duration::from_secs(5);

/// Runs the proxy until SIGINT or SIGTERM.
///
/// # Errors
/// When there is no endpoint, or the port is taken.
pub fn run(environment: &Environment) -> anyhow::Result<()> {
    let listen = environment.listen_addr(LISTEN_ADDR, ListenAddr::loopback(8001))?;
    let wanted = "the address that ECS gives to a container";
    let endpoint: String = environment.required(METADATA_URI, wanted)?;
    actix_rt::System::new().block_on(async {
        let shutdown = Shutdown::on_signals()?;
        let listener = server::bind(LISTEN_ADDR, &listen)?;
        let settings = HttpSettings { workers: 1, ..HttpSettings::default() };
        let running = server::start(listener, &settings, move |service| routes(service, &endpoint))?;
        server::run_until_stopped(vec![running], shutdown).await
    })
}

/// One worker's client of the endpoint.
#[derive(Clone, Debug)]
struct Endpoint {
    http: reqwest::Client,
    base: String,
}

fn routes(service: &mut ServiceConfig, base: &str) {
    let http = reqwest::Client::builder().no_proxy().timeout(PATIENCE).build();
    let endpoint = Endpoint { http: http.expect("a client without TLS needs nothing"), base: base.to_owned() };
    service.app_data(Data::new(endpoint));
    for (path, _) in QUESTIONS {
        service.service(resource(path).route(get().to(hand_on)).default_service(method_not_allowed("GET")));
    }
    service.service(resource("/health/live").route(get().to(health::answer)));
}

async fn hand_on(request: HttpRequest, endpoint: web::Data<Endpoint>) -> Result<HttpResponse, ApiError> {
    let question = QUESTIONS.iter().find(|(path, _)| *path == request.path()).map(|(_, question)| *question);
    let answer = endpoint.ask(question.unwrap_or_default()).await;
    let (status, body) =
        answer.map_err(|error| ApiError::bad_gateway("the metadata endpoint does not answer").caused_by(error))?;
    Ok(HttpResponse::build(status).content_type(ContentType::json()).body(body))
}

impl Endpoint {
    async fn ask(&self, question: &str) -> Result<(StatusCode, Vec<u8>), reqwest::Error> {
        let answer = self.http.get(format!("{}{question}", self.base)).send().await?;
        let status = StatusCode::from_u16(answer.status().as_u16()).unwrap_or(StatusCode::BAD_GATEWAY);
        Ok((status, answer.bytes().await?.to_vec()))
    }
}

#[cfg(test)]
mod tests {
    use actix_web::test::{TestRequest, call_service, init_service, read_body};
    use actix_web::{App, HttpServer};

    use super::*;

    /// An endpoint that answers with the path it was asked for, and a proxy before it.
    async fn ask(path: &str) -> (u16, String) {
        let echo = || {
            App::new().default_service(web::to(|request: HttpRequest| async move {
                HttpResponse::Ok().body(request.path().to_owned())
            }))
        };
        let endpoint = HttpServer::new(echo).workers(1).disable_signals().bind("127.0.0.1:0").unwrap();
        let base = format!("http://{}/v4/1dc5-05", endpoint.addrs()[0]);
        let endpoint = endpoint.run();
        let handle = endpoint.handle();
        actix_web::rt::spawn(endpoint);
        let proxy = init_service(App::new().configure(|service| routes(service, &base))).await;
        let answer = call_service(&proxy, TestRequest::get().uri(path).to_request()).await;
        let status = answer.status().as_u16();
        let body = String::from_utf8(read_body(answer).await.to_vec()).unwrap();
        handle.stop(false).await;
        (status, body)
    }

    #[actix_web::test]
    async fn the_four_questions_are_handed_on_and_no_others() {
        for (path, asked) in [("", ""), ("/stats", "/stats"), ("/task", "/task"), ("/task/stats", "/task/stats")] {
            assert_eq!(ask(&format!("/metadata{path}")).await, (200, format!("/v4/1dc5-05{asked}")));
        }
        for path in ["/metadata/task/credentials", "/metadata/../../v2/credentials", "/v4/1dc5-05", "/"] {
            assert_eq!(ask(path).await.0, 404, "{path}");
        }
    }

    #[actix_web::test]
    async fn an_endpoint_that_is_not_there_is_a_bad_gateway() {
        let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let proxy = init_service(App::new().configure(|service| routes(service, &format!("http://{nobody}")))).await;
        let answer = call_service(&proxy, TestRequest::get().uri("/metadata").to_request()).await;
        assert_eq!(answer.status().as_u16(), 502);
    }
}
