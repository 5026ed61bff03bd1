//! Alarms as the API writes them: reading what was put, refusing what is wrong, and writing it back.

use super::alarm::{Actions, Alarm, Comparison, Composite, Kind, Subject, Treatment, Watching};
use super::composite::Rule;
use super::query::{Query, read_queries};
use super::summary::Statistic;
use super::{read_metric, write_metric};
use crate::lab::refusal::Refused;
use crate::lab::tree::Tree;

const DAY: i64 = 24 * 3600;
const ACTIONS_LIMIT: usize = 5;
const TAGS_LIMIT: usize = 50;

/// What both kinds of alarms are put with.
#[derive(Debug)]
pub(super) struct Settings {
    pub(super) name: String,
    pub(super) description: Option<String>,
    pub(super) actions_enabled: bool,
    pub(super) actions: Actions,
    pub(super) kind: Kind,
    pub(super) tags: Vec<(String, String)>,
}

impl Settings {
    pub(super) fn of_metric_alarm(tree: &Tree) -> Result<Self, Refused> {
        for member in [
            "EvaluationCriteria",
            "EvaluationInterval",
            "EvaluationWindow",
            "WarmUpConfiguration",
            "ThresholdMetricId",
        ] {
            refuse(tree, member)?;
        }
        Self::read(tree, Kind::Metric(Box::new(read_watching(tree)?)))
    }

    pub(super) fn of_composite_alarm(tree: &Tree) -> Result<Self, Refused> {
        for member in [
            "ActionsSuppressor",
            "ActionsSuppressorWaitPeriod",
            "ActionsSuppressorExtensionPeriod",
        ] {
            refuse(tree, member)?;
        }
        let text = tree.need("AlarmRule")?;
        let rule = Rule::read(text)
            .map_err(|why| Refused::invalid(format!("The AlarmRule is not valid: {why}.")))?;
        let settings = Self::read(
            tree,
            Kind::Composite(Composite {
                text: text.to_owned(),
                rule,
            }),
        )?;
        let impossible = settings
            .actions
            .all()
            .find(|action| action.contains(":autoscaling:") || action.contains(":ec2:"));
        if let Some(action) = impossible {
            return Err(Refused::invalid(format!(
                "A composite alarm cannot have the action {action}."
            )));
        }
        Ok(settings)
    }

    fn read(tree: &Tree, kind: Kind) -> Result<Self, Refused> {
        let name = tree.need("AlarmName")?;
        if name.chars().count() > 255 {
            return Err(Refused::invalid(
                "AlarmName must have length less than or equal to 255.",
            ));
        }
        let description = tree.text("AlarmDescription").map(str::to_owned);
        if description
            .as_ref()
            .is_some_and(|description| description.chars().count() > 1024)
        {
            return Err(Refused::invalid(
                "AlarmDescription must have length less than or equal to 1024.",
            ));
        }
        Ok(Self {
            name: name.to_owned(),
            description,
            actions_enabled: tree.flag("ActionsEnabled")?.unwrap_or(true),
            actions: Actions {
                ok: read_actions(tree, "OKActions")?,
                alarm: read_actions(tree, "AlarmActions")?,
                insufficient: read_actions(tree, "InsufficientDataActions")?,
            },
            kind,
            tags: read_tags(tree)?,
        })
    }
}

/// The tags of a request, refused when there are too many.
pub(in crate::lab) fn read_tags(tree: &Tree) -> Result<Vec<(String, String)>, Refused> {
    let mut tags = Vec::new();
    for tag in tree.items("Tags") {
        let (key, value) = (tag.need("Key")?, tag.text("Value").unwrap_or_default());
        if key.starts_with("aws:") {
            return Err(Refused::new(
                "InvalidParameterValue",
                format!("The tag key {key} is reserved: it begins with aws:."),
            ));
        }
        tags.push((key.to_owned(), value.to_owned()));
    }
    check_tag_count(&tags)?;
    Ok(tags)
}

pub(super) fn check_tag_count(tags: &[(String, String)]) -> Result<(), Refused> {
    if tags.len() > TAGS_LIMIT {
        return Err(Refused::new(
            "InvalidParameterValue",
            format!("A resource can have {TAGS_LIMIT} tags at most."),
        ));
    }
    Ok(())
}

