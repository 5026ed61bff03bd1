//! Deploy: build the next generation beside live, wait until it is healthy, open its door.

use super::clone::{self, Clone};
use super::promote::{self, Side};
use super::{
    Context, Draft, Drafted, carried, doors, naming, pair, preflight, recreate, swing, variant, versions,
};
use crate::model::clone::NEEDED;
use crate::model::estate::{Part, TargetGroup};
use crate::model::ids::{Generation, TargetGroupName};
use crate::model::plan::Note;
use crate::model::policy::{Capacity, Strategy};
use crate::model::refusal::Reason;
use crate::model::release::Release;
use crate::model::standing::{Standing, State};
use crate::model::step::Step;

pub(super) fn draft(context: &Context<'_>, release: &Release) -> Drafted {
    variant::may_stand(context, release)?;
    let beside = variant::beside(context, release);
    if beside.is_none() && is_live(context, release) {
        // A direct deploy may have been interrupted after it swung: finish what is left.
        let mut rest = promote::finish(context)?;
        rest.summary = format!(
            "release {} is live already, as generation {}",
            release.name, context.roles.live.generation
        );
        return Ok(rest);
    }
    let clone = clone_of_live(context, release, beside)?;
    let mut steps = before(context, &clone);
    steps.extend(clone::build(context, &clone));
    let mut notes = notes(context, &clone);
    notes.extend(pair::notes(context, &clone));
    notes.extend(doors::note(context));
    let summary = if recreate::is_meant(context) {
        notes.splice(0..0, in_its_place(context, &clone, &mut steps)?);
        format!(
            "stop generation {}, then start release {} in its place as generation {}; nobody answers meanwhile",
            context.roles.live.generation, release.name, clone.generation
        )
    } else {
        let side = clone.side();
        steps.push(promote::await_healthy(context, &side, context.policy.health.soak));
        steps.extend(pair::not_again(&clone, open(context, &clone)));
        let (summary, more) = onward(context, release, &side)?;
        steps.extend(pair::continued(&clone, more));
        summary
    };
    let role = match &release.variant {
        Some(name) => format!("variant {name}"),
        None => "the candidate".into(),
    };
    Ok(Draft {
        summary,
        when_done: Some(format!(
            "release {} is {role} already, as generation {}",
            release.name, clone.generation
        )),
        carried: carried::list(context, &clone),
        notes,
        steps,
    })
}

fn is_live(context: &Context<'_>, release: &Release) -> bool {
    let live = &context.roles.live;
    // The same release may be tested against itself.
    let is_it = release.variant.is_none() || release.variant == live.variant;
    is_it && has_its_name(live, release) && has_its_inputs(live, release)
}

fn has_its_name(standing: &Standing, release: &Release) -> bool {
    standing.release.as_deref() == Some(release.name.as_str())
}

fn has_its_inputs(standing: &Standing, release: &Release) -> bool {
    standing.inputs.as_deref() == Some(release.inputs.as_str())
}

/// The one that this release has already, or the next one.
fn generation(
    context: &Context<'_>,
    release: &Release,
    beside: Option<&Standing>,
) -> Result<Generation, Vec<Reason>> {
    let Some(candidate) = beside else {
        return naming::next_free(context);
    };
    match (
        has_its_name(candidate, release),
        has_its_inputs(candidate, release),
    ) {
        (true, true) => Ok(candidate.generation),
        (true, false) => Err(vec![Reason::SameLabelOtherInputs {
            release: release.name.clone(),
            generation: candidate.generation,
        }]),
        (false, _) => Err(vec![variant::exists(candidate)]),
    }
}

