//! Whatever others call their things, nothing that the commands write by themselves lets it do anything but be read: a
//! load's report and its page, what a lab says of itself, and the lab's page.

use std::borrow::Cow;
use std::path::Path;
use std::time::Duration;

use clap::Parser;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::args::{Cli, Command};
use super::lab::tell;
use super::session::for_people;
use super::{judge, load, plan};
use crate::lab::dashboard::{PAGE, Picture};
use crate::lab::load::{Entry, Failure, Kind, Ledger, Report, Snapshot};
use crate::report::{Look, in_json, shown_lines, visible, without_commands};

/// What has been done to terminals, logs and pages.
const POISONS: [&str; 8] = [
    "\u{1b}[2J\u{1b}[H",
    "\u{1b}]0;title\u{7}\u{9b}31m",
    "\r\n::add-mask::x\n",
    "::add-mask::x",
    "\u{202e}txt.exe\u{2066}",
    "a\u{200b}b\u{feff}\t",
    "</title><script>alert(\"x\")</script><b class='y' onclick=\"z\">&amp;",
    "\"} | `@team` \u{1b}[2J\u{202e}\u{200b}\n<script>",
];

/// Our own line breaks stay, and our own styling where there is some.
#[track_caller]
fn harmless(text: &str, color: bool, what: &str) {
    assert_eq!(shown_lines(text, color), text, "{what}");
    assert_eq!(
        without_commands(text),
        text,
        "{what} begins a line with somebody else's text"
    );
}

/// Three seconds of requests to an address with this in it: to servers that call themselves so, through a door and
/// over a mark of that name, with a failure of each kind.
fn ledger(word: &str) -> Ledger {
    let mut ledger = Ledger::new(
        format!("http://lab/{word}"),
        Timestamp::UNIX_EPOCH,
        vec![word.to_owned()],
    );
    ledger.lasted = Duration::from_secs(3);
    let versions = [ledger.version(word), ledger.version(&format!("{word} also"))];
    for number in 0..30_u64 {
        let place = usize::from(number % 2 == 0);
        ledger.push(Entry {
            scheduled: Duration::from_millis(number * 100),
            late: Duration::ZERO,
            took: Duration::from_millis(1 + number),
            kind: [Kind::Door(0), Kind::Plain][usize::from(number % 3 == 0)],
            version: Some(versions[place]),
            status: Some(200),
            failure: (number > 20).then_some(Failure::Status),
            retried: false,
        });
    }
    ledger.mark(Duration::from_secs(1), word);
    ledger
}

#[test]
fn a_load_is_reported_in_lines_of_ours_alone() {
    let report = |word: &str| load::seen(Report::of(&ledger(word)));
    for color in [false, true] {
        let plain = report("x").text(color).lines().count();
        for poison in POISONS {
            let text = for_people(&report(poison).text(color), color);
            harmless(&text, color, "a load's report");
            assert_eq!(text.lines().count(), plain, "{text}");
        }
    }
}

/// What the markup of a page is made of, without the words between it.
fn bones(page: &str) -> String {
    page.chars()
        .filter(|c| matches!(c, '<' | '>' | '"' | '\''))
        .collect()
}

#[test]
fn the_page_of_a_load_has_the_same_markup_whatever_it_is_about() {
    let page = |word: &str| load::seen(Report::of(&ledger(word))).page();
    let plain = page("x");
    for poison in POISONS {
        let page = page(poison);
        harmless(&page, false, "a load's page");
        assert_eq!(bones(&page), bones(&plain), "{poison:?}");
        assert!(!page.contains("<script"), "{poison:?}");
    }
}

#[test]
fn a_load_in_json_stays_what_it_was_and_hides_nothing() {
    for poison in POISONS {
        let text = Report::of(&ledger(poison)).json().expect("JSON");
        let seen = in_json(&text);
        harmless(&seen, false, "a load in JSON");
        let back: Value = serde_json::from_str(&seen).expect("JSON");
        assert_eq!(back["versions"][0]["name"], format!("{poison} also"));
    }
}

