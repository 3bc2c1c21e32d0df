//! Settings of `local-xray serve`: addresses, bounds and who may look.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, ToSocketAddrs};
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use subtle::ConstantTimeEq;

use crate::logs::LogsConfig;
use crate::memory_limit::memory_limit;
use crate::store::{Durability, StoreConfig};

/// The default bounds on what a store keeps on disk, or in memory in place of a disk.
const MAX_BYTES_ON_DISK: u64 = 2 << 30;
const MAX_BYTES_IN_MEMORY: u64 = 256 << 20;
/// The default bound on the memory of traces: enough for the rows of five million.
const MAX_MEMORY: u64 = 1 << 30;
/// The parts of a container's memory that traces and log lines get by default; lines take twice theirs. The rest is for
/// requests on their way, for answers, and for the process itself.
const TRACES_SHARE: u64 = 4;
const LOG_LINES_SHARE: u64 = 16;
/// The default bounds on log lines, on disk and in memory. Lines are in memory too, where they take about twice as
/// many bytes.
const MAX_LOG_BYTES_ON_DISK: u64 = 64 << 20;
const MAX_LOG_BYTES_IN_MEMORY: u64 = 16 << 20;
/// How long traces and log lines are kept by default: as long as AWS keeps them.
const MAX_AGE: Duration = Duration::from_hours(30 * 24);

/// What `serve` takes on the command line or from the environment.
#[derive(Debug, Clone, Args)]
pub struct ServeArgs {
    /// UDP segments, the X-Ray API, OTLP/HTTP and the console: an address, or a port on 127.0.0.1; 0 picks a free one
    #[arg(long, env = "LOCAL_XRAY_LISTEN", value_name = "ADDRESS", default_value = "2000", value_parser = address)]
    listen: SocketAddr,

    /// OTLP over gRPC
    #[arg(long, env = "LOCAL_XRAY_OTLP_GRPC", value_name = "ADDRESS", default_value = "4317", value_parser = address)]
    otlp_grpc: SocketAddr,

    /// OTLP over HTTP, on the port where exporters look for it
    #[arg(long, env = "LOCAL_XRAY_OTLP_HTTP", value_name = "ADDRESS", default_value = "4318", value_parser = address)]
    otlp_http: SocketAddr,

    /// The folder that keeps traces, logs and settings; one process at a time [default: local-xray in the user's data folder]
    #[arg(long, env = "LOCAL_XRAY_DATA", value_name = "DIR")]
    data: Option<PathBuf>,

    /// Keep traces, logs and settings in memory only, until the process ends
    #[arg(long, env = "LOCAL_XRAY_IN_MEMORY")]
    in_memory: bool,

    /// How many bytes traces may take on disk, compressed, e.g. 512MiB or 10GiB; the oldest go first [default: 2GiB; 256MiB
    /// with --in-memory]
    #[arg(long, env = "LOCAL_XRAY_MAX_BYTES", value_name = "BYTES", value_parser = bytes)]
    max_bytes: Option<u64>,

    /// How much memory traces may take: those in use, what was read back, and sixty bytes or so for each that is on disk. When
    /// there is not enough for these, the oldest go [default: 1GiB, or a quarter of what a container is allowed]
    #[arg(long, env = "LOCAL_XRAY_MAX_MEMORY", value_name = "BYTES", value_parser = bytes)]
    max_memory: Option<u64>,

    /// How many bytes log lines may take, e.g. 64MiB; the oldest go first. In memory they take twice as many [default: 64MiB,
    /// or a sixteenth of what a container is allowed; 16MiB with --in-memory]
    #[arg(long, env = "LOCAL_XRAY_MAX_LOG_BYTES", value_name = "BYTES", value_parser = bytes)]
    max_log_bytes: Option<u64>,

    /// How long traces and log lines are kept, e.g. 12h or 30d
    #[arg(long, env = "LOCAL_XRAY_MAX_AGE", value_name = "TIME", default_value = "30d", value_parser = age)]
    max_age: Duration,

