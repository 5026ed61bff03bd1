//! A test of variants: production is shared among them until a winner is named, or goes back to where it came from.

use std::time::Duration;

use super::promote::{self, Side};
use super::{Context, Draft, Drafted, doors, leads, preflight, reached, rollback, swing, variant, winner};
use crate::model::ab::{By, PER_RULE, Test, Variant};
use crate::model::ab_reason::AbReason;
use crate::model::ids::{Generation, TargetGroupName};
use crate::model::plan::{Intent, Note};
use crate::model::policy::{AfterRollback, Strategy};
use crate::model::refusal::Reason;
use crate::model::routing::{Action, Rule, Share, Sticky};
use crate::model::standing::{Standing, State};
use crate::model::step::{self, Purpose, Step};

/// While a test runs only its own commands, and those that undo and clean up, may go on.
pub(super) fn admits(context: &Context<'_>, intent: &Intent) -> Result<(), Vec<Reason>> {
    let ab = context.policy.strategy == Strategy::Ab;
    match intent {
        Intent::PromoteFully | Intent::Shift { .. } | Intent::Pause if ab => {
            Err(AbReason::SharedByTest.into())
        }
        _ if !context.roles.tests() => Ok(()),
        Intent::Promote | Intent::Resume | Intent::Deploy { .. } if ab => Ok(()),
        Intent::Promote
        | Intent::PromoteFully
        | Intent::Resume
        | Intent::Deploy { .. }
        | Intent::Shift { .. }
        | Intent::Pause => Err(vec![runs(context)]),
        Intent::Winner { .. }
        | Intent::Rollback { .. }
        | Intent::Retreat
        | Intent::Abort
        | Intent::Retire { .. }
        | Intent::Repair => Ok(()),
    }
}

fn runs(context: &Context<'_>) -> Reason {
    AbReason::TestRuns {
        live: context.roles.home().unwrap_or(&context.roles.live).generation,
    }
    .into()
}

pub(super) fn configured<'a>(context: &Context<'a>) -> Result<&'a Test, Vec<Reason>> {
    context.policy.ab.as_ref().ok_or_else(|| AbReason::NoTest.into())
}

/// What binds a client to its variant.
pub(super) fn stickiness(test: &Test) -> Option<Sticky> {
    match test.by {
        By::Weight { sticky } => Some(Sticky::For(sticky)),
        By::Header { .. } => None,
    }
}

/// Begins the test; goes on with one that was interrupted; or, while it runs, waits for its end.
pub(super) fn draft(context: &Context<'_>) -> Drafted {
    let test = configured(context)?;
    if let Some(name) = winner::named(context) {
        return winner::draft(context, &name);
    }
    if context.roles.variants.is_empty() && promote::is_promoted(context) {
        return winner::finish(context);
    }
    let parts = parts(context, test)?;
    let live = Side::require(&context.roles.live)?;
    let steps = steps(context, test, &parts, &live);
    let decides = |step: &&Step| !step.only_prepares() && !follows_capacity(step) && !step.lets_go();
    let shares: Vec<String> = test
        .variants
        .iter()
        .map(|one| match one.weight {
            0 => one.name.clone(),
            weight => format!("{} {weight}", one.name),
        })
        .collect();
    if steps
        .iter()
        .filter(decides)
        .all(|step| reached(step, context.estate))
    {
        return Ok(Draft {
            summary: format!("the test of {} runs", test.names()),
            steps: vec![wait(test)],
            ..Draft::default()
        });
    }
    Ok(Draft {
        summary: format!("test {} against each other", shares.join(", ")),
        steps,
        notes: notes(context, test),
        ..Draft::default()
    })
}

/// How large a fleet is changes by itself while a test runs.
fn follows_capacity(step: &Step) -> bool {
    matches!(step, Step::Hold { .. } | Step::MatchCapacity { .. })
}

pub(super) fn wait(test: &Test) -> Step {
    Step::AwaitWinner {
        lasts: test.lasts,
        pick: test.pick.as_ref().map(|pick| pick.rule.clone()),
    }
}

