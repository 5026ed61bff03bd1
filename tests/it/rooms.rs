//! The rooms of the house: who may know whom, and what the pure ones must never do.

use std::fs;
use std::path::{Path, PathBuf};

/// A room, the rooms it may use, and what must not appear in it.
struct Room {
    name: &'static str,
    may_use: &'static [&'static str],
    never: &'static [&'static str],
}

/// What a pure room never does: wait, read a clock, print, speak to AWS.
const IMPURE: &[&str] = &[
    ".await",
    "async fn",
    "Timestamp::now",
    "Instant::now",
    "SystemTime",
    "println!",
    "eprintln!",
    "aws_",
    "tokio",
    "std::fs",
    "std::env",
    "std::process",
    "std::net",
];

/// What the lab's world never does. It may speak of addresses.
const WITHOUT_TIME_OF_ITS_OWN: &[&str] = &[
    ".await",
    "async fn",
    "Timestamp::now",
    "Instant::now",
    "SystemTime",
    "tokio",
    "println!",
    "eprintln!",
    "std::fs",
    "std::env",
    "std::process",
    "TcpStream",
];

const ROOMS: &[Room] = &[
    Room {
        name: "model",
        may_use: &["model"],
        never: IMPURE,
    },
    Room {
        name: "plan",
        may_use: &["model", "plan"],
        never: IMPURE,
    },
    Room {
        name: "judge",
        may_use: &["model", "judge"],
        never: IMPURE,
    },
    Room {
        name: "cloud",
        may_use: &["model", "cloud"],
        never: &["println!", "eprintln!"],
    },
    Room {
        name: "run",
        may_use: &["model", "plan", "judge", "cloud", "run"],
        never: &["aws_sdk", "aws_config", "aws_smithy", "println!", "eprintln!"],
    },
    Room {
        name: "report",
        may_use: &["model", "plan", "report"],
        never: &["aws_", "tokio", ".await"],
    },
    Room {
        name: "lab",
        may_use: &["lab"],
        never: &["println!", "eprintln!", "aws_sdk", "aws_config"],
    },
    Room {
        // Time is told to it, and what only the outside can do it orders.
        name: "lab/world",
        may_use: &["lab"],
        never: WITHOUT_TIME_OF_ITS_OWN,
    },
    Room {
        name: "config",
        may_use: &["model", "config", "cloud"],
        never: &["aws_sdk", "tokio", ".await", "println!", "eprintln!"],
    },
];

/// What the cloud room offers to rooms other than `cli`: its words, never its adapter.
const ADAPTER: &str = "cloud::aws";

pub(crate) fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut all = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            // What cargo makes of the fuzzers is nobody's source.
            if !path.ends_with("target") {
                all.extend(sources(&path));
            }
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            all.push(path);
        }
    }
    all
}

/// The code of a file: no comments, and nothing from the first test module on.
fn code(path: &Path) -> String {
    let text = fs::read_to_string(path).expect("readable");
    let mut code = String::new();
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        if line.trim() == "#[cfg(test)]" && lines.peek().is_some_and(|next| next.trim_end().ends_with('{')) {
            break;
        }
        code.push_str(line.split("//").next().unwrap_or_default());
        code.push('\n');
    }
    code
}

/// Files that only tests compile.
fn only_for_tests(path: &Path) -> bool {
    let text = path.to_string_lossy();
    ["fixtures", "tests", "run/world", "fake", "recorded", "members"]
        .iter()
        .any(|word| text.contains(word))
}

/// The rooms that code names by `crate::ROOM`.
fn rooms_named(code: &str) -> Vec<&str> {
    code.match_indices("crate::")
        .map(|(at, word)| &code[at + word.len()..])
        .map(|rest| {
            let end = rest
                .find(|c: char| !c.is_alphanumeric() && c != '_')
                .unwrap_or(rest.len());
            &rest[..end]
        })
        .collect()
}

fn each_file(check: impl Fn(&Room, &Path, &str, &mut Vec<String>)) -> Vec<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut breaches = Vec::new();
    for room in ROOMS {
        let files = sources(&root.join(room.name));
        assert!(!files.is_empty(), "room {} is empty", room.name);
        for path in files.iter().filter(|path| !only_for_tests(path)) {
            check(room, path, &code(path), &mut breaches);
        }
    }
    breaches
}

