//! What a group does with its instances in place: refreshes with all their preferences, and the warm pool.

use std::collections::BTreeMap;

use super::*;
use crate::lab::world::compute::TemplateRef;
use crate::lab::world::watch::State;

/// The estate with a second version of its template.
fn with_two_versions(size: &str, more: &[(&str, Tree)]) -> Estate {
    let mut estate = Estate::new();
    let version = NewVersion {
        description: None,
        data: map(&[("ImageId", text("ami-0123456789abcdef1"))]),
        source: None,
        token: None,
    };
    let named = TemplateRef {
        name: "web".to_owned(),
        ..TemplateRef::default()
    };
    estate.world.create_template_version(&named, version).unwrap();
    estate.create(size, more).unwrap();
    estate.pass(60);
    estate
}

fn version(number: &str) -> Tree {
    let template = [("LaunchTemplateName", text("web")), ("Version", text(number))];
    map(&[("LaunchTemplate", map(&template))])
}

impl Estate {
    fn refreshes(&mut self, preferences: &[(&str, Tree)]) {
        let input = [
            ("DesiredConfiguration", version("2")),
            ("Preferences", map(preferences)),
        ];
        self.of_group("StartInstanceRefresh", &input).unwrap();
    }

    fn refresh(&mut self) -> Tree {
        let all = self.of_group("DescribeInstanceRefreshes", &[]).unwrap();
        all.items("InstanceRefreshes")[0].clone()
    }

    fn status(&mut self) -> String {
        self.refresh().text("Status").unwrap().to_owned()
    }

    fn versions(&mut self) -> Vec<String> {
        let group = self.group();
        let version = |one: &Tree| {
            let template = one.get("LaunchTemplate").unwrap();
            template.text("Version").unwrap().to_owned()
        };
        // Those that leave drain for minutes.
        let serves = |one: &&Tree| one.text("LifecycleState") == Some("InService");
        let mut all: Vec<String> = group
            .items("Instances")
            .iter()
            .filter(serves)
            .map(version)
            .collect();
        all.sort();
        all
    }
}

#[test]
fn a_refresh_stops_at_a_checkpoint_for_as_long_as_was_asked_and_then_goes_on() {
    let mut estate = with_two_versions("4", &[]);
    estate.refreshes(&[
        ("CheckpointPercentages", list([Tree::Whole(50), Tree::Whole(100)])),
        ("CheckpointDelay", Tree::Whole(1800)),
        ("MinHealthyPercentage", Tree::Whole(50)),
        ("InstanceWarmup", Tree::Whole(10)),
    ]);
    estate.pass(900);
    assert_eq!(estate.versions(), ["1", "1", "2", "2"]);
    assert_eq!(estate.status(), "InProgress");
    estate.pass(600);
    assert_eq!(
        estate.versions(),
        ["1", "1", "2", "2"],
        "half an hour is not over"
    );
    estate.pass(3600);
    assert_eq!(estate.versions(), ["2", "2", "2", "2"]);
    estate.pass(3600);
    assert_eq!(estate.status(), "Successful");
}

#[test]
fn a_refresh_ends_at_its_last_checkpoint_wherever_that_is() {
    let mut estate = with_two_versions("4", &[]);
    estate.refreshes(&[
        ("CheckpointPercentages", list([Tree::Whole(50)])),
        ("CheckpointDelay", Tree::Whole(0)),
        ("MinHealthyPercentage", Tree::Whole(50)),
        ("InstanceWarmup", Tree::Whole(10)),
    ]);
    estate.pass(3600);
    assert_eq!(estate.status(), "Successful");
    assert_eq!(estate.versions(), ["1", "1", "2", "2"]);
}

#[test]
fn an_alarm_that_a_refresh_was_given_rolls_it_back_and_one_that_fires_before_lets_it_not_begin() {
    let mut estate = with_two_versions("2", &[]);
    let alarm = map(&[
        ("AlarmName", text("shop-5xx")),
        ("Namespace", text("Shop")),
        ("MetricName", text("Errors")),
        ("Statistic", text("Sum")),
        ("Period", Tree::Whole(60)),
        ("EvaluationPeriods", Tree::Whole(1)),
        ("Threshold", Tree::Whole(1)),
        ("ComparisonOperator", text("GreaterThanThreshold")),
        ("TreatMissingData", text("ignore")),
    ]);
    estate.world.put_alarm(&alarm).unwrap();
    let preferences = [
        ("AlarmSpecification", map(&[("Alarms", list([text("shop-5xx")]))])),
        ("AutoRollback", Tree::Flag(true)),
        ("MinHealthyPercentage", Tree::Whole(50)),
        ("InstanceWarmup", Tree::Whole(10)),
        ("BakeTime", Tree::Whole(600)),
    ];
    estate.refreshes(&preferences);
    estate.pass(300);
    assert_eq!(estate.status(), "Baking");
    let set = |estate: &mut Estate| {
        let world = &mut estate.world;
        world
            .set_alarm_state("shop-5xx", State::Alarm, "a test", None)
            .unwrap();
    };
    set(&mut estate);
    estate.pass(1200);
    assert_eq!(estate.status(), "RollbackSuccessful");
    assert_eq!(estate.versions(), ["1", "1"]);
    let before = estate.ids();
    estate.refreshes(&preferences);
    estate.pass(60);
    assert_eq!(estate.status(), "Failed");
    assert_eq!(estate.ids(), before, "nothing was replaced");
}

