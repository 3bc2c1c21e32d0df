//! Traffic of the Mysfits: likes with their three fates, visitors who only look, health checks.

use rand::RngExt as _;
use rand::rngs::StdRng;

use super::plan::{Step, Visit};

const DATABASE: &str = "mysfits@postgres";
/// How many mysfits can be liked.
const MYSFITS: u32 = 12;
/// Out of a hundred requests, so many are likes; see [`LOOKS`] and the rest are health checks.
const LIKES: u32 = 70;
/// Out of a hundred requests, so many ask for the catalogue.
const LOOKS: u32 = 20;

/// One request of somebody outside.
pub(super) fn request(rng: &mut StdRng) -> Visit {
    match rng.random_range(0..100) {
        share if share < LIKES => like(rng),
        share if share < LIKES + LOOKS => {
            Visit::new("monolith", "GET", "/mysfits").step(Step::Query(DATABASE.into())).annotate("site", "catalogue")
        }
        share => Visit::new(if share % 2 == 0 { "monolith" } else { "like service" }, "GET", "/"),
    }
}

/// A like: slow in 64 cases of 100, lost in 25, fine in 11, as the Like service's chaos has it.
fn like(rng: &mut StdRng) -> Visit {
    let mysfit = format!("4e53920c-505a-4a90-a694-b9300791{:04x}", rng.random_range(0..MYSFITS));
    let path = format!("/mysfits/{mysfit}/like");
    let fulfil = |patience: i64| {
        let database = Visit::new("monolith", "POST", format!("/mysfits/{mysfit}/fulfill-like"));
        [Step::Work(patience), Step::Call(database.step(Step::Query(DATABASE.into())))]
    };
    let (status, fault, steps): (_, _, Vec<Step>) = match rng.random_range(0..100) {
        ..64 => (200, "slow", fulfil(rng.random_range(1_200_000..3_500_000)).into()),
        64..89 => (404, "not_found", Vec::new()),
        _ => (200, "none", fulfil(1_000).into()),
    };
    let served = Visit::new("like service", "POST", path.clone()).status(status).annotate("chaos_fault", fault);
    let served = steps.into_iter().fold(served, Visit::step);
    Visit::new("monolith", "POST", path).status(status).annotate("mysfit_id", mysfit).step(Step::Call(served))
}