/// One variant that was deployed for the test.
struct Part<'a> {
    variant: &'a Variant,
    side: Side,
}

/// Every variant that is configured, if all are ready and nobody else stands in the way.
fn parts<'a>(context: &Context<'_>, test: &'a Test) -> Result<Vec<Part<'a>>, Vec<Reason>> {
    let roles = &context.roles;
    let mut reasons: Vec<Reason> = roles
        .candidate
        .iter()
        .map(|candidate| {
            let generation = candidate.generation;
            AbReason::NoVariant { generation }.into()
        })
        .collect();
    let known = |name: &str| test.deployed().any(|variant| variant.name == name);
    reasons.extend(roles.variants.iter().filter_map(|standing| {
        let variant = standing.variant.clone().filter(|name| !known(name))?;
        let generation = standing.generation;
        Some(Reason::from(AbReason::StrangeVariant { generation, variant }))
    }));
    let missing: Vec<&str> = test
        .deployed()
        .map(|variant| variant.name.as_str())
        .filter(|name| roles.variant(name).is_none())
        .collect();
    if !missing.is_empty() {
        let names = missing.join(", ");
        reasons.push(AbReason::VariantsMissing { names }.into());
    }
    let mut parts = Vec::new();
    for variant in test.deployed() {
        let Some(standing) = roles.variant(&variant.name) else {
            continue;
        };
        match part(context, variant, standing) {
            Ok(part) => parts.push(part),
            Err(more) => reasons.extend(more),
        }
    }
    reasons.extend(
        preflight::group_of(context, &roles.live)
            .err()
            .into_iter()
            .flatten(),
    );
    reasons.extend(crowded(context, test));
    reasons.extend(leads::misplaced(context, test, &[]));
    if reasons.is_empty() {
        Ok(parts)
    } else {
        Err(reasons)
    }
}

fn part<'a>(
    context: &Context<'_>,
    variant: &'a Variant,
    standing: &Standing,
) -> Result<Part<'a>, Vec<Reason>> {
    if standing.state == State::Staged {
        return Err(AbReason::VariantNotReady {
            variant: variant.name.clone(),
            generation: standing.generation,
        }
        .into());
    }
    let side = Side::require(standing)?;
    preflight::group_of(context, standing)?;
    promote::zonal_shift(context, &side)?;
    Ok(Part { variant, side })
}

/// Routes in which so many target groups have no place.
fn crowded(context: &Context<'_>, test: &Test) -> Vec<Reason> {
    let routes = context.roles.routes.iter().filter(|_| test.shares());
    routes
        .filter_map(|rule| {
            let would = test.variants.len() + swing::bystanders(context, rule).count();
            (would > PER_RULE).then(|| {
                AbReason::TooManyShares {
                    rule: rule.at().to_string(),
                    would,
                    limit: PER_RULE,
                }
                .into()
            })
        })
        .collect()
}

fn steps(context: &Context<'_>, test: &Test, parts: &[Part<'_>], live: &Side) -> Vec<Step> {
    let leaves = test.shares() && test.live().is_none();
    let mut steps = vec![Step::Adopt {
        generation: live.generation,
        group: live.group.clone(),
        target_group: live.target_group.clone(),
    }];
    steps.extend(doors::adopt(context));
    steps.push(Step::Hold {
        group: live.group.clone(),
    });
    for Part { side, .. } in parts {
        steps.extend([
            Step::Hold {
                group: side.group.clone(),
            },
            Step::MatchCapacity {
                group: side.group.clone(),
                like: live.group.clone(),
            },
        ]);
    }
    // Nobody's health is out of sight until a rule leads to them, and live's not once none does.
    let stays = leaves.then(|| live.target_group.clone());
    let beside = variant::waiting(context, &[]).into_iter();
    let waiting: Vec<TargetGroupName> = beside
        .filter(|name| Some(name) != stays.as_ref())
        .chain(stays.clone())
        .collect();
    let entered = match context.roles.entrance {
        Some(_) => entrance(context, waiting.into_iter()),
        None if waiting.is_empty() => Vec::new(),
        // One that this plan made could not be changed by it again.
        None => vec![Step::StayInUse {
            target_groups: waiting.into_iter().take(PER_RULE).collect(),
        }],
    };
    steps.extend(entered.iter().cloned());
    for Part { side, .. } in parts {
        steps.push(promote::await_capacity(context, side, live));
    }
    steps.extend(parts.iter().map(|Part { side, .. }| Step::Mark {
        generation: side.generation,
        target_group: side.target_group.clone(),
        state: State::Promoting,
        previous: Some(live.generation),
    }));
    // Whoever has a variant of their own meets no other on the way there.
    let mut written = leads::rules(context, test, |variant| at(variant, parts, live));
    written.extend(routes(context, test, parts, live));
    written.push(swing::confirm(context, &written));
    steps.extend(written);
    steps.extend(after(&entered, entrance(context, stays.into_iter())));
    steps.extend(parts.iter().map(mark));
    steps.push(wait(test));
    steps
}

