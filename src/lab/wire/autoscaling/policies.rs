//! Scaling policies.

use super::page::page;
use super::{group, need_whole, predictive, said};
use crate::lab::refusal::Refused;
use crate::lab::tree::Tree;
use crate::lab::world::World;
use crate::lab::world::scaling::adjusting::Adjustment;
use crate::lab::world::scaling::group::Group;
use crate::lab::world::scaling::policies::{Kind, Policy, Step};
use crate::lab::world::scaling::tracking::{Tracked, Tracking};

pub(super) const MEMBERS: &[&str] = &[
    "AdjustmentType",
    "AutoScalingGroupName",
    "Cooldown",
    "Enabled",
    "EstimatedInstanceWarmup",
    "MetricAggregationType",
    "MinAdjustmentMagnitude",
    "PolicyName",
    "PolicyType",
    "PredictiveScalingConfiguration",
    "ScalingAdjustment",
    "StepAdjustments",
    "TargetTrackingConfiguration",
];

/// Members that only one type of policy takes.
const OWN: &[(&str, &[&str])] = &[
    (
        "SimpleScaling",
        &[
            "AdjustmentType",
            "Cooldown",
            "MinAdjustmentMagnitude",
            "ScalingAdjustment",
        ],
    ),
    (
        "StepScaling",
        &[
            "AdjustmentType",
            "EstimatedInstanceWarmup",
            "MetricAggregationType",
            "MinAdjustmentMagnitude",
            "StepAdjustments",
        ],
    ),
    (
        "TargetTrackingScaling",
        &["EstimatedInstanceWarmup", "TargetTrackingConfiguration"],
    ),
    ("PredictiveScaling", &["PredictiveScalingConfiguration"]),
];

pub(super) fn put(world: &mut World, input: &Tree) -> Result<Tree, Refused> {
    let kind = read(input)?;
    let enabled = input.flag("Enabled")?.unwrap_or(true);
    let arn = world.put_policy(group(input)?, input.need("PolicyName")?, enabled, kind)?;
    let alarms = alarms(world, &arn);
    Ok(Tree::map()
        .with("PolicyARN", Tree::from(arn))
        .with("Alarms", alarms))
}

fn read(input: &Tree) -> Result<Kind, Refused> {
    let kind = input
        .text("PolicyType")
        .filter(|kind| !kind.is_empty())
        .unwrap_or("SimpleScaling");
    let own = OWN.iter().find(|(name, _)| *name == kind).map(|(_, own)| *own);
    let own =
        own.ok_or_else(|| Refused::invalid(format!("PolicyType {kind} is not a type of scaling policy")))?;
    let general = ["AutoScalingGroupName", "PolicyName", "PolicyType", "Enabled"];
    let foreign =
        |(name, _): &&(String, Tree)| !general.contains(&name.as_str()) && !own.contains(&name.as_str());
    if let Some((name, _)) = input.members().iter().find(foreign) {
        return Err(Refused::invalid(format!(
            "{name} is not for policies of type {kind}"
        )));
    }
    let adjustment = || {
        Adjustment::read(
            input.need("AdjustmentType")?,
            input.whole("MinAdjustmentMagnitude")?,
        )
    };
    let warmup = input.whole("EstimatedInstanceWarmup")?;
    Ok(match kind {
        "SimpleScaling" => Kind::Simple {
            adjustment: adjustment()?,
            by: need_whole(input, "ScalingAdjustment")?,
            cooldown: input.whole("Cooldown")?,
        },
        "StepScaling" => Kind::Step {
            adjustment: adjustment()?,
            steps: input
                .items("StepAdjustments")
                .iter()
                .map(read_step)
                .collect::<Result<_, _>>()?,
            aggregation: said(input, "MetricAggregationType").unwrap_or_else(|| "Average".to_owned()),
            warmup,
        },
        "TargetTrackingScaling" => Kind::Tracking(read_tracking(input, warmup)?),
        _ => Kind::Predictive(predictive::read(input)?),
    })
}

fn read_step(step: &Tree) -> Result<Step, Refused> {
    let (lower, upper) = (
        step.real("MetricIntervalLowerBound")?,
        step.real("MetricIntervalUpperBound")?,
    );
    if let (Some(lower), Some(upper)) = (lower, upper)
        && lower >= upper
    {
        return Err(Refused::invalid(format!(
            "a step from {lower} to {upper} has nothing in it"
        )));
    }
    Ok(Step {
        lower,
        upper,
        by: need_whole(step, "ScalingAdjustment")?,
    })
}

fn read_tracking(input: &Tree, warmup: Option<i64>) -> Result<Tracking, Refused> {
    let name = "TargetTrackingConfiguration";
    let given = input.get(name).ok_or_else(|| Refused::missing(name))?;
    let metric = match (
        given.get("PredefinedMetricSpecification"),
        given.get("CustomizedMetricSpecification"),
    ) {
        (Some(metric), None) => Tracked::Predefined {
            kind: metric.need("PredefinedMetricType")?.to_owned(),
            label: said(metric, "ResourceLabel"),
        },
        (None, Some(metric)) => Tracked::Customized(metric.clone()),
        _ => {
            return Err(Refused::invalid(format!(
                "{name} must have either PredefinedMetricSpecification or CustomizedMetricSpecification"
            )));
        }
    };
    Ok(Tracking {
        target: given
            .real("TargetValue")?
            .ok_or_else(|| Refused::missing("TargetValue"))?,
        disables_scale_in: given.flag("DisableScaleIn")?.unwrap_or(false),
        warmup,
        metric,
    })
}

