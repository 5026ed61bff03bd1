//! Whatever stands in a name, a tag, a message or a file, no output for people lets it do anything but be read.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::Timestamp;
use proptest::prelude::*;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::status::StatusView;
use super::visible::{hides, in_json};
use super::{
    Bulletin, Json, Lines, Look, Screen, Terminal, check, comparison, error, history, metrics, plan_json,
    plan_markdown, plan_text, recorded, status,
};
use crate::judge;
use crate::model::account::{Finding, Weight};
use crate::model::comparison::{Comparison, Measured, Measurements};
use crate::model::event::{Event, EventKind, Reporter};
use crate::model::fixtures;
use crate::model::history::HistoryEntry;
use crate::model::judgement::Judgement;
use crate::model::judging::{self, Bound, Consequence, Custom, Judging, Measure, Rule};
use crate::model::notify::{Address, Letter, Notify, Occasion, Template};
use crate::model::readings::{AlarmState, Readings, Series, Side};
use crate::model::refusal::{Reason, Refusal};

const COLOURED: Look = Look {
    color: true,
    unicode: true,
};

/// What people have done to terminals, logs and comments.
const POISONS: [&str; 11] = [
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
    "\"} | <script>alert(\"x\")</script> \u{1b}[2J\u{202e}\u{200b}\n",
];

/// What a pipeline takes for a command at the beginning of a line. It reads no terminal and no letter.
const COMMAND: &str = "::add-mask::x";

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

/// A rule of one's own by this name, with that unit.
fn rule(name: &str, unit: &str, bound: Bound) -> Rule {
    let custom = Custom {
        metrics: BTreeMap::new(),
        expression: None,
        unit: unit.into(),
    };
    Rule {
        name: name.into(),
        measure: Measure::Custom(custom),
        bounds: vec![bound],
        then: Consequence::Rollback,
    }
}

/// How a candidate is judged when rules, units and alarms are called this.
fn judging(word: &str) -> Judging {
    let also = format!("{word} also");
    Judging {
        minimum_requests: 1,
        rules: vec![
            rule(word, word, Bound::AtMost(1.0)),
            rule(&also, word, Bound::AtMostOfLive(0.5)),
        ],
        alarms: vec![
            word.into(),
            also,
            format!("{word} is unclear"),
            format!("{word} is not there"),
        ],
        ..Judging::default()
    }
}

/// Five minutes of a target group by this name, for the rules by this name; none of them without a value.
fn side(word: &str, value: Option<f64>) -> Side {
    let points = |value: f64| {
        let point = |at: i32| (fixtures::minute(at.into()), value + f64::from(at) / 100.0);
        Series((0..5).map(point).collect())
    };
    let mut series = BTreeMap::new();
    if let Some(value) = value {
        series.insert(word.to_owned(), points(value));
        series.insert(format!("{word} also"), points(value));
        series.insert(judging::REQUESTS.to_owned(), points(200.0));
    }
    Side {
        target_group: word.into(),
        series,
    }
}

/// What was measured where everything is called this, and what the judge says of it: one that fails by rules and
/// alarms, one of which hardly anything is known, and one with nothing to judge by.
fn judged(word: &str) -> Vec<(Readings, Judgement)> {
    let states = [
        (word.to_owned(), AlarmState::Alarm),
        (format!("{word} also"), AlarmState::Ok),
        (format!("{word} is unclear"), AlarmState::InsufficientData),
    ];
    let bad = Readings {
        from: fixtures::minute(0),
        to: fixtures::minute(5),
        period: Duration::from_secs(60),
        weight: Some(5),
        live: side(word, Some(1.0)),
        candidate: side(word, Some(2.0)),
        alarms: states.into(),
        unread: Vec::new(),
    };
    let unread = Readings {
        candidate: side(word, None),
        alarms: BTreeMap::new(),
        unread: vec![word.into(), word.into()],
        ..bad.clone()
    };
    let alone = Readings {
        weight: Some(100),
        ..unread.clone()
    };
    [bad, unread, alone]
        .into_iter()
        .map(|readings| {
            let judgement = judge::judge(&judging(word), &readings);
            (readings, judgement)
        })
        .collect()
}

/// Variants by this name: one differs from the first for sure, and one was not measured.
fn contrasted(word: &str) -> (Measurements, Comparison) {
    let variant = |value| Measured {
        variant: word.into(),
        share: Some(30),
        side: side(word, value),
    };
    let measured = Measurements {
        from: fixtures::minute(0),
        to: fixtures::minute(5),
        period: Duration::from_secs(60),
        variants: vec![variant(Some(1.0)), variant(Some(2.0)), variant(None)],
    };
    let comparison = judge::contrast(&judging(word), &measured);
    assert!(!comparison.sentences.is_empty(), "{comparison:#?}");
    (measured, comparison)
}

