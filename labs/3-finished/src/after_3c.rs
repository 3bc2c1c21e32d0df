//! A Like service as the dev team left it: it counts likes, and nobody sees what happens inside. Lab 3 begins at the marked places.

use std::env::var;

use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use like_service::chaos::{Fault, Mode, Settings};
use serde_json::json;
use shared::config::{Environment, Secret};
use shared::http_client::{HttpClient, Upstream};
use shared::telemetry::middleware::ServerSpans;
use shared::telemetry::{self, TelemetryConfig};

/// What every like needs.
#[derive(Clone)]
struct Likes {
    chaos: Settings,
    monolith: Upstream,
}

async fn like(
    id: web::Path<String>,
    request: HttpRequest,
    likes: web::Data<Likes>,
    monolith: web::Data<HttpClient>,
) -> HttpResponse {
    let key = request.headers().get("Idempotency-Key").and_then(|key| key.to_str().ok()).unwrap_or("none");
    let fate = likes.chaos.fault_for(key);
    if let Some(fault) = fate {
        telemetry::annotate("chaos_fault", fault.name());
    }
    match fate {
        Some(Fault::Slow { wall_time }) => tokio::time::sleep(wall_time).await,
        Some(Fault::NotFound) => return HttpResponse::NotFound().json(json!({ "error": "the like got lost" })),
        _ => {}
    }
    match monolith.post(&format!("/mysfits/{id}/fulfill-like")).idempotency_key(key).send().await {
        Ok(answer) => answer.into_response(),
        Err(_) => HttpResponse::BadGateway().json(json!({ "error": "the monolith cannot be reached" })),
    }
}

async fn serve() -> anyhow::Result<()> {
    let mode = if var("CHAOSMODE")? == "on" { Mode::On } else { Mode::Off };
    let likes = Likes {
        chaos: Settings::original(mode, var("CHAOS_SEED")?.parse()?),
        monolith: Upstream::new("monolith", &var("MONOLITH_URL")?)?
            .with_internal_token(&Secret::new(var("INTERNAL_TOKEN")?))?,
    };
    let app = move || {
        let monolith = likes.monolith.connect();
        App::new()
            .wrap(ServerSpans::default())
            .app_data(web::Data::new(likes.clone()))
            .app_data(web::Data::new(monolith))
            .route("/", web::get().to(async || HttpResponse::Ok().json(json!({ "service": "like service" }))))
            .route("/mysfits/{id}/like", web::post().to(like))
    };
    Ok(HttpServer::new(app).bind(var("LISTEN_ADDR")?)?.run().await?)
}

fn main() -> anyhow::Result<()> {
    let config = TelemetryConfig::from_environment(&Environment::from_process(), "like service", "1")?;
    let telemetry = telemetry::init(&config)?;
    let served = actix_web::rt::System::new().block_on(serve());
    telemetry.shutdown();
    served
}
