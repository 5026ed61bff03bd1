//! Notifications as they arrive: the binary writes them to a server on this machine, and to one that is not there.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use serde_json::Value;
use swingbridge::lab::load::{self, Load};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpSocket, TcpStream};

use crate::canaries;
use crate::support::Swing;
use crate::support::ground::Lab;
use crate::support::swing::Ran;

const CONFIG: &str = r#"
app = "shop"
load_balancer = "alb-ks"

[doors]
scheme = "role"

[[notify]]
on = ["deployed", "promoted", "failed"]
post = "http://MAILBOX/events"
template = "json"

[[notify]]
on = ["promoted", "failed"]
url_env = "CHAT"
template = "slack"
"#;

/// Two that cannot be told: nobody is there, and somebody who does not want to hear it.
const DEAF: &str = r#"
[[notify]]
on = ["deployed"]
post = "http://NOBODY/events"
template = "json"

[[notify]]
on = ["deployed"]
post = "http://MAILBOX/refused"
"#;

/// For a canary.
const OF_A_CANARY: &str = r#"
[[notify]]
on = ["judged", "rolled-back", "failed"]
post = "http://MAILBOX/events"
template = "json"
"#;

/// What a letter as `json` has, by docs/hooks.md.
const NAMES: [&str; 9] = [
    "app", "code", "command", "next", "occasion", "reasons", "run", "summary", "truth",
];

#[derive(Clone, Debug)]
struct Letter {
    path: String,
    kind: String,
    body: Value,
}

/// Takes every letter but those to `/refused`, which it reads as well.
struct Mailbox {
    authority: String,
    letters: Arc<Mutex<Vec<Letter>>>,
}

impl Mailbox {
    async fn open() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let authority = listener.local_addr().expect("its address").to_string();
        let letters: Arc<Mutex<Vec<Letter>>> = Arc::default();
        let kept = Arc::clone(&letters);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(take(stream, Arc::clone(&kept)));
            }
        });
        Self { authority, letters }
    }

    /// Those that have come since this was asked last. By path, since letters of one run overtake each other.
    fn emptied(&self) -> Vec<Letter> {
        let mut letters = std::mem::take(&mut *self.letters.lock().expect("not poisoned"));
        letters.sort_by(|one, other| one.path.cmp(&other.path));
        letters
    }
}

/// One request on one connection, kept before it is answered.
async fn take(stream: TcpStream, letters: Arc<Mutex<Vec<Letter>>>) {
    let mut stream = BufReader::new(stream);
    let mut head = Vec::new();
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).await.expect("a head");
        let line = line.trim_end().to_owned();
        if line.is_empty() {
            break;
        }
        head.push(line);
    }
    let header = |name: &str| {
        let mut fields = head.iter().filter_map(|line| line.split_once(':'));
        let found = fields.find(|(field, _)| field.eq_ignore_ascii_case(name));
        found
            .map(|(_, value)| value.trim().to_owned())
            .unwrap_or_default()
    };
    let request: Vec<&str> = head.first().expect("a request").split(' ').collect();
    assert_eq!(request[0], "POST", "{head:?}");
    let mut body = vec![0; header("content-length").parse().expect("a length")];
    stream.read_exact(&mut body).await.expect("a body");
    let text = String::from_utf8(body).expect("a text");
    letters.lock().expect("not poisoned").push(Letter {
        path: request[1].to_owned(),
        kind: header("content-type"),
        body: serde_json::from_str(&text).unwrap_or(Value::String(text)),
    });
    let status = match request[1] {
        "/refused" => "503 Service Unavailable",
        _ => "204 No Content",
    };
    let answer = format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
    stream
        .write_all(answer.as_bytes())
        .await
        .expect("it waits for an answer");
}

/// A service with a candidate to be, whose operator writes to a mailbox.
async fn begun(speed: &str, config: &str) -> (Lab, Mailbox, Swing) {
    let lab = Lab::up(&["--speed", speed]).await;
    lab.serving().await;
    let mailbox = Mailbox::open().await;
    let mut swing = Swing::at("000000000000", &lab.endpoint);
    swing.set("CHAT", &format!("http://{}/chat", mailbox.authority));
    swing.write("swingbridge.toml", &config.replace("MAILBOX", &mailbox.authority));
    (lab, mailbox, swing)
}

const DEPLOY: [&str; 6] = [
    "deploy",
    "--release",
    "2",
    "--launch-template-version",
    "2",
    "--yes",
];

