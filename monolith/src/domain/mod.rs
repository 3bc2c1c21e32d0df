//! What the adoption centre is about, as parsed types and rules: no sockets, no SQL, no JSON.
//!
//! Text from outside becomes one of these types at the edge (a handler, a row of the store); everything further in asks
//! for exactly the type it needs and never checks again.

pub mod alignment;
pub mod like_key;
pub mod mysfit;
pub mod mysfit_id;
pub mod roster;
pub mod selection;

pub use alignment::{GoodEvil, LawChaos};
pub use like_key::LikeKey;
pub use mysfit::Mysfit;
pub use mysfit_id::MysfitId;
pub use selection::Selection;