pub(super) fn delete(world: &mut World, input: &Tree) -> Result<Tree, Refused> {
    let policy = input.need("PolicyName")?;
    let group = owner(world, input, policy)?;
    world.delete_policy(&group, policy)?;
    Ok(Tree::map())
}

pub(super) fn execute(world: &mut World, input: &Tree) -> Result<Tree, Refused> {
    let policy = input.need("PolicyName")?;
    let group = owner(world, input, policy)?;
    let metric = input.real("MetricValue")?.zip(input.real("BreachThreshold")?);
    world.execute_policy(
        &group,
        policy,
        input.flag("HonorCooldown")?.unwrap_or(false),
        metric,
    )?;
    Ok(Tree::map())
}

/// The group's name may be left out when the policy is named by its ARN.
fn owner(world: &World, input: &Tree, policy: &str) -> Result<String, Refused> {
    let named = said(input, "AutoScalingGroupName");
    named
        .or_else(|| world.policy_by_arn(policy).map(|(group, _)| group.name.clone()))
        .ok_or_else(|| Refused::missing("AutoScalingGroupName"))
}

pub(super) fn describe(world: &mut World, input: &Tree) -> Result<Tree, Refused> {
    let name = said(input, "AutoScalingGroupName");
    let (names, types) = (input.strings("PolicyNames"), input.strings("PolicyTypes"));
    if let Some(name) = &name {
        world.scaling.group(name)?;
    }
    let mut items = Vec::new();
    for group in world
        .scaling
        .groups
        .values()
        .filter(|group| name.as_ref().is_none_or(|name| *name == group.name))
    {
        for policy in group.policies.values() {
            let named = names.is_empty() || names.contains(&policy.name) || names.contains(&policy.arn);
            if named && (types.is_empty() || types.iter().any(|kind| kind == policy.kind.name())) {
                items.push((
                    format!("{} {}", group.name, policy.name),
                    described(world, group, policy),
                ));
            }
        }
    }
    page("ScalingPolicies", items, input, 50, 100)
}

fn alarms(world: &World, arn: &str) -> Tree {
    Tree::list(world.policy_alarms(arn).into_iter().map(|(name, arn)| {
        Tree::map()
            .with("AlarmName", Tree::from(name))
            .with("AlarmARN", Tree::from(arn))
    }))
}

fn described(world: &World, group: &Group, policy: &Policy) -> Tree {
    let steps = match &policy.kind {
        Kind::Step { steps, .. } => steps.as_slice(),
        _ => &[],
    };
    let general = Tree::map()
        .with("AutoScalingGroupName", Tree::from(group.name.as_str()))
        .with("PolicyName", Tree::from(policy.name.as_str()))
        .with("PolicyARN", Tree::from(policy.arn.as_str()))
        .with("PolicyType", Tree::from(policy.kind.name()))
        .with("StepAdjustments", Tree::list(steps.iter().map(describe_step)))
        .with("Alarms", alarms(world, &policy.arn))
        .with("Enabled", Tree::Flag(policy.enabled));
    match &policy.kind {
        Kind::Simple {
            adjustment,
            by,
            cooldown,
        } => with_adjustment(general, adjustment)
            .with("ScalingAdjustment", Tree::Whole(*by))
            .with("Cooldown", cooldown.map(Tree::Whole)),
        Kind::Step {
            adjustment,
            aggregation,
            warmup,
            ..
        } => with_adjustment(general, adjustment)
            .with("MetricAggregationType", Tree::from(aggregation.as_str()))
            .with("EstimatedInstanceWarmup", warmup.map(Tree::Whole)),
        Kind::Tracking(tracking) => general
            .with("TargetTrackingConfiguration", describe_tracking(tracking))
            .with("EstimatedInstanceWarmup", tracking.warmup.map(Tree::Whole)),
        Kind::Predictive(configuration) => {
            general.with("PredictiveScalingConfiguration", configuration.clone())
        }
    }
}

fn with_adjustment(described: Tree, adjustment: &Adjustment) -> Tree {
    let at_least = match adjustment {
        Adjustment::PercentChangeInCapacity { at_least } => *at_least,
        _ => None,
    };
    described
        .with("AdjustmentType", Tree::from(adjustment.name()))
        .with("MinAdjustmentMagnitude", at_least.map(Tree::Whole))
}

fn describe_step(step: &Step) -> Tree {
    Tree::map()
        .with("MetricIntervalLowerBound", step.lower.map(Tree::Real))
        .with("MetricIntervalUpperBound", step.upper.map(Tree::Real))
        .with("ScalingAdjustment", Tree::Whole(step.by))
}

fn describe_tracking(tracking: &Tracking) -> Tree {
    let described = match &tracking.metric {
        Tracked::Predefined { kind, label } => {
            let metric = Tree::map()
                .with("PredefinedMetricType", Tree::from(kind.as_str()))
                .with("ResourceLabel", label.clone().map(Tree::from));
            Tree::map().with("PredefinedMetricSpecification", metric)
        }
        Tracked::Customized(metric) => Tree::map().with("CustomizedMetricSpecification", metric.clone()),
    };
    described
        .with("TargetValue", Tree::Real(tracking.target))
        .with("DisableScaleIn", Tree::Flag(tracking.disables_scale_in))
}
