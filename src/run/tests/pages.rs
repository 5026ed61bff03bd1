//! Every configuration that `docs/strategies.md` shows does what the page says.

use std::path::Path;

use super::*;
use crate::config::{self, Overrides};
use crate::model::judging::{REQUESTS, SUCCEEDED, latency};
use crate::model::readings::{Compared, Readings, Series, Window};

/// The sections that have a configuration, with it.
fn shown() -> Vec<(String, String)> {
    let page = include_str!("../../../docs/strategies.md");
    page.split("\n## ")
        .skip(1)
        .filter_map(|section| {
            let name = section.lines().next()?.to_owned();
            let (_, rest) = section.split_once("```toml\n")?;
            let (text, _) = rest.split_once("```")?;
            Some((name, text.to_owned()))
        })
        .collect()
}

#[test]
fn the_doors_for_some_users_that_the_page_shows_can_be_read() {
    let page = include_str!("../../../docs/strategies.md");
    let (_, rest) = page
        .split_once("```toml\n[[doors.users]]")
        .expect("it shows some");
    let (users, _) = rest.split_once("```").expect("it ends");
    let (_, preview) = shown().swap_remove(0);
    let text = format!("{preview}\n[[doors.users]]{users}");
    let config = config::read(
        &text,
        Path::new("swingbridge.toml"),
        &Overrides::default(),
        &|_| None,
    );
    let policy = config.unwrap_or_else(|error| panic!("{error}")).policy;
    assert_eq!(policy.user_doors.len(), 2);
}

/// Whatever is asked of either generation speaks for it.
fn all_is_well(world: &World, asked: Vec<String>) {
    let tell = move |window: Window, compared: &Compared| {
        let mut readings = Readings::none(window, compared);
        for name in &asked {
            let value = if name == REQUESTS || *name == SUCCEEDED[0] {
                1000.0
            } else if *name == latency(95) {
                0.1
            } else {
                0.0
            };
            let points = (0..u32::try_from(window.periods()).expect("few"))
                .map(|n| (window.from + window.period * n, value));
            let series = Series(points.collect());
            readings.live.series.insert(name.clone(), series.clone());
            readings.candidate.series.insert(name.clone(), series);
        }
        readings
    };
    *world.readings.lock().expect("not poisoned") = Some(Box::new(tell));
}

/// The template version that live starts its instances from.
fn started_from(world: &World, policy: &Policy) -> String {
    let estate = world.now();
    let roles = Roles::of(&estate, policy).expect("roles");
    let group = estate.group(roles.live.group.as_ref().expect("a group"));
    group.expect("it exists").launch.uses()[0].version.clone()
}

/// The policy of a configuration, with the places that the fixtures keep free.
fn meant(name: &str, text: &str) -> Policy {
    let path = Path::new("swingbridge.toml");
    let config = config::read(text, path, &Overrides::default(), &|_| None);
    let mut policy = config.unwrap_or_else(|error| panic!("{name}: {error}")).policy;
    policy.lock = fixtures::policy().lock;
    policy.entrance = fixtures::policy().entrance;
    policy
}

#[tokio::test(start_paused = true)]
async fn every_strategy_of_the_page_brings_a_release_in_and_takes_it_back() {
    let shown = shown();
    let names: Vec<&str> = shown.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(
        names,
        [
            "preview",
            "direct",
            "canary",
            "linear",
            "rolling",
            "recreate",
            "ab",
            "by hand",
            "generations = \"pair\""
        ]
    );
    let has_its_own_test = ["ab", "by hand"];
    for (name, text) in shown
        .into_iter()
        .filter(|(name, _)| !has_its_own_test.contains(&name.as_str()))
    {
        let policy = meant(&name, &text);
        let world = World::new(fixtures::initial());
        *world.one_at_a_time.lock().expect("not poisoned") = policy.strategy == Strategy::Recreate;
        if let Some(judging) = &policy.judge {
            all_is_well(&world, judging.wanted().into_keys().collect());
        }
        let deployed = run(&world, &deploy("42"), &policy, true).await.expect("it ends");
        assert_eq!(deployed.code, 0, "{name}: {deployed:#?}");
        let mut paused = 0;
        // One group is all there is of it: its number stays.
        while policy.strategy != Strategy::Rolling && live(&world, &policy) == 1 {
            let promoted = run(&world, &Intent::Promote, &policy, true)
                .await
                .expect("it ends");
            match promoted.code {
                0 => {}
                9 if paused == 0 => {
                    paused += 1;
                    must(&world, &Intent::Promote, &policy).await;
                }
                _ => panic!("{name}: {promoted:#?}"),
            }
        }
        assert_eq!(started_from(&world, &policy), "8", "{name}");
        assert_eq!(paused, usize::from(text.contains("pause")), "{name}");
        must(&world, &rollback(), &policy).await;
        assert_eq!(live(&world, &policy), 1, "{name}");
        assert_eq!(started_from(&world, &policy), "7", "{name}");
        nothing_broken(&world);
    }
}

