//! The sampler's behaviour without rules, and the peers that its tests talk to.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Mutex, mpsc};
use std::time::Duration;

use serde_json::Value as Json;

use super::*;

pub(super) const DEADLINE: Duration = Duration::from_secs(20);

/// A local X-Ray on a thread of its own, which ends with the test process; answers its URL.
pub(super) fn local_xray() -> String {
    let (sender, started) = mpsc::channel();
    std::thread::spawn(move || {
        actix_rt::System::new().block_on(async move {
            let app = local_xray::App::build(local_xray::Config::on_free_ports()).await.unwrap();
            sender.send(format!("http://{}", app.addr())).unwrap();
            app.run_until_stopped(std::future::pending()).await
        })
    });
    started.recv_timeout(DEADLINE).unwrap()
}

/// A service that gives recorded answers, one to each connection, and notes what it was asked.
pub(super) struct Recorded {
    pub(super) url: String,
    requests: Arc<Mutex<Vec<(String, Json)>>>,
}

impl Recorded {
    pub(super) fn answering(answers: &[(u16, &'static str)]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let requests: Arc<Mutex<Vec<(String, Json)>>> = Arc::default();
        let (noted, answers) = (Arc::clone(&requests), answers.to_vec());
        std::thread::spawn(move || {
            for (status, body) in answers {
                let Ok((mut stream, _)) = listener.accept() else { return };
                noted.lock().unwrap().push(read_request(&stream));
                let length = body.len();
                let _ = write!(
                    stream,
                    "HTTP/1.1 {status} -\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}"
                );
            }
        });
        Self { url, requests }
    }

    /// Request line and body of each request.
    pub(super) fn requests(&self) -> Vec<(String, Json)> {
        self.requests.lock().unwrap().clone()
    }
}

fn read_request(stream: &TcpStream) -> (String, Json) {
    let mut lines = BufReader::new(stream);
    let mut head = Vec::new();
    loop {
        let mut line = String::new();
        lines.read_line(&mut line).unwrap();
        if line.trim().is_empty() {
            break;
        }
        head.push(line.trim().to_ascii_lowercase());
        if head.len() == 1 {
            head[0] = line.trim().to_owned();
        }
    }
    let length = head.iter().find_map(|line| line.strip_prefix("content-length:")).unwrap().trim().parse().unwrap();
    let mut body = vec![0; length];
    lines.read_exact(&mut body).unwrap();
    (head.swap_remove(0), serde_json::from_slice(&body).unwrap())
}

#[test]
fn without_rules_it_is_one_a_second_and_a_twentieth_of_the_others() {
    fn check(random: f64, expected: usize) {
        let sampler = XraySampler::with_rules(Arc::default(), &Resource::builder_empty().build());
        let sampled = |now| (0..10).filter(|_| sampler.decide(&SpanKind::Server, &[], now, || random).0).count();
        assert_eq!(sampled(1_700_000_000), expected, "{random}");
        assert_eq!(sampled(1_700_000_001), expected, "{random}");
    }
    check(0.5, 1);
    check(0.05, 1);
    check(0.049, 10);
}
