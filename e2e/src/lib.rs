//! What the journeys share: a whole stack as a user starts it, a browser as a user holds it, and patience with a deadline.
//!
//! Nothing here knows the inside of a service. The stack is the real `mysfits` executable with every port set to 0, the
//! browser is a headless Chromium behind chromedriver, the containers are those of the real compose file, and what happened is read back through the X-Ray API.

mod axe;
mod browser;
mod containers;
mod lesson;
mod local_xray;
mod process;
mod stack;
mod wait;
mod xray;

pub use axe::violations;
pub use browser::{Browser, Download, Theme};
pub use containers::{Containers, Setup, docker};
pub use lesson::{Edit, Lesson, Step, missing_line};
pub use local_xray::LocalXray;
pub use process::executable;
pub use stack::{Finished, Stack, run, run_up};
pub use wait::eventually;
pub use xray::{Trace, Xray};
