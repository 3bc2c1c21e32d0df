//! Typed settings over a passed-in source, so that a test hands over a map and never touches the process environment.
//!
//! A setting that is wrong stops the program at start, and the message says which variable, what it held and what was wanted.
//! A variable that is set but empty counts as unset, as OpenTelemetry does it for its own. A secret may also lie in a file that the
//! variable's name with `_FILE` names, which is how Docker and Kubernetes hand them over: unlike a variable, a file shows up neither in
//! `docker inspect` nor in `/proc`.

use std::collections::HashMap;
use std::fmt;
use std::net::{SocketAddr, ToSocketAddrs};
use std::str::FromStr;
use std::sync::Arc;

use subtle::ConstantTimeEq;

/// The source of all settings: the process environment, or a map in tests. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Environment {
    values: Arc<HashMap<String, Hidden>>,
}

impl Environment {
    /// Takes a copy of the process environment; bytes that are not UTF-8 show up as `�` and fail where they are parsed.
    pub fn from_process() -> Self {
        let text = |value: std::ffi::OsString| value.to_string_lossy().into_owned();
        Self::from_pairs(std::env::vars_os().map(|(name, value)| (text(name), text(value))))
    }

    /// Makes an environment out of (name, value) pairs; the last of several equal names wins.
    pub fn from_pairs<N: Into<String>, V: Into<String>>(pairs: impl IntoIterator<Item = (N, V)>) -> Self {
        let values = pairs.into_iter().map(|(name, value)| (name.into(), Hidden(value.into()))).collect();
        Self { values: Arc::new(values) }
    }

    /// The trimmed value of a variable, or `None` when it is unset or blank.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.values.get(name).map(|value| value.0.trim()).filter(|value| !value.is_empty())
    }

    /// Parses a variable, `None` when unset; `wanted` says in a few words what would have been right.
    ///
    /// # Errors
    /// A [`ConfigError`] naming the variable, what it held and `wanted`.
    pub fn parse<T: FromStr>(&self, name: &'static str, wanted: &str) -> Result<Option<T>, ConfigError> {
        let Some(value) = self.get(name) else { return Ok(None) };
        value.parse().map(Some).map_err(|_| ConfigError::invalid(name, value, wanted))
    }

    /// Parses a variable, or takes `default` when it is unset.
    ///
    /// # Errors
    /// As [`Environment::parse`].
    pub fn parse_or<T: FromStr>(&self, name: &'static str, default: T, wanted: &str) -> Result<T, ConfigError> {
        Ok(self.parse(name, wanted)?.unwrap_or(default))
    }

    /// Parses a variable that has no default.
    ///
    /// # Errors
    /// As [`Environment::parse`], and when the variable is unset.
    pub fn required<T: FromStr>(&self, name: &'static str, wanted: &str) -> Result<T, ConfigError> {
        self.parse(name, wanted)?.ok_or_else(|| ConfigError::missing(name, wanted))
    }

    /// Reads a listen address, or takes `default` (`host:port` or a port) when the variable is unset.
    ///
    /// # Errors
    /// A [`ConfigError`] when the variable holds no listen address.
    pub fn listen_addr(&self, name: &'static str, default: ListenAddr) -> Result<ListenAddr, ConfigError> {
        self.parse_or(name, default, ListenAddr::WANTED)
    }

    /// Reads a switch: `on` or `off` (also `true`/`false`, `1`/`0`), in any case.
    ///
    /// # Errors
    /// A [`ConfigError`] for any other word.
    pub fn switch(&self, name: &'static str, default: bool) -> Result<bool, ConfigError> {
        let Some(value) = self.get(name) else { return Ok(default) };
        match value.to_ascii_lowercase().as_str() {
            "on" | "true" | "1" => Ok(true),
            "off" | "false" | "0" => Ok(false),
            _ => Err(ConfigError::invalid(name, value, "on or off")),
        }
    }

    /// Reads a secret as it is, with any blanks around it, because they may be part of a password; `None` when it is unset or
    /// blank. Only the line end that closes a file is not part of it. Errors and logs never show it.
    ///
    /// # Errors
    /// A [`ConfigError`] when the file of the secret cannot be read, or both the variable and its `_FILE` are set.
    pub fn secret(&self, name: &'static str) -> Result<Option<Secret>, ConfigError> {
        let file = self.get(&format!("{name}{FILE}"));
        let text = match (self.get(name), file) {
            (None, None) => None,
            (Some(_), None) => self.values.get(name).map(|value| value.0.clone()),
            (Some(_), Some(_)) => return Err(ConfigError::Twice { variable: name }),
            (None, Some(path)) => Some(read_secret(name, path)?),
        };
        Ok(text.filter(|text| !text.trim().is_empty()).map(Secret))
    }

    /// Reads a secret that travels in a header: without blanks around it, which no header would carry.
    ///
    /// # Errors
    /// As [`Environment::secret`], and, without the secret, when it holds anything but visible ASCII characters.
    pub fn token(&self, name: &'static str) -> Result<Option<Secret>, ConfigError> {
        let Some(Secret(token)) = self.secret(name)? else { return Ok(None) };
        let token = token.trim();
        if !token.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(ConfigError::invalid(name, "(hidden)", "visible ASCII characters"));
        }
        Ok(Some(Secret::new(token)))
    }
}

