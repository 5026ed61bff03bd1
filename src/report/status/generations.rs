//! Each generation: who it is, how much of it serves, and what is missing.

use jiff::Timestamp;
use serde::Serialize;

use crate::model::estate::{Estate, Group, Launch, Part, TargetGroup};
use crate::model::fleet;
use crate::model::ids::{Generation, Size};
use crate::model::obligation;
use crate::model::roles::Roles;
use crate::model::standing::{self, Standing, State};

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct GenerationView {
    pub generation: Generation,
    /// `None` when roles cannot be told.
    pub role: Option<Role>,
    pub release: Option<String>,
    /// The variant of a test that it was deployed as.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub variant: Option<String>,
    pub state: State,
    /// Since when it is in that state.
    pub since: Option<Timestamp>,
    /// Both parts carry this app's ownership tag.
    pub ours: bool,
    pub group: Option<GroupView>,
    pub target_group: Option<TargetGroupView>,
    /// What is missing, with reason codes.
    pub missing: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    Live,
    Candidate,
    /// Of a test.
    Variant,
    Previous,
    Other,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct GroupView {
    pub name: String,
    pub size: Size,
    pub instances: usize,
    /// Capacity units in service.
    pub in_service: u32,
    pub created_at: Option<Timestamp>,
    /// What it starts its instances from.
    pub launch: Vec<String>,
    pub suspended: Vec<String>,
    /// It cannot scale in.
    pub held: bool,
    pub deleting: bool,
    /// The status of an instance refresh under way.
    pub refresh: Option<String>,
    /// How much of it is done, in per cent.
    pub refreshed: Option<u32>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TargetGroupView {
    pub name: String,
    /// Capacity units that serve; `None` when target health could not be seen.
    pub healthy: Option<u32>,
    /// Capacity units there should be.
    pub wanted: u32,
}

pub(super) fn of(estate: &Estate, roles: Option<&Roles>) -> Vec<GenerationView> {
    let Some(roles) = roles else {
        return standing::standings(estate)
            .values()
            .map(|standing| view(estate, standing, None))
            .collect();
    };
    let with = |role| move |standing| view(estate, standing, Some(role));
    std::iter::once(&roles.live)
        .map(with(Role::Live))
        .chain(roles.candidate.iter().map(with(Role::Candidate)))
        .chain(roles.variants.iter().map(with(Role::Variant)))
        .chain(roles.previous.iter().map(with(Role::Previous)))
        .chain(roles.others.iter().map(with(Role::Other)))
        .collect()
}

fn view(estate: &Estate, standing: &Standing, role: Option<Role>) -> GenerationView {
    let group = standing.group.as_ref().and_then(|name| estate.group(name));
    let target_group = standing
        .target_group
        .as_ref()
        .and_then(|name| estate.target_group(name));
    GenerationView {
        generation: standing.generation,
        role,
        release: standing.release.clone(),
        variant: standing.variant.clone(),
        state: standing.state,
        since: standing.since,
        ours: standing.ours,
        group: group.map(group_view),
        target_group: target_group.map(|tg| target_group_view(estate, group, tg)),
        missing: missing(estate, group, target_group),
    }
}

fn group_view(group: &Group) -> GroupView {
    GroupView {
        name: group.name.to_string(),
        size: group.size,
        instances: group.instances.len(),
        in_service: fleet::in_service(group),
        created_at: group.created_at,
        launch: launch(&group.launch),
        suspended: group.suspended.keys().cloned().collect(),
        held: obligation::is_held(group),
        deleting: group.deleting,
        refresh: group.refreshing().map(|refresh| refresh.status.clone()),
        refreshed: group.refreshing().map(|refresh| refresh.percent),
    }
}

fn launch(launch: &Launch) -> Vec<String> {
    match launch {
        Launch::Template { uses, .. } => uses
            .iter()
            .map(|usage| format!("{} version {}", usage.name, usage.version))
            .collect(),
        Launch::Configuration { name } => vec![format!("launch configuration {name}")],
        Launch::Unknown => Vec::new(),
    }
}

fn target_group_view(estate: &Estate, group: Option<&Group>, tg: &TargetGroup) -> TargetGroupView {
    TargetGroupView {
        name: tg.name.to_string(),
        healthy: healthy(estate, group, tg),
        wanted: group.map_or(0, |group| group.size.desired),
    }
}

/// Capacity units that serve; `None` when target health could not be seen.
pub(super) fn healthy(estate: &Estate, group: Option<&Group>, tg: &TargetGroup) -> Option<u32> {
    let unseen = estate.gaps.iter().any(|gap| {
        gap.part == Part::TargetHealth
            && (gap.about.contains(tg.name.as_str()) || gap.about == tg.arn.as_str())
    });
    match group {
        _ if unseen => None,
        Some(group) => Some(fleet::healthy_capacity(group, tg)),
        None => Some(0),
    }
}

fn missing(estate: &Estate, group: Option<&Group>, tg: Option<&TargetGroup>) -> Vec<String> {
    match (group, tg) {
        (Some(group), Some(tg)) if healthy(estate, Some(group), tg).is_some() => fleet::reasons(group, tg),
        (Some(_), Some(_)) => vec!["target health could not be seen".to_owned()],
        (None, _) => vec!["it has no Auto Scaling group".to_owned()],
        (_, None) => vec!["it has no target group".to_owned()],
    }
}
