//! Estates, intents and policies of any kind: those that a deployment goes through, twisted in up to a
//! dozen ways that AWS, other tools and people may or may not be able to bring about.

use std::time::Duration;

use jiff::Timestamp;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::{Just, Strategy, any, prop_oneof};
use proptest::sample::{Index, select};

use crate::model::estate::{
    Attachment, AttachmentKind, Estate, Gap, Group, Instance, Launch, Part, Target, TargetState, TemplateUse,
};
use crate::model::fixtures;
use crate::model::ids::{Generation, GroupName, Size, TargetGroupName};
use crate::model::plan::Intent;
use crate::model::policy::{AfterRollback, Capacity, Policy, RouteSelection, Treatment, Want};
use crate::model::release::{Release, Source};
use crate::model::routing::{Action, Condition, Priority, Rule, Share, Sticky};
use crate::model::scope::Generations;
use crate::model::shift::{Expired, Expiry, Held, Shift, Stage, Wait};
use crate::model::tags::{self, Tags};

#[derive(Clone, Debug)]
pub(super) struct Scene {
    pub(super) estate: Estate,
    pub(super) policy: Policy,
    pub(super) intent: Intent,
}

/// One thing that is not as it should be.
#[derive(Clone, Debug)]
enum Twist {
    Tag(Index, &'static str, String),
    NoTags(Index),
    Rule(Box<Rule>),
    Action(Index, Action),
    NoRule(Index),
    NoListener(Index),
    Group(Box<Group>),
    NoGroup(Index),
    Size(Index, Size),
    Launch(Index, Launch),
    Attached(Index, Attachment),
    Suspended(Index, &'static str),
    Deleting(Index),
    TargetGroup(TargetGroupName, Option<Generation>),
    NoTargetGroup(Index),
    Targets(Index, Vec<TargetState>),
    Attribute(Index, &'static str, &'static str),
    Taken(String),
    Gap(Part),
    Observed(Timestamp),
}

pub(super) fn scenes() -> impl Strategy<Value = Scene> {
    let begun = vec![
        fixtures::initial(),
        fixtures::deployed(),
        fixtures::halfway(),
        fixtures::shared(1, 5, None),
        fixtures::shared(1, 50, None),
        fixtures::shared(2, 50, Some(Held::Judged)),
        fixtures::promoted(),
        fixtures::rolled_back(),
        fixtures::freed(),
    ];
    scenes_of(begun, policies(), intents())
}

pub(super) fn scenes_of(
    begun: Vec<Estate>,
    policies: impl Strategy<Value = Policy>,
    intents: impl Strategy<Value = Intent>,
) -> impl Strategy<Value = Scene> {
    // Most twists end in a refusal: many scenes have few.
    let twists = prop_oneof![3 => vec(twists(), 0..3), 1 => vec(twists(), 3..12)];
    (select(begun), twists, policies, intents).prop_map(|(mut estate, twists, policy, intent)| {
        for twist in twists {
            twist.befalls(&mut estate);
        }
        Scene {
            estate,
            policy,
            intent,
        }
    })
}

fn numbers() -> impl Strategy<Value = u32> {
    select(vec![0, 1, 2, 3, 4, u32::MAX - 1, u32::MAX])
}

fn generations() -> impl Strategy<Value = Option<Generation>> {
    option::weighted(0.9, numbers().prop_map(Generation))
}

fn words() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => select(vec!["", "shop", "other", "é–日本", " ", "tg-1", "tg-4294967295", "asg-2"]).prop_map(str::to_owned),
        1 => any::<String>(),
    ]
}

fn target_groups() -> impl Strategy<Value = TargetGroupName> {
    prop_oneof![
        4 => numbers().prop_map(fixtures::tg),
        1 => words().prop_map(TargetGroupName::new),
    ]
}

fn groups() -> impl Strategy<Value = GroupName> {
    prop_oneof![
        4 => numbers().prop_map(fixtures::asg),
        1 => words().prop_map(GroupName::new),
    ]
}

fn durations() -> impl Strategy<Value = Duration> {
    select(vec![
        Duration::ZERO,
        Duration::from_secs(1),
        Duration::from_secs(600),
        Duration::from_secs(u64::from(u32::MAX)),
        Duration::from_secs(i64::MAX as u64),
    ])
}

