//! Loads over sockets, against stand-ins for a site.

use std::collections::{BTreeMap, HashSet};
use std::sync::atomic::{AtomicU32, Ordering};

use actix_web::{App, HttpResponse, HttpServer, web};

use super::*;
use crate::testing::Stub;

fn load(site: &str, pace: Pace, requests: usize, like_share: f64) -> Load {
    let args = LoadArgs {
        site: site.to_owned(),
        rate: None,
        clients: None,
        run_for: None,
        requests: Some(u32::try_from(requests).unwrap()),
        like_share,
        seed: None,
        pid: Vec::new(),
        json: true,
    };
    let client = Client::builder().no_proxy().timeout(PATIENCE).build().unwrap();
    Load { pace, ..Load::new(&args, client, Mix::new(7, vec!["a".into(), "b".into()], like_share)) }
}

async fn run(load: Load, shutdown: &Shutdown) -> Report {
    let nobody = Processes::find("http://mysfits.example", &[]).unwrap();
    load.run(nobody, 7, shutdown).await
}

#[actix_rt::test]
async fn both_paces_send_what_was_asked_for_and_no_more() {
    for pace in [Pace::Open { rate: 1_000.0 }, Pace::Closed { clients: 3 }] {
        let stub = Stub::start();
        let report = run(load(&stub.url, pace, 40, 0.5), &Shutdown::new()).await;
        assert_eq!((report.answered, &report.answers), (40, &BTreeMap::from([(200, 40)])), "{pace:?}");

        let seen = stub.take();
        let keys: Vec<&str> = seen.iter().filter_map(|seen| seen.key.as_deref()).collect();
        let (likes, lists) = (report.latency_ms[&mix::Kind::Like].count, report.latency_ms[&mix::Kind::List].count);
        assert_eq!((seen.len(), keys.len() as u64, likes + lists), (40, likes, 40), "{pace:?}");
        assert_eq!(keys.iter().collect::<HashSet<_>>().len(), keys.len(), "each like has a key of its own");
        let known = ["GET /mysfits", "POST /mysfits/a/like", "POST /mysfits/b/like"];
        assert!(seen.iter().all(|seen| known.contains(&seen.what.as_str())), "{seen:?}");
    }
}

/// Answers nobody before so many have asked.
fn site_that_waits_for(crowd: u32) -> String {
    let asked = Arc::new((AtomicU32::new(0), Shutdown::new()));
    let server = HttpServer::new(move || {
        let asked = Arc::clone(&asked);
        App::new().default_service(web::to(move || {
            let asked = Arc::clone(&asked);
            async move {
                if asked.0.fetch_add(1, Ordering::SeqCst) + 1 == crowd {
                    asked.1.trigger();
                }
                asked.1.requested().await;
                HttpResponse::Ok().finish()
            }
        }))
    });
    let server = server.workers(1).disable_signals().bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", server.addrs()[0]);
    actix_rt::spawn(server.run());
    url
}

#[actix_rt::test]
async fn an_open_loop_does_not_wait_for_answers() {
    let site = site_that_waits_for(50);
    let report = run(load(&site, Pace::Open { rate: 1_000.0 }, 50, 1.0), &Shutdown::new()).await;
    assert_eq!((report.answered, report.unanswered), (50, 0));
}

#[actix_rt::test]
async fn latency_counts_from_when_a_request_was_due() {
    let stub = Stub::start();
    let load = load(&stub.url, Pace::Closed { clients: 1 }, 1, 0.0);
    load.send(&Request::List, Instant::now() - Duration::from_secs(5)).await;
    assert!(load.tally.borrow().overall().max >= 5_000.0);
}

#[actix_rt::test]
async fn requests_without_an_answer_are_counted() {
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let load = load(&format!("http://{nobody}"), Pace::Closed { clients: 2 }, 6, 0.5);
    let report = run(load, &Shutdown::new()).await;
    assert_eq!((report.answered, report.unanswered, report.under_way), (0, 6, 0));
}

#[actix_rt::test]
async fn interrupted_it_reports_what_was_answered_so_far() {
    let site = site_that_waits_for(u32::MAX);
    let (load, shutdown) = (load(&site, Pace::Closed { clients: 3 }, 9, 0.5), Shutdown::new());
    let tally = Rc::clone(&load.tally);
    let interrupting = async {
        while tally.borrow().under_way() < 3 {
            tokio::task::yield_now().await;
        }
        shutdown.trigger();
    };
    let (report, ()) = tokio::join!(run(load, &shutdown), interrupting);
    assert_eq!((report.was_interrupted, report.answered, report.under_way), (true, 0, 3));
}
