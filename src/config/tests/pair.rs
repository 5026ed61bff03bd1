//! Two groups that take turns, as they are written.

use super::mistakes::problems;
use super::*;
use crate::model::ids::GroupName;
use crate::model::scope::Generations;

const LEAST: &str = "app = \"shop\"\nload_balancer = \"alb\"\n";

#[test]
fn generations_have_groups_of_their_own_unless_told_otherwise() {
    assert_eq!(good(LEAST).policy.names.generations, Generations::Fresh);
    assert_eq!(good(LEAST).policy.names.pair(), None);
    let config = good(&format!(
        "{LEAST}generations = \"pair\"\n[names]\ngroup = \"shop-{{n}}-asg\"\n"
    ));
    let pair = ["shop-1-asg", "shop-2-asg"].map(GroupName::from);
    assert_eq!(config.policy.names.pair(), Some(pair));
    assert_eq!(config.scope.names, config.policy.names, "both look for the same");
}

#[test]
fn strategies_that_need_groups_of_their_own_are_refused_with_a_pair() {
    const WAY: &str = "leave `generations` out, or use \"preview\", \"direct\", \"canary\" or \"linear\"";
    for (strategy, because) in [
        ("rolling", "which has one group and replaces its instances"),
        (
            "recreate",
            "which starts again what ran before if the next one does not come up",
        ),
    ] {
        let text = format!("{LEAST}strategy = \"{strategy}\"\ngenerations = \"pair\"\n");
        assert_eq!(
            problems(&text),
            [format!(
                "4: `generations` is \"pair\", and `strategy` is \"{strategy}\", {because} | {WAY}"
            )]
        );
    }
    let ab = format!(
        "{LEAST}strategy = \"ab\"\ngenerations = \"pair\"\n[ab]\nduration = \"1d\"\nvariants = [{{ name = \"a\", live = true, weight = 1 }}, {{ name = \"b\", weight = 1 }}]\n"
    );
    let found = problems(&ab);
    assert!(
        found.len() == 1 && found[0].contains("whose variants stand beside live"),
        "{found:?}"
    );
    for strategy in ["preview", "direct", "linear"] {
        good(&format!(
            "{LEAST}strategy = \"{strategy}\"\ngenerations = \"pair\"\n"
        ));
    }
}