fn moments() -> impl Strategy<Value = Timestamp> {
    select(vec![
        Timestamp::MIN,
        Timestamp::UNIX_EPOCH,
        fixtures::minute(0),
        fixtures::minute(60),
        Timestamp::MAX,
    ])
}

fn keys() -> impl Strategy<Value = &'static str> {
    select(vec![
        tags::APP,
        tags::GENERATION,
        tags::RELEASE,
        tags::INPUTS,
        tags::CREATED_AT,
        tags::STATE,
        tags::PREVIOUS,
        tags::PLAN,
        tags::STAGE,
        tags::VARIANT,
        tags::TEST,
        tags::RULE,
        tags::OWES_MIN,
        tags::OWES_RESUME,
        tags::OWES_SIZE,
        tags::LOCK_LEASE,
        tags::LOCK_BEAT,
        "aws:cloudformation:stack-name",
        "",
    ])
}

fn values() -> impl Strategy<Value = String> {
    let written = vec![
        "shop",
        "lock",
        "entrance",
        "door",
        "staged",
        "ready",
        "promoting",
        "1 5 2026-03-02T11:00:00Z",
        "2 50 2026-03-02T11:00:00Z judged",
        "9 100 -009999-01-01T00:00:00Z",
        "bold",
        "lost",
        "30 2026-03-02T11:00:00Z",
        "30 2026-03-02T11:00:00Z won",
        "live",
        "previous",
        "rolling-back",
        "rolled-back",
        "removing",
        "restored",
        "vacant",
        "live 2026-03-02T12:00:00Z",
        "ready 9999-12-31T23:59:59Z",
        "live -009999-01-02T01:59:59Z",
        "live é",
        "1/2/3",
        "4294967295/4294967295/4294967295",
        "1/2",
        "/",
        "18446744073709551616",
        "-1",
        "ScheduledActions  é",
    ];
    prop_oneof![
        2 => numbers().prop_map(|number| number.to_string()),
        4 => select(written).prop_map(str::to_owned),
        1 => words(),
    ]
}

fn actions() -> impl Strategy<Value = Action> {
    let weight = select(vec![0, 1, 50, 999, u32::MAX]);
    let share = (target_groups(), weight).prop_map(|(target_group, weight)| Share { target_group, weight });
    prop_oneof![
        3 => vec(share, 0..5).prop_map(|shares| Action::Forward { shares }),
        2 => numbers().prop_map(fixtures::to),
        1 => Just(fixtures::closed(404)),
        1 => words().prop_map(|text| Action::Other { text }),
    ]
}

fn priorities() -> impl Strategy<Value = Priority> {
    prop_oneof![
        4 => select(vec![0, 1, 2, 3, 10, 11, 20, u32::MAX]).prop_map(Priority::Numbered),
        1 => Just(Priority::Default),
    ]
}

fn rules() -> impl Strategy<Value = Rule> {
    let conditions = prop_oneof![
        1 => Just(fixtures::header("X-Client-Mode", "Green")),
        1 => Just(fixtures::header("x-client-mode", "blue")),
        2 => words().prop_map(|text| Condition::Other { text }),
    ];
    let kind = option::of(select(vec!["lock", "entrance", "door"]));
    let port = select(vec![80, 443, 0]);
    (port, priorities(), vec(conditions, 0..3), actions(), kind).prop_map(
        |(port, priority, conditions, action, kind)| {
            let mut rule = fixtures::rule(port, priority, &conditions, action);
            if let Some(kind) = kind {
                rule.tags.insert(tags::APP.into(), fixtures::APP.into());
                rule.tags.insert(tags::RULE.into(), kind.into());
            }
            rule
        },
    )
}

fn sizes() -> impl Strategy<Value = Size> {
    (numbers(), numbers(), numbers()).prop_map(|(min, max, desired)| Size { min, max, desired })
}

fn launches() -> impl Strategy<Value = Launch> {
    let used =
        select(vec!["$Latest", "$Default", "", "7", "18446744073709551615", "é"]).prop_map(|version| {
            TemplateUse {
                template: "lt-1".into(),
                name: "shop".into(),
                version: version.into(),
            }
        });
    prop_oneof![
        3 => (vec(used, 0..3), any::<bool>(), any::<bool>())
            .prop_map(|(uses, mixed, own_images)| Launch::Template { uses, mixed, own_images }),
        1 => Just(Launch::Unknown),
        1 => words().prop_map(|name| Launch::Configuration { name }),
    ]
}

