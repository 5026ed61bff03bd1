//! Why a plan was not made: every reason at once, each with its way out.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::ab_reason::AbReason;
use super::colours::Whose;
use super::estate::{Gap, Part};
use super::ids::{Generation, GroupName, TargetGroupName};
use super::policy::Strategy;

/// A planner's no.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Error)]
#[error("refused: {}", self.texts().join("; "))]
pub struct Refusal {
    pub reasons: Vec<Reason>,
}

impl Refusal {
    /// What to do about it, each said once.
    pub fn ways_out(&self) -> Vec<String> {
        let mut all = Vec::new();
        for way_out in self.reasons.iter().map(Reason::way_out) {
            if !all.contains(&way_out) {
                all.push(way_out);
            }
        }
        all
    }

    fn texts(&self) -> Vec<String> {
        self.reasons.iter().map(ToString::to_string).collect()
    }
}

impl From<AbReason> for Vec<Reason> {
    fn from(reason: AbReason) -> Self {
        vec![Reason::Ab(reason)]
    }
}

impl From<Reason> for Refusal {
    fn from(reason: Reason) -> Self {
        Self {
            reasons: vec![reason],
        }
    }
}

impl From<Vec<Reason>> for Refusal {
    fn from(reasons: Vec<Reason>) -> Self {
        Self { reasons }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Error)]
#[serde(tag = "reason", rename_all = "kebab-case")]
pub enum Reason {
    #[error("no route forwards to a generation of this app")]
    NoLive { patterns: String },
    #[error("production is split between {} by weights or by rules that disagree", .generations.join(" and "))]
    SplitRoutes {
        generations: Vec<String>,
        rules: Vec<String>,
    },
    #[error("{rule} also forwards to {others}, which is not a generation of this app")]
    MixedRoute { rule: String, others: String },
    #[error("a configured route does not exist: {place}")]
    NoSuchRoute { place: String },
    #[error("could not see the {part} of {about}: {error}")]
    Unseen {
        part: Part,
        about: String,
        error: String,
        /// We are not allowed to see it: looking again will not help.
        #[serde(default)]
        denied: bool,
    },
    #[error("{what} all say that they are generation {generation}")]
    SeveralOfOne { generation: Generation, what: String },
    #[error("generation {generation} has no Auto Scaling group")]
    NoGroup {
        generation: Generation,
        target_group: TargetGroupName,
    },
    #[error("generation {generation} (release {release}) is already the candidate")]
    CandidateExists { generation: Generation, release: String },
    #[error(
        "production cannot go back to generation {to} while the candidate, generation {generation}, stands beside live"
    )]
    CandidateBeside { generation: Generation, to: Generation },
    #[error("release {release} is already generation {generation}, made of other inputs")]
    SameLabelOtherInputs { release: String, generation: Generation },
    #[error("there is no candidate to promote")]
    NoCandidate { rolled_back: Option<Generation> },
    #[error("the candidate, generation {generation}, is not finished: it is {state}")]
    CandidateNotReady { generation: Generation, state: String },
    #[error("there is no previous generation to roll back to")]
    NoPrevious,
    #[error("generation {to} cannot serve any more: the schema was contracted for generation {contracted}")]
    Contracted { to: Generation, contracted: Generation },
    #[error("there is no generation {generation}")]
    NoSuchGeneration { generation: Generation },
    #[error("a rollback to generation {to} is half way")]
    RollbackHalfWay { to: Generation },
    #[error("a promotion of generation {generation} is half way")]
    PromotionHalfWay { generation: Generation },
    /// About a test of variants.
    #[error(transparent)]
    Ab(#[from] AbReason),
    #[error("no promotion goes share by share now")]
    NotShifting,
    #[error("{percent} % is no share of production")]
    NoShare { percent: u32 },
    #[error(
        "the door of generation {generation} stays open until {until}: what was begun there finishes there"
    )]
    InGrace {
        generation: Generation,
        until: Timestamp,
    },
    #[error("generation {generation} is live")]
    IsLive { generation: Generation },
    #[error("generation {generation} is the candidate")]
    IsCandidate { generation: Generation },
    #[error("{what} does not carry this app's ownership tag")]
    NotOurs { what: String },
    #[error("{what} is reachable: {rules}")]
    Reachable { what: String, rules: String },
    #[error("{name} exists already and is not a generation of this app")]
    NameTaken { name: String },
    #[error("{names} has the highest number there is, and the next generation needs a higher one")]
    NumbersUsedUp { names: String },
    #[error("the name {name} cannot be used: {why}")]
    BadName { name: String, why: String },
    #[error("{group} starts from launch configuration {name}, which has no versions")]
    LaunchConfiguration { group: GroupName, name: String },
    #[error("{group} is operated by {operator}, which refuses changes by others")]
    Operated { group: GroupName, operator: String },
    #[error("{group} also takes traffic from {what}, which a clone would join at once")]
    ExtraTraffic { group: GroupName, what: String },
    #[error("an instance refresh is running on {group} ({status})")]
    Refreshing { group: GroupName, status: String },
    #[error("process {process} is suspended on {group}, and no instance could be replaced without it")]
    Suspended { group: GroupName, process: String },
    #[error("{group} is not free for the next generation")]
    NotVacant { group: GroupName },
    #[error("{group} still has {instances} instances, and {next} must not run beside it")]
    StillRuns {
        group: GroupName,
        instances: usize,
        next: GroupName,
    },
    #[error("{release} is being rolled out on {group}")]
    RollingOut { group: GroupName, release: String },
    #[error("{group} is being rolled back")]
    RollingBack { group: GroupName },
    #[error("`{command}` has no meaning with strategy {strategy}")]
    NotWithStrategy {
        command: String,
        strategy: Strategy,
        instead: String,
    },
    #[error("{group} is being deleted")]
    Deleting { group: GroupName },
    #[error("launch template {template} has no version {number}")]
    NoSuchVersion { template: String, number: u64 },
    #[error("image {image} {why}")]
    NoSuchImage { image: String, why: String },
    #[error("{group}'s overrides name images of their own, which a release would start instead of its own")]
    OwnImages { group: GroupName },
    #[error("{group} uses several launch templates, and a new version is made of one only")]
    SeveralTemplates { group: GroupName },
    #[error("the load balancer has no listener on port {port}")]
    NoListener { port: u16, wanted_by: String },
    #[error("priority {priority} on :{port} is taken by another rule ({what})")]
    PriorityTaken {
        port: u16,
        priority: u32,
        what: String,
        setting: String,
    },
    #[error("{rule} asks for {asks}, as a door of this app does, and {whose}")]
    DoorTaken {
        rule: String,
        asks: String,
        whose: Whose,
    },
    #[error(
        "{what} at :{port} rule {priority} would be shadowed: it must stand before every route (first is {first})"
    )]
    PriorityTooLow {
        what: String,
        port: u16,
        priority: u32,
        first: u32,
        setting: String,
    },
    #[error("the load balancer would use {would} target groups, and {limit} are allowed")]
    TooManyTargetGroups { would: usize, limit: usize },
    #[error("availability zone {zone} is shifted away from {target_group}")]
    ZonalShift {
        zone: String,
        target_group: TargetGroupName,
    },
    #[error("{rule} is not what the plan saw: {found}, not {expected}")]
    RuleChanged {
        rule: String,
        expected: String,
        found: String,
    },
    #[error("{what} is gone")]
    Gone { what: String },
    #[error("{target_group} has {healthy} healthy of {wanted} wanted")]
    NotHealthy {
        target_group: TargetGroupName,
        healthy: u32,
        wanted: u32,
    },
}

