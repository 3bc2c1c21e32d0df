//! The console over real sockets: a trace sent as datagrams is waited for, then found on every page; addresses,
//! headers and embedded files are what a browser needs.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use local_xray::config::Token;
use local_xray::{App, Config};
use reqwest::header::{ACCEPT, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, COOKIE, LOCATION, SET_COOKIE};
use tokio::net::UdpSocket;
use tokio::sync::oneshot;

/// How long a test waits for what must happen.
const DEADLINE: Duration = Duration::from_secs(10);
const TRACE_ID: &str = "1-67891233-abcdef012345678912345678";

struct Console {
    base: String,
    address: std::net::SocketAddr,
    client: reqwest::Client,
}

/// Runs a test against a fresh local X-Ray, and stops it in good order.
fn with_console(test: impl AsyncFnOnce(Console)) {
    with_config(Config::on_free_ports(), test);
}

fn with_config(config: Config, test: impl AsyncFnOnce(Console)) {
    actix_rt::System::new().block_on(async {
        let app = App::build(config).await.unwrap();
        let console = Console {
            base: format!("http://{}", app.addr()),
            address: app.addr(),
            client: reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap(),
        };
        let (stop, stopped) = oneshot::channel::<()>();
        let running = actix_rt::spawn(app.run_until_stopped(async {
            let _ = stopped.await;
        }));
        test(console).await;
        drop(stop);
        tokio::time::timeout(DEADLINE, running).await.expect("the local X-Ray stops").unwrap().unwrap();
    });
}

impl Console {
    async fn get(&self, path: &str) -> reqwest::Response {
        self.client.get(format!("{}{path}", self.base)).send().await.unwrap()
    }

    /// The status and the text of a page.
    async fn page(&self, path: &str) -> (u16, String) {
        let answer = self.get(path).await;
        (answer.status().as_u16(), answer.text().await.unwrap())
    }

    /// Asks again and again until the page has the text.
    async fn page_with(&self, path: &str, text: &str) -> String {
        let asking = async {
            loop {
                let (_, html) = self.page(path).await;
                if html.contains(text) {
                    return html;
                }
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(DEADLINE, asking).await.expect("the page comes to show it")
    }

    /// Sends segments as the SDKs do: a header line and one document in each datagram.
    async fn send(&self, documents: &[String]) {
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        for document in documents {
            let datagram = format!("{{\"format\": \"json\", \"version\": 1}}\n{document}");
            socket.send_to(datagram.as_bytes(), self.address).await.unwrap();
        }
    }
}

/// A like through both services, just now.
fn like() -> [String; 2] {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs_f64() - 3.0;
    let (sent, done) = (now + 0.1, now + 1.9);
    [
        format!(
            r#"{{"name": "monolith", "id": "0000000000000001", "trace_id": "{TRACE_ID}", "start_time": {now},
            "end_time": {}, "http": {{"request": {{"method": "POST", "url": "http://localhost/mysfits/7/like"}},
            "response": {{"status": 200}}}}, "subsegments": [{{"name": "like service", "id": "0000000000000002",
            "namespace": "remote", "start_time": {sent}, "end_time": {done}}}]}}"#,
            now + 2.0
        ),
        format!(
            r#"{{"name": "like service", "id": "0000000000000003", "parent_id": "0000000000000002",
            "trace_id": "{TRACE_ID}", "start_time": {sent}, "end_time": {done}}}"#
        ),
    ]
}

#[test]
fn a_trace_is_waited_for_and_then_found_everywhere() {
    with_console(async |console| {
        let address = format!("/traces/{TRACE_ID}");
        let (status, html) = console.page(&address).await;
        assert_eq!(status, 404);
        assert!(html.contains("Waiting for this trace") && html.contains("http-equiv=\"refresh\""), "{html}");

        console.send(&like()).await;

        for segment in ["part-0000000000000001", "part-0000000000000003"] {
            console.page_with(&address, segment).await;
        }
        let (_, html) = console.page(&address).await;
        assert!(html.contains("POST /mysfits/7/like"), "{html}");
        let map = console.page_with("/map", ">like service<").await;
        assert!(map.contains(">Clients<") && map.contains("monolith%3Elike+service"), "{map}");
        let (status, list) = console.page("/traces?node=like+service&state=ok").await;
        assert!(status == 200 && list.contains(TRACE_ID), "{list}");
        let raw = console.get(&format!("{address}/raw.json")).await;
        assert_eq!(raw.headers()[CONTENT_TYPE], "application/json");
        assert_eq!(raw.json::<serde_json::Value>().await.unwrap()["Segments"].as_array().unwrap().len(), 2);
        let (status, page) = console.page(&format!("{address}/raw")).await;
        assert!(status == 200 && page.contains("&#34;Document&#34;: {"), "{page}");
    });
}

