//! What holds of any plan, whatever the estate: also of estates that AWS would never show.

use proptest::strategy::{Strategy as _, ValueTree};
use proptest::test_runner::{TestCaseResult, TestRunner};
use proptest::{prop_assert, prop_assert_eq, proptest};

use super::arbitrary::{Scene, scenes};
use super::order;
use super::*;
use crate::cases::cases;
use crate::model::account::Limits;
use crate::model::step::Step;
use crate::plan::later::next_due;
use crate::plan::{checkup, progress, reached, safe, truth};

fn planned(scene: &Scene) -> Option<Plan> {
    plan(&scene.estate, &scene.intent, &scene.policy).ok()
}

/// The same plan each time, which can be saved, or a refusal that helps.
pub(super) fn is_planned_alike_or_refused_with_a_way_out(scene: &Scene) -> TestCaseResult {
    let first = plan(&scene.estate, &scene.intent, &scene.policy);
    prop_assert_eq!(&first, &plan(&scene.estate, &scene.intent, &scene.policy));
    match first {
        Ok(plan) => {
            let saved = serde_json::to_string(&plan).expect("it can be saved");
            prop_assert_eq!(Plan::read(&saved).expect("and read again"), plan);
        }
        Err(refusal) => {
            prop_assert!(!refusal.reasons.is_empty());
            for reason in &refusal.reasons {
                prop_assert!(
                    !reason.to_string().is_empty() && !reason.way_out().is_empty(),
                    "{reason:?}"
                );
            }
        }
    }
    Ok(())
}

/// No step comes before what it needs, and none is there for nothing.
pub(super) fn takes_its_steps_in_order(scene: &Scene) -> TestCaseResult {
    let Some(plan) = planned(scene) else { return Ok(()) };
    let breaches = order::breaches(&scene.estate, &plan);
    prop_assert!(breaches.is_empty(), "{breaches:#?}\n{}", plan.summary);
    for step in plan.steps.iter().take_while(|step| !step.lets_go()) {
        let may_be_again = matches!(
            step,
            Step::OpenStaging { .. } | Step::StayInUse { .. } | Step::PayObligations { .. }
        );
        prop_assert!(
            step.only_waits() || may_be_again || !reached(step, &scene.estate),
            "true already: {}",
            step.title()
        );
    }
    Ok(())
}

proptest! {
    #![proptest_config(cases(1500))]

    #[test]
    fn any_estate_is_planned_or_refused_with_a_way_out_and_always_alike(scene in scenes()) {
        is_planned_alike_or_refused_with_a_way_out(&scene)?;
    }

    #[test]
    fn any_estate_can_be_told_about_and_checked(scene in scenes()) {
        let Scene { estate, policy, .. } = &scene;
        prop_assert!(!truth(estate, policy).is_empty());
        prop_assert!(!checkup(estate, policy, &Limits::default()).is_empty());
        drop(next_due(estate, policy));
    }

    #[test]
    fn any_step_can_be_judged_in_any_estate(one in scenes(), other in scenes()) {
        for step in planned(&one).iter().flat_map(|plan| &plan.steps) {
            prop_assert!(!step.title().is_empty());
            let _ = safe(step, &other.estate);
            let so = reached(step, &other.estate);
            if let Some(progress) = progress(step, &other.estate) {
                prop_assert!(so == (progress.have >= progress.want) || step.only_waits());
            }
        }
    }

    #[test]
    fn no_plan_takes_its_steps_in_an_order_that_hurts(scene in scenes()) {
        takes_its_steps_in_order(&scene)?;
    }
}

/// A property that is only ever tried on refusals holds of nothing.
#[test]
fn the_scenes_lead_to_plans_of_every_kind_and_to_refusals() {
    let mut runner = TestRunner::new(cases(1));
    let strategy = scenes();
    let (mut words, mut refused, mut removed) = (std::collections::BTreeMap::new(), 0, 0);
    for _ in 0..4000 {
        let scene = strategy.new_tree(&mut runner).expect("a scene").current();
        match planned(&scene).filter(|plan| !plan.is_empty()) {
            Some(plan) => {
                *words.entry(scene.intent.word()).or_insert(0) += 1;
                removed += usize::from(
                    plan.steps
                        .iter()
                        .any(|step| matches!(step, Step::DeleteGroup { .. })),
                );
            }
            None => refused += 1,
        }
    }
    assert!(
        words.len() == 11 && words.values().all(|count| *count >= 5),
        "{words:?}"
    );
    assert!(
        refused >= 200 && removed >= 20,
        "{refused} refused, {removed} with a removal; {words:?}"
    );
}
