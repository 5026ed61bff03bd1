//! Who meets the candidate before all others, and for how long: users with a door, clients with a cookie, and shares
//! that go up and down again, by the real binary on real sockets under load. No request fails.

use std::collections::BTreeSet;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::time::Duration;

use futures_util::future::join_all;
use http::{HeaderMap, HeaderName, HeaderValue};
use hyper::Request;
use hyper::client::conn::http1;
use hyper::header::{HOST, SET_COOKIE};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use swingbridge::lab::load::{self, Door, Entry, Kind, Ledger, Load, Running};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::{sleep, timeout};

use crate::support::Swing;
use crate::support::ground::Lab;
use crate::support::localstack::skip;

/// What every lab begins with. Its launch template has versions 1 and 2, which say that they are that.
const ESTATE: &str = include_str!("../../templates/lab-estate.toml");
/// What comes after the load balancer there.
const GROUPS: &str = "[[groups]]\n";
/// A second route, beside the default rule.
const ROUTE: &str =
    "[[load_balancers.listeners.rules]]\npriority = 20\npath = ['/version']\nforward = 'tg-1'\n";

/// How the lab begins to tell of a write on each route, in the order in which they are swung.
const ROUTES: [&str; 2] = ["rule 20 written: ", "default rule of HTTP:80: "];
/// A path of each.
const PATHS: [&str; 2] = ["/version", "/"];
/// The target group of the first release that is deployed.
const CANDIDATE: &str = "tg-2";
const PROMOTE: [&str; 2] = ["promote", "--yes"];

/// Requests a second on each route, of which this part has the header of a users' door.
const RATE: f64 = 40.0;
const BETA: f64 = 0.25;
/// So many on each route that whoever has a share is met.
const ENOUGH: u64 = 40;
const LOOKS: usize = 10;

/// Every address that begins with 127 is this machine, and a client may come from any of them.
const OFFICE: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);
const NEXT_DOOR: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 3);
const PATIENCE: Duration = Duration::from_secs(60);

/// Said when the test is left out for it.
fn nobody_comes_from_the_office() -> bool {
    let nobody = TcpListener::bind((OFFICE, 0)).is_err();
    if nobody {
        skip("users' doors: nobody can come from another address of this machine here");
    }
    nobody
}

/// One visit: who answered, and the cookies that it left.
async fn visit(address: SocketAddr, from: Ipv4Addr, (name, value): (&str, &str)) -> (String, String) {
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.bind(SocketAddr::from((from, 0))).expect("of this machine");
    let stream = socket.connect(address).await.expect("a listener");
    let handshake = http1::handshake(TokioIo::new(stream)).await;
    let (mut sender, connection) = handshake.expect("a connection");
    tokio::spawn(connection);
    let request = Request::get("/").header(HOST, "shop.example").header(name, value);
    let request = request.body(String::new()).expect("a request");
    let response = sender.send_request(request).await.expect("an answer");
    assert_eq!(response.status().as_u16(), 200, "no request fails");
    let version = response.headers().get("x-version").expect("a version");
    let lines = response.headers().get_all(SET_COOKIE).iter();
    let pairs = lines.filter_map(|line| line.to_str().ok()?.split(';').next());
    let cookies: Vec<&str> = pairs.collect();
    (version.to_str().expect("text").to_owned(), cookies.join("; "))
}

/// An operator of a lab whose production has two routes, with load on each.
struct Stage {
    lab: Lab,
    swing: Swing,
    address: SocketAddr,
    loads: [Running; 2],
}

