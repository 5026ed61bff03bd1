//! Predictive scaling policies: kept and described with AWS's defaults.

use crate::lab::refusal::Refused;
use crate::lab::tree::Tree;

pub(super) fn read(input: &Tree) -> Result<Tree, Refused> {
    let name = "PredictiveScalingConfiguration";
    let given = input.get(name).ok_or_else(|| Refused::missing(name))?;
    if given.items("MetricSpecifications").is_empty() {
        return Err(Refused::missing("MetricSpecifications"));
    }
    let mut configuration = given.clone();
    for (name, usual) in [
        ("Mode", Tree::from("ForecastOnly")),
        ("MaxCapacityBreachBehavior", Tree::from("HonorMaxCapacity")),
    ] {
        if configuration.get(name).is_none() {
            configuration = configuration.with(name, usual);
        }
    }
    Ok(configuration)
}
