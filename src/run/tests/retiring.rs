//! Hooks before a generation is removed: one that fails leaves it there, and the same command goes on.

use super::hooks::{failing, hooked};
use super::script::{Script, heard};
use super::*;
use crate::model::event::Ended;
use crate::model::hook::Place;

const RETIRE: Intent = Intent::Retire { generation: None };

fn policy(previous: Treatment, after: Duration) -> Policy {
    let mut policy = hooked(&[Place::BeforeRetire, Place::Contract]);
    policy.after_promotion.previous = previous;
    policy.after_promotion.after = after;
    policy
}

/// Everything that comes before this command was done, and nobody was asked about it.
async fn about_to(command: &Intent, policy: &Policy) -> World {
    let world = World::new(rich());
    let bare = Policy {
        hooks: Vec::new(),
        ..policy.clone()
    };
    let before = match command {
        Intent::Deploy { .. } => Vec::new(),
        Intent::Promote => vec![deploy("42")],
        _ => vec![deploy("42"), Intent::Promote],
    };
    for intent in before {
        must(&world, &intent, &bare).await;
    }
    tokio::time::sleep(policy.after_promotion.after).await;
    world
}

/// At either place the hook fails once; then the command is given again.
async fn fails_and_is_given_again(command: Intent, policy: Policy, wanted: (u8, Ended)) {
    for place in [Place::BeforeRetire, Place::Contract] {
        let here = format!("{} at {place}", command.word());
        let world = about_to(&command, &policy).await;
        let script = Script::saying(&[failing(place)]);
        let (verdict, _) = heard(&world, &command, &policy, true, &script).await;
        let verdict = verdict.expect("nobody killed it");
        assert_eq!((verdict.code, verdict.ended), wanted, "{here}: {verdict:#?}");
        let why = format!("the {place} hook ./{place}.sh failed: exit code 1");
        assert!(verdict.summary.contains(&why), "{here}: {}", verdict.summary);
        assert_eq!(script.places().last(), Some(&place), "{here}: nothing follows it");

        let estate = world.now();
        let group = estate
            .group(&asg(1))
            .unwrap_or_else(|| panic!("{here}: it was deleted"));
        assert!(estate.target_group(&tg(1)).is_some(), "{here}");
        // Before the one nobody is taken away, before the other everybody.
        let left = if place == Place::BeforeRetire { 2 } else { 0 };
        assert_eq!(
            (group.size.desired, group.instances.len()),
            (left, left as usize),
            "{here}"
        );
        assert_eq!(live(&world, &policy), 2, "{here}");
        no_lock(&world);
        let back = plan::plan(&estate, &rollback(), &policy);
        assert!(back.is_ok(), "{here}: {:?}", back.err());

        let (verdict, _) = heard(&world, &command, &policy, true, &script).await;
        let verdict = verdict.expect("nobody killed it");
        assert_eq!(verdict.code, 0, "{here}: {verdict:#?}");
        let asked = script.places();
        let again = asked.iter().filter(|asked| **asked == place).count();
        assert_eq!(again, 2, "{here}: {asked:?}");
        assert_eq!(asked.last(), Some(&Place::Contract), "{here}");
        let estate = world.now();
        assert!(
            estate.group(&asg(1)).is_none() && estate.target_group(&tg(1)).is_none(),
            "{here}"
        );
        assert_eq!(live(&world, &policy), 2, "{here}");
        no_lock(&world);
        nothing_broken(&world);
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_only_tidied_up_stays_when_its_hook_fails_and_production_was_not_touched() {
    let untouched = (4, Ended::Failed);
    fails_and_is_given_again(RETIRE, policy(Treatment::Keep, Duration::ZERO), untouched).await;
    let later = policy(Treatment::Retire, Duration::from_secs(600));
    fails_and_is_given_again(Intent::Repair, later, untouched).await;
}

#[tokio::test(start_paused = true)]
async fn what_a_swing_removes_at_once_stays_when_its_hook_fails_and_production_stays_where_it_went() {
    let swung = (6, Ended::Stopped);
    let at_once = policy(Treatment::Retire, Duration::ZERO);
    fails_and_is_given_again(Intent::Promote, at_once.clone(), swung).await;
    let direct = Policy {
        strategy: Strategy::Direct,
        ..at_once
    };
    fails_and_is_given_again(deploy("42"), direct, swung).await;
}
