//! Tests of variants, as they are written.

use std::time::Duration;

use super::mistakes::problems;
use super::*;
use crate::model::ab::{By, Pick, Test, Variant};
use crate::model::policy::Strategy;

const LEAST: &str = "app = \"shop\"\nload_balancer = \"alb\"\nstrategy = \"ab\"\n[ab]\nduration = \"14d\"\n";

const DAY: Duration = Duration::from_secs(24 * 3600);

fn test(text: &str) -> Test {
    let policy = good(&format!("{LEAST}{text}")).policy;
    assert_eq!((policy.strategy, policy.shift), (Strategy::Ab, None));
    policy.ab.expect("a test")
}

fn variant(name: &str, live: bool, weight: u32, priority: Option<u32>) -> Variant {
    Variant {
        name: name.into(),
        live,
        weight,
        priority,
    }
}

#[test]
fn a_test_by_weights_has_what_is_written() {
    let text = r#"
variants = [
    { name = "control", weight = 40, live = true },
    { name = "bold", weight = 30 },
    { name = "calm", weight = 30 },
]
sticky = "1d"
at_end = { pick = "latency-p95", higher = false, confidence = 0.99 }
"#;
    assert_eq!(
        test(text),
        Test {
            variants: vec![
                variant("control", true, 40, None),
                variant("bold", false, 30, None),
                variant("calm", false, 30, None),
            ],
            by: By::Weight { sticky: 86_400 },
            lasts: DAY * 14,
            pick: Some(Pick {
                rule: "latency-p95".into(),
                higher: false,
                confidence: 0.99,
            }),
        }
    );
}

#[test]
fn clients_stay_for_as_long_as_the_test_runs_and_a_load_balancer_can() {
    for (duration, sticky) in [("14d", 604_800), ("7d", 604_800), ("1h", 3600)] {
        let text = format!(
            "app = \"shop\"\nload_balancer = \"alb\"\nstrategy = \"ab\"\n[ab]\nduration = \"{duration}\"\n\
             variants = [{{ name = \"a\", weight = 1 }}, {{ name = \"b\", weight = 1 }}]\n"
        );
        let by = good(&text).policy.ab.expect("a test").by;
        assert_eq!(by, By::Weight { sticky }, "{duration}");
    }
}

#[test]
fn a_test_by_header_has_what_is_written() {
    let text = r#"
header = "x-variant"
variants = [{ name = "control", live = true }, { name = "bold", priority = 5 }]
"#;
    let test = test(text);
    assert_eq!(
        test.by,
        By::Header {
            name: "x-variant".into()
        }
    );
    assert_eq!(
        test.variants,
        [
            variant("control", true, 0, None),
            variant("bold", false, 0, Some(5))
        ]
    );
    assert_eq!(test.pick, None);
}

#[test]
fn a_test_that_is_configured_for_later_means_nothing_with_another_strategy() {
    let text = "app = \"shop\"\nload_balancer = \"alb\"\n[ab]\nduration = \"1d\"\n\
                variants = [{ name = \"a\", weight = 1 }, { name = \"b\", weight = 1 }]\n";
    assert_eq!(good(text).policy.ab, None);
}

#[test]
fn every_mistake_in_a_test_is_said_with_its_way_out() {
    let of = |rest: &str| problems(&format!("{LEAST}{rest}\n"));
    let two = "{ name = \"a\", weight = 1 }, { name = \"b\", weight = 1 }";
    let table: &[(String, &[&str])] = &[
        (
            "variants = [{ name = \"a\", weight = 1 }]".into(),
            &[
                "6: a test of 1 variants cannot be | name 2 to 5: a load balancer shares a rule's requests among at most five target groups",
            ],
        ),
        (
            format!("variants = [{two}, {}]", two.replace("\"a", "\"c").replace("\"b", "\"d") + ", " + &two.replace("\"a", "\"e").replace("\"b", "\"f")),
            &[
                "6: a test of 6 variants cannot be | name 2 to 5: a load balancer shares a rule's requests among at most five target groups",
            ],
        ),
        (
            "variants = [{ name = \"a\", weight = 1, live = true }, { name = \"B\", weight = 1, live = true }, { name = \"b\", weight = 1 }]".into(),
            &[
                "6: variant b is there twice | give each a name of its own; upper and lower case are the same to a load balancer",
                "6: a and B are all the live generation | let one of them be `live = true`, or none",
            ],
        ),
        (
            "variants = [{ name = \"a b\", weight = 1 }, { name = \"b\", priority = 7 }]".into(),
            &[
                "6: variant \"a b\" has something else in its name than a tag and a header take | use letters, digits, `-`, `_` and `.`",
                "6: variant b has no weight | give it a `weight` against the others', or let a `header` lead to the variants",
                "6: variant b has a priority, and no header leads to it | leave it out, or name the `header`",
            ],
        ),
        (
            format!("variants = [{two}]\nsticky = \"8d\""),
            &["7: `sticky` is outside of what a load balancer can keep | from \"1s\" to \"7d\""],
        ),
        (
            format!("variants = [{two}]\nat_end = {{ pick = \"conversion\", higher = true }}"),
            &[
                "7: `pick` is \"conversion\", which is no rule of the judge | name a built-in rule, or write its metrics as [judge.rules.NAME]",
            ],
        ),
        (
            "header = \"host\"\nsticky = \"1d\"\nvariants = [{ name = \"a\", weight = 1 }, { name = \"b\", priority = 7 }, { name = \"c\", priority = 7 }]".into(),
            &[
                "6: `header` is \"host\", which a rule cannot ask for | choose a header of your own, for instance \"x-variant\"",
                "7: `sticky` is for weights: with a header the client decides each time | leave it out",
                "8: no variant is the live generation, with which everybody stays who sends no header | write `live = true` at one of them",
                "8: variant a has a weight, and a header decides | leave it out, or leave `header` out",
                "8: variant a has no priority | give it a free `priority` before every route",
                "8: another variant has priority 7 already | give each rule a priority of its own",
            ],
        ),
        (
            "header = \"x-variant\"\nvariants = [{ name = \"a\", live = true, priority = 4 }, { name = \"b\", priority = 7 }]".into(),
            &["7: variant a is live and has a priority | leave it out: production's own rules lead to it"],
        ),
    ];
    for (text, expected) in table {
        let (mut found, mut expected) = (of(text), expected.to_vec());
        found.sort();
        expected.sort_unstable();
        assert_eq!(found, expected, "{text}");
    }
    assert_eq!(
        problems("app = \"shop\"\nload_balancer = \"alb\"\nstrategy = \"ab\"\n"),
        ["3: `strategy` is \"ab\", and there is no [ab] | add [ab] with `variants` and `duration`"]
    );
}
