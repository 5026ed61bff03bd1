//! The table in docs/TESTING.md that says which test holds which promise: no promise is left out, and every test and
//! cell that it names exists. So does what CHANGELOG.md names.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use crate::rooms::sources;

const MATRICES: [&str; 5] = ["calm", "chance", "crash", "faults", "races"];

/// How an attribute begins that makes a function a test, whatever else stands between the two.
const MAKES_A_TEST: [&str; 3] = ["test]", "tokio::test]", "tokio::test("];

/// Tests whose functions are given an estate, once for each ground that there is.
const PLAYED: &str = "on_both_grounds! {";

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

/// Every other piece: what stands between backticks.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

/// The rows of the table, each with its promise and all that is named behind it.
fn rows(page: &str) -> Vec<(String, Vec<String>)> {
    section(page, "Which test holds which promise")
        .filter_map(|line| line.strip_prefix("| "))
        .map(|row| row.split(" | ").collect::<Vec<_>>())
        .filter(|cells| cells[0].starts_with(|first: char| first.is_ascii_digit()))
        .map(|cells| {
            let named = quoted(cells[cells.len() - 1]);
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

/// The name of the function that begins with a line.
fn function(line: &str) -> Option<&str> {
    let (before, name) = line.split_once("fn ")?;
    let mut before = before.split_whitespace();
    let is_one = before.all(|word| word == "async" || word.starts_with("pub"));
    is_one.then(|| name.split(['(', '<']).next().unwrap_or_default())
}

/// The names of all tests in a text. A function that only has the name of one is none.
fn tests(text: &str) -> Vec<&str> {
    let mut names = Vec::new();
    let (mut is_test, mut played) = (false, false);
    for line in text.lines().map(str::trim) {
        if played {
            played = line != "}";
            names.extend(line.strip_suffix(','));
        } else if let Some(attribute) = line.strip_prefix("#[") {
            is_test |= MAKES_A_TEST.iter().any(|start| attribute.starts_with(start));
        } else if !line.starts_with("//") {
            names.extend(function(line).filter(|_| is_test));
            is_test = false;
            played = line == PLAYED;
        }
    }
    names
}

/// Every test that there is.
fn all_tests() -> BTreeSet<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let files = [sources(&root.join("src")), sources(&root.join("tests"))].concat();
    let mut all = BTreeSet::new();
    for text in files.iter().filter_map(|file| fs::read_to_string(file).ok()) {
        all.extend(tests(&text).into_iter().map(str::to_owned));
    }
    all
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
    let numbered = |call: &&str| call.starts_with(|first: char| first.is_ascii_digit());
    if parts.get(3).is_some_and(numbered) {
        return Some("the number of a call is another one in tomorrow's source");
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

/// What is wrong with something that the changelog names, if it looks like a cell, a file or a test. The rest are
/// commands, settings and words.
fn strange(name: &str, tests: &BTreeSet<String>) -> Option<&'static str> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let first = name.split_once('/').map_or("", |(first, _)| first);
    if MATRICES.contains(&first) {
        return wrong(name);
    }
    let sources = root.join("src");
    let is_in_a_folder = first == "tests" || (!first.is_empty() && sources.join(first).is_dir());
    if is_in_a_folder || name.ends_with(".rs") || name.ends_with(".py") {
        let is_there = root.join(name).exists() || sources.join(name).exists();
        return (!is_there).then_some("no such file");
    }
    let of_a_test = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    let is_a_test = name.matches('_').count() >= 3 && name.chars().all(of_a_test);
    (is_a_test && !tests.contains(name)).then_some("no such test")
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
    let there = all_tests();
    let mut breaches = Vec::new();
    for (promise, named) in rows(&text("docs/TESTING.md")) {
        for name in named {
            let why = match name.contains('/') {
                true => wrong(&name),
                false => (!there.contains(&name)).then_some("no such test"),
            };
            breaches.extend(why.map(|why| format!("{promise}: {name}: {why}")));
        }
    }
    assert!(breaches.is_empty(), "{breaches:#?}");
}

#[test]
fn every_test_cell_and_file_that_the_changelog_names_exists() {
    let (page, tests) = (text("CHANGELOG.md"), all_tests());
    assert!(page.matches('`').count().is_multiple_of(2), "a backtick is alone");
    let named: BTreeSet<&str> = quoted(&page).collect();
    assert!(named.iter().any(|name| tests.contains(*name)), "{named:?}");
    let breaches: Vec<String> = named
        .iter()
        .filter_map(|name| Some(format!("{name}: {}", strange(name, &tests)?)))
        .collect();
    assert!(breaches.is_empty(), "{breaches:#?}");
}

#[test]
fn only_what_is_run_is_a_test() {
    let text = [
        "/// A helper.",
        "fn helper() {}",
        "#[test]",
        "#[ignore]",
        "// For a reason.",
        "fn one() {}",
        "#[tokio::test(start_paused = true)]",
        "async fn two() {}",
        "    #[test]",
        "    fn three(any in 0..3) {}",
        "async fn four(estate: Estate) {}",
        "on_both_grounds! {",
        "    initial:",
        "    four,",
        "}",
        "#[allow(dead_code)]",
        "pub(crate) async fn five() {}",
    ];
    assert_eq!(tests(&text.join("\n")), ["one", "two", "three", "four"]);
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
        "faults/rich/6-promote/145-DeleteRule/denied",
    ] {
        assert!(wrong(strange).is_some(), "{strange}");
    }
    let tests = BTreeSet::from(["what_was_left_is_found".to_owned()]);
    for nothing in [
        "crash/nobody/*/*/again",
        "run/tests/nothing.rs",
        "locked.rs",
        "tests/nowhere",
        "what_was_left_is_lost",
    ] {
        assert!(strange(nothing, &tests).is_some(), "{nothing}");
    }
    for fine in [
        "what_was_left_is_found",
        "run/tests/locked.rs",
        "tests/proof",
        "crash",
        "/.well-known/swingbridge",
        "SWINGBRIDGE_A_B_C=1",
    ] {
        assert_eq!(strange(fine, &tests), None, "{fine}");
    }
    assert_eq!(wrong("races/*/*-deploy/*/patient-*"), None);
}
