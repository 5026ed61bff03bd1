//! A saved plan: what is read is shown in every form, compared, and read again as it was.

use swingbridge::model::plan::Plan;
use swingbridge::plan;
use swingbridge::report::{Look, plan_json, plan_markdown, plan_text};

use super::estate::Scene;

pub fn plan_file(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let saved = match Plan::read(&text) {
        Ok(saved) => saved,
        Err(error) => {
            assert!(!error.to_string().is_empty());
            return;
        }
    };
    let again = plan_json::json(&saved).expect("a plan that was read can be saved");
    assert_eq!(Plan::read(&again).expect("and read again"), saved);
    for verbose in [false, true] {
        plan_text::text(&saved, verbose, Look::PLAIN);
    }
    plan_markdown::markdown(&saved);
    let estate = Scene::known().estate;
    for step in &saved.steps {
        let _ = plan::safe(step, &estate);
        plan::progress(step, &estate);
        plan::reached(step, &estate);
    }
    if let Ok(fresh) = plan::plan(&estate, &saved.intent, &saved.policy) {
        saved.basis.changes_to(&fresh.basis);
    }
}
