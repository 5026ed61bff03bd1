//! Whatever reads what somebody else wrote takes any bytes: the fuzzers' targets and corpus, on every `cargo test`.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest::test_runner::{Config, RngSeed, TestRunner};

#[path = "../fuzz/src/lib.rs"]
mod targets;

/// So many between two looks at the clock.
const BATCH: u32 = 50;

fn corpus(target: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fuzz/corpus")
        .join(target);
    let mut all: Vec<(PathBuf, Vec<u8>)> = fs::read_dir(&folder)
        .expect("every target has a corpus")
        .map(|entry| entry.expect("an entry").path())
        .map(|path| (path.clone(), fs::read(&path).expect("readable")))
        .collect();
    all.sort();
    assert!(!all.is_empty(), "{} is empty", folder.display());
    all
}

/// Something of the corpus, with pieces put out of place: nearly right goes deeper than noise.
#[derive(Clone, Debug)]
struct Mutation {
    at: Index,
    length: usize,
    instead: Vec<u8>,
}

fn mutations() -> impl Strategy<Value = Vec<Mutation>> {
    let words = [
        "",
        "\0",
        "\n",
        "\"",
        "0",
        "-1",
        "4294967295",
        "18446744073709551615",
        "9223372036854775808",
        "1e999",
        "é",
        "日本",
        "null",
        "{}",
        "[]",
        "&",
        "=",
        "%%",
        "<",
        "]]>",
        "{{",
        "\u{feff}",
    ]
    .map(|word| word.as_bytes().to_vec());
    let instead = prop_oneof![
        3 => select(words.to_vec()),
        1 => prop::collection::vec(any::<u8>(), 0..6),
    ];
    let one = (any::<Index>(), select(vec![0, 0, 1, 1, 4, 20]), instead)
        .prop_map(|(at, length, instead)| Mutation { at, length, instead });
    prop::collection::vec(one, 1..5)
}

fn mutated(seed: &[u8], mutations: &[Mutation]) -> Vec<u8> {
    let mut bytes = seed.to_vec();
    for Mutation { at, length, instead } in mutations {
        let from = at.index(bytes.len() + 1);
        let to = (from + length).min(bytes.len());
        bytes.splice(from..to, instead.iter().copied());
    }
    bytes
}

/// The same cases every time. `PROPTEST_CASES` asks for more.
fn cases(number: u32) -> Config {
    let asked = std::env::var("PROPTEST_CASES").ok();
    Config {
        cases: asked.and_then(|text| text.parse().ok()).unwrap_or(number),
        rng_seed: RngSeed::Fixed(42),
        failure_persistence: None,
        ..Config::default()
    }
}

#[test]
fn everything_in_the_corpus_is_taken() {
    for (name, target) in targets::ALL {
        for (path, bytes) in corpus(name) {
            let done = std::panic::catch_unwind(|| target(&bytes));
            assert!(done.is_ok(), "{name} fails on {}", path.display());
        }
    }
}

/// A target takes whatever comes; what it does not is told as small as it can be made.
fn takes(name: &str, target: fn(&[u8]), config: Config) {
    let seeds: Vec<Vec<u8>> = corpus(name).into_iter().map(|(_, bytes)| bytes).collect();
    let bytes = prop_oneof![
        9 => (select(seeds), mutations()).prop_map(|(seed, mutations)| mutated(&seed, &mutations)),
        1 => prop::collection::vec(any::<u8>(), 0..200),
    ];
    let taken = TestRunner::new(config).run(&bytes, |bytes| {
        target(&bytes);
        Ok(())
    });
    assert!(taken.is_ok(), "{name}: {}", taken.expect_err("it failed"));
}

#[test]
fn what_is_nearly_right_and_what_is_nothing_at_all_are_taken_as_well() {
    for (name, target) in targets::ALL {
        takes(name, *target, cases(150));
    }
}

/// `SWINGBRIDGE_FUZZ` says for how many seconds each target is given bytes that it was never given before.
#[test]
fn whatever_comes_in_the_time_that_is_given_is_taken() {
    let asked = std::env::var("SWINGBRIDGE_FUZZ").ok();
    let seconds: u64 = asked.map_or(0, |text| text.parse().expect("a number of seconds"));
    for (name, target) in targets::ALL {
        let (began, mut tried) = (Instant::now(), 0);
        while began.elapsed() < Duration::from_secs(seconds) {
            let fresh = Config {
                rng_seed: RngSeed::Random,
                ..cases(BATCH)
            };
            takes(name, *target, fresh);
            tried += BATCH;
        }
        writeln!(std::io::stdout(), "{name}: {tried} in {seconds} s").expect("somebody reads it");
    }
}

/// Seeds that are refused at the first byte lead nowhere.
#[test]
fn the_corpus_is_made_of_what_is_really_read() {
    use swingbridge::lab::world::{Settings, World};
    use swingbridge::model::judgement::Verdict;
    use swingbridge::model::judging::Consequence;
    use swingbridge::model::plan::Plan;
    use swingbridge::run::journal;
    for (path, bytes) in corpus("plan_file") {
        let text = String::from_utf8_lossy(&bytes);
        assert!(Plan::read(&text).is_ok(), "{}", path.display());
    }
    for (path, bytes) in corpus("journal") {
        assert!(journal::read(bytes.as_slice()).len() > 2, "{}", path.display());
    }
    for (path, bytes) in corpus("readings") {
        let judgement = targets::judged(&bytes).expect("it can be read");
        assert_eq!(
            judgement.verdict,
            Verdict::Fail(Consequence::Rollback),
            "{}: {}",
            path.display(),
            judgement.sentence
        );
    }
    for (path, bytes) in corpus("wire") {
        let (answered, refused) = targets::wire_outcomes(&mut World::new(Settings::default()), &bytes);
        assert!(
            answered > 2 && refused.is_empty(),
            "{}: {refused:#?}",
            path.display()
        );
    }
}

#[test]
fn every_target_has_its_fuzzer() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz");
    let manifest = fs::read_to_string(root.join("Cargo.toml")).expect("readable");
    let mut fuzzers: Vec<String> = fs::read_dir(root.join("fuzz_targets"))
        .expect("there")
        .map(|entry| entry.expect("an entry").path())
        .filter_map(|path| Some(path.file_stem()?.to_str()?.to_owned()))
        .collect();
    fuzzers.sort();
    let names: Vec<&str> = targets::ALL.iter().map(|(name, _)| *name).collect();
    assert_eq!(fuzzers, names);
    for name in names {
        assert!(manifest.contains(&format!("\nname = \"{name}\"\n")), "{name}");
    }
}
