//! Traffic as the services see it, on a stand-in for both of them.

use super::*;
use crate::testing::{Seen, Stub};

fn traffic(stub: &Stub) -> Traffic {
    Traffic::new(stub.url.clone(), stub.url.clone()).unwrap()
}

fn is_check(seen: &Seen) -> bool {
    seen.agent == "ELB-HealthChecker/2.0"
}

#[actix_rt::test]
async fn a_counted_run_repeats_exactly_under_its_seed() {
    let stub = Stub::start();
    let mut runs = Vec::new();
    for seed in [7, 7, 8] {
        let traffic = traffic(&stub);
        traffic.send_exactly(9, seed, 1_000.0).await.unwrap();
        let visits: Vec<Seen> = stub.take().into_iter().filter(|seen| !is_check(seen)).collect();
        let counts = Counts { slowest: Duration::ZERO, ..traffic.counts() };
        runs.push((visits, counts));
    }
    assert_eq!(runs[0], runs[1]);
    assert_ne!(runs[0].0, runs[2].0);
}

#[actix_rt::test]
async fn what_was_counted_is_what_the_services_saw() {
    let stub = Stub::start();
    let traffic = traffic(&stub);
    traffic.send_exactly(5, 7, 1_000.0).await.unwrap();

    let (counts, seen) = (traffic.counts(), stub.take());
    let likes: Vec<&Seen> = seen.iter().filter(|seen| seen.what.starts_with("POST")).collect();
    assert_eq!((counts.likes, counts.counted, counts.failed), (5, 5, 0));
    assert_eq!(likes.len(), 5);
    assert!(likes.iter().all(|like| like.key.is_some() && like.what.ends_with("/like")), "{likes:?}");

    let checks: Vec<&Seen> = seen.iter().filter(|seen| is_check(seen)).collect();
    assert_eq!(
        (counts.checks, checks.len()),
        (3, 6),
        "one round to both services after the first, third and fifth like"
    );
    assert!(checks.iter().all(|check| check.what == "GET /" && check.trace.as_ref().unwrap().starts_with("Root=1-")));
    let answered = counts.answered_by_monolith() + counts.answered_by_like_service();
    assert_eq!(answered, seen.len() as u64);
}

#[actix_rt::test]
async fn traffic_without_end_ends_when_it_is_stopped() {
    let stub = Stub::start();
    let traffic = traffic(&stub);
    let sending = traffic.send_until_stopped(7, 1_000.0);
    let stopping = async {
        while traffic.counts().likes < 3 {
            tokio::task::yield_now().await;
        }
        traffic.stop();
    };
    tokio::join!(async { sending.await.unwrap() }, stopping);
    assert!(traffic.counts().likes >= 3 && traffic.counts().checks >= 1, "{:?}", traffic.counts());
}

#[actix_rt::test]
async fn requests_without_an_answer_are_counted_as_failed() {
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let stub = Stub::start();
    let traffic = Traffic::new(stub.url.clone(), format!("http://{nobody}")).unwrap();
    traffic.send_exactly(1, 7, 1_000.0).await.unwrap();
    assert_eq!((traffic.counts().likes, traffic.counts().checks, traffic.counts().failed), (1, 0, 1));
}

#[test]
fn a_load_balancer_sends_a_root_and_nothing_else() {
    let header = load_balancer_header();
    let id: Vec<&str> = header.strip_prefix("Root=").unwrap().split('-').collect();
    assert_eq!(id.iter().map(|part| part.len()).collect::<Vec<_>>(), [1, 8, 24]);
    assert!(id.iter().all(|part| part.chars().all(|c| c.is_ascii_hexdigit())), "{header}");
    assert_ne!(header, load_balancer_header());
}

#[test]
fn counts_read_as_a_sentence() {
    let check = |counts: Counts, expected: &str| assert_eq!(counts.to_string(), expected);
    check(Counts::default(), "0 likes: 0 counted, 0 not found · 0 pages · 0 checks");
    check(
        Counts {
            pages: 9,
            likes: 4,
            counted: 3,
            not_found: 1,
            slowest: Duration::from_millis(2_345),
            checks: 1,
            failed: 1,
        },
        "4 likes: 3 counted, 1 not found, slowest 2.3 s · 9 pages · 1 check · 1 failed",
    );
}
