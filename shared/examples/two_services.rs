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
use shared::config::{Environment, ListenAddr};
use shared::error::ApiError;
use shared::http_client::{HttpClient, Upstream};
use shared::server::{self, HttpSettings};
use shared::shutdown::Shutdown;
use shared::telemetry::{self, TelemetryConfig};

async fn order(dish: web::Path<String>, kitchen: web::Data<HttpClient>) -> Result<HttpResponse, ApiError> {
    Ok(kitchen.get(&format!("/cook/{dish}")).send().await?.into_response())
}

async fn cook(dish: web::Path<String>) -> Result<HttpResponse, ApiError> {
    telemetry::annotate("dish", dish.clone()); // in the console: annotation[dish] = "soup"
    if *dish == "unicorn" {
        return Err(ApiError::not_found("unicorn is off the menu"));
    }
    Ok(HttpResponse::Ok().body(format!("one {dish}\n")))
}

fn main() -> anyhow::Result<()> {
    let environment = Environment::from_process();
    let is_kitchen = std::env::args().nth(1).as_deref() == Some("kitchen");
    let (name, port) = if is_kitchen { ("kitchen", 8302) } else { ("restaurant", 8301) };
    let config = TelemetryConfig::from_environment(&environment, name, env!("CARGO_PKG_VERSION"))?;
    let telemetry = telemetry::init(&config)?;
    let served = actix_web::rt::System::new().block_on(async {
        let listener =
            server::bind("LISTEN_ADDR", &environment.listen_addr("LISTEN_ADDR", ListenAddr::loopback(port))?)?;
        let kitchen = Upstream::new("kitchen", environment.get("KITCHEN_URL").unwrap_or("http://127.0.0.1:8302"))?;
        tracing::info!("{name} listening on {}", listener.addr());
        let running = server::start(listener, &HttpSettings::default(), move |routes| {
            let kitchen = kitchen.connect().expect("the HTTP client needs nothing from outside");
            routes.app_data(web::Data::new(kitchen));
            routes.route("/order/{dish}", web::get().to(order)).route("/cook/{dish}", web::get().to(cook));
        })?;
        server::run_until_stopped(vec![running], Shutdown::on_signals()?).await
    });
    telemetry.shutdown();
    served
}
