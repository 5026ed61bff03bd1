//! Whatever stands in a name, a tag, a message or a file, no output for people lets it do anything but be read.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use jiff::Timestamp;
use proptest::prelude::*;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::status::StatusView;
use super::visible::hides;
use super::{
    Lines, Look, Screen, Terminal, check, error, history, plan_markdown, plan_text, recorded, status,
};
use crate::model::account::{Finding, Weight};
use crate::model::event::{Event, EventKind, Reporter};
use crate::model::fixtures;
use crate::model::history::HistoryEntry;
use crate::model::refusal::{Reason, Refusal};

const COLOURED: Look = Look {
    color: true,
    unicode: true,
};

/// What people have done to terminals, logs and comments.
const POISONS: [&str; 10] = [
    "\u{1b}[2J\u{1b}[H",
    "\u{1b}]0;title\u{7}",
    "\u{1b}]8;;https://evil.example\u{1b}\\",
    "\u{1b}[8m",
    "\u{9b}31m",
    "\r✓ done",
    "\n::add-mask::x\n",
    "\u{202e}txt.exe\u{2066}",
    "a\u{200b}b\u{feff}",
    "`|<script>@team</script>\n\n# heading https://evil.example",
];

/// The value with the poison in front of every text that may be any text.
fn poisoned<T: Serialize + DeserializeOwned>(value: &T, poison: &str) -> T {
    let mut json = serde_json::to_value(value).expect("JSON");
    for place in free_places::<T>(&json) {
        let text = json.pointer_mut(&place).expect("a place");
        *text = Value::String(format!("{poison}{}", text.as_str().expect("a text")));
    }
    serde_json::from_value(json).expect("any text may stand there")
}

/// Where any text may stand: not words of ours, nor numbers and times. Found once for each value, by trying.
fn free_places<T: DeserializeOwned>(json: &Value) -> Vec<String> {
    static KNOWN: Mutex<BTreeMap<String, Vec<String>>> = Mutex::new(BTreeMap::new());
    let key = json.to_string();
    if let Some(known) = KNOWN.lock().expect("no panic before").get(&key) {
        return known.clone();
    }
    let mut places = Vec::new();
    texts(json, String::new(), &mut places);
    places.retain(|place| {
        let mut tried = json.clone();
        *tried.pointer_mut(place).expect("a place") = Value::String("\u{1b}{n}".into());
        serde_json::from_value::<T>(tried).is_ok()
    });
    assert!(!places.is_empty(), "nothing could be poisoned");
    KNOWN.lock().expect("no panic before").insert(key, places.clone());
    places
}

fn texts(value: &Value, place: String, all: &mut Vec<String>) {
    match value {
        Value::String(_) => all.push(place),
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                texts(item, format!("{place}/{index}"), all);
            }
        }
        Value::Object(members) => {
            for (name, member) in members {
                let name = name.replace('~', "~0").replace('/', "~1");
                texts(member, format!("{place}/{name}"), all);
            }
        }
        _ => {}
    }
}

#[track_caller]
fn harmless(text: &str, what: &str) {
    let mut rest = text.to_owned();
    for ours in ["0", "1", "2", "31", "32", "33", "36"] {
        rest = rest.replace(&format!("\u{1b}[{ours}m"), "");
    }
    let hidden: Vec<char> = rest.chars().filter(|c| hides(*c) && *c != '\n').collect();
    assert!(hidden.is_empty(), "{what} lets {hidden:?} through:\n{rest:?}");
    let command = rest.lines().find(|line| line.trim_start().starts_with("::"));
    assert_eq!(command, None, "{what} begins a line with somebody else's text");
}

fn entry(text: &str) -> HistoryEntry {
    HistoryEntry {
        at: Timestamp::UNIX_EPOCH,
        generation: None,
        release: Some(text.into()),
        what: text.into(),
        by: Some(text.into()),
        run: Some(text.into()),
        ended: Some(text.into()),
    }
}

fn lines_of(events: &[Event], look: Look) -> String {
    let mut out = Vec::new();
    let mut lines = Lines::new(&mut out, look);
    for event in events {
        lines.on(event).expect("memory can be written");
    }
    String::from_utf8(out).expect("lines are UTF-8")
}

/// A hook that writes what it likes.
fn output(text: &str) -> Event {
    Event {
        kind: EventKind::HookOutput {
            hook: text.into(),
            lines: vec![text.into(), format!("{text} again")],
        },
        ..recorded::deploy().remove(0)
    }
}

