//! Rolling: one group, whose instances Auto Scaling replaces in place. Planned from what is written on the group and
//! from what Auto Scaling says of its instance refresh.

use super::promote::Side;
use super::{Context, Draft, Drafted, preflight, versions};
use crate::model::estate::{Group, Launch, Part};
use crate::model::ids::GroupName;
use crate::model::plan::{Intent, Note};
use crate::model::policy::Strategy;
use crate::model::refusal::Reason;
use crate::model::release::Release;
use crate::model::rollout::{Before, Direction, End, Kept, NewRollout, Released, Rolling, Rollout};
use crate::model::standing::State;
use crate::model::step::{Pick, PickedVersion, Step};
use crate::model::tags;

/// Processes without which Auto Scaling cannot replace an instance, or never registers the new one.
const NEEDED: [&str; 4] = ["Launch", "Terminate", "AddToLoadBalancer", "InstanceRefresh"];

pub(super) fn deploy(context: &Context<'_>, release: &Release) -> Drafted {
    let roles = &context.roles;
    if let Some(candidate) = &roles.candidate {
        return Err(vec![Reason::CandidateExists {
            generation: candidate.generation,
            release: candidate.release.clone().unwrap_or_else(|| "unnamed".into()),
        }]);
    }
    let place = place(context)?;
    let wanted = Released {
        release: Some(tags::value(&release.name)),
        inputs: Some(release.inputs.clone()),
    };
    let under_way = Rollout::of(&place.group.tags);
    match &under_way {
        Some(rollout) if rollout.direction == Direction::Back => {
            return Err(vec![Reason::RollingBack {
                group: place.group.name.clone(),
            }]);
        }
        Some(rollout) if rollout.released == wanted => {}
        Some(rollout) if rollout.released.release == wanted.release => {
            return Err(vec![Reason::SameLabelOtherInputs {
                release: release.name.clone(),
                generation: place.side.generation,
            }]);
        }
        Some(rollout) => {
            return Err(vec![Reason::RollingOut {
                group: place.group.name.clone(),
                release: rollout.released.to_string(),
            }]);
        }
        None if Released::of_live(context) == wanted => {
            return Ok(Draft::nothing(format!(
                "release {} is live already, on {}",
                release.name, place.group.name
            )));
        }
        None => {}
    }
    let mut reasons = Vec::new();
    replaceable(context, &place, &mut reasons);
    let picks = versions::versions(context, place.group, release).unwrap_or_else(|more| {
        reasons.extend(more);
        Vec::new()
    });
    let from = under_way
        .as_ref()
        .map(|rollout| rollout.from)
        .or_else(|| present(context, place.group));
    let (Some(from), true) = (from, reasons.is_empty()) else {
        return Err(reasons);
    };
    let mut steps = vec![Step::Adopt {
        generation: place.side.generation,
        group: place.side.group.clone(),
        target_group: place.side.target_group.clone(),
    }];
    let pins = versions::pins(context, place.group);
    if !pins.is_empty() {
        steps.push(Step::Pin {
            group: place.side.group.clone(),
            versions: pins,
        });
    }
    steps.extend(versions::build(context, place.group, release));
    steps.push(Step::StartRefresh {
        group: place.side.group.clone(),
        rollout: NewRollout {
            direction: Direction::Forward,
            from,
            released: wanted.clone(),
        },
        versions: picks,
        rolling: place.rolling.clone(),
    });
    steps.push(Step::AwaitRefresh {
        group: place.side.group.clone(),
        wants: End::Successful,
    });
    // The tags that say which release it was stay until the new one's are written.
    let before = Before::of(&place.group.tags)
        .filter(|_| Released::of_live(context) == wanted)
        .unwrap_or_else(|| Before {
            version: from,
            released: Released::of_live(context),
        });
    steps.extend(written(&place.side, State::Live, wanted, Some(before)));
    Ok(Draft {
        summary: format!(
            "roll release {} out on {} in place, instead of launch template version {from}; traffic cannot swing back at once",
            release.name, place.group.name
        ),
        steps,
        notes: notes(&place, from),
        ..Draft::default()
    })
}