fn read_actions(tree: &Tree, member: &str) -> Result<Vec<String>, Refused> {
    let actions = tree.strings(member);
    if actions.len() > ACTIONS_LIMIT {
        return Err(Refused::invalid(format!(
            "{member} must have length less than or equal to {ACTIONS_LIMIT}."
        )));
    }
    match actions.iter().find(|action| !action.starts_with("arn:")) {
        Some(wrong) => Err(Refused::invalid(format!(
            "Invalid arn syntax in {member}: {wrong}"
        ))),
        None => Ok(actions),
    }
}

fn read_watching(tree: &Tree) -> Result<Watching, Refused> {
    let operator = tree.need("ComparisonOperator")?;
    let comparison = Comparison::ALL
        .into_iter()
        .find(|comparison| comparison.name() == operator);
    let comparison = comparison.ok_or_else(|| match operator {
        "LessThanLowerOrGreaterThanUpperThreshold"
        | "LessThanLowerThreshold"
        | "GreaterThanUpperThreshold" => Refused::invalid(format!(
            "The ComparisonOperator {operator} is not simulated: it needs anomaly detection."
        )),
        _ => Refused::invalid(format!("The ComparisonOperator {operator} does not exist.")),
    })?;
    let missing = tree.text("TreatMissingData").map(|name| {
        let treatment = Treatment::ALL
            .into_iter()
            .find(|treatment| treatment.name() == name);
        treatment.ok_or_else(|| {
            Refused::invalid(format!(
                "The value {name} for TreatMissingData must be breaching, notBreaching, ignore or missing."
            ))
        })
    });
    let watching = Watching {
        subject: read_subject(tree)?,
        threshold: tree
            .real("Threshold")?
            .ok_or_else(|| Refused::missing("Threshold"))?,
        comparison,
        periods: tree
            .whole("EvaluationPeriods")?
            .ok_or_else(|| Refused::missing("EvaluationPeriods"))?,
        to_alarm: tree.whole("DatapointsToAlarm")?,
        missing: missing.transpose()?,
        low_samples: tree.text("EvaluateLowSampleCountPercentile").map(str::to_owned),
    };
    check_low_samples(&watching)?;
    check_length(&watching)?;
    Ok(watching)
}

fn read_subject(tree: &Tree) -> Result<Subject, Refused> {
    let metrics = tree.items("Metrics");
    if metrics.is_empty() {
        let metric = read_metric(tree)?;
        let statistic = match (tree.text("Statistic"), tree.text("ExtendedStatistic")) {
            (Some(statistic), None) | (None, Some(statistic)) => Statistic::read(statistic)?,
            _ => {
                return Err(combination(
                    "Exactly one of Statistic and ExtendedStatistic must be given.",
                ));
            }
        };
        let period = check_period(tree.whole("Period")?.ok_or_else(|| Refused::missing("Period"))?)?;
        return Ok(Subject::Single {
            metric,
            statistic,
            period,
            unit: tree.text("Unit").map(str::to_owned),
        });
    }
    for member in [
        "MetricName",
        "Namespace",
        "Dimensions",
        "Period",
        "Statistic",
        "ExtendedStatistic",
        "Unit",
    ] {
        if tree.get(member).is_some_and(|value| *value != Tree::list([])) {
            return Err(combination(&format!(
                "{member} must not be given together with Metrics."
            )));
        }
    }
    let queries = read_queries(metrics)?;
    if queries.iter().filter(|query| query.returned).count() != 1 {
        return Err(Refused::invalid(
            "Exactly one element of Metrics must have ReturnData true.",
        ));
    }
    Ok(Subject::Math(queries))
}

/// An alarm's period: no shorter than 10 seconds.
fn check_period(period: i64) -> Result<i64, Refused> {
    if matches!(period, 10 | 20 | 30) || (period > 0 && period % 60 == 0) {
        return Ok(period);
    }
    Err(Refused::invalid(format!(
        "Period must be 10, 20, 30 or a multiple of 60, and is {period}."
    )))
}