fn mark(part: &Part<'_>) -> Step {
    Step::MarkTest {
        target_group: part.side.target_group.clone(),
        variant: part.variant.name.clone(),
        weight: part.variant.weight,
        won: false,
    }
}

/// The entrance for these, and for whoever can be rolled back to.
fn entrance(context: &Context<'_>, waiting: impl Iterator<Item = TargetGroupName>) -> Vec<Step> {
    let previous = context.roles.previous.as_ref();
    let previous =
        previous.and_then(|previous| swing::waits_for_return(context, previous.target_group.as_ref()));
    swing::entrance(context, &waiting.chain(previous).collect::<Vec<_>>())
}

/// The same steps for an entrance that earlier ones have changed.
fn after(earlier: &[Step], mut steps: Vec<Step>) -> Vec<Step> {
    if let [Step::Point { after, .. }] = earlier {
        for step in &mut steps {
            if let Step::Point { before, .. } = step {
                before.clone_from(after);
            }
        }
    }
    steps
}

/// Where a variant is met.
fn at<'a>(variant: &Variant, parts: &'a [Part<'_>], live: &'a Side) -> &'a TargetGroupName {
    let part = parts.iter().find(|part| part.variant.name == variant.name);
    part.map_or(&live.target_group, |part| &part.side.target_group)
}

/// Every route shared among the variants; or, when a header decides, left to live.
fn routes(context: &Context<'_>, test: &Test, parts: &[Part<'_>], live: &Side) -> Vec<Step> {
    let By::Weight { sticky } = test.by else {
        return swing::routes(context, &live.target_group);
    };
    let shares = test.variants.iter().map(|variant| Share {
        target_group: at(variant, parts, live).clone(),
        weight: variant.weight,
    });
    let shares: Vec<Share> = shares.collect();
    let routes = context.roles.routes.iter();
    routes
        .map(|rule| {
            let bystanders = swing::bystanders(context, rule);
            let after = Action::Forward {
                shares: shares.iter().cloned().chain(bystanders).collect(),
            };
            let mut step = swing::point(rule, Purpose::Route, after);
            if let Step::Point { sticky: wanted, .. } = &mut step
                && rule.sticky == Sticky::Off
            {
                *wanted = Some(Sticky::For(sticky));
            }
            step
        })
        .collect()
}