#[test]
fn refused_datagrams_are_listed_without_becoming_markup() {
    with_console(async |console| {
        let named = like()[1].replace("like service", "<script>alert(1)</script>");
        console.send(&[named]).await;
        let html = console.page_with("/intake", "InvalidName").await;
        assert!(html.contains("$.name") && html.contains("&#60;script&#62;alert(1)"), "{html}");
        assert!(!html.contains("<script>"), "{html}");
    });
}

#[test]
fn pages_name_files_that_browsers_may_keep() {
    with_console(async |console| {
        let page = console.get("/map").await;
        let policy = page.headers()[CONTENT_SECURITY_POLICY].to_str().unwrap().to_owned();
        assert!(policy.contains("default-src 'none'") && !policy.contains("unsafe"), "{policy}");
        let html = page.text().await.unwrap();
        let files: Vec<&str> = html.split('"').filter(|text| text.starts_with("/static/")).collect();
        assert_eq!(files.len(), 7, "icon, stylesheet and five scripts: {files:?}");
        for file in files {
            let answer = console.get(file).await;
            assert_eq!(answer.status(), 200, "{file}");
            assert!(answer.headers()[CACHE_CONTROL].to_str().unwrap().contains("immutable"), "{file}");
        }
        assert_eq!(console.page("/static/console-000000000000.css").await.0, 404);
    });
}

/// A segment of the lab: a request to the like service, a moment ago, with the flag and the time that are given.
fn lab_segment(number: u8, method: &str, user_agent: &str, seconds: f64, error: bool) -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs_f64() - 5.0;
    format!(
        r#"{{"name": "like service", "id": "00000000000000{number:02x}", "trace_id": "1-67891233-0000000000000000000000{number:02x}",
        "start_time": {now}, "end_time": {}, "error": {error}, "http": {{"request": {{"method": "{method}",
        "url": "http://localhost/", "user_agent": "{user_agent}"}}}}}}"#,
        now + seconds
    )
}

#[test]
fn the_expression_of_the_lab_gives_its_picture() {
    const LAB: &str = r#"service("like service") { responsetime > 1 OR error } AND http.method = "POST""#;
    with_console(async |console| {
        console
            .send(&[
                lab_segment(1, "GET", "ELB-HealthChecker/2.0", 0.002, false),
                lab_segment(2, "GET", "ELB-HealthChecker/2.0", 2.5, false),
                lab_segment(3, "POST", "browser", 0.01, false),
                lab_segment(4, "POST", "browser", 2.0, false),
                lab_segment(5, "POST", "browser", 0.02, true),
            ])
            .await;
        let green = console.page_with("/map", "5 traces in").await;
        assert!(green.contains("20 % error") && green.contains("Hide 2 health checks"), "{green}");

        // Typed on the map, the expression stays on the map.
        let typed =
            form_urlencoded::Serializer::new(String::new()).extend_pairs([("on", "map"), ("filter", LAB)]).finish();
        let answer = console.get(&format!("/search?{typed}")).await;
        let map_path = answer.headers()[LOCATION].to_str().unwrap().to_owned();
        let (status, map) = console.page(&map_path).await;
        assert!(status == 200 && map.contains("1 service · 2 traces of 5 in"), "{map}");
        assert!(map.contains("50 % error") && map.contains("1.01 s"), "slower, and half of it is orange: {map}");
        assert!(!map.contains("health check"), "{map}");

        let (status, list) = console.page(&map_path.replace("/map", "/traces")).await;
        let listed = |number: u8| list.contains(&format!("1-67891233-0000000000000000000000{number:02x}"));
        assert!(status == 200 && list.contains("2 traces of 5 in"), "{list}");
        assert_eq!([1, 2, 3, 4, 5].map(listed), [false, false, false, true, true]);
    });
}

#[test]
fn an_expression_that_is_not_understood_keeps_the_page_and_the_text() {
    with_console(async |console| {
        for page in ["/map", "/traces"] {
            let (status, html) = console.page(&format!("{page}?range=1h&filter=ok+AND+responsetme+%3E+1")).await;
            assert_eq!(status, 400, "{page}");
            assert!(
                html.contains("ok AND <mark>responsetme</mark> &#62; 1") && html.contains("at character 8"),
                "{html}"
            );
            assert!(html.contains("value=\"ok AND responsetme &#62; 1\"") && html.contains("<nav"), "{html}");
            assert!(html.contains(&format!("{page}?range=1h&#38;filter=ok+AND+responsetime+%3E+1")), "{html}");
        }
    });
}