#[test]
fn a_refresh_leaves_what_matches_already_where_that_is_asked_for() {
    let mut estate = with_two_versions("2", &[]);
    estate.refreshes(&[("InstanceWarmup", Tree::Whole(10))]);
    estate.pass(1800);
    assert_eq!(estate.status(), "Successful");
    let before = estate.ids();
    estate.refreshes(&[
        ("SkipMatching", Tree::Flag(true)),
        ("InstanceWarmup", Tree::Whole(10)),
    ]);
    estate.pass(1800);
    assert_eq!(estate.status(), "Successful");
    assert_eq!(estate.ids(), before);
}

#[test]
fn a_refresh_whose_instances_never_become_healthy_is_rolled_back_by_itself() {
    let mut estate = with_two_versions(
        "2",
        &[
            ("HealthCheckType", text("ELB")),
            ("HealthCheckGracePeriod", text("20")),
        ],
    );
    let good = estate.ids();
    estate.refreshes(&[
        ("AutoRollback", Tree::Flag(true)),
        ("MinHealthyPercentage", Tree::Whole(50)),
        ("InstanceWarmup", Tree::Whole(10)),
    ]);
    let mut reached = false;
    for _ in 0..10_000 {
        // Ill before the first check, which comes two seconds after the registration.
        estate.pass(1);
        let group = estate.group();
        let of_second = group
            .items("Instances")
            .iter()
            .filter(|one| one.get("LaunchTemplate").unwrap().text("Version") == Some("2"));
        let ill: Vec<String> = of_second
            .map(|one| one.text("InstanceId").unwrap().to_owned())
            .collect();
        estate.outside.ill.extend(ill);
        if estate.status() == "RollbackSuccessful" {
            reached = true;
            break;
        }
    }
    assert!(reached, "{:#?}", estate.refresh());
    assert_eq!(estate.versions(), ["1", "1"]);
    assert!(estate.refresh().get("RollbackDetails").is_some());
    assert!(
        good.iter().any(|id| estate.ids().contains(id)),
        "half of them was never touched"
    );
}

/// Replaces a group of so many, looking every second: the fewest that were in service and warm at any time, and the
/// most that there were without those on their way out.
fn fewest_and_most(desired: usize, min_healthy: i64, max_healthy: i64) -> (usize, usize) {
    const WARMUP: i64 = 10;
    let mut estate = with_two_versions("0", &[]);
    let size = [
        ("MaxSize", text("20")),
        ("DesiredCapacity", text(&desired.to_string())),
    ];
    estate.of_group("UpdateAutoScalingGroup", &size).unwrap();
    estate.pass(60);
    // Since when each is in service. Whoever was there before is warm.
    let mut since: BTreeMap<String, i64> = estate.ids().into_iter().map(|id| (id, -WARMUP)).collect();
    assert_eq!(since.len(), desired);
    estate.refreshes(&[
        ("MinHealthyPercentage", Tree::Whole(min_healthy)),
        ("MaxHealthyPercentage", Tree::Whole(max_healthy)),
        ("InstanceWarmup", Tree::Whole(WARMUP)),
    ]);
    let (mut fewest, mut most) = (desired, desired);
    for second in 1..7200 {
        estate.pass(1);
        let (mut warm, mut all) = (0, 0);
        let group = estate.group();
        for one in group.items("Instances") {
            let state = one.text("LifecycleState").unwrap();
            if state == "InService" {
                let id = one.text("InstanceId").unwrap().to_owned();
                let first = *since.entry(id).or_insert(second);
                warm += usize::from(second - first >= WARMUP);
            }
            all += usize::from(!state.starts_with("Terminating"));
        }
        (fewest, most) = (fewest.min(warm), most.max(all));
        if estate.status() == "Successful" {
            assert_eq!(estate.versions(), vec!["2"; desired]);
            return (fewest, most);
        }
    }
    panic!("{:#?}", estate.refresh());
}

#[test]
fn a_refresh_that_launches_first_keeps_between_its_percentages_at_every_second() {
    assert_eq!(fewest_and_most(10, 90, 110), (9, 11));
    // Of four, nine in ten are all of them, and one comes before one goes.
    assert_eq!(fewest_and_most(4, 90, 110), (4, 5));
}

#[test]
fn a_refresh_that_ends_first_takes_no_more_than_half_and_never_has_more_than_desired() {
    for (desired, fewest) in [(4, 2), (5, 3), (10, 5)] {
        assert_eq!(fewest_and_most(desired, 50, 100), (fewest, desired), "{desired}");
    }
}

#[test]
fn a_warm_pool_is_filled_and_scale_out_takes_from_it() {
    let mut estate = Estate::new();
    estate.create("1", &[]).unwrap();
    estate.pass(60);
    estate
        .of_group(
            "PutWarmPool",
            &[("MinSize", Tree::Whole(2)), ("PoolState", text("Stopped"))],
        )
        .unwrap();
    estate.pass(120);
    let pool = estate.of_group("DescribeWarmPool", &[]).unwrap();
    let warmed: Vec<String> = pool
        .items("Instances")
        .iter()
        .map(|one| {
            assert_eq!(one.text("LifecycleState"), Some("Warmed:Stopped"));
            one.text("InstanceId").unwrap().to_owned()
        })
        .collect();
    // As many as the group may have besides those it has.
    assert_eq!(warmed.len(), 3);
    assert_eq!(
        estate.target_states().len(),
        1,
        "nobody in the pool is given requests"
    );
    estate
        .of_group("SetDesiredCapacity", &[("DesiredCapacity", Tree::Whole(2))])
        .unwrap();
    estate.pass(120);
    assert_eq!(estate.states(), ["InService", "InService"]);
    assert!(
        estate.ids().iter().any(|id| warmed.contains(id)),
        "one of them came from the pool"
    );
}