fn any_groups() -> impl Strategy<Value = Group> {
    let instance = (select(vec![0, 1, u32::MAX]), any::<bool>()).prop_map(|(weight, serves)| Instance {
        weight,
        lifecycle: if serves { "InService" } else { "Terminating:Wait" }.into(),
        ..fixtures::group(1, 1).instances.remove(0)
    });
    (
        groups(),
        generations(),
        sizes(),
        vec(instance, 0..4),
        vec(target_groups(), 0..3),
    )
        .prop_map(|(name, generation, size, instances, target_groups)| Group {
            name,
            generation,
            size,
            instances,
            target_groups,
            ..fixtures::group(1, 0)
        })
}

fn attachments() -> impl Strategy<Value = Attachment> {
    let kinds = vec![
        AttachmentKind::Hook,
        AttachmentKind::Alarm,
        AttachmentKind::WarmPool,
    ];
    (select(kinds), words(), option::of(words())).prop_map(|(kind, name, stays)| Attachment {
        kind,
        name,
        detail: String::new(),
        stays,
    })
}

fn twists() -> impl Strategy<Value = Twist> {
    let at = any::<Index>;
    let states = select(vec![
        TargetState::Healthy,
        TargetState::Unhealthy,
        TargetState::Unused,
    ]);
    let attributes = vec![
        ("deregistration_delay.timeout_seconds", "18446744073709551615"),
        ("deregistration_delay.timeout_seconds", "é"),
        ("stickiness.enabled", "true"),
        ("slow_start.duration_seconds", "-1"),
    ];
    let parts = vec![
        Part::RuleTags,
        Part::TargetGroupTags,
        Part::Templates,
        Part::Attachments,
    ];
    prop_oneof![
        4 => (at(), keys(), values()).prop_map(|(at, key, value)| Twist::Tag(at, key, value)),
        1 => at().prop_map(Twist::NoTags),
        2 => rules().prop_map(|rule| Twist::Rule(Box::new(rule))),
        2 => (at(), actions()).prop_map(|(at, action)| Twist::Action(at, action)),
        1 => at().prop_map(Twist::NoRule),
        1 => at().prop_map(Twist::NoListener),
        1 => any_groups().prop_map(|group| Twist::Group(Box::new(group))),
        1 => at().prop_map(Twist::NoGroup),
        1 => (at(), sizes()).prop_map(|(at, size)| Twist::Size(at, size)),
        1 => (at(), launches()).prop_map(|(at, launch)| Twist::Launch(at, launch)),
        1 => (at(), attachments()).prop_map(|(at, attachment)| Twist::Attached(at, attachment)),
        1 => (at(), select(vec!["ScheduledActions", "Launch", ""])).prop_map(|(at, it)| Twist::Suspended(at, it)),
        1 => at().prop_map(Twist::Deleting),
        1 => (target_groups(), generations()).prop_map(|(name, number)| Twist::TargetGroup(name, number)),
        1 => at().prop_map(Twist::NoTargetGroup),
        2 => (at(), vec(states, 0..3)).prop_map(|(at, states)| Twist::Targets(at, states)),
        1 => (at(), select(attributes)).prop_map(|(at, (key, value))| Twist::Attribute(at, key, value)),
        1 => words().prop_map(Twist::Taken),
        1 => select(parts).prop_map(Twist::Gap),
        1 => moments().prop_map(Twist::Observed),
    ]
}

