//! The beginning of a lab: an empty data folder, a fixed seed, and the traffic that suits it.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, ensure};
use clap::Args;

use super::Lab;
use crate::cli::{Chaos, PortArgs, UpArgs};
use crate::running::{DATA, Running};
use crate::screen::Screen;
use crate::up::up;

/// The seed of all labs: what the texts promise, they promise for this one.
const SEED: u64 = 7;

/// Likes a second where it matters that there are many: some of them are slow at any moment.
const BUSY: f64 = 3.0;

/// Everything that a demo leaves in its folder, and all that a lab's beginning takes away.
const LEFT_BEHIND: [&str; 6] = ["logs", "local-xray", "mysfits.db", "mysfits.db-shm", "mysfits.db-wal", "running.json"];

/// Which lab to begin, and how.
#[derive(Clone, Debug, Args)]
pub(crate) struct StartArgs {
    /// Which lab
    lab: Lab,

    /// The executable that you run in place of our Like service
    #[arg(long, value_name = "PATH")]
    like_service: Option<PathBuf>,

    /// The folder of the lab; what an earlier demo left in it is removed
    #[arg(long, value_name = "DIR", default_value = DATA)]
    data: PathBuf,

    #[command(flatten)]
    ports: PortArgs,
}

/// Forgets whatever was there before and runs the demo until Ctrl-C.
pub(super) async fn start(args: &StartArgs) -> anyhow::Result<ExitCode> {
    let needs_own = matches!(args.lab, Lab::ThreeA | Lab::ThreeC);
    ensure!(
        args.like_service.is_some() || !needs_own,
        "lab {} runs a Like service of yours: add --like-service target/debug/lab-3-start (see {})",
        args.lab.name(),
        args.lab.text()
    );
    empty(&args.data)?;
    Screen::on_stdout().line(&format!("Lab {}: {} ({})", args.lab.name(), args.lab.title(), args.lab.text()));
    up(&demo(args), Some(args.lab.name())).await
}

fn demo(args: &StartArgs) -> UpArgs {
    UpArgs {
        run_for: None,
        requests: None,
        rate: (args.lab == Lab::One).then_some(BUSY),
        seed: Some(SEED),
        no_traffic: args.lab == Lab::Five,
        no_visitors: !matches!(args.lab, Lab::One | Lab::Five),
        like_tasks: 1,
        like_service: args.like_service.clone(),
        chaos: Chaos::On,
        data: Some(args.data.clone()),
        ports: args.ports.clone(),
    }
}

/// Removes what demos leave behind, and nothing else.
fn empty(data: &Path) -> anyhow::Result<()> {
    Running::refuse_second(data)?;
    for name in LEFT_BEHIND {
        let path = data.join(name);
        let removed = if path.is_dir() { std::fs::remove_dir_all(&path) } else { std::fs::remove_file(&path) };
        match removed {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(error).with_context(|| format!("cannot remove {}", path.display()));
            }
            _ => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lab_begins_empty_and_leaves_what_is_not_the_demos() {
        let folder = tempfile::tempdir().unwrap();
        empty(&folder.path().join("not-there-yet")).unwrap();
        for name in ["logs", "local-xray"] {
            std::fs::create_dir(folder.path().join(name)).unwrap();
            std::fs::write(folder.path().join(name).join("file"), "x").unwrap();
        }
        for name in ["mysfits.db", "mine.txt"] {
            std::fs::write(folder.path().join(name), "x").unwrap();
        }
        empty(folder.path()).unwrap();
        let left: Vec<_> = std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(left, ["mine.txt"]);
    }
}
