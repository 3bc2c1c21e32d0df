//! The tables, as numbered files that travel inside the binary.
//!
//! Listed by hand because the macro that collects them would pull in a second build of the bundled SQLite.

use sqlx::SqlSafeStr;
use sqlx::migrate::{Migration, MigrationType, Migrator};

/// Brings a SQLite database up to date.
pub(super) fn sqlite() -> Migrator {
    Migrator::with_migrations(vec![migration(
        1,
        "mysfits and likes",
        include_str!("../../migrations/sqlite/0001_mysfits_and_likes.sql"),
    )])
}

/// Brings a PostgreSQL database up to date; several instances may start at once, one of them does the work.
pub(super) fn postgres() -> Migrator {
    Migrator::with_migrations(vec![migration(
        1,
        "mysfits and likes",
        include_str!("../../migrations/postgres/0001_mysfits_and_likes.sql"),
    )])
}

fn migration(version: i64, description: &'static str, sql: &'static str) -> Migration {
    Migration::new(version, description.into(), MigrationType::Simple, sql.into_sql_str(), false)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn every_file_of_the_folder_is_listed() {
        fn check(folder: &str, migrator: &Migrator) {
            let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations").join(folder);
            assert_eq!(folder.read_dir().unwrap().count(), migrator.iter().count());
        }
        check("sqlite", &sqlite());
        check("postgres", &postgres());
    }
}