pub(super) fn policies() -> impl Strategy<Value = Policy> {
    let size = prop_oneof![
        3 => Just(Capacity::SameAsLive),
        1 => sizes().prop_map(Capacity::Fixed),
    ];
    let want = prop_oneof![
        3 => Just(Want::Percent(100)),
        1 => numbers().prop_map(Want::Percent),
        1 => numbers().prop_map(Want::Count),
    ];
    let treatment = prop_oneof![
        2 => Just(Treatment::Keep),
        2 => Just(Treatment::Retire),
        2 => numbers().prop_map(Treatment::Scale),
    ];
    let listed = vec((select(vec![80, 443]), priorities()), 0..3);
    let routes = prop_oneof![
        6 => Just(RouteSelection::All),
        1 => Just(RouteSelection::Listed(vec![(80, Priority::Default)])),
        1 => listed.prop_map(RouteSelection::Listed),
    ];
    let generations = select(vec![Generations::Fresh, Generations::Pair]);
    let strategy = select(vec![
        crate::model::policy::Strategy::Preview,
        crate::model::policy::Strategy::Direct,
        crate::model::policy::Strategy::Canary,
    ]);
    let shift = option::of(shifts());
    let doors = option::weighted(0.7, vec(select(vec![80, 443]), 0..3));
    let after = select(vec![AfterRollback::Keep, AfterRollback::Remove]);
    let times = (durations(), durations(), durations(), durations());
    let places = (select(vec![80, 80, 80, 443]), select(vec![1, 1, 1, 0, 30]));
    (
        (size, want, treatment, routes),
        (strategy, shift, doors, after, generations),
        times,
        places,
    )
        .prop_map(
            |(
                (size, want, treatment, routes),
                (strategy, shift, doors, after, generations),
                times,
                (port, priority),
            )| {
                let mut policy = fixtures::policy();
                policy.names.generations = generations;
                policy.strategy = strategy;
                policy.shift = shift.filter(|_| strategy == crate::model::policy::Strategy::Canary);
                policy.capacity = size;
                policy.health.want = want;
                policy.after_promotion.previous = treatment;
                policy.after_rollback = after;
                policy.routes = routes;
                policy.lock.port = port;
                policy.lock.priority = priority;
                match (&mut policy.doors, doors) {
                    (Some(configured), Some(ports)) if !ports.is_empty() => configured.ports = ports,
                    (Some(_), Some(_)) => {}
                    (configured, _) => *configured = None,
                }
                (
                    policy.health.soak,
                    policy.swing.propagation,
                    policy.swing.hold,
                    policy.after_promotion.after,
                ) = times;
                policy
            },
        )
}

fn shifts() -> impl Strategy<Value = Shift> {
    let expiry = (durations(), select(vec![Expired::Rollback, Expired::GoOn]))
        .prop_map(|(after, then)| Expiry { after, then });
    let wait = prop_oneof![
        durations().prop_map(Wait::Bake),
        option::of(expiry).prop_map(Wait::Pause),
    ];
    let stage = (select(vec![1, 5, 50, 99]), wait).prop_map(|(weight, wait)| Stage { weight, wait });
    let sticky = option::of(select(vec![Sticky::Off, Sticky::For(1), Sticky::For(60)]));
    (vec(stage, 0..4), sticky, durations()).prop_map(|(stages, sticky, reduce_every)| Shift {
        stages,
        sticky,
        reduce_every,
    })
}

pub(super) fn intents() -> impl Strategy<Value = Intent> {
    let source = prop_oneof![
        2 => Just(Source::Version { number: 8 }),
        1 => Just(Source::Version { number: u64::MAX }),
        1 => Just(Source::Build { image: None, user_data: Some("é".into()) }),
        1 => Just(Source::Build { image: Some("ami-1".into()), user_data: None }),
    ];
    let name = prop_oneof![3 => Just("43".to_owned()), 1 => words()];
    let release = (name, words(), source).prop_map(|(name, inputs, source)| Release {
        name,
        inputs,
        source,
        tags: Tags::new(),
        variant: None,
    });
    let failed = option::of(select(vec![AfterRollback::Keep, AfterRollback::Remove]));
    prop_oneof![
        3 => release.prop_map(|release| Intent::Deploy { release }),
        2 => Just(Intent::Promote),
        1 => Just(Intent::PromoteFully),
        1 => select(vec![0, 1, 30, 99, 100]).prop_map(|percent| Intent::Shift { percent }),
        3 => select(vec![Intent::Pause, Intent::Resume, Intent::Retreat]),
        2 => (option::weighted(0.3, numbers().prop_map(Generation)), failed)
            .prop_map(|(to, failed)| Intent::Rollback { to, failed }),
        1 => Just(Intent::Abort),
        3 => option::weighted(0.3, numbers().prop_map(Generation))
            .prop_map(|generation| Intent::Retire { generation }),
        6 => Just(Intent::Repair),
    ]
}

fn one<'a, T>(at: &Index, all: &'a mut [T]) -> Option<&'a mut T> {
    if all.is_empty() {
        None
    } else {
        Some(at.get_mut(all))
    }
}