#[test]
fn every_room_uses_only_the_rooms_it_may() {
    let breaches = each_file(|room, path, code, breaches| {
        for named in rooms_named(code) {
            if !room.may_use.contains(&named) {
                breaches.push(format!("{}: uses crate::{named}", path.display()));
            }
        }
    });
    assert!(breaches.is_empty(), "{breaches:#?}");
}

#[test]
fn no_room_does_what_it_must_never_do() {
    let breaches = each_file(|room, path, code, breaches| {
        for never in room.never.iter().filter(|never| code.contains(**never)) {
            breaches.push(format!("{}: contains `{never}`", path.display()));
        }
    });
    assert!(breaches.is_empty(), "{breaches:#?}");
}

#[test]
fn only_the_command_line_and_the_configuration_know_the_adapter() {
    let breaches = each_file(|room, path, code, breaches| {
        let allowed = matches!(room.name, "cloud" | "config");
        if !allowed && code.contains(ADAPTER) {
            breaches.push(format!("{}: names {ADAPTER}", path.display()));
        }
    });
    assert!(breaches.is_empty(), "{breaches:#?}");
}

/// Where texts leave the program: there they are made harmless.
const WAYS_OUT: &[&str] = &[
    "cli/failure.rs",
    "cli/load.rs",
    "cli/log.rs",
    "cli/run.rs",
    "cli/session.rs",
];

#[test]
fn what_is_said_leaves_only_where_it_is_made_harmless() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    for path in sources(&root).iter().filter(|path| !only_for_tests(path)) {
        let code = code(path);
        let writes = ["io::stdout()", "io::stderr()", "print!", "println!"]
            .iter()
            .any(|word| code.contains(word));
        if writes {
            let name = path.strip_prefix(&root).expect("below the root");
            found.push(name.to_string_lossy().into_owned());
        }
    }
    found.sort();
    assert_eq!(found, WAYS_OUT);
}

#[test]
fn nobody_below_the_command_line_knows_of_a_dry_run() {
    let breaches = each_file(|_, path, code, breaches| {
        if code.contains("dry_run") && !code.contains(".dry_run(true)") {
            breaches.push(path.display().to_string());
        }
    });
    assert!(breaches.is_empty(), "{breaches:#?}");
}

#[test]
fn every_source_file_says_what_it_is_for_in_its_first_line_and_is_not_too_long() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut breaches = Vec::new();
    for path in sources(&root.join("src"))
        .into_iter()
        .chain(sources(&root.join("tests")))
    {
        let text = fs::read_to_string(&path).expect("readable");
        if !text.starts_with("//! ") {
            breaches.push(format!("{}: does not begin with `//! `", path.display()));
        }
        let lines = text.lines().count();
        if lines > 600 {
            breaches.push(format!("{}: has {lines} lines", path.display()));
        }
    }
    assert!(breaches.is_empty(), "{breaches:#?}");
}

#[test]
fn the_root_holds_what_was_designed_and_nothing_else() {
    const ROOT: &[&str] = &[
        "Cargo.toml",
        "Cargo.lock",
        "LICENSE",
        "README.md",
        "CHANGELOG.md",
        "src",
        "templates",
        "pipelines",
        "tests",
        "localstack",
        "docs",
        "benches",
        // Made by cargo.
        "target",
    ];
    let mut there: Vec<String> = fs::read_dir(env!("CARGO_MANIFEST_DIR"))
        .expect("the root")
        .map(|entry| {
            entry
                .expect("an entry")
                .file_name()
                .to_string_lossy()
                .into_owned()
        })
        .filter(|name| !name.starts_with('.'))
        .collect();
    there.sort();
    let surplus: Vec<&String> = there
        .iter()
        .filter(|name| !ROOT.contains(&name.as_str()))
        .collect();
    let missing: Vec<&&str> = ROOT
        .iter()
        .filter(|name| **name != "target" && !there.iter().any(|there| there == **name))
        .collect();
    assert!(
        surplus.is_empty() && missing.is_empty(),
        "surplus {surplus:?}, missing {missing:?}"
    );
}
