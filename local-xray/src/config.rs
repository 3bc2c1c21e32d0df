//! Settings of `local-xray serve`: addresses, bounds and who may look.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, ToSocketAddrs};

use clap::Args;
use subtle::ConstantTimeEq;

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

    /// Keep traces in memory only. There is no other way yet; the flag is for scripts that want to be sure
    #[arg(long)]
    in_memory: bool,

    /// How much memory traces may take, e.g. 64MiB or 1GiB; the traces that were active longest ago go first
    #[arg(long, env = "LOCAL_XRAY_MAX_BYTES", value_name = "BYTES", default_value = "256MiB", value_parser = bytes)]
    max_bytes: usize,

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
    #[arg(long)]
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
    /// About how many bytes of traces are kept.
    pub max_bytes: usize,
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
    /// Settings for a test or for embedding: free ports on 127.0.0.1, 64 MiB, no token.
    pub fn on_free_ports() -> Self {
        let free = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        Self {
            listen: free,
            otlp_grpc: free,
            otlp_http: free,
            max_bytes: 64 << 20,
            strict: false,
            hosts: Vec::new(),
            token: None,
            no_token: false,
        }
    }
}

impl From<ServeArgs> for Config {
    fn from(args: ServeArgs) -> Self {
        Self {
            listen: args.listen,
            otlp_grpc: args.otlp_grpc,
            otlp_http: args.otlp_http,
            max_bytes: args.max_bytes,
            strict: args.strict,
            hosts: args.hosts.into_iter().map(|host| host.trim().to_owned()).filter(|host| !host.is_empty()).collect(),
            token: args.token.and_then(|token| Token::new(&token)),
            no_token: args.no_token,
        }
    }
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

/// The least memory for traces; with less, most would be gone before anybody saw them.
const MIN_BYTES: usize = 1 << 20;

/// Reads a number of bytes with an optional unit: `B`, `KiB`, `MiB`, `GiB`.
fn bytes(text: &str) -> Result<usize, String> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic() || c == ' ');
    let unit = match text.get(digits.len()..).unwrap_or_default().trim().to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "k" | "kib" => 1 << 10,
        "m" | "mib" => 1 << 20,
        "g" | "gib" => 1 << 30,
        other => return Err(format!("`{other}` is not a unit; B, KiB, MiB and GiB are")),
    };
    let number: usize = digits.parse().map_err(|_| "wanted a number of bytes, for example 256MiB".to_owned())?;
    let bytes = number.checked_mul(unit).ok_or_else(|| "more bytes than this machine can count".to_owned())?;
    if bytes < MIN_BYTES { Err("less than 1MiB holds no traces to speak of".to_owned()) } else { Ok(bytes) }
}

#[cfg(test)]
mod tests {
    use super::*;

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
        let check = |text: &str, expected: Option<usize>| assert_eq!(bytes(text).ok(), expected, "{text}");
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