/// Everything by name, in the words that the run itself has printed.
#[track_caller]
fn tells_of(letter: &Letter, ran: &Ran, command: &str, occasion: &str, code: u8) {
    assert_eq!(
        (letter.path.as_str(), letter.kind.as_str()),
        ("/events", "application/json")
    );
    let body = letter.body.as_object().expect("an object");
    let names: BTreeSet<&str> = body.keys().map(String::as_str).collect();
    assert_eq!(names, BTreeSet::from(NAMES));
    assert_eq!(body["app"], "shop");
    assert!(
        body["command"].as_str().expect("words").starts_with(command),
        "{body:?}"
    );
    assert_eq!(
        (&body["occasion"], &body["code"]),
        (&occasion.into(), &code.into())
    );
    let of_lists = ["reasons", "truth", "next"].map(|name| body[name].as_array().expect("a list"));
    let lines = of_lists.into_iter().flatten().chain([&body["summary"]]);
    for line in lines.map(|line| line.as_str().expect("a line")) {
        assert!(
            !line.is_empty() && ran.stdout.contains(line),
            "{line:?} is nowhere in\n{ran}"
        );
    }
    assert!(!of_lists[1].is_empty(), "what is true is always said: {body:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_wants_to_hear_of_it_is_told_before_the_command_ends() {
    let (_lab, mailbox, swing) = begun("20", CONFIG).await;
    let deployed = swing.run(&DEPLOY).await.ended(0);
    let letters = mailbox.emptied();
    let [letter] = letters.as_slice() else {
        panic!("one for one occasion: {letters:#?}")
    };
    tells_of(letter, &deployed, "swingbridge deploy", "deployed", 0);
    let first = letter.body["run"].clone();

    let promoted = swing.run(&["promote", "--no-wait", "--yes"]).await.ended(0);
    let letters = mailbox.emptied();
    let [chat, letter] = letters.as_slice() else {
        panic!("one each: {letters:#?}")
    };
    tells_of(letter, &promoted, "swingbridge promote", "promoted", 0);
    assert_ne!(letter.body["run"], first, "a run of its own");
    assert_eq!(
        (chat.path.as_str(), chat.kind.as_str()),
        ("/chat", "application/json")
    );
    let fields: Vec<&String> = chat.body.as_object().expect("an object").keys().collect();
    assert_eq!(fields, ["text"]);
    let summary = letter.body["summary"].as_str().expect("words");
    let text = chat.body["text"].as_str().expect("words");
    assert!(
        text.starts_with(&format!("shop: promoted: {summary}\n")),
        "{text}"
    );

    // The run is one that the journal knows.
    let runs = swing.run(&["history", "--format", "json"]).await.ended(0).stdout;
    assert!(runs.contains(first.as_str().expect("words")), "{runs}");

    // What is so already is no news.
    swing.run(&DEPLOY).await.ended(0).says("nothing to do");
    assert!(mailbox.emptied().is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_letter_that_does_not_arrive_is_warned_of_and_changes_nothing() {
    // Taken, so that nobody else gets it, but nobody listens.
    let silent = TcpSocket::new_v4().expect("a socket");
    silent
        .bind("127.0.0.1:0".parse().expect("an address"))
        .expect("a free port");
    let nobody = silent.local_addr().expect("its address").to_string();
    let config = format!("{CONFIG}{DEAF}").replace("NOBODY", &nobody);
    let (_lab, mailbox, swing) = begun("20", &config).await;
    let deployed = swing.run(&DEPLOY).await.ended(0);
    let warnings: Vec<&str> = deployed
        .stderr
        .lines()
        .filter(|line| line.contains("a notification could not be sent"))
        .collect();
    assert_eq!(warnings.len(), 2, "{deployed}");
    for why in ["could not be reached", "HTTP status 503"] {
        assert!(
            warnings.iter().any(|line| line.contains(why)),
            "{why}: {warnings:?}"
        );
    }
    let letters = mailbox.emptied();
    let [letter, refused] = letters.as_slice() else {
        panic!("the others arrive: {letters:#?}")
    };
    tells_of(letter, &deployed, "swingbridge deploy", "deployed", 0);
    assert_eq!(
        (refused.path.as_str(), refused.kind.as_str()),
        ("/refused", "text/plain; charset=utf-8")
    );
    // It is deployed as ever.
    let promoted = swing.run(&["promote", "--no-wait", "--yes"]).await.ended(0);
    assert!(!promoted.stderr.contains("notification"), "{promoted}");
    assert_eq!(mailbox.emptied().len(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_canary_that_is_judged_bad_is_told_of_when_it_is_and_when_it_has_been_swung_back() {
    let config = format!("{}{OF_A_CANARY}", canaries::CONFIG);
    let (lab, mailbox, mut swing) = begun("1", &config).await;
    // Longer than the data plane's delay.
    swing.set("SWINGBRIDGE_PROPAGATION", "2s");
    swing.write("release.txt", "#!sample\nversion = \"2\"\nerror_rate = 0.2\n");
    let url = lab.serving().await;
    let deploy = ["deploy", "--release", "2", "--user-data", "release.txt", "--yes"];
    swing.run(&deploy).await.ended(0);
    assert!(mailbox.emptied().is_empty(), "nobody wants to hear of that");
    let load = load::start(Load {
        rate: canaries::RATE,
        ..Load::on(url.parse().expect("a url"))
    })
    .expect("a load");
    let ran = swing.run(&["promote", "--yes"]).await.ended(5);
    load.stop();
    load.finish().await;

    let letters = mailbox.emptied();
    let of = |occasion: &str| -> Vec<&Letter> {
        let told = letters
            .iter()
            .filter(|letter| letter.body["occasion"] == occasion);
        told.collect()
    };
    for occasion in ["rolled-back", "failed"] {
        let told = of(occasion);
        let [letter] = told.as_slice() else {
            panic!("one for {occasion}: {letters:#?}")
        };
        tells_of(letter, &ran, "swingbridge promote", occasion, 5);
    }
    // Whatever else was said before it was bad, each verdict was told once, and with its numbers.
    let judged = of("judged");
    assert_eq!(judged.len() + 2, letters.len(), "{letters:#?}");
    for letter in &judged {
        let summary = letter.body["summary"].as_str().expect("words");
        assert!(
            ran.stdout.contains(&format!("judged {summary}")),
            "{summary:?}\n{ran}"
        );
        assert!(letter.body["code"].is_null(), "it goes on: {letter:?}");
    }
    let bad = |letter: &&&Letter| {
        let summary = letter.body["summary"].as_str().unwrap_or_default();
        summary.starts_with("bad (rollback): error-rate: candidate 5xx")
    };
    assert_eq!(judged.iter().filter(bad).count(), 1, "{judged:#?}");
    let runs: BTreeSet<Option<&str>> = letters.iter().map(|letter| letter.body["run"].as_str()).collect();
    assert_eq!(runs.len(), 1, "all are of one run: {runs:?}");
}