/// What the name of a secret's variable ends in when it names a file.
const FILE: &str = "_FILE";

fn read_secret(variable: &'static str, path: &str) -> Result<String, ConfigError> {
    let unreadable =
        |error: std::io::Error| ConfigError::Unreadable { variable, path: path.to_owned(), reason: error.to_string() };
    let mut text = std::fs::read_to_string(path).map_err(unreadable)?;
    text.truncate(text.strip_suffix('\n').map_or(text.len(), |line| line.trim_end_matches('\r').len()));
    Ok(text)
}

/// A value of the environment, which may be a secret and is therefore never printed as a whole.
#[derive(Clone)]
struct Hidden(String);

impl fmt::Debug for Hidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}

/// Why a setting could not be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// The variable is set to something unusable.
    #[error("{variable} is `{held}`, but must be {wanted}")]
    Invalid {
        /// The name of the variable.
        variable: &'static str,
        /// What it held.
        held: String,
        /// What would have been right.
        wanted: String,
    },
    /// The file of a secret cannot be read.
    #[error("{variable}{FILE} is `{path}`, which cannot be read: {reason}")]
    Unreadable {
        /// The name of the secret's variable.
        variable: &'static str,
        /// The file.
        path: String,
        /// What the system said.
        reason: String,
    },
    /// A secret is given both ways.
    #[error("{variable} and {variable}{FILE} are both set, but only one of them may be")]
    Twice {
        /// The name of the secret's variable.
        variable: &'static str,
    },
    /// The variable is not set and has no default.
    #[error("{variable} is not set, but must be {wanted}")]
    Missing {
        /// The name of the variable.
        variable: &'static str,
        /// What would have been right.
        wanted: String,
    },
}

impl ConfigError {
    /// The error for a variable that is set to something unusable; never pass a secret as `held`.
    pub fn invalid(variable: &'static str, held: impl Into<String>, wanted: impl Into<String>) -> Self {
        Self::Invalid { variable, held: held.into(), wanted: wanted.into() }
    }

    /// The error for a variable that should hold a URL; a name and password in what it held are left out.
    pub fn invalid_url(variable: &'static str, held: &str, wanted: impl Into<String>) -> Self {
        Self::invalid(variable, without_credentials(held), wanted)
    }

    /// The error for a variable that is needed and not set.
    fn missing(variable: &'static str, wanted: impl Into<String>) -> Self {
        Self::Missing { variable, wanted: wanted.into() }
    }
}

