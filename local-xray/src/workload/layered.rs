//! A system of any number of services in layers, as large companies have them.

use rand::RngExt as _;
use rand::rngs::StdRng;

use super::plan::{Step, Visit};

/// Each service calls at most so many of the next layer.
const CALLEES: usize = 3;
/// How many services of the last layer share a database.
const SERVICES_A_DATABASE: usize = 8;

/// The layers: where each begins, and where the last one ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layered {
    starts: [usize; 5],
}

impl Layered {
    /// Layers of one, two, three and four tenths of the services; `None` for fewer than 10 or more than 10,000.
    pub(super) fn new(services: usize) -> Option<Self> {
        let starts = [0, services / 10, services * 3 / 10, services * 6 / 10, services];
        (10..=10_000).contains(&services).then_some(Self { starts })
    }

    pub(super) fn services(&self) -> usize {
        let [.., end] = self.starts;
        end
    }

    /// One request, which comes in at the first layer.
    pub(super) fn request(&self, rng: &mut StdRng) -> Visit {
        let [_, end, ..] = self.starts;
        self.visit(0, rng.random_range(0..end), rng)
    }

    fn visit(&self, layer: usize, service: usize, rng: &mut StdRng) -> Visit {
        let status = if rng.random_ratio(1, 100) { 500 } else { 200 };
        let visit = Visit::new(format!("service-{service:04}"), "GET", format!("/items/{}", service % 7))
            .status(status)
            .annotate("tenant", format!("tenant-{}", rng.random_range(0..50)))
            .step(Step::Work(rng.random_range(200..8_000)));
        match self.callees(layer, service) {
            Some(callees) => callees.into_iter().fold(visit, |visit, callee| {
                let called = rng.random_ratio(1, 2).then(|| Step::Call(self.visit(layer + 1, callee, rng)));
                called.into_iter().fold(visit, Visit::step)
            }),
            None => visit.step(Step::Query(format!("store-{:03}@postgres", service / SERVICES_A_DATABASE).into())),
        }
    }

    /// Whom a service may call; `None` in the last layer. Together the callees of a layer are the whole next one.
    fn callees(&self, layer: usize, service: usize) -> Option<[usize; CALLEES]> {
        let (start, next, end) = (self.starts.get(layer)?, *self.starts.get(layer + 1)?, *self.starts.get(layer + 2)?);
        let first = (service - start) * CALLEES;
        Some(std::array::from_fn(|index| next + (first + index) % (end - next)))
    }
}