/// What is to be made, or every reason why it cannot be.
fn clone_of_live<'a>(
    context: &'a Context<'_>,
    release: &'a Release,
    beside: Option<&Standing>,
) -> Result<Clone<'a>, Vec<Reason>> {
    let generation = generation(context, release, beside)?;
    let live = preflight::group_of(context, &context.roles.live)?;
    let live_tg = live_target_group(context)?;
    let (group, target_group) = naming::names(context, generation)?;
    let mut reasons = Vec::new();
    if pair::copies(context, &group, generation) {
        preflight::cloneable(context, live, &mut reasons);
    } else if beside.is_none_or(|candidate| candidate.state == State::Staged) {
        // What is not seen to hang on live would be missing on a clone that is half made.
        for part in [Part::Attachments, Part::Alarms] {
            preflight::unseen(context.estate, part, &mut reasons);
        }
    }
    reasons.extend(doors::misplaced(context));
    if recreate::is_meant(context) {
        reasons.extend(recreate::cannot_be_stopped(live));
    }
    let versions = versions::versions(context, live, release);
    let freed = pair::freed(context, &group, generation, &target_group);
    match (versions, freed) {
        (Ok(versions), Ok(freed)) if reasons.is_empty() => Ok(Clone {
            generation,
            group,
            target_group,
            release,
            original: live,
            original_tg: live_tg,
            versions,
            freed,
        }),
        (versions, freed) => {
            reasons.extend(versions.err().into_iter().chain(freed.err()).flatten());
            Err(reasons)
        }
    }
}

/// With `recreate`: live goes, and then the clone comes. Says what that costs.
fn in_its_place(
    context: &Context<'_>,
    clone: &Clone<'_>,
    steps: &mut Vec<Step>,
) -> Result<Vec<Note>, Vec<Reason>> {
    let live = &context.roles.live;
    if live.state == State::RollingBack {
        let to = live.previous.unwrap_or(live.generation);
        return Err(vec![Reason::RollbackHalfWay { to }]);
    }
    let (side, from) = (clone.side(), Side::require(live)?);
    steps.extend(recreate::forward(context, &side, &from));
    steps.extend(promote::swung(context, &side, &from));
    promote::follow(context, &side, &from, steps)?;
    Ok(recreate::notes(context, &from, &side))
}

/// A candidate that stands beside live, and production if it goes there by itself. Says what it comes to.
fn onward(context: &Context<'_>, release: &Release, side: &Side) -> Result<(String, Vec<Step>), Vec<Reason>> {
    let (live, generation) = (&context.roles.live, side.generation);
    if context.policy.strategy == Strategy::Ab {
        let summary = format!(
            "deploy release {} as generation {generation}, variant {}, beside live generation {}; production stays",
            release.name,
            release.variant.as_deref().unwrap_or_default(),
            live.generation
        );
        return Ok((summary, Vec::new()));
    }
    if context.policy.strategy != Strategy::Direct {
        let summary = format!(
            "deploy release {} as generation {generation} beside live generation {}; production stays",
            release.name, live.generation
        );
        return Ok((summary, Vec::new()));
    }
    let from = Side::of(live).ok_or_else(|| vec![Reason::NoPrevious])?;
    let steps = promote::steps(context, side, &from, None)?;
    let summary = format!(
        "deploy release {} as generation {generation} and swing production to it from generation {}",
        release.name, live.generation
    );
    Ok((summary, steps))
}

fn live_target_group<'a>(context: &'a Context<'_>) -> Result<&'a TargetGroup, Vec<Reason>> {
    context
        .roles
        .live
        .target_group
        .as_ref()
        .and_then(|name| context.estate.target_group(name))
        .ok_or_else(|| {
            vec![Reason::NoSuchGeneration {
                generation: context.roles.live.generation,
            }]
        })
}

/// What live needs before anything else is made: our tags, and a pinned version.
fn before(context: &Context<'_>, clone: &Clone<'_>) -> Vec<Step> {
    let mut steps = vec![Step::Adopt {
        generation: context.roles.live.generation,
        group: clone.original.name.clone(),
        target_group: clone.original_tg.name.clone(),
    }];
    steps.extend(doors::adopt(context));
    let pins = versions::pins(context, clone.original);
    if !pins.is_empty() {
        steps.push(Step::Pin {
            group: clone.original.name.clone(),
            versions: pins,
        });
    }
    steps
}

