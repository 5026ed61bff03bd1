//! One step of a plan, as data: it prints, compares, serialises and is tested without a cloud.

mod title;

pub use title::span;

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::doors::Colour;
use super::estate::AttachmentKind;
use super::hook::Hook;
use super::ids::{Generation, GroupName, Size, TargetGroupName, TemplateId};
use super::policy::Want;
use super::release::Release;
use super::rollout::{Before, End, NewRollout, Released, Rolling};
use super::routing::{Action, Asks, RulePlace, Sticky};
use super::rule_tag::RuleTag;
use super::schema::Change;
use super::shift::{Expiry, Held};
use super::standing::State;
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
    /// Have the lock's rule name these, so that whoever leaves them drains although no route names them any more; or
    /// nobody again.
    StayInUse {
        target_groups: Vec<TargetGroupName>,
    },
    /// Point the lock rule at a target group, so that the load balancer checks its health.
    OpenStaging {
        target_group: TargetGroupName,
    },
    CreateGroup(Box<NewGroup>),
    /// Make a group that is free what a clone would be: empty until everything is as its original has it, then of
    /// this size.
    ReuseGroup(Box<NewGroup>),
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
        asks: Asks,
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
    /// Write on a variant that it takes part in the test, or that it has won it.
    MarkTest {
        target_group: TargetGroupName,
        variant: String,
        weight: u32,
        won: bool,
    },
    /// Leave production to the variants until the time is over and a winner is named.
    AwaitWinner {
        #[serde(with = "jiff::fmt::serde::unsigned_duration::friendly::compact::required")]
        lasts: Duration,
        /// The measure that names it when it can.
        pick: Option<String>,
    },
    /// Undo the temporary changes noted on a group.
    PayObligations {
        group: GroupName,
    },
    /// Scale a group down that no request can reach, and write down what it was.
    Shrink {
        group: GroupName,
        to: u32,
    },
    /// Scale down to nothing what serves production, and write down what it was: nobody answers from here on.
    Stop {
        group: GroupName,
        target_group: TargetGroupName,
        /// Who is to take its place.
        next: GroupName,
    },
    /// Give a group that is empty what it had, or what the one before it had; never while that one runs.
    Start {
        group: GroupName,
        after: GroupName,
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
    /// Take an empty group off its target groups, and write on it that it is free for the next generation.
    Vacate {
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
    /// Leads some of the users to the candidate.
    UserDoor,
    Entrance,
    /// Leads those to a variant who ask for it.
    Variant,
    /// Tells clients which colour is live.
    Beacon,
}

impl Purpose {
    /// What the tag says of a rule that is made for it.
    pub fn rule_tag(self) -> RuleTag {
        match self {
            Self::Route | Self::BlueDoor | Self::GreenDoor => RuleTag::Door,
            Self::UserDoor => RuleTag::Users,
            Self::Entrance => RuleTag::Entrance,
            Self::Variant => RuleTag::Variant,
            Self::Beacon => RuleTag::Beacon,
        }
    }
}

impl From<Colour> for Purpose {
    fn from(colour: Colour) -> Self {
        match colour {
            Colour::Blue => Self::BlueDoor,
            Colour::Green => Self::GreenDoor,
        }
    }
}

impl fmt::Display for Purpose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Route => "route",
            Self::BlueDoor => "blue door",
            Self::GreenDoor => "green door",
            Self::UserDoor => "user door",
            Self::Entrance => "entrance",
            Self::Variant => "variant's rule",
            Self::Beacon => "beacon",
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
            Self::Bake { .. } | Self::Pause { .. } | Self::AwaitRefresh { .. } | Self::AwaitWinner { .. }
        )
    }

    /// A step that only serves the waits after it, and has no lasting effect of its own.
    pub fn only_prepares(&self) -> bool {
        // How a test ends is what its command is given for.
        (self.only_waits() && !matches!(self, Self::AwaitWinner { .. }))
            || matches!(self, Self::OpenStaging { .. } | Self::StayInUse { .. })
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
            Self::CreateGroup(new) | Self::ReuseGroup(new) => Some(&new.group),
            Self::Hold { group }
            | Self::MatchCapacity { group, .. }
            | Self::Shrink { group, .. }
            | Self::Stop { group, .. }
            | Self::Start { group, .. } => Some(group),
            _ => None,
        }
    }

    /// A step after which users may be answered by another generation than before.
    pub fn leads_users(&self) -> bool {
        self.moves_production()
            || matches!(
                self,
                Self::Point {
                    purpose: Purpose::Variant,
                    ..
                } | Self::CreateRule {
                    purpose: Purpose::Variant,
                    ..
                } | Self::DeleteRule {
                    purpose: Purpose::Variant,
                    ..
                }
            )
    }

    /// A step after which somebody meets whom it names: all of production, or those of the users who have a door.
    pub fn leads_somebody(&self) -> bool {
        self.leads_users()
            || matches!(
                self,
                Self::Point {
                    purpose: Purpose::UserDoor,
                    ..
                } | Self::CreateRule {
                    purpose: Purpose::UserDoor,
                    ..
                }
            )
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
