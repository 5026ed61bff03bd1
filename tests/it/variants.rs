//! Three variants on the lab under real load: everybody gets their share, and whoever has met one stays with it.

use std::collections::BTreeMap;

use futures_util::future::join_all;
use hyper::Request;
use hyper::header::{COOKIE, SET_COOKIE};
use hyper_util::rt::TokioIo;
use swingbridge::lab::load::{self, Ledger, Load};
use tokio::net::TcpStream;

use crate::support::Swing;
use crate::support::ground::Lab;

const CONFIG: &str = r#"
app = "shop"
load_balancer = "alb-ks"
strategy = "ab"

[doors]
scheme = "role"

[ab]
duration = "14d"
variants = [
    { name = "control", weight = 40, live = true },
    { name = "bold", weight = 30 },
    { name = "calm", weight = 30 },
]

[swing]
hold = "0s"
"#;

/// What each variant answers that it is, and its share in per cent.
const SHARES: [(&str, f64); 3] = [("1", 40.0), ("bold", 30.0), ("calm", 30.0)];
const REQUESTS: usize = 20_000;
const RATE: f64 = 700.0;
const USERS: usize = 30;
const VISITS: usize = 15;

/// How far from its share, in per cent of all requests, nobody may be.
const TOLERANCE: f64 = 2.0;

async fn begun() -> (Lab, Swing, String) {
    let lab = Lab::up(&["--speed", "20"]).await;
    let url = lab.serving().await;
    let mut swing = Swing::at("000000000000", &lab.endpoint);
    // Longer than the data plane's delay.
    swing.set("SWINGBRIDGE_PROPAGATION", "2s");
    swing.set("SWINGBRIDGE_HEALTH_SOAK", "2s");
    swing.write("swingbridge.toml", CONFIG);
    for variant in ["bold", "calm"] {
        let file = format!("{variant}.txt");
        swing.write(&file, &format!("#!sample\nversion = \"{variant}\"\n"));
        let deploy = [
            "deploy",
            "--variant",
            variant,
            "--release",
            variant,
            "--user-data",
            &file,
            "--yes",
        ];
        swing.run(&deploy).await.ended(0);
    }
    swing
        .run(&["promote", "--yes"])
        .await
        .ended(9)
        .says("the test runs until");
    (lab, swing, url)
}

/// Plain requests of people who never come back.
async fn strangers(url: &str) -> Ledger {
    let load = Load {
        rate: RATE,
        duration: Some(std::time::Duration::from_secs_f64(1.05 * 20_000.0 / RATE)),
        ..Load::on(url.parse().expect("a url"))
    };
    load::start(load).expect("a load").finish().await
}

/// One visit: which version answered, and the cookies that it left.
async fn visit(address: &str, cookies: &str) -> (String, String) {
    let stream = TcpStream::connect(address).await.expect("a listener");
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
        .await
        .expect("a connection");
    tokio::spawn(connection);
    let mut request = Request::get("/").header("host", "shop.example");
    if !cookies.is_empty() {
        request = request.header(COOKIE, cookies);
    }
    let request = request.body(String::new()).expect("a request");
    let response = sender.send_request(request).await.expect("an answer");
    let text = |name: &str| -> Vec<String> {
        let values = response.headers().get_all(name).iter();
        values
            .map(|value| value.to_str().expect("text").to_owned())
            .collect()
    };
    let set: Vec<String> = text(SET_COOKIE.as_str())
        .iter()
        .filter_map(|line| Some(line.split(';').next()?.to_owned()))
        .collect();
    (text("x-version").concat(), set.join("; "))
}

/// Comes again and again with the cookies of the last visit, and says every version met.
async fn user(address: &str) -> Vec<String> {
    let mut cookies = String::new();
    let mut met = Vec::new();
    for _ in 0..VISITS {
        let (version, set) = visit(address, &cookies).await;
        met.push(version);
        cookies = set;
    }
    met
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_variants_get_their_shares_and_users_stay_with_theirs_until_one_wins() {
    let (_lab, swing, url) = begun().await;
    let address = url.trim_start_matches("http://").trim_end_matches('/').to_owned();

    let ledger = strangers(&url).await;
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for entry in ledger.entries() {
        assert_eq!(entry.failure, None, "no request fails");
        let version = entry
            .version
            .map(|number| ledger.version_name(number))
            .unwrap_or_default();
        *counts.entry(version.to_owned()).or_default() += 1;
    }
    let all: usize = counts.values().sum();
    assert!(all >= REQUESTS, "{counts:?}");
    for (version, share) in SHARES {
        #[expect(clippy::cast_precision_loss, reason = "some thousands")]
        let has = 100.0 * counts.get(version).copied().unwrap_or_default() as f64 / all as f64;
        assert!(
            (has - share).abs() <= TOLERANCE,
            "{version} has {has} %: {counts:?}"
        );
    }

    let users = join_all((0..USERS).map(|_| user(&address))).await;
    let mut first: BTreeMap<&str, usize> = BTreeMap::new();
    for met in &users {
        assert!(met.iter().all(|version| *version == met[0]), "{met:?}");
        *first.entry(&met[0]).or_default() += 1;
    }
    assert!(first.len() > 1, "they have not all met the same: {first:?}");

    swing.run(&["status"]).await.ended(0).says("bold 30 %");
    swing.run(&["metrics"]).await.ended(0).says("beside each other");
    swing
        .run(&["winner", "bold", "--yes"])
        .await
        .ended(0)
        .says("production goes to generation 2");
    for met in join_all((0..USERS).map(|_| user(&address))).await {
        assert!(met.iter().all(|version| version == "bold"), "{met:?}");
    }
}
