//! Log lines: kept beside the traces, found again by text, field, level, service, time and trace.
//!
//! The shape is that of the trace store: [`LogRecord`] is a pure value, one owner thread writes lines down before it
//! tells their senders, readers hold a [`LogSnapshot`] that no writer waits for, and what is kept is bounded by age and
//! by bytes. Lines have files of their own, so that a talkative service never costs a trace: JSON, a line each, which a
//! person can read without us.
//!
//! A [`LogQuery`] reads lines one by one. There is no index of words: the bound on bytes is what keeps a search short.

mod files;
mod level;
mod line;
mod owner;
mod query;
mod record;
mod retention;
mod state;
mod store;

pub use self::files::Recovery;
pub use self::level::Level;
pub use self::line::{Line, Place};
pub use self::query::{LogQuery, Term, field_term, terms};
pub use self::record::LogRecord;
pub use self::store::{LogSnapshot, Logs, LogsConfig, LogsReport, NotOpened};
