//! Who may look: keeps other web sites out, and everyone without the token when there is one.
//!
//! A page on another site can make a visitor's browser call 127.0.0.1. So pages, settings and reads are refused for a
//! foreign `Origin`, for cross-site requests that are not plain navigations, and for a `Host` that is neither loopback
//! nor an address nor listed (a foreign name that points here is how DNS rebinding looks). Ingest and the sampling polls
//! are open: no SDK or collector could send a token, and containers know the local X-Ray by names of their own.
//!
//! A person who opens a page without the token gets a form that asks for it; the cookie that it leaves is for this server
//! alone and out of reach of scripts.

use actix_web::body::MessageBody;
use actix_web::cookie::time::Duration;
use actix_web::cookie::{Cookie, SameSite};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::{Method, header};
use actix_web::middleware::Next;
use actix_web::{Error, HttpResponse, web};
use std::net::IpAddr;

use crate::config::{Config, Token};
use crate::console;

/// The cookie that carries the token.
const COOKIE: &str = "local_xray_token";
/// What is open to everyone who can connect.
const OPEN_PATHS: &[&str] = &[
    "/TraceSegments",
    "/TelemetryRecords",
    "/GetSamplingRules",
    "/SamplingTargets",
    "/v1/traces",
    "/v1/logs",
    "/v1/metrics",
    "/health/live",
];

/// Where the token is offered by form; open to every page of this server, or nobody could begin.
const SIGN_IN: &str = "/ui/token";
/// The looks of the form.
const FILES: &str = "/static/";

/// The rules of one local X-Ray.
#[derive(Debug, Clone)]
pub(crate) struct Access {
    hosts: Vec<String>,
    token: Option<Token>,
}

/// What a request says about where it comes from. Absent headers are `None`.
#[derive(Debug, Clone, Copy, Default)]
struct Caller<'a> {
    host: Option<&'a str>,
    origin: Option<&'a str>,
    fetch_site: Option<&'a str>,
    is_navigation: bool,
}

impl Access {
    /// Takes the rules from the settings.
    ///
    /// # Errors
    /// When the address is not a loopback one, and there is neither a token nor the word that none is wanted.
    pub(crate) fn new(config: &Config) -> anyhow::Result<Self> {
        let beyond_loopback = !config.listen.ip().is_loopback();
        anyhow::ensure!(
            !beyond_loopback || config.token.is_some() || config.no_token,
            "listening on {} lets the network read every trace: set LOCAL_XRAY_TOKEN, or say --no-token if that is meant",
            config.listen
        );
        Ok(Self { hosts: config.hosts.clone(), token: config.token.clone() })
    }

    /// Why a caller is turned away, or `None`.
    fn refusal(&self, caller: Caller<'_>) -> Option<&'static str> {
        if caller.host.is_some_and(|host| !self.knows(host)) {
            return Some("unknown Host; names besides localhost are allowed with --hosts (LOCAL_XRAY_HOSTS)");
        }
        let same_origin = |origin: &str| origin.split_once("://").is_some_and(|(_, site)| Some(site) == caller.host);
        if caller.origin.is_some_and(|origin| !same_origin(origin)) {
            return Some("the request comes from a page on another site");
        }
        let same_site = matches!(caller.fetch_site, None | Some("same-origin" | "none"));
        if !same_site && !caller.is_navigation {
            return Some("the request comes from a page on another site");
        }
        None
    }

    fn knows(&self, host: &str) -> bool {
        let name = without_port(host);
        let is_address = name.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>().is_ok();
        let name = name.trim_end_matches('.').to_ascii_lowercase();
        is_address
            || name == "localhost"
            || name.ends_with(".localhost")
            || self.hosts.iter().any(|known| known.eq_ignore_ascii_case(&name))
    }
}

/// The middleware: lets a request through, or answers it.
pub(crate) async fn check(
    access: web::Data<Access>,
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    if OPEN_PATHS.contains(&request.path()) {
        return next.call(request).await.map(ServiceResponse::map_into_left_body);
    }
    if let Some(reason) = access.refusal(caller(&request)) {
        return Ok(request.into_response(refused(reason)).map_into_right_body());
    }
    if let Some(token) = &access.token {
        if let Some(offered) = query_token(&request).filter(|offered| token.matches(offered)) {
            let answer = remember(&offered, &target(&request));
            return Ok(request.into_response(answer).map_into_right_body());
        }
        let is_open = request.path() == SIGN_IN || request.path().starts_with(FILES);
        if !is_open && !offered_tokens(&request).iter().any(|offered| token.matches(offered)) {
            let answer =
                if wants_page(&request) { console::ask_for_token(&target(&request), false) } else { unauthorised() };
            return Ok(request.into_response(answer).map_into_right_body());
        }
    }
    next.call(request).await.map(ServiceResponse::map_into_left_body)
}

fn caller(request: &ServiceRequest) -> Caller<'_> {
    let header = |name: &str| request.headers().get(name).map(|value| value.to_str().unwrap_or("unreadable"));
    let is_document = header("sec-fetch-mode") == Some("navigate") && header("sec-fetch-dest") == Some("document");
    Caller {
        host: header("host"),
        origin: header("origin"),
        fetch_site: header("sec-fetch-site"),
        is_navigation: is_document && request.method() == Method::GET,
    }
}

fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) && !name.ends_with(':') => name,
        _ => host,
    }
}

/// Bearer token, access key id of a signed call, cookie.
fn offered_tokens(request: &ServiceRequest) -> Vec<String> {
    let authorization = request.headers().get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let bearer = authorization.and_then(|text| text.strip_prefix("Bearer ")).map(|token| token.trim().to_owned());
    let access_key = authorization.and_then(access_key_id).map(str::to_owned);
    let cookie = request.cookie(COOKIE).map(|cookie| cookie.value().to_owned());
    [bearer, access_key, cookie].into_iter().flatten().collect()
}

fn access_key_id(authorization: &str) -> Option<&str> {
    let credential = authorization.strip_prefix("AWS4-HMAC-SHA256")?.split_once("Credential=")?.1;
    Some(credential.split_once('/')?.0)
}

fn query_token(request: &ServiceRequest) -> Option<String> {
    let query = web::Query::<std::collections::HashMap<String, String>>::from_query(request.query_string()).ok()?;
    (request.method() == Method::GET).then(|| query.get("token").cloned())?
}

/// What the form sends.
#[derive(serde::Deserialize)]
pub(crate) struct SignIn {
    #[serde(default)]
    token: String,
    /// Where the reader wanted to go.
    #[serde(default)]
    to: String,
}

/// Takes the token from the form.
pub(crate) async fn sign_in(access: web::Data<Access>, form: web::Form<SignIn>) -> HttpResponse {
    let offered = form.token.trim();
    match &access.token {
        Some(token) if !token.matches(offered) => console::ask_for_token(&form.to, true),
        _ => remember(offered, &form.to),
    }
}

/// Forgets the token, and asks for it again.
pub(crate) async fn sign_out() -> HttpResponse {
    let mut gone = cookie("");
    gone.set_max_age(Duration::ZERO);
    HttpResponse::SeeOther().insert_header((header::LOCATION, "/")).cookie(gone).finish()
}

/// Keeps the token in a cookie and takes it out of the address.
fn remember(token: &str, target: &str) -> HttpResponse {
    // A path that starts with two slashes would lead to another host.
    let location = format!("/{}", target.trim_start_matches(['/', '\\']));
    let kept = (header::SET_COOKIE, cookie(token).encoded().to_string());
    HttpResponse::SeeOther().insert_header((header::LOCATION, location)).insert_header(kept).finish()
}

/// Lax, because a link from elsewhere may lead here; other pages can still not make the browser change anything. A token may hold what
/// would end a cookie, so it is sent encoded; reading a cookie decodes it.
fn cookie(value: &str) -> Cookie<'_> {
    Cookie::build(COOKIE, value).path("/").http_only(true).same_site(SameSite::Lax).finish()
}

/// Says whether a person asks, who can fill in a form.
fn wants_page(request: &ServiceRequest) -> bool {
    let accept = request.headers().get(header::ACCEPT).and_then(|accept| accept.to_str().ok());
    let is_read = matches!(*request.method(), Method::GET | Method::HEAD);
    is_read && accept.is_some_and(|accept| accept.contains("text/html"))
}