/// The judge speaks during a run.
fn quoted(word: &str) -> Vec<Event> {
    let judgements = judged(word).into_iter().map(|(_, judgement)| judgement);
    judgements
        .map(|judgement| Event {
            kind: EventKind::Judged { step: 5, judgement },
            ..recorded::deploy().remove(0)
        })
        .collect()
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
    all.push(("the judge in a run", lines_of(&quoted(poison), look)));
    for (readings, judgement) in judged(poison) {
        all.push(("metrics", metrics::text(&readings, &judgement, look)));
        all.push(("a replay", metrics::sentences(&judgement, look)));
    }
    let (measured, comparison) = contrasted(poison);
    all.push(("variants", comparison::text(&measured, &comparison, look)));
    all
}

/// Each before it is handed over: whatever hands JSON over lets `in_json` make it harmless.
fn texts_for_programs(poison: &str) -> Vec<(&'static str, String)> {
    let estate = poisoned(&fixtures::deployed(), poison);
    let view = StatusView::of(&estate, &fixtures::policy(), fixtures::minute(0), &|_| false);
    let mut all = vec![
        ("status", status::json(&view)),
        ("history", history::json(&[entry(poison)])),
    ];
    for plan in [recorded::deploy_plan(), recorded::promote_plan()] {
        all.push(("a plan", plan_json::json(&poisoned(&plan, poison))));
    }
    for (readings, judgement) in judged(poison) {
        all.push(("metrics", metrics::json(&readings, &judgement)));
        all.push(("a recording", serde_json::to_string_pretty(&readings)));
    }
    let (measured, comparison) = contrasted(poison);
    all.push(("variants", comparison::json(&measured, &comparison)));
    let text = |(what, text): (&'static str, serde_json::Result<String>)| (what, text.expect("JSON"));
    all.into_iter().map(text).collect()
}

fn json_of(events: &[Event]) -> String {
    let mut out = Vec::new();
    let mut json = Json::new(&mut out);
    for event in events {
        json.on(event).expect("memory can be written");
    }
    String::from_utf8(out).expect("JSON is UTF-8")
}

/// Whoever wants to hear of everything, in each form.
fn letters_of(events: &[Event]) -> Vec<String> {
    let own = "{{ app }}: {{ command }}: {{ summary }} {{ reasons }} {{ truth }} {{ next }}";
    let forms = [
        Template::Plain,
        Template::Json,
        Template::Slack,
        Template::Text(own.into()),
    ];
    let wanted = forms.into_iter().map(|template| Notify {
        on: vec![
            Occasion::Deployed,
            Occasion::RolledBack,
            Occasion::Failed,
            Occasion::Judged,
        ],
        to: Address::Variable("CHAT".into()),
        template,
        timeout: Duration::from_secs(5),
    });
    let letters: Arc<Mutex<Vec<String>>> = Arc::default();
    let kept = Arc::clone(&letters);
    let post = move |letter: Letter| kept.lock().expect("no panic before").push(letter.body);
    let mut bulletin = Bulletin::new(wanted.collect(), Box::new(post));
    for event in events {
        // The number of a run is ours.
        let event = Event {
            run: "run-1".into(),
            ..event.clone()
        };
        bulletin.on(&event).expect("it never fails");
    }
    let letters = letters.lock().expect("no panic before");
    letters.clone()
}

#[test]
fn nothing_of_others_moves_hides_or_forges_anything_in_a_text_for_people() {
    for poison in POISONS.into_iter().chain([COMMAND]) {
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
fn nothing_of_others_hides_in_a_text_for_programs_which_stays_what_it_was() {
    for poison in POISONS {
        for (what, text) in texts_for_programs(poison) {
            let seen = in_json(&text);
            harmless(&seen, what);
            let (was, is): (Value, Value) = (
                serde_json::from_str(&text).expect("JSON"),
                serde_json::from_str(&seen).expect("JSON"),
            );
            assert_eq!(was, is, "{what}");
        }
        for run in [recorded::deploy(), recorded::troubled(), recorded::swung_back()] {
            let run = poisoned(&run, poison);
            let text = json_of(&run);
            harmless(&text, "events");
            assert_eq!(text.lines().count(), run.len(), "{text}");
        }
        harmless(&json_of(&quoted(poison)), "the judge among events");
    }
}

#[test]
fn nothing_of_others_hides_in_a_letter_or_makes_a_line_of_it() {
    let all = |word: &str| {
        let mut letters = letters_of(&quoted(word));
        for run in [recorded::deploy(), recorded::troubled(), recorded::swung_back()] {
            letters.extend(letters_of(&poisoned(&run, word)));
        }
        letters
    };
    let plain = all("x");
    for poison in POISONS {
        let letters = all(poison);
        assert_eq!(letters.len(), plain.len());
        for (letter, plain) in letters.iter().zip(&plain) {
            harmless(letter, "a letter");
            assert_eq!(letter.lines().count(), plain.lines().count(), "{letter}");
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
        let runs = [recorded::deploy(), recorded::troubled(), recorded::swung_back()];
        let runs = runs.map(|run| poisoned(&run, poison));
        for run in runs.into_iter().chain([quoted(poison)]) {
            let sent = sent(&run);
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