impl Stage {
    /// `rest`: of the configuration, from within `[doors]`.
    async fn set(strategy: &str, rest: &str) -> Self {
        let mut swing = Swing::at("000000000000", "");
        assert_eq!(ESTATE.matches(GROUPS).count(), 1, "the groups come once");
        let estate = ESTATE.replace(GROUPS, &format!("{ROUTE}{GROUPS}"));
        swing.write("estate.toml", &estate);
        let estate = swing.path("estate.toml");
        let lab = Lab::up(&["--config", estate.to_str().expect("words"), "--speed", "20"]).await;
        let url = lab.serving().await;
        let authority = url.trim_start_matches("http://").trim_end_matches('/');
        swing.set("SWINGBRIDGE_ENDPOINT_URL", &lab.endpoint);
        // Longer than the data plane's delay.
        swing.set("SWINGBRIDGE_PROPAGATION", "2s");
        let head = format!("app = \"shop\"\nload_balancer = \"alb-ks\"\nstrategy = \"{strategy}\"\n");
        let config = format!("{head}[doors]\nscheme = \"role\"\n{rest}");
        swing.write("swingbridge.toml", &config);
        let header = (HeaderName::from_static("x-beta"), HeaderValue::from_static("yes"));
        let beta = Door {
            name: "beta".to_owned(),
            headers: HeaderMap::from_iter([header]),
            share: BETA,
            expects: Vec::new(),
        };
        let loads = PATHS.map(|path| {
            let load = Load {
                rate: RATE,
                doors: vec![beta.clone()],
                ..Load::on(format!("http://{authority}{path}").parse().expect("a url"))
            };
            load::start(load).expect("a load")
        });
        Self {
            address: authority.parse().expect("an address"),
            lab,
            swing,
            loads,
        }
    }

    async fn deploy(&self, release: &str) {
        let of = ["--launch-template-version", "2", "--yes"];
        let deploy = [&["deploy", "--release", release], &of[..]].concat();
        self.swing.run(&deploy).await.ended(0);
    }

    fn mark(&self, text: &str) {
        self.loads.iter().for_each(|load| load.mark(text));
    }

    /// Until enough requests more are answered on each route.
    async fn answered(&self) {
        for load in &self.loads {
            let mut live = load.live();
            let enough = live.borrow().requests + ENOUGH;
            let answered = live.wait_for(|now| now.requests >= enough).await;
            assert!(answered.is_ok(), "the load goes on");
        }
    }

    /// Until a stage is watched: by then the load balancer obeys its share.
    async fn bakes(&self) {
        let bakes = async { while !self.swing.run(&["status"]).await.stdout.contains("bakes until") {} };
        let bakes = timeout(PATIENCE, bakes).await;
        assert!(bakes.is_ok(), "the candidate gets no share");
    }

    /// Whom the office meets, and everybody who only seems to belong to a door; the load looks meanwhile.
    async fn looks(&self, office: &str, others: &str) {
        for _ in 0..LOOKS {
            for (from, expected) in [(OFFICE, office), (NEXT_DOOR, others)] {
                let (version, _) = visit(self.address, from, ("x-beta", "yesterday")).await;
                assert_eq!(version, expected, "from {from}");
            }
        }
        self.answered().await;
    }