/// The name of a door is one word of a command line, and stands in every line of the ledger.
#[test]
fn a_door_is_called_what_can_be_seen_of_its_name() {
    for poison in POISONS.iter().filter(|poison| !poison.contains('=')) {
        let door = format!("{poison}=x-client-mode:green@5%");
        let cli = Cli::try_parse_from(["swingbridge", "load", "http://127.0.0.1/", "--door", &door]);
        let Command::Load(args) = cli.expect("a door").command else {
            panic!("another command")
        };
        let load = load::load(&args).expect("a load");
        assert_eq!(load.doors[0].name, visible(poison));
        let mut lines = Vec::new();
        let mut ledger = Ledger::new(
            String::new(),
            Timestamp::UNIX_EPOCH,
            vec![load.doors[0].name.clone()],
        );
        ledger.push(ledger_entry());
        ledger.write_lines(&mut lines).expect("memory can be written");
        harmless(&String::from_utf8(lines).expect("UTF-8"), false, "a ledger");
    }
}

fn ledger_entry() -> Entry {
    Entry {
        scheduled: Duration::ZERO,
        late: Duration::ZERO,
        took: Duration::ZERO,
        kind: Kind::Door(0),
        version: None,
        status: Some(404),
        failure: None,
        retried: false,
    }
}

#[test]
fn the_line_of_a_load_under_way_is_one_line() {
    for poison in POISONS {
        let live = Snapshot {
            versions: vec![(poison.to_owned(), 1)],
            ..Snapshot::default()
        };
        // It is written over the line before, on a terminal only.
        let line = load::line(&live);
        let seen = visible(&line);
        harmless(&seen, false, "a load under way");
        assert_eq!(seen.lines().count(), 1, "{seen}");
    }
}

/// A lab in which everything is called this. Only where it answers is ours.
fn picture(word: &str) -> Picture {
    let share = json!({ "target_group": word, "weight": 1, "percent": 50.0 });
    let forward = json!({ "kind": "forward", "shares": [share, share], "sticky_seconds": 60 });
    let answer = json!({ "kind": "answer", "text": word });
    let rule = |priority: &str, conditions: &[&str], action: &Value| {
        json!({
            "arn": word, "priority": priority, "conditions": conditions, "action": action, "tags": { word: word },
        })
    };
    let rules = [rule(word, &[word, word], &forward), rule("2", &[], &answer)];
    let balancer = json!({
        "name": word, "arn": word,
        "listeners": [
            { "arn": word, "protocol": word, "port": 80, "url": null, "rules": rules },
            { "arn": word, "protocol": "HTTP", "port": 81, "url": word, "rules": [] },
        ],
    });
    let target = json!({
        "id": word, "port": 80, "zone": word, "health": word, "reason": word, "description": word,
    });
    let target_group = json!({
        "name": word, "arn": word, "protocol": word, "port": 80, "health_check": word, "targets": [target],
        "tags": { word: word },
    });
    let member = json!({
        "id": word, "lifecycle": word, "health": word, "zone": word, "version": word, "protected": false,
    });
    let group = json!({
        "name": word, "min": 1, "desired": 1, "max": 1, "template": word, "target_groups": [word],
        "instances": [member], "suspended": [word], "tags": { word: word }, "status": word,
    });
    let traffic = json!({
        "seconds": 0, "until": 0, "series": [], "requests_in_all": 0, "failed_in_all": 0,
    });
    let alarm = json!({ "name": word, "state": word, "reason": word });
    let picture = json!({
        "endpoint": "http://127.0.0.1:1", "region": "us-east-1", "account": word, "estate": word,
        "pid": 1, "life": 1, "speed": 1.0,
        "started": "2026-03-02T12:00:00Z", "now": "2026-03-02T12:00:00Z",
        "balancers": [balancer], "target_groups": [target_group], "groups": [group],
        "traffic": traffic, "alarms": [alarm], "faults": [word], "troubles": [word],
    });
    serde_json::from_value(picture).expect("a picture")
}

