//! What `docs/hooks.md` says that a hook is told is what it is told.

use std::collections::BTreeSet;

use serde_json::Value;

use super::*;

const PAGE: &str = include_str!("../../../../docs/hooks.md");

/// Nothing of it is unknown.
fn all() -> Told {
    let side = |n: u32| {
        Some(Side {
            release: Some(format!("{}", 40 + n)),
            ..side(n)
        })
    };
    Told {
        live: side(1),
        candidate: side(2),
        previous: side(3),
        weight: Some(5),
        failure: Some("it was not healthy in time".into()),
        exit_code: Some(4),
        ..told()
    }
}

fn document(told: &Told) -> Value {
    serde_json::to_value(told).expect("a document")
}

/// The document that the page shows.
fn shown() -> Value {
    let (_, rest) = PAGE.split_once("```json\n").expect("it shows one");
    let (text, _) = rest.split_once("```").expect("it ends");
    serde_json::from_str(text).expect("JSON")
}

/// What is unknown in one of them says nothing of what it would be.
fn same_keys(shown: &Value, told: &Value, place: &str) {
    let (Value::Object(shown), Value::Object(told)) = (shown, told) else {
        return;
    };
    let names = |of: &serde_json::Map<String, Value>| of.keys().cloned().collect::<BTreeSet<String>>();
    assert_eq!(names(shown), names(told), "{place}");
    for (name, value) in shown {
        same_keys(value, &told[name], name);
    }
}

fn nothing_is_null(told: &Value, place: &str) {
    assert!(!told.is_null(), "{place} is unknown");
    for (name, value) in told.as_object().into_iter().flatten() {
        nothing_is_null(value, name);
    }
}

#[test]
fn the_document_on_the_page_has_the_keys_of_the_one_that_is_sent() {
    let told = document(&all());
    nothing_is_null(&told, "all");
    same_keys(&shown(), &told, "all");
}

#[test]
fn the_document_on_the_page_is_one_that_could_be_sent() {
    let read: Told = serde_json::from_value(shown()).expect("it is read");
    // What the page leaves out would come back as null, and what it makes up would not come back.
    assert_eq!(document(&read), shown());
}

/// What stands between backquotes.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

/// The variables in the table of the page.
fn documented() -> BTreeSet<String> {
    let rows = PAGE.lines().filter(|line| line.starts_with("| `HOOK_"));
    let mut all = BTreeSet::new();
    for row in rows {
        let (names, meaning) = row.trim_matches('|').split_once('|').expect("two columns");
        for name in quoted(names) {
            match name.strip_suffix('…') {
                Some(beginning) => all.extend(quoted(meaning).map(|end| format!("{beginning}{end}"))),
                None => assert!(all.insert(name.to_owned()), "{name} stands there twice"),
            }
        }
    }
    all
}

#[tokio::test]
async fn the_table_on_the_page_has_the_variables_that_a_command_gets_and_no_others() {
    let hook = Hook {
        call: Call::Shell {
            script: "env | grep '^HOOK_' | cut -d= -f1".into(),
            env: Vec::new(),
        },
        ..fixtures::hook(Place::BeforeTraffic)
    };
    let reply = outside(with_path).call(&hook, &all(), never()).await;
    assert_eq!(reply.answer, Answer::Passed, "{:?}", reply.said);
    let given: BTreeSet<String> = reply.said.into_iter().collect();
    assert_eq!(given, documented());
}