    /// Each write on a route, with the candidate's share in per cent, as the lab itself tells it.
    async fn written(&self) -> Vec<(&'static str, u32)> {
        let address = self.lab.endpoint.trim_start_matches("http://");
        let mut stream = TcpStream::connect(address).await.expect("a lab");
        let request = format!("GET /_lab/events HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.expect("sent");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.expect("an answer");
        let (_, body) = answer.split_once("\r\n\r\n").expect("a body");
        let news: Value = serde_json::from_str(body).expect("JSON");
        let events = news["events"].as_array().expect("what happened").iter();
        let texts = events.filter_map(|event| event["text"].as_str());
        texts.filter_map(share_written).collect()
    }

    /// What became of every request, none of which has failed.
    async fn ended(self) -> Vec<Ledger> {
        self.answered().await;
        self.mark("the end");
        let mut ledgers = Vec::new();
        for load in self.loads {
            load.stop();
            ledgers.push(load.finish().await);
        }
        let all = ledgers.iter().flat_map(|ledger| ledger.entries());
        let failed: Vec<Entry> = all.filter(|entry| entry.failure.is_some()).collect();
        assert!(failed.is_empty(), "{} failed: {failed:#?}", failed.len());
        ledgers
    }
}

/// The route that this tells a write of, and the candidate's share of it in per cent.
fn share_written(text: &str) -> Option<(&'static str, u32)> {
    let told_of = |route: &'static str| Some((route, text.strip_prefix(route)?));
    let (route, to) = ROUTES.into_iter().find_map(told_of)?;
    let (mut all, mut its): (u32, u32) = (0, 0);
    for share in to.strip_prefix("forward to ")?.split(", ") {
        let (name, weight) = share.rsplit_once(' ')?;
        let weight: u32 = weight.parse().ok()?;
        all += weight;
        its += if name == CANDIDATE { weight } else { 0 };
    }
    Some((route, (100 * its).checked_div(all)?))
}

/// These shares, each on every route before the next is on any.
fn on_both(shares: &[u32]) -> Vec<(&'static str, u32)> {
    let on_each = |share: &u32| ROUTES.map(|route| (route, *share));
    shares.iter().flat_map(on_each).collect()
}

/// Who answered requests of one kind that were begun and answered between two marks.
fn met<'a>(ledgers: &'a [Ledger], kind: Kind, from: &str, to: &str) -> Vec<&'a str> {
    let mut met = BTreeSet::new();
    for ledger in ledgers {
        let at = |text: &str| {
            let mark = ledger.marks.iter().find(|mark| mark.text == text);
            mark.expect("it was set").at
        };
        let (from, to) = (at(from), at(to));
        let of_kind = ledger.entries().filter(|entry| entry.kind == kind);
        let between = of_kind.filter(|entry| entry.scheduled >= from && entry.scheduled + entry.took <= to);
        met.extend(between.filter_map(|entry| Some(ledger.version_name(entry.version?))));
    }
    met.into_iter().collect()
}

const USERS: &str = r#"
users = [
    { name = "beta", priority = 13, header = "x-beta", values = ["yes"] },
    { name = "the office", priority = 14, source = ["127.0.0.2/32"] },
]

[canary]
steps = [{ weight = 20, bake = "3s" }]
"#;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn some_users_meet_the_candidate_for_as_long_as_there_is_one_and_nobody_else_does() {
    if nobody_comes_from_the_office() {
        return;
    }
    let stage = Stage::set("canary", USERS).await;
    stage.mark("alone");
    stage.looks("1", "1").await;
    stage.mark("deploying");
    stage.deploy("2").await;
    stage.mark("beside");
    stage.looks("2", "1").await;
    stage.mark("rolling back");
    stage.swing.run(&["rollback", "--yes"]).await.ended(0);
    stage.mark("alone again");
    stage.looks("1", "1").await;
    stage.mark("deploying again");
    stage.deploy("2-again").await;
    stage.mark("beside again");
    stage.looks("2", "1").await;
    stage.mark("promoting");
    stage.swing.run(&PROMOTE).await.ended(0);
    stage.mark("live");
    stage.looks("2", "2").await;
    let ledgers = stage.ended().await;
    let (live, candidate, both) = (&["1"][..], &["2"][..], &["1", "2"][..]);
    for (from, to, users, others) in [
        ("alone", "deploying", live, live),
        ("beside", "rolling back", candidate, live),
        ("alone again", "deploying again", live, live),
        ("beside again", "promoting", candidate, live),
        // Whatever share everybody else's requests have got by now.
        ("promoting", "live", candidate, both),
        ("live", "the end", candidate, candidate),
    ] {
        assert_eq!(met(&ledgers, Kind::Door(0), from, to), users, "users, {from}");
        assert_eq!(met(&ledgers, Kind::Plain, from, to), others, "others, {from}");
    }
}

/// A gate that holds everybody else back until a file is there.
const GATED: &str = r#"
users = [
    { name = "beta", priority = 13, header = "x-beta", values = ["yes"] },
    { name = "the office", priority = 14, source = ["127.0.0.2/32"] },
]

