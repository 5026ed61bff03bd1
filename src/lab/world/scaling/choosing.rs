//! Which instance a group gives up when it scales in.

use super::group::Group;
use super::member::Member;
use crate::lab::world::World;

impl World {
    /// The fullest zone first, then the group's termination policies in their order, then chance.
    pub(super) fn choose_victim(&mut self, name: &str) -> Option<String> {
        let group = self.scaling.groups.get(name)?;
        let free: Vec<&Member> = group
            .members
            .iter()
            .filter(|member| member.state.counts() && !member.protected)
            .collect();
        let fullest = free.iter().map(|member| group.in_zone(&member.zone)).max()?;
        let mut candidates: Vec<&Member> = free
            .into_iter()
            .filter(|member| group.in_zone(&member.zone) == fullest)
            .collect();
        for policy in &group.termination_policies {
            candidates = narrowed(group, policy, candidates);
        }
        let candidates: Vec<String> = candidates.into_iter().map(|member| member.id.clone()).collect();
        let chosen = self.ids.pick(candidates.len());
        candidates.into_iter().nth(chosen)
    }
}

fn narrowed<'a>(group: &Group, policy: &str, candidates: Vec<&'a Member>) -> Vec<&'a Member> {
    match policy {
        "OldestInstance" => least_by(candidates, |member| member.launched),
        "NewestInstance" => least_by(candidates, |member| std::cmp::Reverse(member.launched)),
        "OldestLaunchTemplate" | "Default" => least_by(candidates, |member| age_of_template(group, member)),
        // Billing hours and spot strategies make no difference here.
        _ => candidates,
    }
}

fn least_by<K: Ord>(candidates: Vec<&Member>, key: impl Fn(&Member) -> K) -> Vec<&Member> {
    let Some(least) = candidates.iter().map(|member| key(member)).min() else {
        return candidates;
    };
    candidates
        .into_iter()
        .filter(|member| key(member) == least)
        .collect()
}

/// An instance of another template than the group's is older than any of its own.
fn age_of_template(group: &Group, member: &Member) -> (bool, u64) {
    match &member.template {
        Some(template) => (
            template.id == group.source.template.id,
            template.version.parse().unwrap_or(u64::MAX),
        ),
        None => (false, 0),
    }
}
