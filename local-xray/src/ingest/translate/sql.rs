//! The `sql` block and the name of a database's node.

use opentelemetry_proto::tonic::trace::v1::span::SpanKind;

use crate::document::Sql;

use super::attributes::{Attributes, as_text};

const SYSTEM: [&str; 2] = ["db.system", "db.system.name"];
const DATABASE: [&str; 2] = ["db.name", "db.namespace"];
const QUERY: [&str; 2] = ["db.statement", "db.query.text"];
const CONNECTION: &str = "db.connection_string";
const HOST: [&str; 5] =
    ["net.peer.name", "server.address", "net.peer.ip", "network.peer.address", "server.socket.address"];
const PORT: [&str; 2] = ["net.peer.port", "server.port"];

/// Products that speak SQL, by their names in the older and the newer conventions.
const SQL_SYSTEMS: [&str; 21] = [
    "cockroachdb",
    "db2",
    "derby",
    "h2",
    "hive",
    "hsqldb",
    "ibm.db2",
    "mariadb",
    "microsoft.sql_server",
    "mssql",
    "mysql",
    "oracle",
    "oracle.db",
    "other_sql",
    "postgresql",
    "redshift",
    "aws.redshift",
    "sqlite",
    "teradata",
    "trino",
    "clickhouse",
];

/// Takes the block out of a call to an SQL database; nothing for other spans and other databases.
pub(super) fn sql(kind: SpanKind, attributes: &mut Attributes) -> Option<Sql> {
    let system = system(attributes)?;
    if !SQL_SYSTEMS.contains(&system.as_str()) || !matches!(kind, SpanKind::Client | SpanKind::Internal) {
        return None;
    }
    attributes.take_text(&SYSTEM);
    let database = attributes.text(&DATABASE);
    let url = url(&system, database.as_deref(), attributes);
    let connection_string = attributes.text(&[CONNECTION]).map(|text| without_password(&text));
    attributes.drop_if(CONNECTION, |_| true); // what is not kept of it is the password
    for part in DATABASE.iter().chain(&HOST).chain(&PORT) {
        attributes.drop_if(part, |value| as_text(value).is_some_and(|text| url.contains(&text)));
    }
    Some(Sql {
        connection_string,
        url: Some(url),
        sanitized_query: attributes.take_text(&QUERY),
        database_type: Some(system),
        user: attributes.take_text(&["db.user"]),
        ..Sql::default()
    })
}

/// The product, as the instrumentation names it.
pub(super) fn system(attributes: &Attributes) -> Option<String> {
    attributes.text(&SYSTEM)
}

/// `database@host` of a database call, or the database alone where there is no host (SQLite).
pub(super) fn node_name(attributes: &Attributes) -> Option<String> {
    let database = attributes.text(&DATABASE)?;
    match host(attributes) {
        Some(host) => Some(format!("{database}@{host}")),
        None => Some(database),
    }
}

fn host(attributes: &Attributes) -> Option<String> {
    let connected = attributes.text(&[CONNECTION]).and_then(|text| host_of_url(&text));
    connected.or_else(|| attributes.text(&HOST))
}

/// The host in `jdbc:postgresql://user:password@host:port/database?options`.
fn host_of_url(text: &str) -> Option<String> {
    let (_, rest) = text.split_once("://")?;
    let authority = rest.split(['/', '?', ';']).next()?;
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let host = if host.starts_with('[') { host } else { host.split(':').next()? };
    (!host.is_empty()).then(|| host.to_owned())
}

fn url(system: &str, database: Option<&str>, attributes: &Attributes) -> String {
    let port = attributes.text(&PORT).map(|port| format!(":{port}")).unwrap_or_default();
    match (host(attributes), database) {
        (Some(host), database) => format!("{system}://{host}{port}/{}", database.unwrap_or_default()),
        (None, Some(database)) => format!("{system}:{database}"),
        (None, None) => format!("{system}:"),
    }
}

/// Leaves out passwords: between `:` and `@` of an address, and in `password=…` settings.
fn without_password(connection: &str) -> String {
    let Some((scheme, rest)) = connection.split_once("://") else { return without_settings(connection) };
    let end = rest.find(['/', '?', ';']).unwrap_or(rest.len());
    let (authority, settings) = rest.split_at_checked(end).unwrap_or((rest, ""));
    let authority = match authority.rsplit_once('@') {
        Some((user, host)) => format!("{}@{host}", user.split(':').next().unwrap_or_default()),
        None => authority.to_owned(),
    };
    format!("{scheme}://{authority}{}", without_settings(settings))
}

fn without_settings(settings: &str) -> String {
    let is_secret = |part: &str| {
        let key = part.trim_start_matches(['/', '?', '&', ';', ' ']).to_ascii_lowercase();
        key.starts_with("password=") || key.starts_with("pwd=")
    };
    settings.split_inclusive([';', '&', '?', ' ']).filter(|part| !is_secret(part)).collect()
}