[[hooks]]
at = "before-promote"
run = ["sh", "-c", "test -e go || exit 75"]
gate = true
every = "1s"
expires = "5m"
"#;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn some_users_meet_a_direct_release_while_a_gate_holds_the_others_back() {
    if nobody_comes_from_the_office() {
        return;
    }
    let stage = Stage::set("direct", GATED).await;
    let of = ["--launch-template-version", "2", "--yes"];
    let deploying = stage
        .swing
        .start(&[&["deploy", "--release", "2"], &of[..]].concat());
    let opened = async {
        loop {
            let (version, _) = visit(stage.address, OFFICE, ("x-beta", "yesterday")).await;
            if version == "2" {
                break;
            }
            sleep(PACE).await;
        }
    };
    assert!(timeout(PATIENCE, opened).await.is_ok(), "no door opens");
    // Both doors are there once the load balancer obeys the second.
    stage.answered().await;
    stage.mark("beside");
    stage.looks("2", "1").await;
    stage.mark("gone");
    stage.swing.write("go", "");
    let ran = deploying.ended().await.ended(0);
    ran.says("production goes to generation 2");
    stage.mark("live");
    stage.looks("2", "2").await;
    let status = stage.swing.run(&["status"]).await.ended(0);
    assert!(!status.stdout.contains("user door"), "{}", status.stdout);
    let ledgers = stage.ended().await;
    for (from, to, users, others) in [("beside", "gone", "2", "1"), ("live", "the end", "2", "2")] {
        assert_eq!(met(&ledgers, Kind::Door(0), from, to), [users], "users, {from}");
        assert_eq!(met(&ledgers, Kind::Plain, from, to), [others], "others, {from}");
    }
}

const TESTED: &str = r#"
users = [
    { name = "beta", priority = 13, header = "x-beta", values = ["yes"], variant = "bold" },
    { name = "the office", priority = 14, source = ["127.0.0.2/32"], variant = "control" },
]

[ab]
duration = "14d"
variants = [{ name = "control", weight = 50, live = true }, { name = "bold", weight = 50 }]
"#;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn some_users_meet_their_own_variant_while_all_others_are_shared_by_weights() {
    if nobody_comes_from_the_office() {
        return;
    }
    let stage = Stage::set("ab", TESTED).await;
    let of = ["--release", "2", "--launch-template-version", "2", "--yes"];
    let deploy = [&["deploy", "--variant", "bold"], &of[..]].concat();
    stage.swing.run(&deploy).await.ended(0);
    stage.mark("before");
    stage.looks("1", "1").await;
    stage.mark("beginning");
    stage.swing.run(&PROMOTE).await.ended(9);
    stage.mark("testing");
    let comes = async |from| visit(stage.address, from, ("x-beta", "yesterday")).await.0;
    let mut others = BTreeSet::new();
    for _ in 0..ENOUGH {
        assert_eq!(comes(OFFICE).await, "1", "the office stays with control");
        others.insert(comes(NEXT_DOOR).await);
    }
    assert_eq!(others.len(), 2, "whoever has no door is shared: {others:?}");
    stage.answered().await;
    stage.mark("ending");
    stage.swing.run(&["winner", "control", "--yes"]).await.ended(0);
    stage.mark("over");
    stage.looks("1", "1").await;
    let ledgers = stage.ended().await;
    let (control, bold, both) = (&["1"][..], &["2"][..], &["1", "2"][..]);
    for (from, to, users, others) in [
        ("before", "beginning", control, control),
        ("testing", "ending", bold, both),
        ("over", "the end", control, control),
    ] {
        assert_eq!(met(&ledgers, Kind::Door(0), from, to), users, "users, {from}");
        assert_eq!(met(&ledgers, Kind::Plain, from, to), others, "others, {from}");
    }
}

const STICKY: &str = "[canary]\nsteps = [{ weight = 50, bake = \"12s\" }]\n[shift]\nsticky = \"1h\"\n";
const CLIENTS: usize = 30;
const VISITS: usize = 10;
/// Whoever comes looks at what there is before coming again.
const PACE: Duration = Duration::from_millis(200);

/// Somebody who keeps cookies, and whom they have met, visit by visit.
#[derive(Default)]
struct Visitor {
    cookies: String,
    met: Vec<String>,
}