/// All of production goes back to the generation that the test began on.
pub(super) fn rollback(context: &Context<'_>, to: Option<Generation>, failed: AfterRollback) -> Drafted {
    let roles = &context.roles;
    let home = roles.home().ok_or_else(|| vec![Reason::NoPrevious])?;
    if to.is_some_and(|to| to != home.generation) {
        return Err(match roles.variants.first() {
            Some(standing) if !roles.tests() => vec![variant::exists(standing)],
            _ => vec![runs(context)],
        });
    }
    let back = Side::require(home)?;
    let leaving: Vec<&Standing> = roles
        .variants
        .iter()
        .chain(std::iter::once(&roles.live))
        .filter(|one| one.generation != home.generation)
        .collect();
    let mut steps = Vec::new();
    if roles.tests() {
        steps.extend(serve_alone(context, &back, &leaving));
        let sides = leaving.iter().filter_map(|one| Side::of(one));
        steps.extend(sides.filter_map(|side| rollback::stays_in_use(context, &side)));
    }
    let closes = failed == AfterRollback::Remove;
    // That a rule of the header is missing tells that this has begun: what a measure has picked is not finished then.
    let header = context.policy.ab.as_ref().is_some_and(|test| !test.shares());
    if header {
        steps.extend(leads::close(context));
    }
    steps.extend(swing::routes(context, &back.target_group));
    steps.extend(doors::stayed(context, &back.target_group, closes));
    if !header {
        steps.extend(leads::close(context));
    }
    let previous = home.previous.and_then(|generation| roles.generation(generation));
    let previous = previous.and_then(|one| swing::waits_for_return(context, one.target_group.as_ref()));
    steps.extend(swing::entrance(context, previous.as_slice()));
    steps.push(swing::confirm(context, &steps));
    // Before they stop being variants: a rollback that is run again must find either mark.
    if home.ours {
        steps.push(rollback::mark(
            back.generation,
            &back.target_group,
            State::Restored,
        ));
    }
    for one in &leaving {
        if let Some(target_group) = &one.target_group {
            steps.push(rollback::mark(
                one.generation,
                target_group,
                rollback::left_as(failed),
            ));
        }
    }
    if context.policy.swing.hold.is_zero() || !roles.tests() {
        steps.push(Step::PayObligations {
            group: back.group.clone(),
        });
    }
    // Those whom an earlier one, which was cut off, has marked already.
    let left = |one: &&Standing| one.variant.is_some() && one.state == rollback::left_as(failed);
    for one in leaving.iter().copied().chain(roles.others.iter().filter(left)) {
        let left = rollback::leave(context, one, failed, &steps)?;
        steps.extend(left);
    }
    Ok(Draft {
        summary: format!(
            "{} {}; production {} generation {}",
            match failed {
                AfterRollback::Keep => "close",
                AfterRollback::Remove => "remove",
            },
            said(&leaving),
            if roles.tests() { "goes back to" } else { "stays on" },
            home.generation
        ),
        steps,
        ..Draft::default()
    })
}

/// A generation that had a share is as large as any that had one; one that had none is brought to health first.
fn serve_alone(context: &Context<'_>, back: &Side, leaving: &[&Standing]) -> Vec<Step> {
    let mut steps = vec![Step::Hold {
        group: back.group.clone(),
    }];
    for group in leaving.iter().filter_map(|one| one.group.clone()) {
        steps.push(Step::MatchCapacity {
            group: back.group.clone(),
            like: group,
        });
    }
    let serves = |rule: &&Rule| {
        rule.weight_of(&back.target_group)
            .is_some_and(|weight| weight > 0)
    };
    if context.roles.routes.iter().all(serves) {
        return steps;
    }
    steps.push(Step::OpenStaging {
        target_group: back.target_group.clone(),
    });
    if !rollback::is_ready(context, back, back) {
        steps.push(promote::await_healthy(context, back, Duration::ZERO));
    }
    steps
}

fn said(variants: &[&Standing]) -> String {
    let names: Vec<String> = variants.iter().map(|one| variant::named(one)).collect();
    names.join(", and ")
}

fn notes(context: &Context<'_>, test: &Test) -> Vec<Note> {
    let mut notes = Vec::new();
    if context.roles.routes.len() > 1 && test.shares() {
        notes.push(Note::risk(format!(
            "{} rules are written one after another: until all are, a client may meet another variant on another of them",
            context.roles.routes.len()
        )));
    }
    match &test.by {
        By::Weight { sticky } => notes.push(Note::info(format!(
            "clients stay with the variant that they meet first for {}, by a cookie of the load balancer",
            step::span(Duration::from_secs(u64::from(*sticky)))
        ))),
        By::Header { name } => notes.push(Note::info(format!(
            "{name} leads to a variant whatever the path and the host; every other request stays with live"
        ))),
    }
    notes.extend(leads::notes(context));
    notes.push(Note::risk(
        "nobody watches the variants while the test runs: `swingbridge metrics` compares them, `swingbridge rollback` ends it",
    ));
    notes
}
