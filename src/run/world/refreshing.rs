//! What Auto Scaling does by itself to a group whose instances are to be replaced: one after the other.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::time::Instant;

use crate::cloud::{CloudError, Versions};
use crate::model::estate::{Estate, Group, Launch};
use crate::model::rollout::Refresh;

/// What one instance takes, the time until it is healthy included.
const EACH: Duration = Duration::from_secs(40);

/// Since when each refresh does what it does now.
#[derive(Default)]
pub(super) struct Refreshing {
    since: BTreeMap<(String, String), Instant>,
}

pub(super) fn start(group: &mut Group, versions: &Versions) -> Result<(), CloudError> {
    if let Some(refresh) = group.refreshing() {
        return Err(CloudError::InUse {
            what: format!("{}: {}", group.name, refresh.status),
        });
    }
    let number = group.refresh.as_ref().map_or(1, |refresh| {
        refresh.id.trim_start_matches("r-").parse().unwrap_or(0) + 1
    });
    let base = group.launch.uses().first();
    group.refresh = Some(Refresh {
        id: format!("r-{number}"),
        status: "InProgress".into(),
        reason: None,
        percent: 0,
        left: group.size.desired,
        to: base.and_then(|used| versions.get(&used.template)).copied(),
    });
    Ok(())
}

pub(super) fn take_back(group: &mut Group) {
    if let Some(refresh) = &mut group.refresh
        && refresh.is_under_way()
    {
        refresh.status = "RollbackInProgress".into();
        refresh.reason = Some("The rollback was requested by a user.".into());
    }
}

impl Refreshing {
    /// `failing`: versions whose instances do not become healthy.
    pub(super) fn passes(&mut self, estate: &mut Estate, failing: &[u64]) {
        for group in &mut estate.groups {
            let Some(mut refresh) = group.refreshing().cloned() else {
                continue;
            };
            let key = (refresh.id.clone(), refresh.status.clone());
            let since = *self.since.entry(key).or_insert_with(Instant::now);
            let steps = u32::try_from(since.elapsed().as_secs() / EACH.as_secs()).unwrap_or(u32::MAX);
            let all = u32::try_from(group.instances.len()).unwrap_or(u32::MAX);
            let own = group.launch.uses().first().and_then(|used| used.pinned());
            if refresh.goes_back() {
                if steps > 0 {
                    set_version(group, all, own);
                    refresh.status = "RollbackSuccessful".into();
                }
            } else if refresh.to.is_some_and(|to| failing.contains(&to)) && steps > 0 {
                set_version(group, 1, refresh.to);
                refresh.status = "RollbackInProgress".into();
                refresh.reason = Some("replacements do not become healthy".into());
            } else {
                let done = steps.min(all);
                set_version(group, done, refresh.to);
                refresh.left = all - done;
                refresh.percent = done * 100 / all.max(1);
                if done == all {
                    refresh.status = "Successful".into();
                    if let (Launch::Template { uses, .. }, Some(to)) = (&mut group.launch, refresh.to) {
                        uses[0].version = to.to_string();
                    }
                }
            }
            group.refresh = Some(refresh);
        }
    }
}

/// The first so many instances are ones of this version.
fn set_version(group: &mut Group, count: u32, version: Option<u64>) {
    let version = version.map(|version| version.to_string());
    for (index, instance) in group.instances.iter_mut().enumerate().take(count as usize) {
        if instance.template_version != version {
            instance.id = format!("i-{}-{index}-{}", group.name, version.as_deref().unwrap_or("0"));
            instance.template_version.clone_from(&version);
        }
    }
}
