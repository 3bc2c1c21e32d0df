//! Every statement, once: both databases understand all of them, but for the one that says so.

use crate::domain::Selection;

/// A statement and its name on a trace.
#[derive(Debug, Clone, Copy)]
pub(super) struct Statement {
    /// What it does to which table; never more, or every statement became a name of its own.
    pub(super) operation: &'static str,
    /// Its text, with placeholders for values.
    pub(super) sql: &'static str,
}

macro_rules! columns {
    () => {
        "id, name, species, description, age, good_evil, law_chaos, likes, adopted"
    };
}

/// Copies one entry of the roster; what visitors did stays as it is.
pub(super) const COPY_ENTRY: &str = "INSERT INTO mysfits \
     (id, position, name, species, description, age, good_evil, law_chaos) VALUES ($1, $2, $3, $4, $5, $6, $7, $8) \
     ON CONFLICT (id) DO UPDATE SET position = excluded.position, name = excluded.name, species = excluded.species, \
     description = excluded.description, age = excluded.age, good_evil = excluded.good_evil, \
     law_chaos = excluded.law_chaos";

/// The statement that lists a selection, and the value that it takes, if any.
pub(super) fn list(selection: Selection) -> (Statement, Option<&'static str>) {
    match selection {
        Selection::All => (LIST, None),
        Selection::GoodEvil(value) => (LIST_BY_GOOD_EVIL, Some(value.as_str())),
        Selection::LawChaos(value) => (LIST_BY_LAW_CHAOS, Some(value.as_str())),
    }
}

const LIST: Statement =
    Statement { operation: "SELECT mysfits", sql: concat!("SELECT ", columns!(), " FROM mysfits ORDER BY position") };

const LIST_BY_GOOD_EVIL: Statement = Statement {
    operation: "SELECT mysfits",
    sql: concat!("SELECT ", columns!(), " FROM mysfits WHERE good_evil = $1 ORDER BY position"),
};

const LIST_BY_LAW_CHAOS: Statement = Statement {
    operation: "SELECT mysfits",
    sql: concat!("SELECT ", columns!(), " FROM mysfits WHERE law_chaos = $1 ORDER BY position"),
};

pub(super) const FIND: Statement =
    Statement { operation: "SELECT mysfits", sql: concat!("SELECT ", columns!(), " FROM mysfits WHERE id = $1") };

/// Takes a like key for a mysfit: one row when both the mysfit is known and the key is new, otherwise none.
pub(super) const TAKE_LIKE_KEY: Statement = Statement {
    operation: "INSERT likes",
    sql: "INSERT INTO likes (mysfit_id, like_key) \
     SELECT id, $2 FROM mysfits WHERE id = $1 ON CONFLICT (mysfit_id, like_key) DO NOTHING",
};

pub(super) const COUNT_LIKE: Statement = Statement {
    operation: "UPDATE mysfits",
    sql: "UPDATE mysfits SET likes = likes + 1 WHERE id = $1 RETURNING likes",
};

/// [`TAKE_LIKE_KEY`] and [`COUNT_LIKE`] in one statement, which is a transaction by itself: one round trip. PostgreSQL only; SQLite
/// changes nothing inside a `WITH`, and has no way to go. No row when the key was taken before or the mysfit is unknown.
pub(super) const ADD_LIKE: Statement = Statement {
    operation: "INSERT likes",
    sql: "WITH taken AS (INSERT INTO likes (mysfit_id, like_key) \
     SELECT id, $2 FROM mysfits WHERE id = $1 ON CONFLICT (mysfit_id, like_key) DO NOTHING RETURNING mysfit_id) \
     UPDATE mysfits SET likes = likes + 1 FROM taken WHERE mysfits.id = taken.mysfit_id RETURNING mysfits.likes",
};

pub(super) const FIND_LIKES: Statement =
    Statement { operation: "SELECT mysfits", sql: "SELECT likes FROM mysfits WHERE id = $1" };

/// Adopts a mysfit that is still free; no row when it is unknown or taken.
pub(super) const ADOPT: Statement = Statement {
    operation: "UPDATE mysfits",
    sql: concat!("UPDATE mysfits SET adopted = TRUE WHERE id = $1 AND NOT adopted RETURNING ", columns!()),
};

/// Proves that the database answers and that the tables are there; without a name, because health checks are not traced.
pub(super) const CHECK_READY: &str = "SELECT id FROM mysfits LIMIT 1";
