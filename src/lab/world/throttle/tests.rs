//! Buckets that run dry and refill.

use std::time::Duration;

use crate::lab::world::time::Moment;
use crate::lab::world::{Settings, World};

fn admitted(world: &mut World, service: &str, operation: &str) -> usize {
    (0..200).take_while(|_| world.admits(service, operation)).count()
}

#[test]
fn load_balancer_writes_are_20_at_once_and_3_a_second() {
    let mut world = World::new(Settings::default());
    assert_eq!(admitted(&mut world, "elasticloadbalancing", "ModifyRule"), 20);
    world.advance(Moment::after_start(Duration::from_secs(2)));
    assert_eq!(admitted(&mut world, "elasticloadbalancing", "ModifyRule"), 6);
}

#[test]
fn load_balancer_reads_and_writes_share_40_calls_at_once() {
    let mut world = World::new(Settings::default());
    assert_eq!(
        admitted(&mut world, "elasticloadbalancing", "DeregisterTargets"),
        20
    );
    assert_eq!(admitted(&mut world, "elasticloadbalancing", "DescribeRules"), 20);
    assert_eq!(admitted(&mut world, "elasticloadbalancing", "CreateRule"), 0);
}

#[test]
fn a_bucket_refills_faster_in_a_faster_lab_and_never_overflows() {
    let mut world = World::new(Settings {
        speed: 10.0,
        ..Settings::default()
    });
    admitted(&mut world, "elasticloadbalancing", "ModifyRule");
    world.advance(Moment::after_start(Duration::from_millis(100)));
    assert_eq!(admitted(&mut world, "elasticloadbalancing", "ModifyRule"), 3);
    world.advance(Moment::after_start(Duration::from_secs(1000)));
    assert_eq!(admitted(&mut world, "elasticloadbalancing", "ModifyRule"), 20);
}