impl Visitor {
    async fn comes(&mut self, address: SocketAddr) {
        let known = ("cookie", self.cookies.as_str());
        let (version, cookies) = visit(address, Ipv4Addr::LOCALHOST, known).await;
        self.met.push(version);
        if !cookies.is_empty() {
            self.cookies = cookies;
        }
    }
}

async fn all_come(visitors: &mut [Visitor], address: SocketAddr) {
    join_all(visitors.iter_mut().map(|visitor| visitor.comes(address))).await;
    sleep(PACE).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_with_a_cookie_stays_where_it_came_first_until_all_meet_the_candidate() {
    let stage = Stage::set("canary", STICKY).await;
    stage.deploy("2").await;
    let promoting = stage.swing.start(&PROMOTE);
    stage.bakes().await;
    let mut visitors: Vec<Visitor> = (0..CLIENTS).map(|_| Visitor::default()).collect();
    for _ in 0..VISITS {
        all_come(&mut visitors, stage.address).await;
    }
    assert_eq!(stage.written().await, on_both(&[50]), "it bakes meanwhile");
    for Visitor { met, .. } in &visitors {
        assert!(met.iter().all(|version| *version == met[0]), "{met:?}");
    }
    let first: BTreeSet<&str> = visitors.iter().map(|visitor| visitor.met[0].as_str()).collect();
    assert_eq!(first, BTreeSet::from(["1", "2"]), "they come to both");

    let ended = promoting.ended();
    tokio::pin!(ended);
    let ran = loop {
        tokio::select! {
            ran = &mut ended => break ran,
            () = all_come(&mut visitors, stage.address) => {}
        }
    };
    ran.ended(0).says("production goes to generation 2");
    assert!(visitors[0].met.len() > VISITS, "they went on coming");
    all_come(&mut visitors, stage.address).await;
    for Visitor { met, .. } in &visitors {
        let mut after = met.iter().skip_while(|version| *version == "1");
        assert!(after.all(|version| version == "2"), "there and back: {met:?}");
        assert_eq!(met.last().map(String::as_str), Some("2"), "{met:?}");
    }
    let (version, cookies) = visit(stage.address, Ipv4Addr::LOCALHOST, ("cookie", "")).await;
    assert_eq!(version, "2");
    assert_eq!(cookies, "", "nobody is bound any more");
    stage.ended().await;
}

const LINEAR: &str = "[linear]\nstep = 50\nevery = \"3s\"\n";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn production_goes_over_in_even_stages_each_on_every_route_before_the_next_on_any() {
    let stage = Stage::set("linear", LINEAR).await;
    stage.deploy("2").await;
    assert_eq!(stage.written().await, on_both(&[]), "production has not moved");
    stage.mark("promoting");
    let ran = stage.swing.run(&PROMOTE).await.ended(0);
    ran.says("production goes to generation 2");
    stage.mark("live");
    assert_eq!(stage.written().await, on_both(&[50, 100]));
    let ledgers = stage.ended().await;
    assert_eq!(met(&ledgers, Kind::Plain, "promoting", "live"), ["1", "2"]);
    assert_eq!(met(&ledgers, Kind::Plain, "live", "the end"), ["2"]);
}

const PAUSED: &str = r#"
[canary]
steps = [{ weight = 20, bake = "2s" }, { pause = "until-promoted" }, { weight = 50, bake = "2s" }]

[shift]
reduce_every = "2s"
"#;

/// At the pause a person gives this command, which leaves production with that release after these shares.
async fn decided(command: &[&str], shares: &[u32], release: &str) {
    let stage = Stage::set("canary", PAUSED).await;
    stage.deploy("2").await;
    let paused = stage.swing.run(&PROMOTE).await.ended(9);
    paused.says("20 % of production stays on generation 2");
    stage.mark("paused");
    let status = stage.swing.run(&["status"]).await.ended(0);
    let status = status.says("20 % of production goes to generation 2 (2)");
    status.says("stage 2 of 3: waits for a person");
    stage.answered().await;
    stage.mark("decided");
    assert_eq!(stage.written().await, on_both(&[20]), "nobody goes on unasked");
    let ran = stage.swing.run(command).await.ended(0);
    ran.says(&format!("production goes to generation {release}"));
    stage.mark("done");
    assert_eq!(stage.written().await, on_both(shares));
    let ledgers = stage.ended().await;
    assert_eq!(met(&ledgers, Kind::Plain, "paused", "decided"), ["1", "2"]);
    assert_eq!(met(&ledgers, Kind::Plain, "done", "the end"), [release]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pause_ends_the_command_with_its_share_and_the_next_promote_goes_on_to_the_end() {
    decided(&PROMOTE, &[20, 50, 100], "2").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_promotes_in_full_at_a_pause_passes_over_the_stages_that_are_left() {
    decided(&["promote", "--full", "--yes"], &[20, 100], "2").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_share_that_waits_for_a_person_is_taken_back_by_halves() {
    decided(&["rollback", "--gradually", "--yes"], &[20, 10, 5, 0], "1").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_rolls_back_at_a_pause_takes_the_whole_share_back_at_once() {
    decided(&["rollback", "--yes"], &[20, 0], "1").await;
}

/// The second stage is watched for long enough that somebody can say something meanwhile.
const BY_HAND: &str = "[canary]\nsteps = [{ weight = 20, bake = \"2s\" }, { weight = 50, bake = \"12s\" }]\n";
const SHIFT: [&str; 3] = ["shift", "30", "--yes"];
const PAUSE: [&str; 2] = ["pause", "--yes"];
const RESUME: [&str; 2] = ["resume", "--yes"];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_share_given_by_hand_stays_and_a_promotion_from_there_is_paused_and_resumed() {
    let stage = Stage::set("canary", BY_HAND).await;
    let swing = &stage.swing;
    stage.deploy("2").await;
    // What is no share, what nobody has said yes to, and what has nothing to work on.
    swing.run(&["shift", "100", "--yes"]).await.ended(2);
    let asked = swing.run(&["shift", "30"]).await.ended(2);
    asked.says("there is nobody to ask");
    swing.run(&PAUSE).await.ended(3);
    swing.run(&RESUME).await.ended(3);
    assert_eq!(stage.written().await, on_both(&[]), "production has not moved");

    let shifted = swing.run(&SHIFT).await.ended(0);
    shifted.says("30 % of production goes to generation 2");
    stage.mark("shifted");
    let status = swing.run(&["status"]).await.ended(0);
    let status = status.says("30 % of production goes to generation 2 (2)");
    status.says("by hand: waits for a person");
    stage.answered().await;
    swing.run(&SHIFT).await.ended(0).says("nothing to do");
    swing.run(&PAUSE).await.ended(0).says("nothing to do");
    stage.mark("promoting");
    assert_eq!(
        stage.written().await,
        on_both(&[30]),
        "it stays until a person goes on"
    );

    // On from there: the stage with less is passed over.
    let promoting = swing.start(&PROMOTE);
    stage.bakes().await;
    let paused = swing.run(&PAUSE).await.ended(0);
    paused.says("leave production at 50 %, until a person goes on");
    let promoted = promoting.ended().await.ended(9);
    promoted.says("50 % of production stays on generation 2");
    let status = swing.run(&["status"]).await.ended(0);
    status.says("stage 2 of 2: waits for a person");
    swing.run(&PAUSE).await.ended(0).says("nothing to do");
    assert_eq!(stage.written().await, on_both(&[30, 50]));

    let resumed = swing.run(&RESUME).await.ended(0);
    resumed.says("production goes to generation 2");
    stage.mark("live");
    assert_eq!(stage.written().await, on_both(&[30, 50, 100]));
    // There is nobody left to share with.
    swing.run(&SHIFT).await.ended(3);
    swing.run(&PAUSE).await.ended(3);
    swing.run(&RESUME).await.ended(0).says("nothing to do");
    assert_eq!(stage.written().await, on_both(&[30, 50, 100]));
    let ledgers = stage.ended().await;
    assert_eq!(met(&ledgers, Kind::Plain, "shifted", "promoting"), ["1", "2"]);
    assert_eq!(met(&ledgers, Kind::Plain, "live", "the end"), ["2"]);
}
