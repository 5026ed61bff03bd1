//! What a deploy says about its original: traps as risks, the rest to know.

use super::*;
use crate::model::estate::Launch;
use crate::model::fixtures::{group_mut, initial, policy, target_group_mut};

type Change = fn(&mut Estate);

fn notes_of(change: impl FnOnce(&mut Estate)) -> Vec<Note> {
    let mut estate = initial();
    change(&mut estate);
    planned(&estate, &deploy("42"), &policy()).notes
}

#[test]
fn traps_of_the_original_are_said_as_risks() {
    let table: [(Change, &str); 4] = [
        (
            |estate| {
                group_mut(estate, 1).settings = [
                    ("HealthCheckType".into(), "EC2,ELB".into()),
                    ("HealthCheckGracePeriod".into(), "0".into()),
                ]
                .into();
            },
            "asg-1 has load balancer health checks and no grace period",
        ),
        (
            |estate| group_mut(estate, 1).settings = [("HealthCheckType".into(), "ELB".into())].into(),
            "asg-1 has load balancer health checks and no grace period",
        ),
        (
            |estate| {
                target_group_mut(estate, 1).attributes =
                    [("slow_start.duration_seconds".into(), "30".into())].into();
            },
            "slow start (30 s) does not protect a generation that starts empty",
        ),
        (
            |estate| {
                target_group_mut(estate, 1).attributes = [("stickiness.enabled".into(), "true".into())].into()
            },
            "target stickiness is on",
        ),
    ];
    for (change, expected) in table {
        let notes = notes_of(change);
        let found = risks(&notes);
        assert!(
            matches!(found.as_slice(), [one] if one.starts_with(expected)),
            "{expected}: {found:#?}"
        );
    }
    assert_eq!(risks(&notes_of(|_| {})), [""; 0]);
    assert_eq!(
        risks(&notes_of(
            |estate| group_mut(estate, 1).settings = [("HealthCheckType".into(), "EC2".into())].into()
        )),
        [""; 0]
    );
}

#[test]
fn a_floating_version_and_an_adoption_are_said() {
    let notes = notes_of(|estate| {
        let Launch::Template { uses, .. } = &mut group_mut(estate, 1).launch else {
            panic!("the fixture has a template");
        };
        uses[0].version = "$Latest".into();
    });
    assert_eq!(
        infos(&notes),
        [
            "asg-1 followed $Latest of lt-1; it is pinned to version 8 so that this release cannot leak into live",
            "generation 1 was there before: its group, target group and doors get ownership tags",
        ]
    );
}
