//! Binding, draining and being cut short.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use actix_web::web::{self, Data};
use actix_web::{HttpResponse, Responder};
use shared::config::ListenAddr;
use shared::{healthcheck, server};
use tokio::sync::Notify;

use crate::helpers::{DEADLINE, ROOT, XRAY_HEADER, daemon, eventually, serve_with};

#[derive(Default)]
struct Gate {
    entered: AtomicBool,
    open: Notify,
}

async fn slow(gate: Data<Arc<Gate>>) -> impl Responder {
    gate.entered.store(true, Ordering::SeqCst);
    gate.open.notified().await;
    HttpResponse::Ok().body("done")
}

#[test]
fn a_taken_port_is_named_with_its_variable() {
    let first = server::bind("LISTEN_ADDR", &ListenAddr::loopback(0)).unwrap();
    let addr: ListenAddr = first.addr().to_string().parse().unwrap();
    let error = server::bind("INTERNAL_LISTEN_ADDR", &addr).unwrap_err();
    assert_eq!(error.to_string(), format!("cannot listen on {addr} (INTERNAL_LISTEN_ADDR)"));
}

#[actix_rt::test]
async fn a_request_under_way_is_finished_before_the_server_stops() {
    let gate = Arc::new(Gate::default());
    let state = Data::new(Arc::clone(&gate));
    let server = serve_with(move |settings| {
        settings.app_data(state.clone()).route("/slow", web::get().to(slow));
    });
    let url = server.url("/slow");
    let request = actix_rt::spawn(async move { reqwest::get(url).await.unwrap().text().await.unwrap() });
    eventually(async || gate.entered.load(Ordering::SeqCst).then_some(())).await;
    server.shutdown.trigger();
    assert!(server.shutdown.is_requested());
    gate.open.notify_one();
    assert_eq!(request.await.unwrap(), "done");
    server.ended.await.unwrap().unwrap();
}

#[actix_rt::test]
async fn a_second_request_to_stop_cuts_what_is_still_under_way() {
    let gate = Arc::new(Gate::default());
    let state = Data::new(Arc::clone(&gate));
    let server = serve_with(move |settings| {
        settings.app_data(state.clone()).route("/slow", web::get().to(slow));
    });
    let client = reqwest::Client::new();
    let cut = ROOT.replace("bd86", "dead");
    let request = client.get(server.url("/slow")).header(XRAY_HEADER, format!("Root={cut}"));
    let request = actix_rt::spawn(request.send());
    eventually(async || gate.entered.load(Ordering::SeqCst).then_some(())).await;
    server.shutdown.trigger();
    server.shutdown.trigger();
    // Sooner than the drain deadline, which would cut it off too.
    tokio::time::timeout(DEADLINE, server.ended).await.unwrap().unwrap().unwrap();
    assert!(request.await.unwrap().is_err());
    let segment = daemon().documents(&cut, 1).remove(0);
    assert_eq!(segment["http"]["response"]["status"], 499);
    assert_eq!(segment["error"], true);
    assert_eq!(segment.get("fault"), None);
}

#[actix_rt::test]
async fn a_healthcheck_hears_who_answers_and_who_does_not() {
    async fn ask(url: &str) -> anyhow::Result<()> {
        let listen: ListenAddr = url.trim_start_matches("http://").parse().unwrap();
        web::block(move || healthcheck::ask(&listen)).await.unwrap()
    }
    let healthy = serve_with(|settings| {
        settings.route("/health/live", web::get().to(HttpResponse::Ok));
    });
    ask(&healthy.url("")).await.unwrap();
    let silent = serve_with(|_| {});
    assert!(ask(&silent.url("")).await.unwrap_err().to_string().ends_with("/health/live answers 404 Not Found"));
    let nobody = ask("127.0.0.1:1").await.unwrap_err();
    assert_eq!(nobody.to_string(), "http://127.0.0.1:1/health/live does not answer");
}