impl Reason {
    pub fn unseen(gap: &Gap) -> Self {
        Self::Unseen {
            part: gap.part,
            about: gap.about.clone(),
            error: gap.error.clone(),
            denied: gap.denied,
        }
    }

    /// The reason and, on a line of its own, the way out: the form that a verdict's reasons have.
    pub fn in_full(&self) -> String {
        format!("{self}\n→ {}", self.way_out())
    }

    /// What to do about it.
    pub fn way_out(&self) -> String {
        match self {
            Self::NoLive { patterns } => format!(
                "names looked for: {patterns}; run `swingbridge init --from-aws` to describe the running estate, or correct [names] and [routes]"
            ),
            Self::SplitRoutes { rules, .. } => format!(
                "let every route forward to one generation, or list only this app's rules under [routes]: {}",
                rules.join(", ")
            ),
            Self::MixedRoute { rule, .. } => {
                format!("let {rule} forward to one target group, or leave it out of [routes]")
            }
            Self::NoSuchRoute { .. } => {
                "correct [routes]; `swingbridge status` lists the rules that exist".into()
            }
            Self::Unseen { denied: true, .. } => {
                "allow the call (`swingbridge iam-policy plan`) and try again".into()
            }
            Self::Unseen { denied: false, .. } => {
                "try again once AWS answers; `swingbridge check` shows all that cannot be seen".into()
            }
            Self::SeveralOfOne { .. } => {
                "remove the `swingbridge:` tags from the one that is not, or choose other [names]".into()
            }
            Self::NoGroup { target_group, .. } => {
                format!("attach the group that serves {target_group}, or name it under [names]")
            }
            Self::CandidateExists { .. } => {
                "`swingbridge promote` it, or remove it with `swingbridge abort`".into()
            }
            Self::CandidateBeside { to, .. } => {
                format!("`swingbridge rollback --keep` closes it at once, then `swingbridge rollback --to {to}`")
            }
            Self::SameLabelOtherInputs { .. } => "give this release a name of its own (`--release`)".into(),
            Self::NoCandidate {
                rolled_back: Some(generation),
            } => {
                format!("generation {generation} was rolled back; `swingbridge deploy` a new release")
            }
            Self::NoCandidate { rolled_back: None } => "`swingbridge deploy` makes one".into(),
            Self::CandidateNotReady { .. } => {
                "run the same `swingbridge deploy` again to finish it, or `swingbridge abort` to remove it"
                    .into()
            }
            Self::NoPrevious => "`swingbridge deploy` an earlier release instead".into(),
            Self::Contracted { .. } => {
                "`swingbridge deploy` a release that works with the schema as it is now; what a contract hook dropped does not come back by swinging".into()
            }
            Self::NoSuchGeneration { .. } => "`swingbridge status` lists the generations".into(),
            Self::RollbackHalfWay { .. } => "run `swingbridge rollback` again to finish it".into(),
            Self::PromotionHalfWay { .. } => {
                "run `swingbridge promote` again to finish it, or `swingbridge rollback` to put it back"
                    .into()
            }
            Self::Ab(reason) => reason.way_out(),
            Self::NotShifting => {
                "`swingbridge status` shows what goes on; `swingbridge promote` begins one".into()
            }
            Self::NoShare { .. } => {
                "give 1 to 99; `swingbridge promote --full` gives it all, `swingbridge rollback` none".into()
            }
            Self::InGrace { .. } => {
                "run the same command again then; [doors] grace says how long that is".into()
            }
            Self::IsLive { .. } => "swing production away from it first".into(),
            Self::IsCandidate { .. } => "`swingbridge abort` removes the candidate".into(),
            Self::NotOurs { .. } => {
                "run `swingbridge init --from-aws --yes` to adopt it, or leave it alone".into()
            }
            Self::Reachable { .. } => "point those rules elsewhere first".into(),
            Self::NameTaken { .. } => "rename or remove it, or choose other [names]".into(),
            Self::NumbersUsedUp { .. } => {
                "remove what has that number in its name or its tags, or choose other [names]".into()
            }
            Self::BadName { .. } => "choose other [names]".into(),
            Self::LaunchConfiguration { .. } => {
                "give the group a launch template (the EC2 console converts launch configurations)".into()
            }
            Self::Operated { operator, .. } => {
                format!("deploy through {operator}, or move the service to a group of its own")
            }
            Self::ExtraTraffic { .. } => "detach it, or move that traffic to a group of its own".into(),
            Self::Refreshing { group, .. } => format!(
                "wait until it has ended, or cancel it: `aws autoscaling cancel-instance-refresh --auto-scaling-group-name {group}`"
            ),
            Self::Suspended { group, process } => format!(
                "`aws autoscaling resume-processes --auto-scaling-group-name {group} --scaling-processes {process}`"
            ),
            Self::NotVacant { .. } => "see who uses it (`swingbridge status`), then plan again".into(),
            Self::StillRuns { .. } => "run the same command again: it waits until they are gone".into(),
            Self::RollingOut { .. } => {
                "`swingbridge deploy` of that release goes on with it, `swingbridge rollback` takes it back".into()
            }
            Self::RollingBack { .. } => "`swingbridge rollback` finishes it".into(),
            Self::NotWithStrategy { instead, .. } => instead.clone(),
            Self::Deleting { .. } => "wait until it is gone and run the command again".into(),
            Self::NoSuchVersion { template, .. } => {
                format!(
                    "`aws ec2 describe-launch-template-versions --launch-template-name {template}` lists them"
                )
            }
            Self::NoSuchImage { .. } => {
                "check the id and the region, and that this account may use it".into()
            }
            Self::OwnImages { .. } => {
                "take ImageId out of the overrides of its mixed instances policy: the template's version names the image".into()
            }
            Self::SeveralTemplates { .. } => {
                "make the versions yourself and release with --launch-template-version".into()
            }
            Self::NoListener { wanted_by, .. } => format!("correct {wanted_by}"),
            Self::PriorityTaken { setting, .. } => format!("set {setting} to a free priority"),
            Self::DoorTaken { rule, whose, .. } => {
                let ours = match whose {
                    Whose::App(_) => "",
                    Whose::LeadsTo(_) => {
                        "if it is a door of this app, let it lead to live, or tag it (`swingbridge init --from-aws --yes`); else "
                    }
                };
                format!(
                    "{ours}give this app's doors a header of their own ([doors] header) at free priorities, or do without (scheme = \"none\"); if nobody needs {rule}, delete it"
                )
            }
            Self::PriorityTooLow { setting, .. } => {
                format!("set {setting} to a free priority below the first route's")
            }
            Self::TooManyTargetGroups { .. } => {
                "`swingbridge retire` generations that are no longer needed".into()
            }
            Self::ZonalShift { .. } => "wait until the shift has ended: its targets cannot be judged".into(),
            Self::RuleChanged { .. } => "see who changes it (`swingbridge status`), then plan again".into(),
            Self::Gone { .. } => "plan again".into(),
            Self::NotHealthy { .. } => "`swingbridge status` shows the reasons".into(),
        }
    }
}
