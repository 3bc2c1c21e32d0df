//! What a request is going to do: a tree of visits, before anybody has looked at a clock.

use std::borrow::Cow;

/// A service serves a request.
#[derive(Debug, Clone)]
pub(super) struct Visit {
    pub(super) service: Cow<'static, str>,
    pub(super) method: &'static str,
    pub(super) path: String,
    pub(super) status: u16,
    /// What can be searched for, by key.
    pub(super) annotations: Vec<(&'static str, String)>,
    /// What it does, in this order.
    pub(super) steps: Vec<Step>,
}

/// One thing that a service does.
#[derive(Debug, Clone)]
pub(super) enum Step {
    /// Works by itself, for so many microseconds.
    Work(i64),
    /// Calls another service.
    Call(Visit),
    /// Asks a database of this name.
    Query(Cow<'static, str>),
}

impl Visit {
    pub(super) fn new(service: impl Into<Cow<'static, str>>, method: &'static str, path: impl Into<String>) -> Self {
        Self {
            service: service.into(),
            method,
            path: path.into(),
            status: 200,
            annotations: Vec::new(),
            steps: Vec::new(),
        }
    }

    pub(super) fn step(mut self, step: Step) -> Self {
        self.steps.push(step);
        self
    }

    pub(super) fn status(self, status: u16) -> Self {
        Self { status, ..self }
    }

    pub(super) fn annotate(mut self, key: &'static str, value: impl Into<String>) -> Self {
        self.annotations.push((key, value.into()));
        self
    }
}
