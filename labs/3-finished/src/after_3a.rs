//! A Like service as the dev team left it: it counts likes, and nobody sees what happens inside. Lab 3 begins at the marked places.

use std::env::var;

use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use like_service::chaos::{Fault, Mode, Settings};
use serde_json::json;
use shared::config::Environment;
use shared::telemetry::middleware::ServerSpans;
use shared::telemetry::{self, TelemetryConfig};

/// What every like needs.
#[derive(Clone)]
struct Likes {
    chaos: Settings,
    monolith_url: String,
    monolith_token: String,
    monolith: reqwest::Client,
}

async fn like(id: web::Path<String>, request: HttpRequest, likes: web::Data<Likes>) -> HttpResponse {
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
    // Lab 3c: the hop
    let url = format!("{}/mysfits/{id}/fulfill-like", likes.monolith_url);
    let call =
        likes.monolith.post(url).header("Idempotency-Key", key).header("X-Internal-Token", &likes.monolith_token);
    match call.send().await {
        Ok(answer) if answer.status().is_success() => {
            HttpResponse::Ok().content_type("application/json").body(answer.bytes().await.unwrap_or_default())
        }
        _ => HttpResponse::BadGateway().json(json!({ "error": "the monolith cannot be reached" })),
    }
}

async fn serve() -> anyhow::Result<()> {
    let mode = if var("CHAOSMODE")? == "on" { Mode::On } else { Mode::Off };
    let likes = Likes {
        chaos: Settings::original(mode, var("CHAOS_SEED")?.parse()?),
        monolith_url: var("MONOLITH_URL")?,
        monolith_token: var("INTERNAL_TOKEN")?,
        monolith: reqwest::Client::new(),
    };
    let app = move || {
        App::new()
            .wrap(ServerSpans::default())
            .app_data(web::Data::new(likes.clone()))
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
