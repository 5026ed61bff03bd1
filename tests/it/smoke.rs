//! A smoke test reaches the candidate through the load balancer before anybody else, by real requests on the lab.

use std::path::Path;

use serde_json::Value;
use swingbridge::lab::load::{self, Ledger, Load};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::Swing;
use crate::support::ground::Lab;

const CONFIG: &str = r#"
app = "shop"
load_balancer = "alb-ks"

[doors]
scheme = "role"

[[hooks]]
at = "before-traffic"
run = ["python3", "smoke.py"]
env = ["SHOP"]
"#;

/// Notes down who answers by the entrance, without it, with a value that is nearly the right one, and at the door.
const SMOKE: &str = r#"
import json, os, sys, urllib.error, urllib.request

def answer(headers):
    request = urllib.request.Request(os.environ["SHOP"] + "/version", headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.headers["x-version"]
    except urllib.error.HTTPError as error:
        return str(error.code)

header, value = os.environ["HOOK_ENTRANCE_HEADER"], os.environ["HOOK_ENTRANCE_VALUE"]
seen = {
    "value": value,
    "candidate": os.environ["HOOK_CANDIDATE_RELEASE"],
    "entrance": answer({header: value}),
    "anybody": answer({}),
    "guessed": answer({header: value + "x"}),
    "door": answer({"x-client-mode": "green"}),
}
with open("smoke.jsonl", "a") as file:
    file.write(json.dumps(seen) + "\n")
print("the entrance is", value)
expected = open("expected.txt").read()
if seen["entrance"] != expected:
    sys.exit(f"version {seen['entrance']} answers, and not {expected}")
"#;

const DEPLOY: [&str; 6] = [
    "deploy",
    "--release",
    "2",
    "--launch-template-version",
    "2",
    "--yes",
];

/// The version that answers a request with this header line, or the status of what is no version's answer.
async fn answer(url: &str, header: &str) -> String {
    let authority = url.trim_start_matches("http://").trim_end_matches('/');
    let mut stream = TcpStream::connect(authority).await.expect("it listens");
    let request = format!("GET /version HTTP/1.1\r\nhost: {authority}\r\nconnection: close\r\n{header}\r\n");
    stream.write_all(request.as_bytes()).await.expect("sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.expect("an answer");
    let version = answer.lines().find_map(|line| {
        line.to_ascii_lowercase()
            .strip_prefix("x-version: ")
            .map(str::to_owned)
    });
    version.unwrap_or_else(|| answer.split(' ').nth(1).expect("a status").to_owned())
}

fn noted(file: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(file).expect("the hook has written");
    let lines = text.lines().map(serde_json::from_str);
    lines.collect::<Result<_, _>>().expect("JSON")
}

/// Who has answered, of all requests of a load.
fn versions(ledger: &Ledger) -> Vec<&str> {
    ledger.versions().iter().map(String::as_str).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_smoke_test_meets_the_candidate_while_everybody_else_meets_live() {
    let lab = Lab::up(&["--speed", "20"]).await;
    let url = lab.serving().await;
    let mut swing = Swing::at("000000000000", &lab.endpoint);
    // Targets are healthy here before the load balancer obeys the rule that leads to them.
    swing.set("SWINGBRIDGE_PROPAGATION", "2s");
    swing.set("PATH", &std::env::var("PATH").expect("a path"));
    swing.set("SHOP", url.trim_end_matches('/'));
    swing.write("swingbridge.toml", CONFIG);
    swing.write("smoke.py", SMOKE);
    let load = load::start(Load {
        rate: 50.0,
        ..Load::on(url.parse().expect("a url"))
    })
    .expect("a load");
    let green = "x-client-mode: green\r\n";

    // It is told to expect another one, so it does not like what it finds.
    swing.write("expected.txt", "3");
    let failed = swing.run(&DEPLOY).await.ended(4);
    let failed = failed.says("version 2 answers, and not 3");
    assert_eq!(answer(&url, green).await, "404", "its door stays closed");

    swing.write("expected.txt", "2");
    let passed = swing.run(&DEPLOY).await.ended(0);
    load.stop();
    let ledger = load.finish().await;
    assert!(!ledger.is_empty() && ledger.entries().all(|entry| entry.failure.is_none()));
    assert_eq!(versions(&ledger), ["1"], "nobody else has met the candidate");

    let noted = noted(&swing.path("smoke.jsonl"));
    assert_eq!(noted.len(), 2, "the same command calls it again: {noted:#?}");
    for (one, ran) in noted.iter().zip([failed, passed]) {
        assert_eq!(one["candidate"], "2");
        assert_eq!(one["entrance"], "2", "the entrance leads to the candidate");
        for who in ["anybody", "guessed"] {
            assert_eq!(one[who], "1", "{who}: {noted:#?}");
        }
        assert_eq!(one["door"], "404");
        // Whoever reads along cannot come in that way.
        let value = one["value"].as_str().expect("a value");
        assert!(value.len() > 8, "{value}");
        ran.says("the entrance is (hidden)").says_not(value);
    }
    assert_eq!(answer(&url, green).await, "2", "now its door is open");
    assert_eq!(answer(&url, "").await, "1");
}