    /// When a document counts as stored: with the kernel, or on the disk
    #[arg(long, env = "LOCAL_XRAY_DURABILITY", value_name = "AGAINST", default_value = "process")]
    durability: Durability,

    /// Where the system keeps a user's data
    #[arg(long, env = "XDG_DATA_HOME", hide = true)]
    data_home: Option<PathBuf>,

    /// The user's own folder
    #[arg(long, env = "HOME", hide = true)]
    home: Option<PathBuf>,

    /// Keep to AWS's own limits: five traces a call, windows of a day, 25 groups and rules, and a default sampling rule of
    /// one request a second and 5 %. Without it, a local X-Ray is generous
    #[arg(long, env = "LOCAL_XRAY_STRICT")]
    strict: bool,

    /// Names besides loopback ones under which the console and the reads may be called, separated by commas
    #[arg(long, env = "LOCAL_XRAY_HOSTS", value_name = "NAMES", value_delimiter = ',')]
    hosts: Vec<String>,

    /// What readers must present: as a bearer token, as the access key id of a signed call, or once as ?token= in the
    /// browser. Ingest never needs it
    #[arg(long, env = "LOCAL_XRAY_TOKEN", value_name = "SECRET", hide_env_values = true)]
    token: Option<String>,

    /// Listen beyond loopback without a token: everyone who can connect can read every trace
    #[arg(long, env = "LOCAL_XRAY_NO_TOKEN")]
    no_token: bool,
}

/// Everything that [`crate::App`] needs to know.
#[derive(Debug, Clone)]
pub struct Config {
    /// TCP and UDP: segments, API, OTLP/HTTP, console.
    pub listen: SocketAddr,
    /// TCP: OTLP over gRPC.
    pub otlp_grpc: SocketAddr,
    /// TCP: OTLP over HTTP alone.
    pub otlp_http: SocketAddr,
    /// Where traces are kept, how many and how long.
    pub store: StoreConfig,
    /// Where log lines are kept, how many and how long.
    pub logs: LogsConfig,
    /// Keeps to AWS's own limits and default sampling rule.
    pub strict: bool,
    /// Host names, besides loopback ones and addresses, that readers may use.
    pub hosts: Vec<String>,
    /// What readers must present, when set.
    pub token: Option<Token>,
    /// Allows listening beyond loopback without a token.
    pub no_token: bool,
}

/// A shared secret that cannot be printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(String);

impl Config {
    /// Settings for a test or for embedding: free ports on 127.0.0.1, 64 MiB in memory, no token.
    pub fn on_free_ports() -> Self {
        let free = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        Self {
            listen: free,
            otlp_grpc: free,
            otlp_http: free,
            store: StoreConfig {
                folder: None,
                max_bytes: 64 << 20,
                max_memory: MAX_MEMORY,
                max_age: MAX_AGE,
                durability: Durability::default(),
            },
            logs: LogsConfig {
                folder: None,
                max_bytes: MAX_LOG_BYTES_IN_MEMORY,
                max_age: MAX_AGE,
                durability: Durability::default(),
            },
            strict: false,
            hosts: Vec::new(),
            token: None,
            no_token: false,
        }
    }
}

impl ServeArgs {
    /// What is kept of traces, where so many bytes of memory are allowed.
    fn store(&self, allowed: Option<u64>) -> StoreConfig {
        let folder = (!self.in_memory).then(|| self.folder());
        let default_bytes = if self.in_memory { MAX_BYTES_IN_MEMORY } else { MAX_BYTES_ON_DISK };
        StoreConfig {
            folder,
            max_bytes: self.max_bytes.unwrap_or(default_bytes),
            max_memory: self.max_memory.unwrap_or_else(|| share(MAX_MEMORY, TRACES_SHARE, allowed)),
            max_age: self.max_age,
            durability: self.durability,
        }
    }

