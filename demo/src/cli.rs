//! The verbs and flags of `mysfits`, and how each is explained.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};
use shared::config::ListenAddr;

use crate::chaos::ChaosVerb;
use crate::child::Role;
use crate::lab::LabVerb;
use crate::like_tasks::MAX_TASKS;
use crate::scale::ScaleArgs;

/// Starts the Mythical Mysfits and a local X-Ray, drives traffic through them and shows the service map.
#[derive(Debug, Parser)]
#[command(name = "mysfits", version, args_conflicts_with_subcommands = true, after_help = EXAMPLES)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) verb: Option<Verb>,
    #[command(flatten)]
    pub(crate) up: UpArgs,
}

const EXAMPLES: &str = "\
Examples:
  mysfits                              start everything; Ctrl-C stops it
  mysfits --for 20s --seed 7           run for 20 seconds, print the map, exit 0 if it is complete
  mysfits --requests 100 --seed 7      send exactly 100 likes; the same seed gives the same counts
  mysfits --no-traffic --chaos off     a quiet site to click on
  mysfits --site 0 --xray 0            take free ports instead of the usual ones
  mysfits map --last 5m                draw the map of a running local X-Ray
  mysfits load --rate 20 --for 1m      send 20 requests a second to a running site, and measure
  mysfits lab list                     the guided labs, and how to begin one
  mysfits chaos on 500                 make a running Like service fail in one more way";

/// What `mysfits` can do.
#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    /// Starts everything (the same as no verb at all)
    Up(Box<UpArgs>),
    /// Draws the service map of any X-Ray endpoint in the terminal
    Map(local_xray::cli::MapArgs),
    /// Sends requests to a running site and measures how fast, how well and at what cost they are answered
    Load(LoadArgs),
    /// Asks a URL for its health: exits 0 on a 2xx answer, 1 otherwise
    Healthcheck {
        /// What to GET, such as http://127.0.0.1:8080/health/ready
        url: String,
    },
    /// Sends visitors and a load balancer's health checks to services that are already running, until Ctrl-C
    Traffic(TrafficArgs),
    /// Guided labs: starts one, and checks how far you have come
    #[command(subcommand)]
    Lab(LabVerb),
    /// Shows and changes what goes wrong on purpose in a running demo
    #[command(subcommand)]
    Chaos(ChaosVerb),
    /// Changes how many tasks of the Like service a running demo has
    Scale(ScaleArgs),
    /// Runs one of the processes; `mysfits up` starts itself this way
    #[command(hide = true)]
    Child { role: Role },
    /// Runs somebody else's executable as one of the processes
    #[command(hide = true)]
    Guard { program: PathBuf },
}

/// How to run the demo.
#[derive(Clone, Debug, Args)]
pub(crate) struct UpArgs {
    /// Stop after this long, print the map, and exit 0 only if every expected edge was seen [such as 30s, 5m]
    #[arg(long = "for", value_name = "TIME", value_parser = parse_duration, conflicts_with_all = ["requests"])]
    pub(crate) run_for: Option<Duration>,

    /// Stop after this many likes, print the map, and exit 0 only if every expected edge was seen
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) requests: Option<u32>,

    /// Likes a second, at most [default: 1, and 10 with --requests]
    #[arg(long, value_name = "N", value_parser = parse_rate)]
    pub(crate) rate: Option<f64>,

    /// Decides what visitors do and which likes fail; printed at start, so that a run can be repeated [default: a random one]
    #[arg(long, value_name = "S")]
    pub(crate) seed: Option<u64>,

    /// Send no traffic: neither visitors nor health checks
    #[arg(long, conflicts_with_all = ["run_for", "requests", "rate"])]
    pub(crate) no_traffic: bool,

    /// Send a load balancer's health checks and no visitors, so that every like is yours
    #[arg(long, conflicts_with_all = ["run_for", "requests", "rate", "no_traffic"])]
    pub(crate) no_visitors: bool,

    /// How many tasks of the Like service to run side by side; `mysfits scale` changes it
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=i64::from(MAX_TASKS)))]
    pub(crate) like_tasks: u16,

    /// Run this executable in place of our Like service; it gets the same environment variables
    #[arg(long, value_name = "PATH")]
    pub(crate) like_service: Option<PathBuf>,

    /// Whether the Like service makes most likes slow and loses a quarter
    #[arg(long, value_name = "MODE", value_enum, default_value_t = Chaos::On)]
    pub(crate) chaos: Chaos,

    /// Keep the database and the logs in this folder [default: a temporary one, removed at the end]
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) ports: PortArgs,
}

/// What to send to a running site, how fast and for how long.
#[derive(Clone, Debug, Args)]
#[command(after_help = LOAD_EXAMPLES)]
pub(crate) struct LoadArgs {
    /// The site to send to
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8080", value_parser = parse_site)]
    pub(crate) site: String,

