//! Three variants on the lab under real load: everybody gets their share and stays with whom they have met, or names a
//! variant and meets that one.

use std::collections::BTreeMap;

use futures_util::future::join_all;
use http::{HeaderMap, HeaderName, HeaderValue};
use hyper::Request;
use hyper::header::SET_COOKIE;
use hyper_util::rt::TokioIo;
use swingbridge::lab::load::{self, Door, Kind, Ledger, Load, Running};
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

/// Every variant is ready, and the test has not begun.
async fn ready(config: &str) -> (Lab, Swing, String) {
    let lab = Lab::up(&["--speed", "20"]).await;
    let url = lab.serving().await;
    let mut swing = Swing::at("000000000000", &lab.endpoint);
    // Longer than the data plane's delay.
    swing.set("SWINGBRIDGE_PROPAGATION", "2s");
    swing.set("SWINGBRIDGE_HEALTH_SOAK", "2s");
    swing.write("swingbridge.toml", config);
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
    (lab, swing, url)
}

async fn begins(swing: &Swing) {
    let began = swing.run(&["promote", "--yes"]).await.ended(9);
    began.says("the test runs until");
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
async fn visit(address: &str, header: Option<(&str, &str)>) -> (String, String) {
    let stream = TcpStream::connect(address).await.expect("a listener");
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
        .await
        .expect("a connection");
    tokio::spawn(connection);
    let mut request = Request::get("/").header("host", "shop.example");
    if let Some((name, value)) = header {
        request = request.header(name, value);
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
        let known = (!cookies.is_empty()).then_some(("cookie", cookies.as_str()));
        let (version, set) = visit(address, known).await;
        met.push(version);
        cookies = set;
    }
    met
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_variants_get_their_shares_and_users_stay_with_theirs_until_one_wins() {
    let (_lab, swing, url) = ready(CONFIG).await;
    begins(&swing).await;
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

const BY_HEADER: &str = r#"
app = "shop"
load_balancer = "alb-ks"
strategy = "ab"

[doors]
scheme = "role"

[ab]
duration = "14d"
header = "x-variant"
variants = [
    { name = "control", live = true },
    { name = "bold", priority = 5 },
    { name = "calm", priority = 6 },
]

[swing]
hold = "0s"
"#;

const HEADER: &str = "x-variant";
/// What may be asked for, and who answers while the test runs. Nobody is called "loud".
const ASKED: [(&str, &str); 4] = [
    ("bold", "bold"),
    ("calm", "calm"),
    ("control", "1"),
    ("loud", "1"),
];
/// Of all requests for each of these, and again for those that ask for nobody.
const PART: f64 = 0.2;
/// So many that each kind is among them.
const ENOUGH: u64 = 200;

/// Until enough requests more are answered.
async fn answered(load: &Running) {
    let mut live = load.live();
    let enough = live.borrow().requests + ENOUGH;
    let answered = live.wait_for(|now| now.requests >= enough).await;
    assert!(answered.is_ok(), "the load goes on");
}

/// Everybody comes a few times, and meets whom they should; the load looks meanwhile.
async fn looks(address: &str, load: &Running, expected: impl Fn(Option<&str>) -> &'static str) {
    let names = ASKED.map(|(name, _)| Some(name));
    for name in names.into_iter().chain([None]).cycle().take(VISITS * 5) {
        let (version, cookies) = visit(address, name.map(|name| (HEADER, name))).await;
        assert_eq!(version, expected(name), "who asks for {name:?}");
        assert_eq!(cookies, "", "nobody is bound");
    }
    answered(load).await;
}

/// Who answered requests of one kind that were begun and answered between two marks.
fn met<'a>(ledger: &'a Ledger, kind: Kind, from: &str, to: &str) -> Vec<&'a str> {
    let at = |text: &str| {
        let mark = ledger.marks.iter().find(|mark| mark.text == text);
        mark.expect("it was set").at
    };
    let (from, to) = (at(from), at(to));
    let of_kind = ledger.entries().filter(|entry| entry.kind == kind);
    let between = of_kind.filter(|entry| entry.scheduled >= from && entry.scheduled + entry.took <= to);
    let mut met: Vec<&str> = between
        .filter_map(|entry| Some(ledger.version_name(entry.version?)))
        .collect();
    met.sort_unstable();
    met.dedup();
    met
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_names_a_variant_in_a_header_meets_it_and_all_others_meet_live_until_one_wins() {
    let (_lab, swing, url) = ready(BY_HEADER).await;
    let address = url.trim_start_matches("http://").trim_end_matches('/').to_owned();
    let doors = ASKED.map(|(name, _)| {
        let header = (HeaderName::from_static(HEADER), HeaderValue::from_static(name));
        Door {
            name: name.to_owned(),
            headers: HeaderMap::from_iter([header]),
            share: PART,
            expects: Vec::new(),
        }
    });
    let load = Load {
        doors: doors.to_vec(),
        ..Load::on(url.parse().expect("a url"))
    };
    let load = load::start(load).expect("a load");
    load.mark("before");
    looks(&address, &load, |_| "1").await;
    load.mark("beginning");
    begins(&swing).await;
    load.mark("testing");
    let answers = |name: Option<&str>| {
        let asked = ASKED.into_iter().find(|(other, _)| Some(*other) == name);
        asked.map_or("1", |(_, version)| version)
    };
    looks(&address, &load, answers).await;
    load.mark("choosing");
    let won = swing.run(&["winner", "bold", "--yes"]).await.ended(0);
    won.says("production goes to generation 2");
    load.mark("won");
    looks(&address, &load, |_| "bold").await;
    load.mark("the end");
    load.stop();
    let ledger = load.finish().await;

    let failed: Vec<_> = ledger.entries().filter(|entry| entry.failure.is_some()).collect();
    assert!(failed.is_empty(), "{} failed: {failed:#?}", failed.len());
    let asked = (0..)
        .zip(ASKED)
        .map(|(number, (_, version))| (Kind::Door(number), version));
    for (kind, version) in asked.chain([(Kind::Plain, "1")]) {
        assert_eq!(met(&ledger, kind, "before", "beginning"), ["1"], "{kind:?}");
        assert_eq!(met(&ledger, kind, "testing", "choosing"), [version], "{kind:?}");
        assert_eq!(met(&ledger, kind, "won", "the end"), ["bold"], "{kind:?}");
    }
}
