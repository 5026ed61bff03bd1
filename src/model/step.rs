//! One step of a plan, as data: it prints, compares, serialises and is tested without a cloud.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::estate::AttachmentKind;
use super::hook::Hook;
use super::ids::{Generation, GroupName, Size, TargetGroupName, TemplateId};
use super::policy::Want;
use super::release::Release;
use super::roles::State;
use super::rollout::{Before, Direction, End, Released, Rolling};
use super::routing::{Action, RulePlace, Sticky};
use super::schema::Change;
use super::shift::{Expiry, Held};
use super::tags::Tags;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "kebab-case")]
pub enum Step {
    /// Tag a generation that was there before us as ours.
    Adopt {
        generation: Generation,
        group: GroupName,
        target_group: TargetGroupName,
    },
    /// Tag a door rule that was there before us as ours.
    AdoptRule {
        rule: RulePlace,
    },
    /// Replace `$Latest` and `$Default` by the numbers they mean now.
    Pin {
        group: GroupName,
        versions: Vec<Pinned>,
    },
    BuildTemplateVersion {
        template: TemplateId,
        template_name: String,
        /// The version that is inherited from.
        source: u64,
        release: Release,
        /// The image's root device, whose old snapshot must not follow a new image.
        root_device: Option<String>,
    },
    CreateTargetGroup {
        target_group: TargetGroupName,
        copy_of: TargetGroupName,
        tags: Tags,
    },
    SetTargetGroupAttributes {
        target_group: TargetGroupName,
        attributes: BTreeMap<String, String>,
    },
    /// Point the lock rule at a target group, so that the load balancer checks its health.
    OpenStaging {
        target_group: TargetGroupName,
    },
    CreateGroup(Box<NewGroup>),
    SuspendProcesses {
        group: GroupName,
        processes: Vec<String>,
    },
    /// Give a clone what hangs on its original.
    Attach {
        group: GroupName,
        copy_of: GroupName,
        kind: AttachmentKind,
        names: Vec<String>,
        /// In labels and dimensions, this target group takes the place of that one.
        target_group: TargetGroupName,
        instead_of: TargetGroupName,
    },
    /// Keep a group from scaling in until it is released, and write down what to put back.
    Hold {
        group: GroupName,
    },
    /// Raise a group to at least what another one has at that moment.
    MatchCapacity {
        group: GroupName,
        like: GroupName,
    },
    AwaitHealthy {
        group: GroupName,
        target_group: TargetGroupName,
        want: Want,
        /// The group whose present capacity `want` is measured against.
        like: GroupName,
        #[serde(with = "jiff::fmt::serde::unsigned_duration::friendly::compact::required")]
        soak: Duration,
        #[serde(with = "jiff::fmt::serde::unsigned_duration::friendly::compact::required")]
        timeout: Duration,
    },
    /// Write on a generation where it stands.
    Mark {
        generation: Generation,
        target_group: TargetGroupName,
        state: State,
        /// With `promoting` and `live`: the generation that was live before.
        previous: Option<Generation>,
    },
    /// Change where one rule sends its requests, and nothing else about it.
    Point {
        rule: RulePlace,
        purpose: Purpose,
        before: Action,
        after: Action,
        /// Group stickiness, where it is not to stay as it is.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        sticky: Option<Sticky>,
        /// The rule's conditions, for people.
        when: String,
    },
    /// Create a door or an entrance.
    CreateRule {
        port: u16,
        priority: u32,
        purpose: Purpose,
        header: String,
        /// `None`: an unguessable value, made when the rule is.
        value: Option<String>,
        action: Action,
    },
    DeleteRule {
        rule: RulePlace,
        purpose: Purpose,
    },
    /// Read rules back until they all agree, several times in a row.
    Confirm {
        expect: Vec<Expected>,
        times: u32,
        #[serde(with = "jiff::fmt::serde::unsigned_duration::friendly::compact::required")]
        propagation: Duration,
    },
    /// Write down what is rolled out on a group, and have Auto Scaling replace its instances by ones of these versions.
    StartRefresh {
        group: GroupName,
        rollout: NewRollout,
        /// The first is the base template's.
        versions: Vec<Pick>,
        rolling: Rolling,
    },
    /// Leave the group to Auto Scaling until its refresh has ended like this. Nobody is locked out meanwhile.
    AwaitRefresh {
        group: GroupName,
        wants: End,
    },
    /// Have Auto Scaling take back what the refresh under way has replaced.
    TakeRefreshBack {
        group: GroupName,
    },
    /// Write down which release a group's instances are of now, and what it can be rolled back to.
    MarkRelease {
        group: GroupName,
        target_group: TargetGroupName,
        released: Released,
        before: Option<Before>,
    },
    /// Write down that nothing is rolled out on a group any more.
    EndRollout {
        group: GroupName,
    },
    /// Write down which stage of a shift production has reached, or why it stays there.
    MarkStage {
        target_group: TargetGroupName,
        stage: u32,
        weight: u32,
        held: Option<Held>,
    },
    /// Leave production as it is shared now, and watch it. Nobody is locked out meanwhile.
    Bake {
        target_group: TargetGroupName,
        stage: u32,
        weight: u32,
        #[serde(with = "jiff::fmt::serde::unsigned_duration::friendly::compact::required")]
        lasts: Duration,
        judged: bool,
    },
    /// Leave production as it is shared now, and wait for a person.
    Pause {
        target_group: TargetGroupName,
        stage: u32,
        weight: u32,
        expiry: Option<Expiry>,
    },
    /// Undo the temporary changes noted on a group.
    PayObligations {
        group: GroupName,
    },
    /// Scale a group down that no request can reach, and write down what it was.
    Shrink {
        group: GroupName,
        target_group: TargetGroupName,
        to: u32,
    },
    /// Wait until the last instance is gone; each is drained first.
    AwaitEmpty {
        group: GroupName,
        #[serde(with = "jiff::fmt::serde::unsigned_duration::friendly::compact::required")]
        timeout: Duration,
    },
    DeleteGroup {
        group: GroupName,
    },
    DeleteTargetGroup {
        target_group: TargetGroupName,
    },
    /// Call what was configured for this place.
    Hook {
        hook: Hook,
    },
    /// Write down what hooks did to the schema, and for which generation.
    MarkSchema {
        target_group: TargetGroupName,
        generation: Generation,
        change: Change,
    },
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NewGroup {
    pub group: GroupName,
    pub copy_of: GroupName,
    pub target_group: TargetGroupName,
    pub instead_of: TargetGroupName,
    pub generation: Generation,
    pub release: String,
    /// What it is created with: its minimum is already raised to what it should have.
    pub size: Size,
    pub versions: Vec<Pick>,
    /// Ownership, release and the obligations that come with the raised minimum.
    pub tags: Tags,
    /// The original's settings as the plan saw them; the clone is refused if they have changed.
    pub settings: BTreeMap<String, String>,
    /// Lifecycle hooks, which must exist before the first instance.
    pub hooks: Vec<String>,
}

/// A rollout that is about to begin.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewRollout {
    pub direction: Direction,
    /// The version of the base template that the group has now.
    pub from: u64,
    #[serde(flatten)]
    pub released: Released,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pinned {
    pub template: TemplateId,
    pub from: String,
    pub to: u64,
}

/// The launch template version a new group uses.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pick {
    pub template: TemplateId,
    pub version: PickedVersion,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PickedVersion {
    Number(u64),
    /// The one an earlier step makes, found by its description.
    Described(String),
}

impl fmt::Display for PickedVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => write!(f, "{number}"),
            Self::Described(_) => f.write_str("the new one"),
        }
    }
}

