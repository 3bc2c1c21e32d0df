//! The program's verbs that ask an endpoint, run as a CI job runs them: exit status and text.

#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test may fail where it stands")]

mod support;

use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use actix_web::{App, HttpResponse, HttpServer, web};
use local_xray::Config;
use local_xray::config::Token;
use serde_json::{Value, json};

use support::{DEADLINE, NOT_FOUND_LIKE, SLOW_LIKE, lab, with_config, with_xray};

/// Reaches back to the traces of `testdata/lab.json`.
const WINDOW: [&str; 2] = ["--last", "10000d"];

/// The longest that a quick bench may take, unoptimised and on a busy machine.
const BENCH: Duration = Duration::from_secs(100);

struct Ended {
    status: Option<i32>,
    stdout: String,
    stderr: String,
}

/// Runs the program to its end, beside the server that it asks.
async fn run(endpoint: &str, arguments: &[&str]) -> Ended {
    run_within(DEADLINE, endpoint, arguments).await
}

async fn run_within(deadline: Duration, endpoint: &str, arguments: &[&str]) -> Ended {
    let mut command = Command::new(env!("CARGO_BIN_EXE_local-xray"));
    command
        .args(arguments)
        .env("AWS_ENDPOINT_URL_XRAY", endpoint)
        .env_remove("LOCAL_XRAY_TOKEN")
        .env("RUST_BACKTRACE", "1");
    let output = tokio::task::spawn_blocking(move || command.output());
    let output = tokio::time::timeout(deadline, output).await.expect("the program ends").unwrap().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Ended { status: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
}

/// Runs `assert` with one look.
async fn assert_once(endpoint: &str, arguments: &[&str]) -> Ended {
    run(endpoint, &[&["assert", "--within", "0s"], &WINDOW[..], arguments].concat()).await
}

#[test]
fn a_claim_ends_with_a_status_and_says_what_was_seen() {
    with_xray(async |xray| {
        xray.put(&lab()).await;
        let check = async |arguments: &[&str], status: i32, expected: &str| {
            let ended = assert_once(&xray.url(""), arguments).await;
            let seen = (ended.status, ended.stdout.as_str(), ended.stderr.as_str());
            assert_eq!(seen, (Some(status), expected, ""), "{arguments:?}");
        };
        let slow =
            "1-69550001-000000000000000000000001  POST   200   3.50 s  http://like.local/mysfits/4e53920c/like\n";
        let not_found = "1-69550002-000000000000000000000002  POST   404   1.0 ms  -\n";

        check(&["error"], 0, "held: 1 of 2 traces matches, at least 1 wanted\n  error\n").await;
        check(&["", "--at-least", "2"], 0, "held: 2 of 2 traces match, at least 2 wanted\n  (every trace)\n").await;
        check(&["fault"], 1, "failed: 0 of 2 traces match, at least 1 wanted\n  fault\n").await;
        let few = format!("failed: 1 of 2 traces matches, at least 2 wanted\n  error\n{not_found}");
        check(&["error", "--at-least", "2"], 1, &few).await;

        check(&["fault", "--none"], 0, "held: 0 of 2 traces match, none wanted\n  fault\n").await;
        let some = format!("failed: 2 of 2 traces match, none wanted\n  ok OR error\n{not_found}{slow}");
        check(&["ok OR error", "--none"], 1, &some).await;

        check(&["error", "--exactly", "1"], 0, "held: 1 of 2 traces matches, exactly 1 wanted\n  error\n").await;
        let other = format!("failed: 1 of 2 traces matches, exactly 2 wanted\n  error\n{not_found}");
        check(&["error", "--exactly", "2"], 1, &other).await;
    });
}

#[test]
fn none_is_not_proved_by_traces_that_never_came() {
    with_xray(async |xray| {
        let ended = assert_once(&xray.url(""), &["fault", "--none"]).await;
        assert_eq!(ended.status, Some(1));
        assert_eq!(ended.stdout, "failed: no trace was there to look at, none wanted\n  fault\n");
    });
}

#[test]
fn an_expression_that_cannot_be_read_is_pointed_at() {
    with_xray(async |xray| {
        let ended = assert_once(&xray.url(""), &[r#"ok AND service("a") { falt }"#]).await;
        assert_eq!((ended.status, ended.stdout.as_str()), (Some(2), ""));
        let caret = "
  ok AND service(\"a\") { falt }
                        ^^^^
did you mean `fault`?
";
        assert!(ended.stderr.ends_with(caret), "{}", ended.stderr);
    });
}

#[test]
fn what_cannot_be_judged_is_neither_held_nor_failed() {
    with_xray(async |xray| {
        let check = async |arguments: &[&str], expected: &str| {
            let ended = run(&xray.url(""), &[&["assert"], arguments].concat()).await;
            assert_eq!((ended.status, ended.stdout.as_str()), (Some(2), ""), "{arguments:?}");
            assert!(ended.stderr.contains(expected), "{arguments:?}: {}", ended.stderr);
        };
        check(&[], "<EXPRESSION>").await;
        check(&["fault", "--none", "--at-least", "2"], "cannot be used with").await;
        check(&["fault", "--at-least", "0"], "0 is not in").await;
        check(&["fault", "--within", "30"], "has no unit").await;
        check(&["fault", "--last", "0s"], "shows nothing").await;
        // Port 0 never listens.
        check(&["fault", "--endpoint", "http://127.0.0.1:0"], "no X-Ray answers at").await;
    });
}

#[test]
fn a_failure_is_said_in_one_plain_line() {
    with_xray(async |xray| {
        let taken = xray.url("").replace("http://", "");
        let check = async |arguments: &[&str], expected: &str| {
            let ended = run("http://127.0.0.1:0", arguments).await;
            assert_eq!((ended.status, ended.stdout.as_str()), (Some(1), ""), "{arguments:?}");
            assert!(ended.stderr.starts_with("local-xray: ") && ended.stderr.contains(expected), "{}", ended.stderr);
            assert_eq!(ended.stderr.lines().count(), 1, "{}", ended.stderr);
        };
        check(&["map"], "no X-Ray answers at http://127.0.0.1:0:").await;
        check(&["serve", "--listen", &taken], "is taken").await;
    });
}

#[test]
fn a_protected_local_xray_wants_its_token() {
    let config = Config { token: Token::new("s3cret"), ..Config::on_free_ports() };
    with_config(config, async |xray| {
        let ended = assert_once(&xray.url(""), &["fault", "--none"]).await;
        assert_eq!((ended.status, ended.stdout.as_str()), (Some(2), ""));
        let ended = assert_once(&xray.url(""), &["fault", "--none", "--token", "s3cret"]).await;
        assert_eq!(ended.status, Some(1), "it may look, and sees nothing: {}", ended.stderr);
    });
}

/// An endpoint whose first look finds nothing, and whose second finds one trace behind an empty page.
async fn late_trace(input: web::Json<Value>, looks: web::Data<AtomicUsize>) -> HttpResponse {
    let is_second_page = input["NextToken"] == "page 2";
    let looks = if is_second_page { looks.load(Ordering::SeqCst) } else { looks.fetch_add(1, Ordering::SeqCst) + 1 };
    HttpResponse::Ok().json(match (looks, is_second_page) {
        (1, _) => json!({ "TraceSummaries": [], "TracesProcessedCount": 3 }),
        (_, false) => json!({ "TraceSummaries": [], "TracesProcessedCount": 3, "NextToken": "page 2" }),
        (_, true) => json!({ "TraceSummaries": [{ "Id": "1-1-1" }], "TracesProcessedCount": 1, "NextToken": null }),
    })
}

#[test]
fn looks_are_repeated_until_the_claim_is_settled() {
    actix_rt::System::new().block_on(async {
        let check = async |claim: &[&str], status: i32, expected: &str| {
            let looks = web::Data::new(AtomicUsize::new(0));
            let counter = looks.clone();
            let app = move || App::new().app_data(counter.clone()).route("/TraceSummaries", web::post().to(late_trace));
            let server = HttpServer::new(app).workers(1).disable_signals().bind("127.0.0.1:0").unwrap();
            let endpoint = format!("http://{}", server.addrs()[0]);
            let server = server.run();
            let handle = server.handle();
            let running = actix_rt::spawn(server);
            let ended = run(&endpoint, &[&["assert", "fault", "--within", "1h"], claim].concat()).await;
            assert_eq!((ended.status, ended.stdout.as_str()), (Some(status), expected), "{claim:?}: {}", ended.stderr);
            assert_eq!(looks.load(Ordering::SeqCst), 2, "{claim:?}");
            handle.stop(true).await;
            running.await.unwrap().unwrap();
        };
        check(&[], 0, "held: 1 of 4 traces matches, at least 1 wanted\n  fault\n").await;
        let late = "failed: 1 of 4 traces matches, none wanted\n  fault\n1-1-1                                -        -        -  -\n";
        check(&["--none"], 1, late).await;
    });
}

#[test]
fn traces_are_listed_and_one_is_drawn() {
    with_xray(async |xray| {
        xray.put(&lab()).await;
        let listed = run(&xray.url(""), &[&["traces"], &WINDOW[..]].concat()).await;
        let ids: Vec<_> = listed.stdout.lines().skip(1).filter_map(|line| line.split(' ').next()).collect();
        assert_eq!((listed.status, ids), (Some(0), vec![NOT_FOUND_LIKE, SLOW_LIKE]), "newest first: {}", listed.stderr);
        let none = run(&xray.url(""), &[&["traces", "fault"], &WINDOW[..]].concat()).await;
        assert_eq!((none.status, none.stdout.as_str()), (Some(0), "no trace matches; 2 traces looked at\n"));

        let drawn = run(&xray.url(""), &["trace", SLOW_LIKE]).await;
        let expected = "\
like service                         200 ok         3.50 s  ████████████████████
  monolith                           200 ok         1.00 s             ██████
    monolith                         200 ok         900 ms              █████
      dynamodb                       ok              20 ms              █
        dynamodb                     ok              20 ms              █
";
        assert_eq!((drawn.status, drawn.stdout.as_str()), (Some(0), expected), "{}", drawn.stderr);
        let raw = run(&xray.url(""), &["trace", SLOW_LIKE, "--json"]).await;
        let raw: Vec<Value> = serde_json::from_str(&raw.stdout).unwrap();
        assert_eq!(raw, xray.documents(SLOW_LIKE).await);

        let unknown = run(&xray.url(""), &["trace", "1-69550009-000000000000000000000009"]).await;
        assert_eq!((unknown.status, unknown.stdout.as_str()), (Some(1), ""));
        assert!(unknown.stderr.contains("does not know the trace"), "{}", unknown.stderr);
    });
}

#[test]
fn the_bench_measures_a_local_xray_of_its_own_and_accounts_for_everything() {
    actix_rt::System::new().block_on(async {
        let nobody = "http://127.0.0.1:9";
        let doors = "api,otlp-http,otlp-grpc,udp";
        let ended =
            run_within(BENCH, nobody, &["bench", "--quick", "--json", "--intake", doors, "--traces", "200"]).await;
        assert_eq!(ended.status, Some(0), "{}", ended.stderr);
        let report: Value = serde_json::from_str(&ended.stdout).unwrap();
        let ways = report["intake"].as_array().unwrap();
        let names: Vec<_> = ways.iter().map(|way| way["way"].as_str().unwrap()).collect();
        assert_eq!(names, ["PutTraceSegments", "OTLP/HTTP protobuf", "OTLP/gRPC", "UDP"]);
        for way in ways {
            assert!(way["sent"].as_u64().unwrap() > 0 && way["unaccounted"] == 0, "{way}");
        }
        let store = &report["stores"][0];
        assert_eq!(store["traces"], 200);
        assert!(store["answers"]["graph"]["asked"].as_u64().unwrap() > 0, "{store}");

        let tables = run_within(BENCH, nobody, &["bench", "--quick", "--topology", "20", "--traces", "100"]).await;
        assert_eq!(tables.status, Some(0), "{}", tables.stderr);
        for row in ["| service graph of an hour ", "| What was aimed at ", "udp-parse"] {
            assert!(tables.stdout.contains(row), "{row}: {}", tables.stdout);
        }
    });
}

#[test]
fn a_healthcheck_ends_with_success_while_somebody_answers() {
    let config = Config { token: Token::new("secret"), ..Config::on_free_ports() };
    with_config(config, async |xray| {
        let listen = xray.url("").replace("http://", "");
        let healthy = run("", &["healthcheck", "--listen", &listen]).await;
        assert_eq!((healthy.status, healthy.stdout.as_str(), healthy.stderr.as_str()), (Some(0), "", ""));
        let nobody = run("", &["healthcheck", "--listen", "127.0.0.1:1"]).await;
        assert_eq!(nobody.status, Some(1));
        assert!(nobody.stderr.contains("http://127.0.0.1:1/health/live does not answer"), "{}", nobody.stderr);
    });
}