/// What a team must know before it picks one.
#[test]
fn every_strategy_of_the_page_has_a_picture_a_configuration_what_it_costs_and_how_it_fails() {
    let page = include_str!("../../../docs/strategies.md");
    let sections: Vec<&str> = page.split("\n## ").skip(1).collect();
    assert_eq!(sections.len(), 9);
    for section in sections {
        let name = section.lines().next().unwrap_or_default();
        for part in ["```text\n", "```toml\n", "- **Costs** ", "- **Fails** "] {
            assert_eq!(section.matches(part).count(), 1, "{name}: {part:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_share_of_the_page_is_given_by_hand_raised_and_taken_back_by_halves() {
    let shown = shown();
    let (name, text) = shown
        .iter()
        .find(|(name, _)| name == "by hand")
        .expect("it is shown");
    let policy = meant(name, text);
    let world = World::new(fixtures::initial());
    must(&world, &deploy("42"), &policy).await;
    for percent in [30, 60] {
        must(&world, &Intent::Shift { percent }, &policy).await;
        let estate = world.now();
        let route = estate.listeners[0]
            .rules
            .iter()
            .find(|rule| rule.priority == Priority::Default);
        let action = &route.expect("a default rule").action;
        assert_eq!(
            action.to_string(),
            format!("tg-1:{} tg-2:{percent}", 100 - percent)
        );
    }
    let began = tokio::time::Instant::now();
    must(&world, &Intent::Retreat, &policy).await;
    // 30, 15 and 7 stay a while each.
    let shift = policy.shift.as_ref().expect("it is configured");
    let least = shift.reduce_every * 3;
    assert!(began.elapsed() >= least, "{:?}", began.elapsed());
    assert_eq!(live(&world, &policy), 1);
    nothing_broken(&world);
}

#[tokio::test(start_paused = true)]
async fn the_test_of_the_page_is_begun_ended_by_a_winner_and_taken_back() {
    let shown = shown();
    let (name, text) = shown.iter().find(|(name, _)| name == "ab").expect("it is shown");
    let policy = meant(name, text);
    let test = policy.ab.clone().expect("a test");
    let world = World::new(fixtures::initial());
    for variant in test.deployed() {
        let mut release = fixtures::release(&variant.name);
        release.variant = Some(variant.name.clone());
        must(&world, &Intent::Deploy { release }, &policy).await;
    }
    all_is_well(&world, test.judging(None).wanted().into_keys().collect());
    let begun = run(&world, &Intent::Promote, &policy, true)
        .await
        .expect("it ends");
    assert_eq!(begun.code, 9, "{begun:#?}");
    // All are alike: no measure picks one of them.
    tokio::time::sleep(test.lasts).await;
    let over = run(&world, &Intent::Repair, &policy, true)
        .await
        .expect("it ends");
    assert_eq!(over.code, 9, "{over:#?}");
    let name = test.deployed().next().expect("one of them").name.clone();
    must(&world, &Intent::Winner { name }, &policy).await;
    assert_eq!(live(&world, &policy), 2);
    must(&world, &rollback(), &policy).await;
    assert_eq!(live(&world, &policy), 1);
    nothing_broken(&world);
}

#[tokio::test(start_paused = true)]
async fn the_pair_of_the_page_takes_turns_and_the_way_back_is_where_it_says() {
    let shown = shown();
    let (name, text) = shown.last().expect("it is shown");
    let policy = meant(name, text);
    let world = World::new(fixtures::initial());
    for release in ["42", "43"] {
        must(&world, &deploy(release), &policy).await;
        must(&world, &Intent::Promote, &policy).await;
    }
    let serving = |world: &World| {
        let estate = world.now();
        let roles = Roles::of(&estate, &policy).expect("roles");
        (roles.live.generation.0, roles.live.group.expect("a group"))
    };
    assert_eq!(serving(&world), (3, asg(1)));
    must(&world, &deploy("44"), &policy).await;
    must(&world, &rollback(), &policy).await;
    assert_eq!(serving(&world), (3, asg(1)), "it only closes the candidate");
    must(&world, &deploy("45"), &policy).await;
    must(&world, &Intent::Promote, &policy).await;
    must(&world, &rollback(), &policy).await;
    assert_eq!(serving(&world), (3, asg(1)));
    nothing_broken(&world);
}