/// A URL, or what was meant as one, without what stands before the `@`. A password may hold any character, so the last `@` counts, and
/// everything between it and the scheme goes.
fn without_credentials(url: &str) -> String {
    let Some((before, after)) = url.rsplit_once('@') else { return url.to_owned() };
    match before.split_once("://") {
        Some((scheme, _)) => format!("{scheme}://…@{after}"),
        None => format!("…@{after}"),
    }
}

/// A host and a port, as in `db:5432` or `[::1]:2000`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct HostPort {
    host: String,
    port: u16,
}

impl HostPort {
    /// The port.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// The socket addresses behind the name, in the resolver's order.
    ///
    /// # Errors
    /// When the host name cannot be resolved.
    pub(crate) fn resolve(&self) -> std::io::Result<Vec<SocketAddr>> {
        let host = self.host.trim_start_matches('[').trim_end_matches(']');
        Ok((host, self.port).to_socket_addrs()?.collect())
    }
}

impl FromStr for HostPort {
    type Err = ParseAddrError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (host, port) = text.rsplit_once(':').ok_or(ParseAddrError)?;
        let bracketed = host.starts_with('[') && host.ends_with(']');
        let plain = !host.is_empty() && !host.contains([':', '/', '[', ']', ' ']);
        if !bracketed && !plain {
            return Err(ParseAddrError);
        }
        let port = port.parse().map_err(|_| ParseAddrError)?;
        Ok(Self { host: host.to_owned(), port })
    }
}

impl fmt::Display for HostPort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.host, self.port)
    }
}

/// Where to listen: `host:port`, or a bare port on loopback; port 0 asks for a free one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListenAddr(HostPort);

impl ListenAddr {
    /// What a listen address looks like, for error messages.
    const WANTED: &'static str = "a port or an address like 127.0.0.1:8080";

    /// A port on the loopback interface.
    pub fn loopback(port: u16) -> Self {
        Self(HostPort { host: "127.0.0.1".to_owned(), port })
    }

    /// The socket addresses behind the name, in the resolver's order.
    ///
    /// # Errors
    /// When the host name cannot be resolved.
    pub fn resolve(&self) -> std::io::Result<Vec<SocketAddr>> {
        self.0.resolve()
    }
}

impl FromStr for ListenAddr {
    type Err = ParseAddrError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.parse() {
            Ok(port) => Ok(Self::loopback(port)),
            Err(_) => text.parse().map(Self),
        }
    }
}

impl fmt::Display for ListenAddr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A text that is no address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("neither a port like 8080 nor an address like 127.0.0.1:8080")]
pub struct ParseAddrError;

/// A text that cannot be printed by accident: `Debug` hides it and there is no `Display`.
#[derive(Clone)]
pub struct Secret(String);

