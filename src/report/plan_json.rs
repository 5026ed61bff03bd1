//! A plan as JSON: what `--out` saves, `apply` reads and programs compare.

use crate::model::plan::Plan;

/// Pretty and stable: the same plan gives the same bytes.
pub fn json(plan: &Plan) -> serde_json::Result<String> {
    let mut text = serde_json::to_string_pretty(plan)?;
    text.push('\n');
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::super::recorded;
    use super::*;

    #[test]
    fn what_is_saved_is_read_back_as_the_same_plan() {
        for plan in [
            recorded::deploy_plan(),
            recorded::promote_plan(),
            recorded::empty_plan(),
        ] {
            let text = json(&plan).expect("a plan is JSON");
            let back: Plan = serde_json::from_str(&text).expect("a plan");
            assert_eq!(back, plan);
            assert_eq!(json(&back).expect("a plan is JSON"), text);
        }
    }
}