/// What there is to take back in place; `None` leaves it to a swing.
pub(super) fn rollback(context: &Context<'_>) -> Option<Drafted> {
    let place = match place(context) {
        Ok(place) => place,
        Err(reasons) => return Some(Err(reasons)),
    };
    let live = Released::of_live(context);
    let back = |to, released| Some(way_back(context, &place, to, released));
    match Rollout::of(&place.group.tags) {
        Some(rollout) if rollout.direction == Direction::Back => back(rollout.to, rollout.released),
        Some(rollout) => {
            let refresh = rollout.refresh(place.group);
            match refresh.map(crate::model::rollout::Refresh::end) {
                None => {
                    let mut draft =
                        Draft::nothing(format!("nothing is replaced yet on {}", place.group.name));
                    draft.steps.push(end(&place.side.group));
                    Some(Ok(draft))
                }
                Some(None | Some(End::RolledBack)) => Some(Ok(taken_back(&place, &rollout))),
                Some(Some(End::Successful)) if live == rollout.released => {
                    // What ran before was written down already.
                    let before = Before::of(&place.group.tags);
                    back(
                        rollout.from,
                        before.map(|before| before.released).unwrap_or_default(),
                    )
                }
                Some(Some(End::Successful | End::Stopped)) => back(rollout.from, live),
            }
        }
        None => match Before::of(&place.group.tags) {
            // A rollout that has ended half way: what is live was never taken away as a whole.
            Some(before) if has_strangers(context, place.group, before.version) => {
                back(present(context, place.group)?, live)
            }
            Some(before) if context.roles.live.state != State::Restored => {
                back(before.version, before.released)
            }
            _ if is_mixed_up(place.group) => back(present(context, place.group)?, live),
            Some(_) => Some(Ok(Draft::nothing(format!(
                "rolled back already: {} runs {live}",
                place.group.name
            )))),
            None => None,
        },
    }
}

/// Commands about a candidate, where no strategy makes one.
pub(super) fn refused(context: &Context<'_>, intent: &Intent) -> Option<Reason> {
    let is_about_a_candidate = matches!(
        intent,
        Intent::Promote
            | Intent::PromoteFully
            | Intent::Shift { .. }
            | Intent::Pause
            | Intent::Resume
            | Intent::Retreat
            | Intent::Abort
    );
    let strategy = context.policy.strategy;
    if strategy == Strategy::Recreate && is_about_a_candidate && *intent != Intent::Abort {
        return Some(Reason::NotWithStrategy {
            command: intent.word().to_owned(),
            strategy,
            instead:
                "`swingbridge deploy` brings a release all the way, `swingbridge rollback` takes it back"
                    .into(),
        });
    }
    // One that another strategy has left is still brought to its end.
    let left = context.roles.candidate.is_some() || context.roles.rolled_back().is_some();
    (strategy == Strategy::Rolling && is_about_a_candidate && !left).then(|| Reason::NotWithStrategy {
        command: intent.word().to_owned(),
        strategy,
        instead: "`swingbridge deploy` brings a release all the way, `swingbridge rollback` takes it back at any moment; checkpoints are in [rolling]".into(),
    })
}

/// The one group, and how it is rolled.
struct Place<'a> {
    side: Side,
    group: &'a Group,
    rolling: &'a Rolling,
}

fn place<'a>(context: &'a Context<'_>) -> Result<Place<'a>, Vec<Reason>> {
    let roles = &context.roles;
    let side = Side::require(&roles.live)?;
    let group = preflight::present_group(context, &roles.live)?;
    let mut reasons = preflight::untouchable(group);
    let own = Rollout::of(&group.tags);
    let foreign = group
        .refreshing()
        .filter(|refresh| own.as_ref().and_then(|own| own.refresh(group)) != Some(*refresh));
    if let Some(refresh) = foreign {
        reasons.push(Reason::Refreshing {
            group: group.name.clone(),
            status: refresh.status.clone(),
        });
    }
    preflight::unseen(context.estate, Part::Refreshes, &mut reasons);
    match (&context.policy.rolling, reasons.is_empty()) {
        (Some(rolling), true) => Ok(Place { side, group, rolling }),
        _ => Err(reasons),
    }
}

impl Released {
    fn of_live(context: &Context<'_>) -> Self {
        Self {
            release: context.roles.live.release.clone(),
            inputs: context.roles.live.inputs.clone(),
        }
    }
}

/// What stands against replacing instances in place.
fn replaceable(context: &Context<'_>, place: &Place<'_>, reasons: &mut Vec<Reason>) {
    match &place.group.launch {
        Launch::Configuration { name } => reasons.push(Reason::LaunchConfiguration {
            group: place.group.name.clone(),
            name: name.clone(),
        }),
        Launch::Template { .. } | Launch::Unknown => {}
    }
    let suspended = NEEDED
        .iter()
        .filter(|process| place.group.suspended.contains_key(**process));
    reasons.extend(suspended.map(|process| Reason::Suspended {
        group: place.group.name.clone(),
        process: (*process).to_owned(),
    }));
    preflight::unseen(context.estate, Part::Templates, reasons);
    if reasons.is_empty() && present(context, place.group).is_none() {
        reasons.push(Reason::Unseen {
            part: Part::Templates,
            about: place.group.name.to_string(),
            error: "it starts instances from nothing that has versions".into(),
            denied: false,
        });
    }
}

/// The version of the base template that a group starts instances from.
fn present(context: &Context<'_>, group: &Group) -> Option<u64> {
    let base = group.launch.uses().first()?;
    base.pinned()
        .or_else(|| context.estate.template(&base.template)?.resolve(&base.version))
}

/// Somebody's instances are of another version than the group's own.
fn is_mixed_up(group: &Group) -> bool {
    let [only] = group.launch.uses() else {
        return false;
    };
    group.instances.iter().any(|instance| {
        instance
            .template_version
            .as_deref()
            .is_some_and(|version| version != only.version)
    })
}