impl Secret {
    /// Wraps a secret.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The secret itself, for the one place that sends it.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Whether `candidate` is the secret, in a time that does not tell how much of it was right.
    pub fn matches(&self, candidate: &str) -> bool {
        self.0.as_bytes().ct_eq(candidate.as_bytes()).into()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listen_address_is_a_port_or_host_and_port() {
        fn check(text: &str, expected: Option<&str>) {
            let parsed = text.parse::<ListenAddr>().ok().map(|addr| addr.to_string());
            assert_eq!(parsed.as_deref(), expected, "{text}");
        }
        check("8080", Some("127.0.0.1:8080"));
        check("0", Some("127.0.0.1:0"));
        check("0.0.0.0:80", Some("0.0.0.0:80"));
        check("localhost:8080", Some("localhost:8080"));
        check("[::1]:8080", Some("[::1]:8080"));
        check("::1:8080", None);
        check(":8080", None);
        check("host:", None);
        check("host", None);
        check("65536", None);
        check("http://host:80", None);
    }

    #[test]
    fn an_ipv6_listen_address_resolves() {
        let addr: ListenAddr = "[::1]:8080".parse().unwrap();
        assert_eq!(addr.resolve().unwrap(), ["[::1]:8080".parse().unwrap()]);
    }

    #[test]
    fn a_failure_names_the_variable_what_it_held_and_what_was_wanted() {
        let environment = Environment::from_pairs([("LISTEN_ADDR", "eighty"), ("CHAOSMODE", "maybe"), ("EMPTY", " ")]);
        let error = environment.listen_addr("LISTEN_ADDR", ListenAddr::loopback(8080)).unwrap_err();
        assert_eq!(error.to_string(), "LISTEN_ADDR is `eighty`, but must be a port or an address like 127.0.0.1:8080");
        let error = environment.switch("CHAOSMODE", false).unwrap_err();
        assert_eq!(error.to_string(), "CHAOSMODE is `maybe`, but must be on or off");
        let error = environment.required::<u16>("EMPTY", "a number").unwrap_err();
        assert_eq!(error.to_string(), "EMPTY is not set, but must be a number");
    }

    #[test]
    fn a_password_keeps_its_blanks_and_a_token_has_none() {
        let environment =
            Environment::from_pairs([("A", " pass word "), ("B", " token\n"), ("C", "two words"), ("D", " ")]);
        assert_eq!(environment.secret("A").unwrap().unwrap().expose(), " pass word ");
        assert!(environment.secret("D").unwrap().is_none() && environment.token("D").unwrap().is_none());
        assert_eq!(environment.token("B").unwrap().unwrap().expose(), "token");
        let error = environment.token("C").unwrap_err().to_string();
        assert_eq!(error, "C is `(hidden)`, but must be visible ASCII characters");
    }

    #[test]
    fn a_secret_may_lie_in_a_file() {
        let folder = tempfile::tempdir().unwrap();
        let check = |content: &str, expected: Option<&str>| {
            let path = folder.path().join("secret");
            std::fs::write(&path, content).unwrap();
            let environment = Environment::from_pairs([("A_FILE", path.to_string_lossy())]);
            let secret = environment.secret("A").unwrap();
            assert_eq!(secret.as_ref().map(Secret::expose), expected, "{content:?}");
        };
        check("hunter2\n", Some("hunter2"));
        check("hunter2\r\n", Some("hunter2"));
        check(" hunter2 ", Some(" hunter2 "));
        check("two\nlines\n", Some("two\nlines"));
        check("\n", None);
        check("", None);

        let both = Environment::from_pairs([("A", "hunter2"), ("A_FILE", "/run/secrets/a")]);
        let error = both.token("A").unwrap_err().to_string();
        assert_eq!(error, "A and A_FILE are both set, but only one of them may be");
        let gone = Environment::from_pairs([("A_FILE", "/nowhere/a")]);
        let error = gone.token("A").unwrap_err().to_string();
        assert!(error.starts_with("A_FILE is `/nowhere/a`, which cannot be read: "), "{error}");
    }

    #[test]
    fn a_refused_url_is_repeated_without_its_password() {
        fn check(held: &str, expected: &str) {
            assert_eq!(without_credentials(held), expected);
        }
        check("like:8081", "like:8081");
        check("https://like:8081/a", "https://like:8081/a");
        check("https://me:hunter2@like:8081", "https://…@like:8081");
        check("http://me:hunt/er@2@like", "http://…@like");
        check("me:hunter2@like", "…@like");
    }

    #[test]
    fn nothing_prints_a_secret() {
        let environment = Environment::from_pairs([("INTERNAL_TOKEN", "hunter2")]);
        let secret = environment.secret("INTERNAL_TOKEN").unwrap().unwrap();
        assert!(!format!("{environment:?} {secret:?}").contains("hunter2"));
        assert!(secret.matches("hunter2") && !secret.matches("hunter") && !secret.matches("hunter3"));
    }
}