fn check_low_samples(watching: &Watching) -> Result<(), Refused> {
    let Some(low_samples) = &watching.low_samples else {
        return Ok(());
    };
    if !matches!(low_samples.as_str(), "evaluate" | "ignore") {
        return Err(Refused::invalid(format!(
            "The value {low_samples} for EvaluateLowSampleCountPercentile must be evaluate or ignore."
        )));
    }
    match &watching.subject {
        Subject::Single { statistic, .. } if statistic.is_percentile() => Ok(()),
        _ => Err(combination(
            "EvaluateLowSampleCountPercentile is for alarms on a percentile only.",
        )),
    }
}

fn check_length(watching: &Watching) -> Result<(), Refused> {
    let (periods, period) = (watching.periods, watching.period());
    if periods < 1 {
        return Err(Refused::invalid("EvaluationPeriods must be at least 1."));
    }
    if let Some(to_alarm) = watching
        .to_alarm
        .filter(|to_alarm| !(1..=periods).contains(to_alarm))
    {
        return Err(Refused::invalid(format!(
            "DatapointsToAlarm must be between 1 and EvaluationPeriods ({periods}), and is {to_alarm}."
        )));
    }
    let (most, said) = if period >= 3600 {
        (7 * DAY, "seven days")
    } else {
        (DAY, "one day")
    };
    if periods.saturating_mul(period) > most {
        return Err(Refused::invalid(format!(
            "Metrics cannot be checked across more than {said}: EvaluationPeriods * Period."
        )));
    }
    Ok(())
}

fn combination(message: &str) -> Refused {
    Refused::new("InvalidParameterCombination", message)
}

fn refuse(tree: &Tree, member: &str) -> Result<(), Refused> {
    match tree.get(member) {
        Some(_) => Err(Refused::invalid(format!("{member} is not simulated."))),
        None => Ok(()),
    }
}

impl Alarm {
    /// The whole alarm, as `DescribeAlarms` has it.
    pub(in crate::lab) fn write(&self) -> Tree {
        let text = |text: &Option<String>| text.as_deref().map(Tree::from);
        let tree = Tree::map()
            .with("AlarmName", Tree::from(self.name.as_str()))
            .with("AlarmArn", Tree::from(self.arn.as_str()))
            .with("AlarmDescription", text(&self.description))
            .with("AlarmConfigurationUpdatedTimestamp", Tree::from(self.configured))
            .with("ActionsEnabled", Tree::from(self.actions_enabled))
            .with("OKActions", Tree::texts(self.actions.ok.clone()))
            .with("AlarmActions", Tree::texts(self.actions.alarm.clone()))
            .with(
                "InsufficientDataActions",
                Tree::texts(self.actions.insufficient.clone()),
            )
            .with("StateValue", Tree::from(self.standing.state.name()))
            .with("StateReason", Tree::from(self.standing.reason.as_str()))
            .with("StateReasonData", text(&self.standing.data))
            .with("StateUpdatedTimestamp", Tree::from(self.standing.updated))
            .with(
                "StateTransitionedTimestamp",
                Tree::from(self.standing.transitioned),
            );
        match &self.kind {
            Kind::Metric(watching) => write_watching(tree, watching),
            Kind::Composite(composite) => tree.with("AlarmRule", Tree::from(composite.text.as_str())),
        }
    }
}

fn write_watching(tree: Tree, watching: &Watching) -> Tree {
    let tree = match &watching.subject {
        Subject::Single {
            metric,
            statistic,
            period,
            unit,
        } => {
            let member = if statistic.is_percentile() {
                "ExtendedStatistic"
            } else {
                "Statistic"
            };
            let mut tree = tree;
            for (name, value) in write_metric(metric).members() {
                tree = tree.with(name, value.clone());
            }
            tree.with(member, Tree::from(statistic.to_string()))
                .with("Period", Tree::from(*period))
                .with("Unit", unit.as_deref().map(Tree::from))
        }
        Subject::Math(queries) => tree.with("Metrics", Tree::list(queries.iter().map(Query::write))),
    };
    tree.with("EvaluationPeriods", Tree::from(watching.periods))
        .with("DatapointsToAlarm", watching.to_alarm.map(Tree::from))
        .with("Threshold", Tree::from(watching.threshold))
        .with("ComparisonOperator", Tree::from(watching.comparison.name()))
        .with(
            "TreatMissingData",
            watching.missing.map(|missing| Tree::from(missing.name())),
        )
        .with(
            "EvaluateLowSampleCountPercentile",
            watching.low_samples.as_deref().map(Tree::from),
        )
}
