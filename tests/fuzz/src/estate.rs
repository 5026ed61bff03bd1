//! Whatever AWS may show: any estate, any intent and any policy, as JSON.

use serde::{Deserialize, Serialize};
use swingbridge::model::account::Limits;
use swingbridge::model::estate::Estate;
use swingbridge::model::lock;
use swingbridge::model::obligation;
use swingbridge::model::plan::{Intent, Plan};
use swingbridge::model::policy::Policy;
use swingbridge::plan;
use swingbridge::report::{Look, plan_json, plan_markdown, plan_text, status};
use swingbridge::run::identity;

/// An estate and what is wanted of it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Scene {
    pub estate: Estate,
    pub policy: Policy,
    pub intent: Intent,
}

impl Scene {
    /// A promotion that stopped half way, with the lock still held.
    pub fn known() -> Self {
        serde_json::from_str(include_str!("../corpus/estate/halfway.json")).expect("a scene")
    }

    /// Everything that is ever said or decided of it.
    pub fn regarded(&self) {
        let (estate, policy) = (&self.estate, &self.policy);
        for line in plan::truth(estate, policy) {
            assert!(!line.is_empty());
        }
        plan::checkup(estate, policy, &Limits::default());
        lock::state(estate, policy.lock);
        for group in &estate.groups {
            for one in obligation::owed(&group.tags) {
                assert!(!one.to_string().is_empty());
            }
        }
        let view = status::StatusView::of(estate, policy, estate.observed_at, &|holder| {
            identity::has_ended(&holder.process)
        });
        status::text(&view, Look::PLAIN);
        status::json(&view).expect("a view is JSON");
        self.planned(&self.intent);
    }

    /// A plan that can be saved, or a refusal that says a way out. The same again.
    pub fn planned(&self, intent: &Intent) {
        let planned = plan::plan(&self.estate, intent, &self.policy);
        assert_eq!(planned, plan::plan(&self.estate, intent, &self.policy));
        match planned {
            Ok(plan) => {
                let _ = plan::left_by(&plan, &self.estate);
                plan_text::text(&plan, true, Look::PLAIN);
                plan_markdown::markdown(&plan);
                let saved = plan_json::json(&plan).expect("a plan can be saved");
                assert_eq!(Plan::read(&saved).expect("and read again"), plan);
                for step in &plan.steps {
                    assert!(!step.title().is_empty());
                    let _ = plan::safe(step, &self.estate);
                    plan::progress(step, &self.estate);
                }
            }
            Err(refusal) => {
                assert!(!refusal.reasons.is_empty(), "refused without a reason");
                for reason in &refusal.reasons {
                    assert!(!reason.way_out().is_empty(), "{reason}: no way out");
                }
            }
        }
    }
}

pub fn estate(bytes: &[u8]) {
    if let Ok(scene) = serde_json::from_slice::<Scene>(bytes) {
        scene.regarded();
    }
}