    /// What is kept of log lines, where so many bytes of memory are allowed.
    fn logs(&self, allowed: Option<u64>) -> LogsConfig {
        let StoreConfig { folder, max_age, durability, .. } = self.store(allowed);
        let usual = if self.in_memory { MAX_LOG_BYTES_IN_MEMORY } else { MAX_LOG_BYTES_ON_DISK };
        let max_bytes = self.max_log_bytes.unwrap_or_else(|| share(usual, LOG_LINES_SHARE, allowed));
        LogsConfig { folder, max_bytes, max_age, durability }
    }

    /// The folder that was asked for, or the one that the XDG rules give a program; without a home, one where it stands.
    fn folder(&self) -> PathBuf {
        let of_user = || {
            let home = self.home.as_ref().map(|home| home.join(".local/share"));
            self.data_home.clone().or(home).map(|data| data.join("local-xray"))
        };
        self.data.clone().or_else(of_user).unwrap_or_else(|| PathBuf::from(".local-xray"))
    }
}

impl From<ServeArgs> for Config {
    fn from(args: ServeArgs) -> Self {
        let allowed = memory_limit();
        Self {
            listen: args.listen,
            otlp_grpc: args.otlp_grpc,
            otlp_http: args.otlp_http,
            store: args.store(allowed),
            logs: args.logs(allowed),
            strict: args.strict,
            hosts: args.hosts.into_iter().map(|host| host.trim().to_owned()).filter(|host| !host.is_empty()).collect(),
            token: args.token.and_then(|token| Token::new(&token)),
            no_token: args.no_token,
        }
    }
}

/// The usual number of bytes, or a part of what is allowed where that is less.
fn share(usual: u64, part: u64, allowed: Option<u64>) -> u64 {
    allowed.map_or(usual, |allowed| usual.min((allowed / part).max(MIN_BYTES)))
}

impl Token {
    /// Takes a secret; `None` for an empty one, which would protect nothing.
    pub fn new(secret: &str) -> Option<Self> {
        let secret = secret.trim();
        (!secret.is_empty()).then(|| Self(secret.to_owned()))
    }

    /// Says whether `offered` is the secret, in a time that does not depend on how much of it is right.
    pub fn matches(&self, offered: &str) -> bool {
        self.0.as_bytes().ct_eq(offered.as_bytes()).into()
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}

/// Reads `host:port`, or a port alone, which means 127.0.0.1.
pub(crate) fn address(text: &str) -> Result<SocketAddr, String> {
    if let Ok(port) = text.parse::<u16>() {
        return Ok(SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port));
    }
    if let Ok(address) = text.parse() {
        return Ok(address);
    }
    let wanted = "wanted a port or host:port, for example 2000 or 127.0.0.1:2000";
    let mut addresses = text.to_socket_addrs().map_err(|error| format!("{wanted} ({error})"))?;
    addresses.next().ok_or_else(|| wanted.to_owned())
}

/// The least room for traces; with less, most would be gone before anybody saw them.
const MIN_BYTES: u64 = 1 << 20;

/// Reads a number of bytes with an optional unit: `B`, `KiB`, `MiB`, `GiB`.
fn bytes(text: &str) -> Result<u64, String> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic() || c == ' ');
    let unit = match text.get(digits.len()..).unwrap_or_default().trim().to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "k" | "kib" => 1 << 10,
        "m" | "mib" => 1 << 20,
        "g" | "gib" => 1 << 30,
        other => return Err(format!("`{other}` is not a unit; B, KiB, MiB and GiB are")),
    };
    let number: u64 = digits.parse().map_err(|_| "wanted a number of bytes, for example 256MiB".to_owned())?;
    let bytes = number.checked_mul(unit).ok_or_else(|| "more bytes than this machine can count".to_owned())?;
    if bytes < MIN_BYTES { Err("less than 1MiB holds no traces to speak of".to_owned()) } else { Ok(bytes) }
}

