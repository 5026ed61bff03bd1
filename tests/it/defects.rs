//! The defects that the proof is tried with: each still fits the source that it breaks, and says what it breaks.

use std::fs;
use std::path::Path;

/// What each hunk of a patch expects to find, with the file that it is to be found in.
fn expected(patch: &str) -> Vec<(&str, String)> {
    let mut hunks: Vec<(&str, String)> = Vec::new();
    let mut file = "";
    for line in patch.lines() {
        if let Some(name) = line.strip_prefix("--- a/") {
            file = name;
        } else if line.starts_with("+++ ") || line.starts_with("diff ") {
            continue;
        } else if line.starts_with("@@ ") {
            hunks.push((file, String::new()));
        } else if let (Some((_, text)), Some(kept)) = (hunks.last_mut(), line.strip_prefix([' ', '-'])) {
            text.push_str(kept);
            text.push('\n');
        }
    }
    hunks
}

#[test]
fn every_defect_fits_the_source_and_says_what_it_breaks_and_which_cells_see_it() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut tried = 0;
    for entry in fs::read_dir(root.join("tests/proof/mutants")).expect("the defects") {
        let path = entry.expect("an entry").path();
        if path.extension().is_none_or(|extension| extension != "patch") {
            continue;
        }
        let patch = fs::read_to_string(&path).expect("readable");
        let name = path.display();
        let mut head = patch.lines();
        assert!(head.next().is_some_and(|what| what.ends_with('.')), "{name}");
        assert!(
            head.next().is_some_and(|cells| cells.starts_with("proof: ")),
            "{name}"
        );
        let hunks = expected(&patch);
        assert!(!hunks.is_empty(), "{name} changes nothing");
        for (file, text) in hunks {
            let source = fs::read_to_string(root.join(file)).expect("the file that a defect changes");
            assert!(
                source.contains(&text),
                "{name} does not fit {file} any more:\n{text}"
            );
        }
        tried += 1;
    }
    assert!(tried >= 10, "only {tried} defects are left");
}
