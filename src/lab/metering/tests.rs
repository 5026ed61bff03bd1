//! What is counted once is measured once.

use super::*;

fn count(name: &'static str, target_group: Option<&str>, times: f64) -> Count {
    let target_group = target_group.map(str::to_owned);
    Count {
        name,
        balancer: "app/alb-ks/1".to_owned(),
        target_group,
        value: 1.0,
        times,
    }
}

#[test]
fn a_request_counts_for_the_group_that_was_asked_and_once_only() {
    let green = Some("targetgroup/tg-2/9");
    let counts = [
        count("RequestCount", None, 12.0),
        count("RequestCount", green, 12.0),
        count("HTTPCode_Target_2XX_Count", green, 9.0),
        count("HTTPCode_Target_5XX_Count", green, 3.0),
        count("HTTPCode_Target_5XX_Count", None, 3.0),
        count("HTTP_Fixed_Response_Count", None, 4.0),
    ];
    let expected = [
        (
            "",
            Tally {
                requests: 4,
                failed: 0,
            },
        ),
        (
            "tg-2",
            Tally {
                requests: 12,
                failed: 3,
            },
        ),
    ];
    assert_eq!(
        second(&counts),
        BTreeMap::from(expected.map(|(name, tally)| (name.to_owned(), tally)))
    );
}

#[test]
fn metrics_of_a_target_group_have_both_dimensions_and_the_load_balancers_own_has_one() {
    let whole = metric(&count("HTTPCode_ELB_5XX_Count", None, 1.0));
    assert_eq!(
        whole.dimensions,
        [("LoadBalancer".to_owned(), "app/alb-ks/1".to_owned())]
    );
    let part = metric(&count("RequestCount", Some("targetgroup/tg-2/9"), 1.0));
    assert_eq!(
        part.dimensions[1],
        ("TargetGroup".to_owned(), "targetgroup/tg-2/9".to_owned())
    );
    assert_eq!(part.namespace, "AWS/ApplicationELB");
}