    /// Requests a second, sent on time however slowly they are answered; latency counts from when a request was due [default: 50]
    #[arg(long, value_name = "N", value_parser = parse_load_rate, conflicts_with = "clients")]
    pub(crate) rate: Option<f64>,

    /// In place of a rate: so many clients, each of which waits for its answer before it sends the next request
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=500))]
    pub(crate) clients: Option<u16>,

    /// Stop after this long [such as 30s, 5m; default: 30s, and no limit with --requests]
    #[arg(long = "for", value_name = "TIME", value_parser = parse_duration)]
    pub(crate) run_for: Option<Duration>,

    /// Stop after this many requests
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) requests: Option<u32>,

    /// Share of likes, from 0 to 1; the rest is `GET /mysfits`
    #[arg(long, value_name = "SHARE", default_value = "0.5", value_parser = parse_share)]
    pub(crate) like_share: f64,

    /// Decides who is liked when and under which key, and so which likes fail; a key counts once, so a second run under one seed
    /// adds no likes [default: a random one]
    #[arg(long, value_name = "S")]
    pub(crate) seed: Option<u64>,

    /// Account for the CPU time and memory of this process; may be repeated [default: those of the demo that serves the site]
    #[arg(long, value_name = "PID")]
    pub(crate) pid: Vec<u32>,

    /// Print the report as JSON, and nothing else
    #[arg(long)]
    pub(crate) json: bool,
}

const LOAD_EXAMPLES: &str = "\
Ctrl-C ends the load with the report of what has been answered so far.

Examples:
  mysfits load                                     50 requests a second for 30 seconds, half of them likes
  mysfits load --rate 200 --for 1m --like-share 1  200 likes a second
  mysfits load --clients 8 --requests 10000        as fast as eight clients can
  mysfits load --site http://mysfits.example --json | jq .overall_latency_ms.p99";

/// Where to send visitors, and how many.
#[derive(Clone, Debug, Args)]
pub(crate) struct TrafficArgs {
    /// The web site
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8080")]
    pub(crate) site: String,

    /// The Like service, for its health checks
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8081")]
    pub(crate) like: String,

    /// Likes a second, at most
    #[arg(long, value_name = "N", value_parser = parse_rate, default_value_t = 1.0)]
    pub(crate) rate: f64,

    /// Decides what visitors do [default: a random one]
    #[arg(long, value_name = "S")]
    pub(crate) seed: Option<u64>,
}

/// Where everything listens; each takes an address or a port, and 0 asks for a free one.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Ports (a port or an address; 0 takes a free one)")]
pub(crate) struct PortArgs {
    /// The web site and its public API
    #[arg(long, value_name = "PORT", default_value = "8080")]
    pub(crate) site: ListenAddr,

    /// The monolith's internal API
    #[arg(long, value_name = "PORT", default_value = "8090")]
    pub(crate) internal: ListenAddr,

    /// The Like service
    #[arg(long, value_name = "PORT", default_value = "8081")]
    pub(crate) like: ListenAddr,

    /// The Like service's chaos switch
    #[arg(long, value_name = "PORT", default_value = "8091")]
    pub(crate) like_internal: ListenAddr,

    /// The local X-Ray: console, API and OTLP over TCP, segments over UDP
    #[arg(long, value_name = "PORT", default_value = "2000")]
    pub(crate) xray: ListenAddr,

    /// OTLP over gRPC
    #[arg(long, value_name = "PORT", default_value = "4317")]
    pub(crate) otlp_grpc: ListenAddr,

    /// OTLP over HTTP
    #[arg(long, value_name = "PORT", default_value = "4318")]
    pub(crate) otlp_http: ListenAddr,

    /// The ECS task metadata endpoint
    #[arg(long, value_name = "PORT", default_value = "8170")]
    pub(crate) metadata: ListenAddr,
}

/// Whether faults are injected. (The values bear no help of their own: clap would print all of it three times as long.)
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Chaos {
    On,
    Off,
}

impl Chaos {
    /// The value of `CHAOSMODE`.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::On => "on",
            Self::Off => "off",
        }
    }
}

pub(crate) fn parse_duration(text: &str) -> Result<Duration, String> {
    let wanted = || format!("expected a whole number and a unit, such as 500ms, 30s, 5m or 1h, not '{text}'");
    let unit_at = text.find(|c: char| !c.is_ascii_digit()).ok_or_else(wanted)?;
    let (number, unit) = text.split_at(unit_at);
    let number: u64 = number.parse().map_err(|_| wanted())?;
    let millis = match unit {
        "ms" => Some(number),
        "s" => number.checked_mul(1_000),
        "m" => number.checked_mul(60_000),
        "h" => number.checked_mul(3_600_000),
        _ => None,
    };
    millis.filter(|millis| *millis > 0).map(Duration::from_millis).ok_or_else(wanted)
}

fn parse_load_rate(text: &str) -> Result<f64, String> {
    let rate: Option<f64> = text.parse().ok().filter(|rate| (0.01..=10_000.0).contains(rate));
    rate.ok_or_else(|| format!("expected requests a second from 0.01 to 10000, not '{text}'"))
}