/// Reads a length of time: a whole number and `s`, `m`, `h` or `d`.
fn age(text: &str) -> Result<Duration, String> {
    let wanted = || "wanted a number and s, m, h or d, for example 12h or 30d".to_owned();
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = match text.get(digits.len()..).unwrap_or_default() {
        "s" => 1,
        "m" => 60,
        "h" => 3_600,
        "d" => 86_400,
        _ => return Err(wanted()),
    };
    let number: u64 = digits.parse().map_err(|_| wanted())?;
    number.checked_mul(unit).map(Duration::from_secs).ok_or_else(wanted)
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;

    #[derive(clap::Parser)]
    struct Serve {
        #[command(flatten)]
        args: ServeArgs,
    }

    #[test]
    fn traces_are_kept_in_the_users_data_folder_unless_told_otherwise() {
        let check = |arguments: &[&str], folder: Option<&str>, max_bytes: u64| {
            let usual = ["local-xray", "--data-home", "/share", "--home", "/home/mia"];
            let store = Serve::parse_from(usual.iter().chain(arguments)).args.store(None);
            assert_eq!((store.folder.as_deref(), store.max_bytes), (folder.map(std::path::Path::new), max_bytes));
        };
        check(&[], Some("/share/local-xray"), 2 << 30);
        check(&["--data", "here"], Some("here"), 2 << 30);
        check(&["--in-memory"], None, 256 << 20);
        check(&["--in-memory", "--max-bytes", "1MiB"], None, 1 << 20);
    }

    #[test]
    fn a_container_gets_what_it_can_hold() {
        const MIB: u64 = 1 << 20;
        let check = |arguments: &[&str], allowed: Option<u64>, traces: u64, lines: u64| {
            let args = Serve::parse_from(["local-xray"].iter().chain(arguments)).args;
            let (store, logs) = (args.store(allowed), args.logs(allowed));
            assert_eq!((store.max_memory, logs.max_bytes), (traces, lines), "{arguments:?} {allowed:?}");
        };
        check(&[], None, 1_024 * MIB, 64 * MIB);
        check(&[], Some(192 * MIB), 48 * MIB, 12 * MIB);
        check(&["--in-memory"], Some(192 * MIB), 48 * MIB, 12 * MIB);
        check(&["--in-memory"], Some(512 * MIB), 128 * MIB, 16 * MIB);
        check(&[], Some(64 << 30), 1_024 * MIB, 64 * MIB);
        check(&[], Some(MIB), MIB, MIB);
        check(&["--max-memory", "2GiB", "--max-log-bytes", "1GiB"], Some(192 * MIB), 2_048 * MIB, 1_024 * MIB);
    }

    #[test]
    fn ages_have_a_unit() {
        let check =
            |text: &str, expected: Option<u64>| assert_eq!(age(text).ok().map(|age| age.as_secs()), expected, "{text}");
        check("90s", Some(90));
        check("5m", Some(300));
        check("12h", Some(43_200));
        check("30d", Some(2_592_000));
        check("30", None);
        check("d", None);
        check("1w", None);
        check("-1d", None);
    }

    #[test]
    fn a_port_alone_means_loopback() {
        let check = |text: &str, expected: Option<&str>| {
            assert_eq!(address(text).ok().map(|address| address.to_string()).as_deref(), expected, "{text}");
        };
        check("2000", Some("127.0.0.1:2000"));
        check("0", Some("127.0.0.1:0"));
        check("0.0.0.0:2000", Some("0.0.0.0:2000"));
        check("[::1]:2000", Some("[::1]:2000"));
        check("65536", None);
        check("", None);
    }

    #[test]
    fn sizes_take_binary_units() {
        let check = |text: &str, expected: Option<u64>| assert_eq!(bytes(text).ok(), expected, "{text}");
        check("1048576", Some(1_048_576));
        check("2048KiB", Some(2_097_152));
        check("5", None);
        check("1023KiB", None);
        check("64 MiB", Some(67_108_864));
        check("1g", Some(1 << 30));
        check("1TiB", None);
        check("MiB", None);
        check("-1", None);
    }

    #[test]
    fn a_token_is_compared_whole_and_never_printed() {
        let token = Token::new(" secret ").unwrap();
        assert!(token.matches("secret"));
        assert!(!token.matches("secre") && !token.matches("secret!") && !token.matches(""));
        assert_eq!(format!("{token:?}"), "Token(…)");
        assert_eq!(Token::new("  "), None);
    }
}