/// What a rule is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Purpose {
    Route,
    BlueDoor,
    GreenDoor,
    Entrance,
}

impl fmt::Display for Purpose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Route => "route",
            Self::BlueDoor => "blue door",
            Self::GreenDoor => "green door",
            Self::Entrance => "entrance",
        })
    }
}

/// A rule that must read back with this action. Created ones are found by place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Expected {
    pub port: u16,
    pub priority: super::routing::Priority,
    pub action: Action,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sticky: Option<Sticky>,
}

impl Step {
    /// What the step does, for a person.
    pub fn title(&self) -> String {
        match self {
            Self::Adopt {
                generation,
                group,
                target_group,
            } => format!("adopt {group} and {target_group} as generation {generation} (tags only)"),
            Self::AdoptRule { rule } => format!("adopt the door at {rule} (tags only)"),
            Self::Pin { group, versions } => {
                let texts: Vec<String> = versions
                    .iter()
                    .map(|pin| format!("{} {} → {}", pin.template, pin.from, pin.to))
                    .collect();
                format!("pin {group} to launch template {}", texts.join(", "))
            }
            Self::BuildTemplateVersion {
                template_name,
                source,
                ..
            } => format!("make a version of launch template {template_name} from version {source}"),
            Self::CreateTargetGroup {
                target_group,
                copy_of,
                ..
            } => format!("create {target_group} like {copy_of}"),
            Self::SetTargetGroupAttributes {
                target_group,
                attributes,
            } => match attributes.len() {
                1 => format!("set one attribute of {target_group}"),
                count => format!("set {count} attributes of {target_group}"),
            },
            Self::OpenStaging { target_group } => {
                format!("open the staging entrance to {target_group}, so that its health is checked")
            }
            Self::CreateGroup(new) => {
                let versions: Vec<String> =
                    new.versions.iter().map(|pick| pick.version.to_string()).collect();
                format!(
                    "create {} like {} with {} instances, launch template version {}",
                    new.group,
                    new.copy_of,
                    new.size.desired,
                    versions.join(", ")
                )
            }
            Self::SuspendProcesses { group, processes } => {
                format!("suspend {} on {group}", processes.join(", "))
            }
            Self::Attach {
                group, kind, names, ..
            } => match kind {
                AttachmentKind::Metrics | AttachmentKind::WarmPool => {
                    format!("copy {} to {group}", kind.plural())
                }
                _ => format!("copy {} to {group}: {}", kind.plural(), names.join(", ")),
            },
            Self::Hold { group } => format!("hold {group} from scaling in"),
            Self::MatchCapacity { group, like } => {
                format!("bring {group} to at least what {like} has by then")
            }
            Self::AwaitHealthy {
                target_group,
                want,
                like,
                soak,
                ..
            } => {
                let soak = if soak.is_zero() {
                    String::new()
                } else {
                    format!(", for {soak:#?}")
                };
                match want {
                    Want::Count(count) => format!("wait for {count} healthy targets in {target_group}{soak}"),
                    Want::Percent(100) => {
                        format!(
                            "wait for as many healthy targets in {target_group} as {like} has capacity{soak}"
                        )
                    }
                    Want::Percent(percent) => format!(
                        "wait for {percent} % of {like}'s capacity as healthy targets in {target_group}{soak}"
                    ),
                }
            }
            Self::Mark {
                generation, state, ..
            } => format!("mark generation {generation} as {state}"),
            Self::StartRefresh {
                group,
                rollout,
                versions,
                rolling,
            } => {
                let to = versions
                    .first()
                    .map_or_else(String::new, |pick| pick.version.to_string());
                let back = match rollout.direction {
                    Direction::Forward => "",
                    Direction::Back => " back",
                };
                format!(
                    "replace {group}'s instances in place, from launch template version {}{back} to {to}: {} % always serve, {} % at most",
                    rollout.from, rolling.min_healthy, rolling.max_healthy
                )
            }
            Self::AwaitRefresh { group, wants } => match wants {
                End::RolledBack => format!("wait until {group}'s instances are as they were before"),
                End::Successful | End::Stopped => {
                    format!("wait until all of {group}'s instances are replaced")
                }
            },
            Self::TakeRefreshBack { group } => {
                format!("have {group}'s instance refresh take back what it has replaced")
            }
            Self::MarkRelease { group, released, .. } => {
                format!("write down that {group} runs {released}")
            }
            Self::EndRollout { group } => format!("write down that the rollout on {group} has ended"),
            Self::MarkStage {
                stage, weight, held, ..
            } => match held {
                None => format!("write down that stage {stage}, {weight} %, is reached"),
                Some(Held::Retreating) => "write down that the weight is taken back".into(),
                Some(Held::Asked | Held::Judged) => {
                    format!("write down that production stays at {weight} %")
                }
            },
            Self::Bake {
                weight,
                lasts,
                judged,
                ..
            } => {
                let how = if *judged { " and be judged" } else { "" };
                format!("let {weight} % bake for {}{how}", span(*lasts))
            }
            Self::Pause { weight, expiry, .. } => {
                let expires = match expiry {
                    Some(Expiry { after, then }) => format!(" (after {} `repair` {then})", span(*after)),
                    None => String::new(),
                };
                format!("pause at {weight} % for a person to promote or roll back{expires}")
            }
            Self::Point {
                rule,
                purpose,
                before,
                after,
                sticky,
                ..
            } => match (purpose, after) {
                (Purpose::BlueDoor | Purpose::GreenDoor, Action::Fixed(_)) => {
                    format!("close the {purpose} at {rule}: {before} → {after}")
                }
                (Purpose::BlueDoor | Purpose::GreenDoor, _) => {
                    format!("point the {purpose} at {rule}: {before} → {after}")
                }
                (Purpose::Entrance, _) => format!("point the {purpose} at {rule}: {before} → {after}"),
                (Purpose::Route, _) if after.only_target().is_none() => {
                    format!("shift {rule}: {before} → {after}{}", stickiness(*sticky))
                }
                (Purpose::Route, _) => format!("swing {rule}: {before} → {after}"),
            },
            Self::CreateRule {
                port,
                priority,
                purpose,
                action,
                ..
            } => format!("create the {purpose} as :{port} rule {priority} → {action}"),
            Self::DeleteRule { rule, purpose } => format!("remove the {purpose} at {rule}"),
            Self::Confirm { expect, .. } => match expect.len() {
                1 => "read the rule back until it agrees".to_owned(),
                count => format!("read all {count} rules back until they agree"),
            },
            Self::PayObligations { group } => format!("release {group}: undo what was held"),
            Self::Shrink { group, to, .. } => format!("scale {group} down to {to}"),
            Self::AwaitEmpty { group, .. } => format!("wait until {group} has drained and is empty"),
            Self::DeleteGroup { group } => format!("delete {group}"),
            Self::DeleteTargetGroup { target_group } => format!("delete {target_group}"),
            Self::Hook { hook } => hook.title(),
            Self::MarkSchema {
                generation, change, ..
            } => format!("mark the schema as {change} for generation {generation}"),
        }
    }

