//! What time does by itself: instances start, targets follow them, and become healthy after a while
//! where a rule names them, and only there.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::time::Instant;

use crate::model::estate::{Estate, Instance, Target, TargetState};
use crate::model::ids::TargetGroupName;

/// From being named by a rule to being healthy, in the time of the test.
const WARM_UP: Duration = Duration::from_secs(20);

/// Since when a rule names each target's group; `None`: for long.
#[derive(Default)]
pub(super) struct Nature {
    checked: BTreeMap<(TargetGroupName, String), Option<Instant>>,
}

impl Nature {
    /// An estate that has been standing for long.
    pub(super) fn settled(estate: &mut Estate) -> Self {
        let mut nature = Self::default();
        nature.passes(estate, &[]);
        nature.checked.values_mut().for_each(|since| *since = None);
        nature.passes(estate, &[]);
        nature
    }

    /// Brings an estate up to date.
    pub(super) fn passes(&mut self, estate: &mut Estate, sick: &[TargetGroupName]) {
        start_instances(estate);
        let mut checked = BTreeMap::new();
        let mut target_groups = std::mem::take(&mut estate.target_groups);
        for tg in target_groups.iter_mut().filter(|tg| tg.generation.is_some()) {
            let named = estate.rules_naming(&tg.name).next().is_some();
            tg.targets = estate
                .groups
                .iter()
                .filter(|group| group.target_groups.contains(&tg.name))
                .flat_map(|group| &group.instances)
                .map(|instance| {
                    if !named {
                        return target(&instance.id, TargetState::Unused);
                    }
                    let key = (tg.name.clone(), instance.id.clone());
                    let since = self.checked.get(&key).copied().unwrap_or(Some(Instant::now()));
                    checked.insert(key, since);
                    let state = match since {
                        _ if sick.contains(&tg.name) => TargetState::Unhealthy,
                        Some(since) if since.elapsed() < WARM_UP => TargetState::Initial,
                        _ => TargetState::Healthy,
                    };
                    target(&instance.id, state)
                })
                .collect();
        }
        estate.target_groups = target_groups;
        self.checked = checked;
    }
}

fn target(id: &str, state: TargetState) -> Target {
    Target {
        id: id.to_owned(),
        state,
        reason: None,
        description: None,
        zonal_override: None,
    }
}

fn start_instances(estate: &mut Estate) {
    for group in &mut estate.groups {
        let wanted = group.size.desired as usize;
        group.instances.truncate(wanted);
        while group.instances.len() < wanted {
            let index = group.instances.len();
            group.instances.push(Instance {
                id: format!("i-{}-{index}", group.name),
                zone: "eu-central-1a".into(),
                lifecycle: "InService".into(),
                healthy: true,
                weight: 1,
                template_version: None,
            });
        }
    }
}