fn remove<T>(at: &Index, all: &mut Vec<T>) {
    if !all.is_empty() {
        all.remove(at.index(all.len()));
    }
}

fn tagged<'a>(at: &Index, estate: &'a mut Estate) -> Option<&'a mut Tags> {
    let groups = estate.groups.iter_mut().map(|group| &mut group.tags);
    let target_groups = estate.target_groups.iter_mut().map(|tg| &mut tg.tags);
    let rules = estate
        .listeners
        .iter_mut()
        .flat_map(|listener| &mut listener.rules);
    let mut all: Vec<&mut Tags> = groups
        .chain(target_groups)
        .chain(rules.map(|rule| &mut rule.tags))
        .collect();
    let place = at.index(all.len().max(1));
    (place < all.len()).then(|| all.swap_remove(place))
}

fn all_rules(estate: &mut Estate) -> Vec<&mut Rule> {
    let listeners = estate.listeners.iter_mut();
    listeners.flat_map(|listener| &mut listener.rules).collect()
}

impl Twist {
    fn befalls(self, estate: &mut Estate) {
        match self {
            Self::Tag(at, key, value) => {
                if let Some(tags) = tagged(&at, estate) {
                    tags.insert(key.into(), value);
                }
            }
            Self::NoTags(at) => tagged(&at, estate).into_iter().for_each(Tags::clear),
            Self::Rule(rule) => match estate
                .listeners
                .iter_mut()
                .find(|listener| listener.port == rule.port)
            {
                // Of two rules at one priority, which AWS does not have, nothing can be said.
                Some(listener) => {
                    listener.rules.retain(|other| other.priority != rule.priority);
                    listener.rules.push(*rule);
                }
                None => estate.listeners.push(fixtures::listener(rule.port, vec![*rule])),
            },
            Self::Action(at, action) => {
                if let Some(rule) = one(&at, &mut all_rules(estate)) {
                    rule.action = action;
                }
            }
            Self::NoRule(at) => {
                if let Some(listener) = one(&at, &mut estate.listeners) {
                    remove(&at, &mut listener.rules);
                }
            }
            Self::NoListener(at) => remove(&at, &mut estate.listeners),
            Self::Group(group) => estate.groups.push(*group),
            Self::NoGroup(at) => remove(&at, &mut estate.groups),
            Self::TargetGroup(name, generation) => {
                let mut made = fixtures::target_group(1, &[]);
                (made.name, made.generation) = (name, generation);
                estate.target_groups.push(made);
            }
            Self::NoTargetGroup(at) => remove(&at, &mut estate.target_groups),
            Self::Targets(at, states) => {
                if let Some(tg) = one(&at, &mut estate.target_groups) {
                    let known = fixtures::target_group(tg.generation.map_or(1, |number| number.0), &states);
                    tg.targets = known.targets;
                    tg.targets.extend(states.first().map(|state| stranger(*state)));
                }
            }
            Self::Attribute(at, key, value) => {
                if let Some(tg) = one(&at, &mut estate.target_groups) {
                    tg.attributes.insert(key.into(), value.into());
                }
            }
            Self::Taken(name) => {
                estate.taken.groups.insert(GroupName::new(name.clone()));
                estate.taken.target_groups.insert(TargetGroupName::new(name));
            }
            Self::Gap(part) => estate.gaps.push(Gap {
                part,
                about: String::new(),
                error: "é".into(),
                denied: false,
                passes: true,
            }),
            Self::Observed(at) => estate.observed_at = at,
            Self::Size(at, _)
            | Self::Launch(at, _)
            | Self::Attached(at, _)
            | Self::Suspended(at, _)
            | Self::Deleting(at) => {
                if let Some(group) = one(&at, &mut estate.groups) {
                    self.befalls_group(group);
                }
            }
        }
    }

    fn befalls_group(self, group: &mut Group) {
        match self {
            Self::Size(_, size) => group.size = size,
            Self::Launch(_, launch) => group.launch = launch,
            Self::Attached(_, attachment) => group.attachments.push(attachment),
            Self::Suspended(_, process) => drop(group.suspended.insert(process.into(), String::new())),
            _ => group.deleting = true,
        }
    }
}

fn stranger(state: TargetState) -> Target {
    Target {
        id: "i-stranger".into(),
        zonal_override: Some("é".into()),
        ..fixtures::target_group(1, &[state]).targets.remove(0)
    }
}
