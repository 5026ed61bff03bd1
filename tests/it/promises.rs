//! The table in docs/TESTING.md that says which test holds which promise: no promise is left out, and every test and
//! cell that it names exists.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use crate::rooms::sources;

const MATRICES: [&str; 5] = ["calm", "chance", "crash", "faults", "races"];

fn text(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// What stands under a heading that begins so, up to the next one.
fn section<'a>(page: &'a str, heading: &str) -> impl Iterator<Item = &'a str> {
    let heading = format!("## {heading}");
    let mut lines = page.lines().skip_while(move |line| !line.starts_with(&heading));
    assert!(lines.next().is_some(), "the section is not there");
    lines.take_while(|line| !line.starts_with("## "))
}

/// The rows of the table, each with its promise and all that is named behind it.
fn rows(page: &str) -> Vec<(String, Vec<String>)> {
    section(page, "Which test holds which promise")
        .filter_map(|line| line.strip_prefix("| "))
        .map(|row| row.split(" | ").collect::<Vec<_>>())
        .filter(|cells| cells[0].starts_with(|first: char| first.is_ascii_digit()))
        .map(|cells| {
            // Every other piece stands between backticks.
            let named = cells[cells.len() - 1].split('`').skip(1).step_by(2);
            (cells[0].to_owned(), named.map(str::to_owned).collect())
        })
        .collect()
}

/// The numbers of a page's promises, and of its sections.
fn promises(page: &str) -> BTreeSet<String> {
    let number = |line: &str| Some(line.split_once(". ")?.0.parse::<u32>().ok()?.to_string());
    let numbered = section(page, "2. ")
        .filter_map(number)
        .map(|one| format!("2.{one}"));
    let sections = page.lines().filter_map(|line| number(line.strip_prefix("## ")?));
    numbered.chain(sections.filter(|one| one != "2")).collect()
}

/// The names of all functions in a text.
fn functions(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter_map(|line| {
        let words = line.trim_start();
        let name = words.split_once("fn ")?;
        let mut before = name.0.split_whitespace();
        let is_one = before.all(|word| word == "async" || word.starts_with("pub"));
        is_one.then(|| name.1.split(['(', '<']).next().unwrap_or_default())
    })
}

/// The lives that the proof has, in whatever way their list is written down.
fn lives() -> BTreeSet<String> {
    let text = text("tests/proof/lives.rs");
    text.match_indices("life(")
        .filter_map(|(at, word)| text[at + word.len()..].trim_start().strip_prefix('"'))
        .filter_map(|rest| Some(rest.split_once('"')?.0.to_owned()))
        .collect()
}

/// The words of commands, as the names of cells have them.
fn commands() -> BTreeSet<String> {
    text("src/model/plan.rs")
        .lines()
        .filter_map(|line| line.trim().strip_prefix("Self::")?.split_once(" => \""))
        .filter_map(|(_, rest)| Some(rest.split_once('"')?.0.to_owned()))
        .collect()
}

/// What is wrong with a pattern of cells: `MATRIX/LIFE/COMMAND/CALL/WHAT`, where `*` is any.
fn wrong(pattern: &str) -> Option<&'static str> {
    let parts: Vec<&str> = pattern.split('/').collect();
    let matrix = parts[0];
    if !MATRICES.contains(&matrix) {
        return Some("no such matrix");
    }
    if parts
        .get(1)
        .is_none_or(|life| *life != "*" && !lives().contains(*life))
    {
        return Some("no such life");
    }
    let word = |command: &str| {
        command
            .trim_start_matches(|c: char| c == '-' || c.is_ascii_digit())
            .to_owned()
    };
    let is_command = |part: &str| part == "*" || commands().contains(&word(part));
    if parts
        .get(2)
        .is_some_and(|command| !is_command(command.trim_start_matches("*-")))
    {
        return Some("no such command");
    }
    // Before it a call is named, of which the source knows no list; a chance meets all of them.
    let what = match matrix {
        "calm" => None,
        "chance" => parts.get(3),
        _ => parts.get(4),
    };
    let known = text(&format!("tests/proof/{matrix}.rs")) + &text("tests/proof/strangers.rs");
    let mut pieces = what.into_iter().flat_map(|what| what.split('*'));
    let is_strange = |piece: &str| {
        let piece = piece.trim_matches('-');
        !piece.is_empty()
            && !known.contains(&format!("\"{piece}\""))
            && !known.contains(&format!("/{piece}\""))
    };
    pieces.any(is_strange).then_some("nothing of that name happens")
}

#[test]
fn every_promise_has_a_row_and_every_row_a_test() {
    let rows = rows(&text("docs/TESTING.md"));
    let promises = promises(&text("docs/SEMANTICS.md"));
    assert!(
        promises.contains("2.15") && promises.contains("7"),
        "{promises:?}"
    );
    let told: Vec<&String> = rows.iter().map(|(promise, _)| promise).collect();
    let missing: Vec<_> = promises
        .iter()
        .filter(|promise| !told.contains(promise))
        .collect();
    let unknown: Vec<_> = told
        .iter()
        .filter(|promise| !promises.contains(**promise))
        .collect();
    assert!(
        missing.is_empty() && unknown.is_empty(),
        "missing {missing:?}, unknown {unknown:?}"
    );
    assert_eq!(told.len(), promises.len(), "a promise has two rows");
    let bare: Vec<_> = rows.iter().filter(|(_, named)| named.is_empty()).collect();
    assert!(bare.is_empty(), "{bare:?}");
}

#[test]
fn every_test_and_every_cell_that_is_said_to_hold_a_promise_exists() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let files = [sources(&root.join("src")), sources(&root.join("tests"))].concat();
    let texts: Vec<String> = files
        .iter()
        .filter_map(|file| fs::read_to_string(file).ok())
        .collect();
    let there: BTreeSet<&str> = texts.iter().flat_map(|text| functions(text)).collect();
    let mut breaches = Vec::new();
    for (promise, named) in rows(&text("docs/TESTING.md")) {
        for name in named {
            let why = match name.contains('/') {
                true => wrong(&name),
                false => (!there.contains(name.as_str())).then_some("no such test"),
            };
            breaches.extend(why.map(|why| format!("{promise}: {name}: {why}")));
        }
    }
    assert!(breaches.is_empty(), "{breaches:#?}");
}

#[test]
fn a_name_of_nothing_is_found() {
    for strange in [
        "storm/rich/*/*/again",
        "crash/nobody/*/*/again",
        "crash/rich/2-explode/*/again",
        "crash/rich/*/*/never",
        "chance/rich/*/never",
        "races/*/*/*/a-friendly-person",
    ] {
        assert!(wrong(strange).is_some(), "{strange}");
    }
    assert_eq!(wrong("races/*/*-deploy/*/patient-*"), None);
}
