//! `mysfits` at the command line: bounded runs that judge themselves, counts that repeat, and mistakes that are told apart.

#![expect(clippy::indexing_slicing, reason = "a test may panic on an answer of the wrong shape")]

use std::net::TcpListener;

use anyhow::{Result, ensure};
use e2e::{Finished, Stack, run, run_up};

/// The part of the output that counts: the map and the totals beneath it, without addresses and times.
fn counts(run: &Finished) -> Vec<String> {
    let from_map = run.stdout.lines().skip_while(|line| !line.starts_with("The service map"));
    from_map.map(without_times).collect()
}

/// Blanks out averages, which are measured, and keeps counts, which are decided by the seed.
fn without_times(line: &str) -> String {
    let is_frame = |letter: char| letter.is_whitespace() || "│─╴╶,".contains(letter);
    let mut words: Vec<&str> = line.split(is_frame).filter(|word| !word.is_empty()).collect();
    for unit in (1..words.len()).filter(|place| matches!(words[*place], "µs" | "ms" | "s")).collect::<Vec<_>>() {
        words[unit - 1..=unit].fill("TIME");
    }
    words.join(" ")
}

#[tokio::test]
async fn a_bounded_run_draws_the_whole_map_and_exits_0() -> Result<()> {
    let run = run_up(&["--for", "20s", "--seed", "7"]).await?;
    ensure!(run.status.success(), "{}\n{}", run.stdout, run.stderr);
    for expected in ["Clients", "monolith", "like service", "Database::SQL", "every expected edge was seen"] {
        ensure!(run.stdout.contains(expected), "'{expected}' is not in\n{}", run.stdout);
    }
    Ok(())
}

#[tokio::test]
async fn a_counted_run_repeats_exactly_under_its_seed() -> Result<()> {
    let first = run_up(&["--requests", "100", "--seed", "7"]).await?;
    let second = run_up(&["--requests", "100", "--seed", "7"]).await?;
    ensure!(first.status.success() && second.status.success(), "{}\n{}", first.stdout, second.stdout);
    ensure!(counts(&first).len() > 5, "no map in\n{}", first.stdout);
    ensure!(counts(&first) == counts(&second), "{}\n\ndiffers from\n\n{}", first.stdout, second.stdout);
    Ok(())
}

#[tokio::test]
async fn a_load_knows_what_the_demo_of_its_site_uses() -> Result<()> {
    let stack = Stack::start(&["--no-traffic", "--chaos", "off"], &[]).await?;
    let site = stack.site("");
    let load = run(&["load", "--site", &site, "--clients", "4", "--requests", "40", "--seed", "7", "--json"]).await?;
    ensure!(load.status.success(), "{}", load.stderr);
    let report: serde_json::Value = serde_json::from_str(&load.stdout)?;
    ensure!(report["answers"] == serde_json::json!({ "200": 40 }), "{report:#}");
    let names = report["processes"].as_array().into_iter().flatten().map(|process| process["name"].clone());
    let names: Vec<serde_json::Value> = names.collect();
    ensure!(names == ["like-service", "monolith", "local-xray"], "{report:#}");
    stack.stop().await
}

#[tokio::test]
async fn a_taken_port_is_named_with_the_flag_that_moves_it() -> Result<()> {
    const FLAGS: [&str; 8] =
        ["--site", "--internal", "--like", "--like-internal", "--xray", "--otlp-grpc", "--otlp-http", "--metadata"];
    for flag in FLAGS {
        let taken = TcpListener::bind("127.0.0.1:0")?;
        let port = taken.local_addr()?.port().to_string();
        let mut arguments = vec!["up", "--no-traffic"];
        for other in FLAGS {
            arguments.extend([other, if other == flag { port.as_str() } else { "0" }]);
        }
        let refused = run(&arguments).await?;
        ensure!(!refused.status.success(), "{flag} on a taken port started all the same");
        ensure!(refused.stderr.contains(flag) && refused.stderr.contains(&port), "{flag}, {port}: {}", refused.stderr);
    }
    Ok(())
}

#[tokio::test]
async fn help_shows_the_verbs_and_examples() -> Result<()> {
    let help = run(&["--help"]).await?;
    ensure!(help.status.success());
    for expected in ["--for", "--requests", "--seed", "map", "load", "Examples"] {
        ensure!(help.stdout.contains(expected), "'{expected}' is not in\n{}", help.stdout);
    }
    Ok(())
}