fn texts_for_people(poison: &str, look: Look) -> Vec<(&'static str, String)> {
    let finding = Finding {
        weight: Weight::Breaks,
        text: poison.into(),
        way_out: Some(poison.into()),
    };
    let estate = poisoned(&fixtures::deployed(), poison);
    let view = StatusView::of(&estate, &fixtures::policy(), fixtures::minute(0), &|_| false);
    let refusal = Refusal::from(Reason::Gone {
        what: poison.to_owned(),
    });
    let mut all = vec![
        ("check", check::text(&[finding], look)),
        ("history", history::text(&[entry(poison)], look)),
        ("status", status::text(&view, look)),
        (
            "a refusal",
            error::text(&refusal.into(), &[poison.to_owned()], look),
        ),
    ];
    for plan in [recorded::deploy_plan(), recorded::promote_plan()] {
        let plan = poisoned(&plan, poison);
        all.push(("a plan", plan_text::text(&plan, true, look)));
        all.push(("a comment", plan_markdown::markdown(&plan)));
    }
    for run in [recorded::deploy(), recorded::troubled(), recorded::swung_back()] {
        all.push(("lines", lines_of(&poisoned(&run, poison), look)));
    }
    all.push(("a hook's output", lines_of(&[output(poison)], look)));
    all
}

#[test]
fn nothing_of_others_moves_hides_or_forges_anything_in_a_text_for_people() {
    for poison in POISONS {
        for look in [Look::PLAIN, COLOURED] {
            for (what, text) in texts_for_people(poison, look) {
                harmless(&text, what);
            }
        }
    }
}

#[test]
fn a_line_break_of_others_makes_no_line_in_plans_and_tables() {
    for look in [Look::PLAIN, COLOURED] {
        let plain = texts_for_people("x", look);
        let broken = texts_for_people("x\ny", look);
        for ((what, plain), (_, broken)) in plain.iter().zip(&broken) {
            // A run's lines may have more: each begins with our clock, or stands in.
            if *what != "lines" {
                assert_eq!(plain.lines().count(), broken.lines().count(), "{what}:\n{broken}");
            }
        }
    }
}

#[test]
fn a_comment_calls_nobody_links_nowhere_and_keeps_its_cells() {
    let poison = "@team #1 https://evil.example www.evil.example `|<b>[x](y)![p](q)~~$a$";
    for plan in [recorded::deploy_plan(), recorded::promote_plan()] {
        let text = plan_markdown::markdown(&poisoned(&plan, poison));
        let body = text.lines().skip(1).collect::<Vec<_>>().join("\n");
        for bad in [
            "@team", "#1 ", "https://", "www.", " `|", "|<b>", "<b>", "[x](", "![p]", "~~",
        ] {
            assert!(!body.contains(bad), "{bad} in\n{body}");
        }
        let columns = |line: &str| line.replace("\\|", "").matches('|').count();
        let plain = plan_markdown::markdown(&plan);
        for (plain, poisoned) in plain.lines().zip(text.lines()).skip(1) {
            assert_eq!(columns(plain), columns(poisoned), "{poisoned}");
        }
    }
}

#[derive(Clone, Default)]
struct Sink(Arc<Mutex<Vec<u8>>>);

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().expect("no panic before").extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What a terminal is sent for a run.
fn sent(events: &[Event]) -> String {
    let sink = Sink::default();
    let screen = Screen::new(Box::new(sink.clone()), console::Term::stderr());
    let mut terminal = Terminal::new(screen, COLOURED, None);
    for event in events {
        terminal.on(event).expect("memory can be written");
    }
    drop(terminal);
    let bytes = sink.0.lock().expect("no panic before").clone();
    String::from_utf8(bytes).expect("UTF-8")
}

/// Without our own ways to move the cursor.
fn without_moves(sent: &str) -> String {
    let mut kept = String::new();
    let mut rest = sent;
    while let Some(at) = rest.find("\u{1b}[") {
        kept.push_str(&rest[..at]);
        let inside = &rest[at + 2..];
        let digits = inside.chars().take_while(char::is_ascii_digit).count();
        let moves = matches!(inside[digits..].chars().next(), Some('A'..='D'));
        let clears = inside.starts_with("2K");
        if moves || clears {
            rest = &inside[digits + 1..];
        } else {
            kept.push_str("\u{1b}[");
            rest = inside;
        }
    }
    kept.push_str(rest);
    // How a display begins to redraw a line.
    kept.replace('\r', "")
}

#[test]
fn nothing_of_others_reaches_a_terminal_that_is_redrawn() {
    for poison in POISONS {
        for run in [recorded::deploy(), recorded::troubled(), recorded::swung_back()] {
            let sent = sent(&poisoned(&run, poison));
            harmless(&without_moves(&sent), "the terminal");
            let hides_something = poison.chars().any(|c| hides(c) && c != '\n');
            assert!(
                !hides_something || !sent.contains(poison),
                "{poison:?} in {sent:?}"
            );
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn any_text_at_all_is_harmless_in_every_output(poison in any::<String>()) {
        // A second place for the number would make a name no template any more.
        prop_assume!(!poison.contains("{n}"));
        for look in [Look::PLAIN, COLOURED] {
            for (what, text) in texts_for_people(&poison, look) {
                harmless(&text, what);
            }
        }
    }
}