/// Path and query of what was asked for, without a token.
fn target(request: &ServiceRequest) -> String {
    let rest: Vec<_> =
        form_urlencoded::parse(request.query_string().as_bytes()).filter(|(name, _)| name != "token").collect();
    if rest.is_empty() {
        return request.path().to_owned();
    }
    format!("{}?{}", request.path(), form_urlencoded::Serializer::new(String::new()).extend_pairs(rest).finish())
}

fn refused(reason: &str) -> HttpResponse {
    HttpResponse::Forbidden()
        .insert_header(("x-amzn-errortype", "AccessDeniedException"))
        .json(serde_json::json!({ "message": reason }))
}

fn unauthorised() -> HttpResponse {
    let hint = "this local X-Ray wants its token: as a bearer token, as the access key id of a signed call, or once as \
                ?token= in the browser";
    HttpResponse::Unauthorized()
        .insert_header(("x-amzn-errortype", "UnrecognizedClientException"))
        .insert_header((header::WWW_AUTHENTICATE, "Bearer"))
        .json(serde_json::json!({ "message": hint }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn access() -> Access {
        Access { hosts: vec!["xray".to_owned()], token: None }
    }

    #[test]
    fn hosts_are_loopback_names_addresses_and_listed_names() {
        let check = |host: &str, expected: bool| assert_eq!(access().knows(host), expected, "{host}");
        check("localhost", true);
        check("LOCALHOST:2000", true);
        check("map.localhost:2000", true);
        check("127.0.0.1:2000", true);
        check("192.168.1.7:2000", true);
        check("[::1]:2000", true);
        check("[::1]", true);
        check("xray:2000", true);
        check("evil.example:2000", false);
        check("localhost.evil.example", false);
        check("", false);
    }

    #[test]
    fn other_sites_are_turned_away() {
        let own = Caller { host: Some("127.0.0.1:2000"), ..Caller::default() };
        let check =
            |caller: Caller<'_>, expected: bool| assert_eq!(access().refusal(caller).is_none(), expected, "{caller:?}");
        check(own, true);
        check(Caller::default(), true);
        check(Caller { origin: Some("http://127.0.0.1:2000"), ..own }, true);
        check(Caller { origin: Some("http://127.0.0.1:8080"), ..own }, false);
        check(Caller { origin: Some("null"), ..own }, false);
        check(Caller { fetch_site: Some("same-origin"), ..own }, true);
        check(Caller { fetch_site: Some("cross-site"), ..own }, false);
        check(Caller { fetch_site: Some("same-site"), ..own }, false);
        // A link on another page may lead here; that page cannot read the answer.
        check(Caller { fetch_site: Some("cross-site"), is_navigation: true, ..own }, true);
        check(Caller { host: Some("evil.example"), ..own }, false);
    }

    #[test]
    fn the_access_key_of_a_signed_call_is_found() {
        let signed =
            "AWS4-HMAC-SHA256 Credential=secret/20260101/us-east-1/xray/aws4_request, SignedHeaders=host, Signature=0";
        assert_eq!(access_key_id(signed), Some("secret"));
        assert_eq!(access_key_id("Bearer secret"), None);
    }

    #[test]
    fn a_token_survives_its_cookie() {
        for token in ["secret", "a;b c", "50%+é=&"] {
            let set = cookie(token).encoded().to_string();
            let sent = (header::COOKIE, set.split("; ").next().unwrap());
            let request = actix_web::test::TestRequest::default().insert_header(sent).to_srv_request();
            assert_eq!(offered_tokens(&request), [token], "{set}");
        }
    }

    #[test]
    fn the_way_back_has_no_token_in_it() {
        let check = |uri: &str, expected: &str| {
            assert_eq!(target(&actix_web::test::TestRequest::with_uri(uri).to_srv_request()), expected);
        };
        check("/map", "/map");
        check("/map?token=secret", "/map");
        check("/map?range=1h&token=secret&filter=a%26b", "/map?range=1h&filter=a%26b");
    }

    #[test]
    fn listening_beyond_loopback_must_be_meant() {
        let config = Config { listen: "0.0.0.0:2000".parse().unwrap(), ..Config::on_free_ports() };
        assert!(Access::new(&config).is_err());
        assert!(Access::new(&Config { no_token: true, ..config.clone() }).is_ok());
        assert!(Access::new(&Config { token: Token::new("secret"), ..config }).is_ok());
        assert!(Access::new(&Config::on_free_ports()).is_ok());
    }
}
