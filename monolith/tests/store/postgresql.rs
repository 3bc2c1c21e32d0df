//! What only a server can show: restarts, silence, round trips and plans.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::{join_all, try_join_all};
use monolith::domain::roster::ROSTER;
use monolith::domain::{GoodEvil, LawChaos, Selection};
use monolith::store::{self, AddLikeError, AdoptError, Store, StoreError};

use crate::cases::{CASES, key};
use crate::line::Line;
use crate::postgres_server::PostgresServer;
use crate::{database, unhurried_database};

/// How long a server may take to do as its settings say.
const PATIENCE: Duration = Duration::from_secs(60);

#[actix_rt::test]
async fn postgresql_keeps_every_promise() {
    let server = PostgresServer::start().await;
    for (name, case) in CASES {
        println!("{name}");
        case(unhurried_database(&server.new_database().await)).await;
    }
}

#[actix_rt::test]
async fn a_postgresql_server_that_goes_away_is_unreachable_and_found_again_when_it_is_back() {
    let Some(mut server) = PostgresServer::start_own().await else { return };
    let store = store::open(&database(&server.new_database().await)).await.unwrap();
    // Several connections, all of which the restart cuts.
    try_join_all((0..20).map(|_| store.list(Selection::All))).await.unwrap();
    server.stop();
    assert!(matches!(store.list(Selection::All).await, Err(StoreError::Unreachable(_))));
    assert!(store.check_ready().await.is_err());

    server.restart().await;
    assert_eq!(liked_at_the_second_try(&store).await, 1);
    store.close().await;
}

/// One caller finds out that the connections lead nowhere, and no other has to.
async fn liked_at_the_second_try(store: &Arc<dyn Store>) -> u64 {
    let first = store.add_like(ROSTER[0].id, key("again")).await;
    let outcome = match first {
        Err(AddLikeError::Store(StoreError::Unreachable(_))) => store.add_like(ROSTER[0].id, key("again")).await,
        other => other,
    };
    outcome.unwrap().likes
}

#[actix_rt::test]
async fn a_postgresql_server_that_has_become_a_reader_is_left_for_the_writer() {
    let Some(old) = PostgresServer::start_own().await else { return };
    let Some(new) = PostgresServer::start_own().await else { return };
    let line = Line::to(&old).await;
    // The writer to be has what the writer had; one who likes there already makes the counts tell which of the two answers.
    let replica = store::open(&database(&new.new_database_named("zoo").await)).await.unwrap();
    replica.add_like(ROSTER[0].id, key("on-the-new-writer")).await.unwrap();
    let store = store::open(&database(&line.url(&old.new_database_named("zoo").await))).await.unwrap();
    try_join_all((0..20).map(|_| store.list(Selection::All))).await.unwrap();

    let mut admin = old.connect().await;
    for statement in ["ALTER SYSTEM SET default_transaction_read_only = on", "SELECT pg_reload_conf()"] {
        sqlx::query(statement).execute(&mut admin).await.unwrap();
    }
    // The reload reaches each session by itself; a like is refused when it has.
    let started = Instant::now();
    for n in 0.. {
        match store.add_like(ROSTER[0].id, key(&format!("before-{n}"))).await {
            Ok(_) => assert!(started.elapsed() < PATIENCE, "the old writer still writes"),
            Err(AddLikeError::Store(StoreError::Unreachable(_))) => break,
            Err(other) => panic!("{other:?}"),
        }
    }
    // Connections go on being refused for as long as the name still leads to the reader, and reading goes on.
    assert!(matches!(store.adopt(ROSTER[0].id).await, Err(AdoptError::Store(StoreError::Unreachable(_)))));
    assert_eq!(store.list(Selection::All).await.unwrap().len(), ROSTER.len());

    line.lead_to(&new);
    assert_eq!(liked_at_the_second_try(&store).await, 2);
    assert_eq!(store.find(ROSTER[0].id).await.unwrap().unwrap().likes, 2);
}

#[actix_rt::test]
async fn a_postgresql_server_that_falls_silent_is_given_up_and_takes_no_connection_with_it() {
    let Some(server) = PostgresServer::start_own().await else { return };
    let line = Line::to(&server).await;
    let store = store::open(&database(&line.url(&server.new_database().await))).await.unwrap();
    store.list(Selection::All).await.unwrap();
    line.hold(true);
    // More calls than the pool has connections.
    for answer in join_all((0..15).map(|_| store.list(Selection::All))).await {
        assert!(matches!(answer, Err(StoreError::Unreachable(_))), "{answer:?}");
    }
    line.hold(false);
    for answer in join_all((0..15).map(|_| store.list(Selection::All))).await {
        assert_eq!(answer.unwrap().len(), ROSTER.len());
    }
}

#[actix_rt::test]
async fn a_like_is_one_round_trip_to_postgresql() {
    let Some(server) = PostgresServer::start_own().await else { return };
    let line = Line::to(&server).await;
    let store = store::open(&database(&line.url(&server.new_database().await))).await.unwrap();
    store.add_like(ROSTER[0].id, key("warm")).await.unwrap();
    line.forget();
    for n in 0..20 {
        store.add_like(ROSTER[0].id, key(&n.to_string())).await.unwrap();
    }
    let sent = line.sent();
    let count = |kind: u8| sent.iter().filter(|sent| **sent == kind).count();
    // `B`ind and `E`xecute travel together. A simple `Q`uery would be BEGIN or COMMIT.
    assert_eq!((count(b'B'), count(b'E'), count(b'Q')), (20, 20, 0));
}

#[actix_rt::test]
async fn no_statement_reads_the_whole_of_a_growing_postgresql_table() {
    let explaining = [
        "listen_addresses=",
        "shared_preload_libraries=auto_explain",
        "auto_explain.log_min_duration=0",
        "auto_explain.log_nested_statements=on",
    ];
    let server = PostgresServer::start_with(&explaining, |_| {}).await;
    let url = server.new_database().await;
    let store = store::open(&database(&url)).await.unwrap();
    let mut admin = server.connect_to(&url).await;
    let fill =
        "INSERT INTO likes (mysfit_id, like_key) SELECT id, 'old-' || n FROM mysfits, generate_series(1, 2000) n";
    for statement in [fill, "ANALYZE"] {
        sqlx::query(statement).execute(&mut admin).await.unwrap();
    }

    everything(&store).await;
    let log = std::fs::read_to_string(server.folder().join("log")).unwrap();
    assert!(log.contains("Insert on likes") && log.contains("Update on mysfits"), "nothing was explained:\n{log}");
    assert!(!log.contains("Seq Scan on likes"), "a table that grows was read from end to end:\n{log}");

    // What that would look like.
    sqlx::query("SELECT mysfit_id FROM likes WHERE like_key = 'old-7'").execute(&mut admin).await.unwrap();
    let log = std::fs::read_to_string(server.folder().join("log")).unwrap();
    assert!(log.contains("Seq Scan on likes"), "{log}");
}

/// Every call of a store, with every outcome that asks the database something else.
async fn everything(store: &Arc<dyn Store>) {
    let id = ROSTER[0].id;
    for _ in 0..2 {
        store.add_like(id, key("one")).await.unwrap();
        let _first_or_second = store.adopt(id).await;
    }
    for selection in [Selection::All, Selection::GoodEvil(GoodEvil::Good), Selection::LawChaos(LawChaos::Lawful)] {
        store.list(selection).await.unwrap();
    }
    store.find(id).await.unwrap();
    store.check_ready().await.unwrap();
}