/// Somebody's instances are neither of the group's own version nor of the one before.
fn has_strangers(context: &Context<'_>, group: &Group, before: u64) -> bool {
    let known = [present(context, group), Some(before)].map(|one| one.map(|number| number.to_string()));
    let is_known = |version: &str| known.iter().flatten().any(|known| known == version);
    let [_] = group.launch.uses() else {
        return false;
    };
    group
        .instances
        .iter()
        .filter_map(|instance| instance.template_version.as_deref())
        .any(|version| !is_known(version))
}

/// The refresh under way takes back what it has replaced.
fn taken_back(place: &Place<'_>, rollout: &Rollout) -> Draft {
    let group = &place.side.group;
    Draft {
        summary: format!(
            "take back {}, which is being rolled out on {group}",
            rollout.released
        ),
        steps: vec![
            Step::TakeRefreshBack { group: group.clone() },
            Step::AwaitRefresh {
                group: group.clone(),
                wants: End::RolledBack,
            },
            restored(&place.side),
            end(group),
        ],
        notes: vec![takes_time()],
        ..Draft::default()
    }
}

/// Instances are replaced once more, by ones of the version before.
fn way_back(context: &Context<'_>, place: &Place<'_>, to: u64, released: Released) -> Drafted {
    let mut reasons = Vec::new();
    replaceable(context, place, &mut reasons);
    let from = present(context, place.group);
    let (Some(from), Launch::Template { uses, .. }, true) = (from, &place.group.launch, reasons.is_empty())
    else {
        return Err(reasons);
    };
    let mut picks: Vec<Pick> = Vec::new();
    for used in uses {
        let number = if picks.is_empty() { Some(to) } else { used.pinned() };
        if let Some(number) = number.filter(|_| !picks.iter().any(|pick| pick.template == used.template)) {
            picks.push(Pick {
                template: used.template.clone(),
                version: PickedVersion::Number(number),
            });
        }
    }
    let group = &place.side.group;
    let under_way = Rollout::of(&place.group.tags).filter(|rollout| rollout.direction == Direction::Back);
    let mut steps = vec![
        Step::StartRefresh {
            group: group.clone(),
            rollout: NewRollout {
                direction: Direction::Back,
                from: under_way.map_or(from, |rollout| rollout.from),
                released: released.clone(),
            },
            versions: picks,
            rolling: place.rolling.back(),
        },
        Step::AwaitRefresh {
            group: group.clone(),
            wants: End::Successful,
        },
    ];
    let summary = format!("roll {group} back to {released}, launch template version {to}");
    steps.extend(written(&place.side, State::Restored, released, None));
    Ok(Draft {
        summary,
        steps,
        notes: vec![takes_time()],
        ..Draft::default()
    })
}

/// Everything that is written down at the end. The mark of the rollout goes last: until then a run that was cut off is
/// continued.
fn written(side: &Side, state: State, released: Released, before: Option<Before>) -> Vec<Step> {
    vec![
        Step::Mark {
            generation: side.generation,
            target_group: side.target_group.clone(),
            state,
            previous: None,
        },
        Step::MarkRelease {
            group: side.group.clone(),
            target_group: side.target_group.clone(),
            released,
            before,
        },
        end(&side.group),
    ]
}

fn restored(side: &Side) -> Step {
    Step::Mark {
        generation: side.generation,
        target_group: side.target_group.clone(),
        state: State::Restored,
        previous: None,
    }
}

fn end(group: &GroupName) -> Step {
    Step::EndRollout { group: group.clone() }
}

fn takes_time() -> Note {
    Note::risk("instances are replaced once more: it takes as long as a rollout without checkpoints")
}

fn notes(place: &Place<'_>, from: u64) -> Vec<Note> {
    let rolling = place.rolling;
    let mut notes = vec![Note::risk(format!(
        "traffic cannot swing back at once: there is no second generation, and a rollback replaces the instances again, by ones of version {from}"
    ))];
    let group = place.group;
    let setting = |key: &str| group.settings.get(key).map(String::as_str);
    if !setting("HealthCheckType").is_some_and(|kind| kind.contains("ELB")) {
        notes.push(Note::risk(format!(
            "{} has no load balancer health checks: Auto Scaling goes on to the next instances when a new one runs, whether or not it answers",
            group.name
        )));
    }
    let protects = setting("NewInstancesProtectedFromScaleIn") == Some("true");
    if protects && rolling.protected == Kept::Wait {
        notes.push(Note::risk(format!(
            "{} protects new instances from scale-in: Auto Scaling waits an hour for somebody to release them, and then rolls back, unless `protected` is \"ignore\" or \"replace\"",
            group.name
        )));
    }
    if rolling.max_healthy == 100 {
        notes.push(Note::risk(
            "instances are taken out of service before others have come: less than all of the capacity serves meanwhile",
        ));
    }
    if rolling.alarms.is_empty() {
        notes.push(Note::info(
            "no alarms are named: only instances that do not become healthy take it back by themselves",
        ));
    }
    notes
}
