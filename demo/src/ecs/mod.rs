//! The part of Amazon ECS that a service notices: an endpoint that says which task it is, and how much CPU, memory and network it uses.
//!
//! On ECS an agent beside the task serves it and puts its address into `ECS_CONTAINER_METADATA_URI` (version 3) and `…_URI_V4`. Here the
//! demo does, so that services believe that they run on Fargate and a learner can ask the same questions with curl. Ids, names and ARNs are
//! made up; every figure is measured on the real process. What is not known here (limits, image pulls) is left out, as AWS leaves it out
//! where there is none.
//!
//! [`task`] is who is asked about, [`measure`] reads a process, [`stats`] puts two readings into Docker's form and [`metadata`] the rest
//! into the agent's; [`agent`] serves both, and passes on what other commands order.

mod agent;
mod measure;
mod metadata;
mod stats;
mod task;

pub(crate) use self::agent::{Agent, CHECKER, Life, Order, Wish};
