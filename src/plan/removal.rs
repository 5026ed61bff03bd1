//! Steps that remove a generation: shrink, drain, delete. Never by force.

use std::time::Duration;

use super::Context;
use crate::model::refusal::Reason;
use crate::model::roles::Standing;
use crate::model::step::Step;

/// Beyond the deregistration delay: what instances may take to shut down and be gone.
const SHUTDOWN: Duration = Duration::from_secs(600);

pub(super) fn steps(context: &Context<'_>, standing: &Standing) -> Result<Vec<Step>, Reason> {
    if !standing.ours {
        return Err(Reason::NotOurs {
            what: format!("generation {}", standing.generation),
        });
    }
    let mut steps = Vec::new();
    let target_group = standing
        .target_group
        .as_ref()
        .and_then(|name| context.estate.target_group(name));
    if let Some(group) = &standing.group {
        let delay = target_group.map_or(300, |tg| tg.deregistration_delay());
        if let Some(target_group) = &standing.target_group {
            steps.push(Step::Shrink {
                group: group.clone(),
                target_group: target_group.clone(),
                to: 0,
            });
        }
        steps.push(Step::AwaitEmpty {
            group: group.clone(),
            timeout: Duration::from_secs(delay) + SHUTDOWN,
        });
        steps.push(Step::DeleteGroup { group: group.clone() });
    }
    if let Some(target_group) = &standing.target_group {
        steps.push(Step::DeleteTargetGroup {
            target_group: target_group.clone(),
        });
    }
    Ok(steps)
}
