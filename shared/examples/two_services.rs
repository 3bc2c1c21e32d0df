//! Two services and one trace: a `restaurant` that asks its `kitchen`. Each of these in a terminal of its own:
//!
//! ```text
//! cargo run -p local-xray -- serve
//! cargo run -p shared --example two_services -- kitchen
//! cargo run -p shared --example two_services -- restaurant
//! curl -i http://127.0.0.1:8301/order/soup
//! ```
//!
//! The answer names its trace in `X-Amzn-Trace-Id`, and <http://127.0.0.1:2000> shows the map a few seconds later.

use actix_web::{HttpResponse, web};
use shared::Service;
use shared::config::Environment;
use shared::error::ApiError;
use shared::http_client::{HttpClient, Upstream};

async fn order(dish: web::Path<String>, kitchen: web::Data<HttpClient>) -> Result<HttpResponse, ApiError> {
    Ok(kitchen.get(&format!("/cook/{dish}")).send().await?.into_response())
}

async fn cook(dish: web::Path<String>) -> HttpResponse {
    shared::telemetry::annotate("dish", dish.clone()); // in the console: annotation[dish] = "soup"
    HttpResponse::Ok().body(format!("one {dish}\n"))
}

fn main() -> anyhow::Result<()> {
    let environment = Environment::from_process();
    let service = |name, port| Service { name, version: env!("CARGO_PKG_VERSION"), port };
    if std::env::args().nth(1).as_deref() == Some("kitchen") {
        return service("kitchen", 8302).run(&environment, |routes| {
            routes.route("/cook/{dish}", web::get().to(cook));
        });
    }
    let kitchen = Upstream::new("kitchen", environment.get("KITCHEN_URL").unwrap_or("http://127.0.0.1:8302"))?;
    service("restaurant", 8301).run(&environment, move |routes| {
        routes.app_data(web::Data::new(kitchen.connect())).route("/order/{dish}", web::get().to(order));
    })
}