#[test]
fn addresses_that_mean_nothing_get_a_page_that_says_so() {
    with_console(async |console| {
        for (path, status, words) in [
            ("/nowhere", 404, "There is no page at this address."),
            ("/traces/nonsense", 404, "is not a trace id"),
            ("/traces/nonsense/raw", 404, "is not a trace id"),
            ("/map?range=2m", 400, "Choose one of 5m, 15m"),
            ("/map?filter=service(%22monolith%22)+AND+falt", 400, "did you mean `fault`?"),
        ] {
            let (answered, html) = console.page(path).await;
            assert_eq!(answered, status, "{path}");
            assert!(html.contains(words) && html.contains("<nav"), "{path}: {html}");
        }
    });
}

#[test]
fn the_front_door_and_the_search_lead_on() {
    with_console(async |console| {
        let w3c = TRACE_ID.replace("1-", "").replace('-', "");
        for (path, target) in [
            ("/", "/map".to_owned()),
            ("/?range=1h", "/map?range=1h".to_owned()),
            (&format!("/search?filter={w3c}"), format!("/traces/{TRACE_ID}")),
            ("/search?filter=ok&on=map&range=1h", "/map?range=1h&filter=ok".to_owned()),
        ] {
            let answer = console.get(path).await;
            assert_eq!(answer.status(), 303, "{path}");
            assert_eq!(answer.headers()[LOCATION], target.as_str(), "{path}");
        }
    });
}

/// What a browser sends for a page, and for a form.
impl Console {
    async fn open(&self, path: &str, cookie: &str) -> reqwest::Response {
        let request = self.client.get(format!("{}{path}", self.base)).header(ACCEPT, "text/html,*/*;q=0.8");
        request.header(COOKIE, cookie).send().await.unwrap()
    }

    async fn fill_in(&self, path: &str, origin: &str, fields: &[(&str, &str)]) -> reqwest::Response {
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let request = self.client.post(format!("{}{path}", self.base)).header("origin", origin);
        request.header(CONTENT_TYPE, "application/x-www-form-urlencoded").body(body).send().await.unwrap()
    }
}

#[test]
fn a_person_without_the_token_is_asked_for_it() {
    const SECRET: &str = "open; sesame";
    let config = Config { token: Token::new(SECRET), ..Config::on_free_ports() };
    with_config(config, async |console| {
        let asked = console.open("/traces?range=1h&filter=ok", "").await;
        assert_eq!(asked.status(), 401);
        let html = asked.text().await.unwrap();
        assert!(
            html.contains("value=\"/traces?range=1h&#38;filter=ok\"") && html.contains("type=\"password\""),
            "{html}"
        );
        let style = html.split('"').find(|text| text.starts_with("/static/console")).unwrap();
        assert_eq!(console.get(style).await.status(), 200, "the form has looks");
        assert_eq!(console.get("/traces").await.headers()[CONTENT_TYPE], "application/json", "a program gets an error");

        let wrong = console.fill_in("/ui/token", &console.base, &[("token", "sesame"), ("to", "/map")]).await;
        assert_eq!(wrong.status(), 401);
        assert!(wrong.text().await.unwrap().contains("That is not the token."));
        let foreign = console.fill_in("/ui/token", "http://evil.example", &[("token", SECRET), ("to", "/map")]).await;
        assert_eq!(foreign.status(), 403);

        let right =
            console.fill_in("/ui/token", &console.base, &[("token", SECRET), ("to", "//evil.example/map")]).await;
        assert_eq!((right.status().as_u16(), right.headers()[LOCATION].to_str().unwrap()), (303, "/evil.example/map"));
        let set = right.headers()[SET_COOKIE].to_str().unwrap().to_owned();
        assert!(set.contains("HttpOnly") && set.contains("SameSite=Lax") && set.contains("Path=/"), "{set}");
        let cookie = set.split(';').next().unwrap();
        let page = console.open("/map", cookie).await;
        assert_eq!(page.status(), 200);
        assert!(page.text().await.unwrap().contains("Sign out"));

        let out =
            console.client.post(format!("{}/ui/sign-out", console.base)).header(COOKIE, cookie).send().await.unwrap();
        assert_eq!((out.status().as_u16(), out.headers()[LOCATION].to_str().unwrap()), (303, "/"));
        assert!(out.headers()[SET_COOKIE].to_str().unwrap().contains("Max-Age=0"));
    });
}
