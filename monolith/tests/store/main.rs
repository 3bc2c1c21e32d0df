//! The promises of a store, kept by both databases: each case runs on each of them, with a database of its own.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that finds something else should end there"
)]

mod cases;

mod line;
mod postgres_server;

mod postgresql;
mod postgresql_tls;

use monolith::config::DatabaseConfig;
use monolith::domain::Selection;
use monolith::domain::roster::ROSTER;
use monolith::store::{self, AdoptError, StoreError};
use shared::config::Environment;
use sqlx::{Connection, SqliteConnection};

use crate::cases::CASES;

/// No promise is about haste: on a busy machine a new connection, encrypted and authenticated, may take its time.
const UNHURRIED: (&str, &str) = ("DB_PATIENCE_MS", "60000");

fn database(url: &str) -> DatabaseConfig {
    DatabaseConfig::from_environment(&Environment::from_pairs([("DATABASE_URL", url)])).unwrap()
}

fn unhurried_database(url: &str) -> DatabaseConfig {
    DatabaseConfig::from_environment(&Environment::from_pairs([("DATABASE_URL", url), UNHURRIED])).unwrap()
}

#[actix_rt::test]
async fn a_sqlite_file_keeps_every_promise() {
    for (name, case) in CASES {
        println!("{name}");
        let folder = tempfile::tempdir().unwrap();
        case(database(&format!("sqlite:{}?mode=rwc", folder.path().join("zoo.db").display()))).await;
    }
}

#[actix_rt::test]
async fn sqlite_in_memory_keeps_every_promise_but_to_remember() {
    for (name, case) in CASES.iter().filter(|(name, _)| !cases::REMEMBERING.contains(name)) {
        println!("{name}");
        case(database("sqlite::memory:")).await;
    }
}

#[actix_rt::test]
async fn a_sqlite_file_that_another_process_holds_can_be_read_and_not_changed() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}?mode=rwc", folder.path().join("zoo.db").display());
    let store = store::open(&database(&url)).await.unwrap();
    let mut other = SqliteConnection::connect(&url).await.unwrap();
    sqlx::query("BEGIN IMMEDIATE").execute(&mut other).await.unwrap();

    assert_eq!(store.list(Selection::All).await.unwrap().len(), ROSTER.len());
    let refusal = store.adopt(ROSTER[0].id).await;
    assert!(matches!(refusal, Err(AdoptError::Store(StoreError::Unreachable(_)))), "{refusal:?}");

    sqlx::query("ROLLBACK").execute(&mut other).await.unwrap();
    assert!(store.adopt(ROSTER[0].id).await.unwrap().adopted);
}

#[actix_rt::test]
async fn a_database_that_cannot_be_opened_is_named_without_its_password() {
    async fn check(url: &str, expected: &str) {
        let error = store::open(&database(url)).await.err().expect("nothing to open").to_string();
        assert_eq!(error, expected);
    }
    check("sqlite:/nowhere/zoo.db", "cannot open the database zoo").await;
    check("postgres://me:hunter2@127.0.0.1:1/zoo", "cannot open the database zoo@127.0.0.1:1").await;
}