/// Opens the candidate's door (or, without one, the entrance), and writes down that the candidate is ready.
fn open(context: &Context<'_>, clone: &Clone<'_>) -> Vec<Step> {
    let candidate = &clone.target_group;
    // Once promotion has begun it is past being ready: opening its door again would be a step back.
    let promoting =
        variant::beside(context, clone.release).is_some_and(|candidate| candidate.state == State::Promoting);
    if promoting {
        return Vec::new();
    }
    let ready = Step::Mark {
        generation: clone.generation,
        target_group: candidate.clone(),
        state: State::Ready,
        previous: None,
    };
    if context.policy.strategy == Strategy::Direct {
        // They meet it for as long as what comes before the swing takes: a gate, for instance.
        let mut steps = doors::users(context, candidate);
        if !steps.is_empty() {
            steps.push(swing::confirm(context, &steps));
        }
        steps.push(ready);
        return steps;
    }
    if clone.release.variant.is_some() {
        let mut steps = doors::stayed(context, &clone.original_tg.name, false);
        steps.extend(swing::entrance(
            context,
            &variant::waiting_with(context, candidate),
        ));
        steps.push(swing::confirm(context, &steps));
        steps.push(ready);
        return steps;
    }
    let mut steps = doors::beside(context, &clone.original_tg.name, candidate);
    if !context.policy.shows_candidate() {
        let previous = context
            .roles
            .previous
            .as_ref()
            .filter(|previous| !pair::goes(context, clone, previous))
            .and_then(|previous| swing::waits_for_return(context, previous.target_group.as_ref()));
        let waiting: Vec<TargetGroupName> = std::iter::once(candidate.clone()).chain(previous).collect();
        steps.extend(swing::entrance(context, &waiting));
    }
    let confirm = swing::confirm(context, &steps);
    steps.push(confirm);
    steps.push(ready);
    steps
}

fn notes(context: &Context<'_>, clone: &Clone<'_>) -> Vec<Note> {
    let mut notes = Vec::new();
    let original = clone.original;
    let setting = |key: &str| original.settings.get(key).map(String::as_str);
    if setting("HealthCheckType").is_some_and(|kind| kind.contains("ELB"))
        && matches!(setting("HealthCheckGracePeriod"), None | Some("0"))
    {
        notes.push(Note::risk(format!(
            "{} has load balancer health checks and no grace period: the clone's instances are replaced until they boot faster than the first check; set a grace period",
            original.name
        )));
    }
    for pin in versions::pins(context, original) {
        notes.push(Note::info(format!(
            "{} followed {} of {}; it is pinned to version {} so that this release cannot leak into live",
            original.name, pin.from, pin.template, pin.to
        )));
    }
    for process in clone
        .suspended()
        .iter()
        .filter(|process| NEEDED.contains(&process.as_str()))
    {
        notes.push(Note::risk(format!(
            "{process} is suspended on {}; it is not on the clone, whose targets could not register without it",
            original.name
        )));
    }
    let slow_start = clone
        .original_tg
        .attributes
        .get("slow_start.duration_seconds")
        .filter(|value| *value != "0");
    if let Some(seconds) = slow_start {
        notes.push(Note::risk(format!(
            "slow start ({seconds} s) does not protect a generation that starts empty: at promotion it takes full load at once"
        )));
    }
    if clone
        .original_tg
        .attributes
        .get("stickiness.enabled")
        .map(String::as_str)
        == Some("true")
    {
        notes.push(Note::risk(
            "target stickiness is on: clients are bound to single instances and are rebalanced when production swings",
        ));
    }
    if let Capacity::Fixed(size) = context.policy.capacity
        && size.desired < original.size.desired
    {
        notes.push(Note::info(format!(
            "the candidate starts with {} instances, live has {}; promotion brings it up to live's capacity first",
            size.desired, original.size.desired
        )));
    }
    for attachment in original
        .attachments
        .iter()
        .filter(|attachment| attachment.stays.is_some())
    {
        notes.push(Note::info(format!(
            "{} is not copied: {}",
            attachment.name,
            attachment.stays.as_deref().unwrap_or_default()
        )));
    }
    if context.roles.live.previous.is_none() && !context.roles.live.ours {
        notes.push(Note::info(format!(
            "generation {} was there before: its group, target group and doors get ownership tags",
            context.roles.live.generation
        )));
    }
    notes
}