    /// A step that only looks: it changes nothing.
    pub fn only_waits(&self) -> bool {
        matches!(
            self,
            Self::AwaitHealthy { .. } | Self::AwaitEmpty { .. } | Self::Confirm { .. }
        ) || self.lets_go()
    }

    /// A step during which no lock is held: whatever comes after it is decided again by then.
    pub fn lets_go(&self) -> bool {
        matches!(
            self,
            Self::Bake { .. } | Self::Pause { .. } | Self::AwaitRefresh { .. }
        )
    }

    /// A step that only serves the waits after it, and has no lasting effect of its own.
    pub fn only_prepares(&self) -> bool {
        self.only_waits() || matches!(self, Self::OpenStaging { .. })
    }

    /// Of a bake: the mark by which a person decides what comes after it.
    pub fn held(&self) -> Option<Self> {
        match self {
            Self::Bake {
                target_group,
                stage,
                weight,
                ..
            } => Some(Self::MarkStage {
                target_group: target_group.clone(),
                stage: *stage,
                weight: *weight,
                held: Some(Held::Judged),
            }),
            _ => None,
        }
    }

    /// The group that this step leaves with something owed.
    pub fn holds(&self) -> Option<&GroupName> {
        match self {
            Self::CreateGroup(new) => Some(&new.group),
            Self::Hold { group } | Self::MatchCapacity { group, .. } | Self::Shrink { group, .. } => {
                Some(group)
            }
            _ => None,
        }
    }

    /// A step that moves production requests.
    pub fn moves_production(&self) -> bool {
        matches!(
            self,
            Self::Point {
                purpose: Purpose::Route,
                ..
            }
        )
    }
}

/// As it is written in a configuration.
fn span(duration: Duration) -> String {
    jiff::fmt::friendly::SpanPrinter::new().unsigned_duration_to_string(&duration)
}

fn stickiness(sticky: Option<Sticky>) -> String {
    sticky.map_or_else(String::new, |sticky| format!(", {sticky}"))
}