pub(crate) fn parse_share(text: &str) -> Result<f64, String> {
    let share: Option<f64> = text.parse().ok().filter(|share| (0.0..=1.0).contains(share));
    share.ok_or_else(|| format!("expected a share from 0 to 1, not '{text}'"))
}

/// The URL of a site, without a path and its slash.
fn parse_site(text: &str) -> Result<String, String> {
    let url = reqwest::Url::parse(text).ok().filter(|url| url.scheme() == "http" && url.path() == "/");
    url.map(|url| url.as_str().trim_end_matches('/').to_owned())
        .ok_or_else(|| format!("expected an http:// URL without a path, not '{text}'"))
}

fn parse_rate(text: &str) -> Result<f64, String> {
    let rate: Option<f64> = text.parse().ok().filter(|rate| (0.01..=1_000.0).contains(rate));
    rate.ok_or_else(|| format!("expected likes a second from 0.01 to 1000, not '{text}'"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::error::ErrorKind;

    fn parse(line: &str) -> Result<Cli, clap::Error> {
        Cli::try_parse_from(line.split_whitespace())
    }

    #[test]
    fn the_definition_is_sound() {
        <Cli as clap::CommandFactory>::command().debug_assert();
    }

    #[test]
    fn flags_without_a_verb_are_those_of_up() {
        let cli = parse("mysfits --for 20s --seed 7 --site 0 --xray 127.0.0.2:2000").unwrap();
        assert!(cli.verb.is_none());
        assert_eq!((cli.up.run_for, cli.up.seed), (Some(Duration::from_secs(20)), Some(7)));
        assert_eq!(cli.up.ports.site.to_string(), "127.0.0.1:0");
        assert_eq!(cli.up.ports.xray.to_string(), "127.0.0.2:2000");
        assert_eq!(cli.up.ports.otlp_http.to_string(), "127.0.0.1:4318");

        let Some(Verb::Up(up)) = parse("mysfits up --requests 100 --chaos off").unwrap().verb else { panic!("up") };
        assert_eq!((up.requests, up.chaos), (Some(100), Chaos::Off));
    }

    #[test]
    fn a_load_has_a_site_and_a_pace() {
        let load = |line: &str| match parse(line).unwrap().verb {
            Some(Verb::Load(load)) => load,
            other => panic!("{other:?}"),
        };
        let usual = load("mysfits load");
        assert_eq!((usual.site.as_str(), usual.rate, usual.clients), ("http://127.0.0.1:8080", None, None));
        let closed = load("mysfits load --site http://localhost:81/ --clients 8 --requests 9 --pid 1 --pid 2 --json");
        assert_eq!((closed.site.as_str(), closed.clients, closed.requests), ("http://localhost:81", Some(8), Some(9)));
        assert_eq!((closed.pid.as_slice(), closed.json), ([1, 2].as_slice(), true));
    }

    #[test]
    fn contradictions_and_nonsense_are_refused() {
        let check = |line: &str, expected: ErrorKind| {
            assert_eq!(parse(line).map(|_| ()).map_err(|error| error.kind()), Err(expected), "{line}");
        };
        check("mysfits --for 20s --requests 5", ErrorKind::ArgumentConflict);
        check("mysfits --no-traffic --for 5s", ErrorKind::ArgumentConflict);
        check("mysfits --requests 0", ErrorKind::ValueValidation);
        check("mysfits --for 20", ErrorKind::ValueValidation);
        check("mysfits --for 0s", ErrorKind::ValueValidation);
        check("mysfits --rate -1", ErrorKind::UnknownArgument);
        check("mysfits --rate nan", ErrorKind::ValueValidation);
        check("mysfits --site http://localhost", ErrorKind::ValueValidation);
        check("mysfits --chaos maybe", ErrorKind::InvalidValue);
        check("mysfits fly", ErrorKind::InvalidSubcommand);
        check("mysfits load --rate 5 --clients 2", ErrorKind::ArgumentConflict);
        check("mysfits load --clients 0", ErrorKind::ValueValidation);
        check("mysfits load --like-share 1.5", ErrorKind::ValueValidation);
        check("mysfits load --site 127.0.0.1:8080", ErrorKind::ValueValidation);
        check("mysfits load --site http://127.0.0.1:8080/mysfits", ErrorKind::ValueValidation);
    }

    #[test]
    fn times_are_a_number_and_a_unit() {
        let check = |text: &str, expected: Option<u64>| {
            assert_eq!(parse_duration(text).ok(), expected.map(Duration::from_millis), "{text}");
        };
        check("500ms", Some(500));
        check("30s", Some(30_000));
        check("5m", Some(300_000));
        check("1h", Some(3_600_000));
        check("1.5s", None);
        check("s", None);
        check("", None);
        check("-1s", None);
        check("99999999999999999999s", None);
        check("9999999999999999999h", None);
    }
}