#[test]
fn a_lab_says_what_runs_in_lines_of_ours_alone() {
    let plain = tell::text(&picture("x")).lines().count();
    for poison in POISONS {
        let picture = picture(poison);
        let text = for_people(&tell::text(&picture), false);
        harmless(&text, false, "lab status");
        assert_eq!(text.lines().count(), plain, "{text}");
        let json = format!("{:#}\n", serde_json::to_value(&picture).expect("JSON"));
        harmless(&in_json(&json), false, "lab status in JSON");
    }
}

/// The ranges of characters that the page shows as their numbers.
fn hidden_on_the_page() -> Vec<(u32, u32)> {
    let (_, rest) = PAGE.split_once("const HIDDEN = /[").expect("the page has them");
    let (class, _) = rest.split_once("]/gu;").expect("they end");
    let mut ranges: Vec<(u32, u32)> = Vec::new();
    let mut open = false;
    for part in class.split("\\u{").skip(1) {
        let (number, rest) = part.split_once('}').expect("a number");
        let number = u32::from_str_radix(number, 16).expect("a number");
        match ranges.last_mut().filter(|_| open) {
            Some(range) => range.1 = number,
            None => ranges.push((number, number)),
        }
        open = rest == "-";
        assert!(open || rest.is_empty(), "{rest:?} is in the class as well");
    }
    ranges
}

#[test]
fn the_page_of_a_lab_shows_as_numbers_what_is_shown_so_everywhere_else() {
    let ranges = hidden_on_the_page();
    for c in '\0'..=char::MAX {
        let hidden = ranges
            .iter()
            .any(|(from, to)| (*from..=*to).contains(&u32::from(c)));
        let mut text = [0; 4];
        let seen = visible(c.encode_utf8(&mut text));
        assert_eq!(matches!(seen, Cow::Owned(_)), hidden, "{c:?}");
    }
}

/// What sets text as text, and what sets markup, its own test in the lab tells apart.
#[test]
fn every_word_on_the_page_of_a_lab_comes_by_the_one_way_that_makes_it_harmless() {
    assert_eq!(PAGE.matches("fetch(").count(), 1);
    assert!(PAGE.contains("return JSON.parse(await response.text(), harmless);"));
    for other in [
        ".json()",
        "XMLHttpRequest",
        "EventSource",
        "WebSocket",
        "location.",
        "postMessage",
    ] {
        assert!(!PAGE.contains(other), "{other}");
    }
}

/// A file that says this, which is gone with its folder.
fn file(text: &str) -> (tempfile::TempDir, std::path::PathBuf) {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("file.json");
    std::fs::write(&file, text).expect("writable");
    (folder, file)
}

#[test]
fn what_is_wrong_with_a_file_is_told_in_lines_of_ours_alone() {
    let readings = |word: &str| {
        let side = json!({ "target_group": word, "series": {} });
        json!({
            "from": "2026-03-02T12:00:00Z", "to": "2026-03-02T12:01:00Z", "period": "1m",
            "live": side, "candidate": side, "alarms": { "checkout": word },
        })
        .to_string()
    };
    let intent = |word: &str| json!({ "format": 1, "intent": { "want": word } }).to_string();
    let recording = |path: &Path| judge::recorded(path).expect_err("no readings").text(Look::PLAIN);
    let saved = |path: &Path| plan::read(path).expect_err("no plan").text(Look::PLAIN);
    let counts = |word: &str| {
        let (_kept, path) = file(&readings(word));
        let recording = recording(&path);
        let (_kept, path) = file(&intent(word));
        [recording, saved(&path)].map(|text| {
            harmless(&text, false, "what is wrong with a file");
            text.lines().count()
        })
    };
    let plain = counts("x");
    for poison in POISONS {
        assert_eq!(counts(poison), plain, "{poison:?}");
    }
}
