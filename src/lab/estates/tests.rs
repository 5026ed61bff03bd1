//! The estate that a lab begins with, and files of one's own.

use super::{Estate, INITIAL};

#[test]
fn the_estate_that_is_shown_is_the_one_a_lab_begins_with() {
    let estate = Estate::named("001").expect("the seed");
    assert_eq!(estate.name, "001");
    assert_eq!(Estate::named("002"), None);
    assert_eq!(estate.load_balancers[0].name, "alb-ks");
    assert_eq!(estate.target_groups[0].name, "tg-1");
    assert_eq!(
        (estate.groups[0].name.as_str(), estate.groups[0].desired),
        ("asg-1", Some(2))
    );
    assert_eq!(estate.launch_templates[0].versions.len(), 2);
}

#[test]
fn every_key_that_is_commented_out_is_one_that_is_known() {
    let uncommented: String = INITIAL
        .lines()
        .map(|line| {
            line.strip_prefix("# ")
                .filter(|rest| is_key(rest))
                .unwrap_or(line)
        })
        .filter(|line| {
            !line.starts_with("default = { forward = {") && !line.starts_with("default = { status")
        })
        .map(|line| format!("{line}\n"))
        .collect();
    let estate = Estate::read(&uncommented).expect("known keys");
    assert_eq!(estate.groups[0].policies[0].name, "requests");
    assert_eq!(estate.calls.len(), 1);
}

fn is_key(line: &str) -> bool {
    let name = line.split([' ', '=']).next().unwrap_or_default();
    line.starts_with("[[")
        || (line.contains(" = ")
            && name
                .chars()
                .all(|letter| letter.is_ascii_lowercase() || letter == '_'))
}

#[test]
fn an_unknown_key_is_named_with_its_line() {
    let error = Estate::read("name = \"mine\"\n[[groups]]\nnme = \"asg-1\"\n").expect_err("an unknown key");
    assert!(error.contains("nme") && error.contains("line 3"), "{error}");
}
