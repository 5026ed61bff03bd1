//! What takes whose place when something is copied from a group to its clone.

use aws_sdk_autoscaling::types::MetricDimension;

use crate::model::clone::replace_name;
use crate::model::ids::{Arn, GroupName};

#[derive(Debug)]
pub(in crate::cloud::aws) struct Swap {
    pub(in crate::cloud::aws) from: GroupName,
    pub(in crate::cloud::aws) to: GroupName,
    /// The ends of the target groups' arns, `targetgroup/<name>/<id>`, as metrics name them.
    from_target: String,
    to_target: String,
}

impl Swap {
    pub(in crate::cloud::aws) fn new(
        from: &GroupName,
        to: &GroupName,
        from_target: &Arn,
        to_target: &Arn,
    ) -> Self {
        let end = |arn: &Arn| arn.as_str().rsplit(':').next().unwrap_or_default().to_owned();
        Self {
            from: from.clone(),
            to: to.clone(),
            from_target: end(from_target),
            to_target: end(to_target),
        }
    }

    /// A resource label, `app/<lb>/<id>/targetgroup/<tg>/<id>`, that names the clone's target group.
    pub(super) fn label(&self, label: &mut Option<String>) {
        if let Some(text) = label
            && let Some(load_balancer) = text.strip_suffix(&self.from_target)
        {
            *text = format!("{load_balancer}{}", self.to_target);
        }
    }

    /// The value of a metric's dimension.
    pub(in crate::cloud::aws) fn dimension(&self, name: Option<&str>, value: &mut Option<String>) {
        let (from, to) = match name {
            Some("AutoScalingGroupName") => (self.from.as_str(), self.to.as_str()),
            Some("TargetGroup") => (self.from_target.as_str(), self.to_target.as_str()),
            _ => return,
        };
        if value.as_deref() == Some(from) {
            *value = Some(to.to_owned());
        }
    }

    pub(super) fn dimensions(&self, all: &mut Option<Vec<MetricDimension>>) {
        for one in all.iter_mut().flatten() {
            self.dimension(one.name.as_deref(), &mut one.value);
        }
    }

    /// A metric-math expression. Names stand in its quoted parts (searches and queries); outside of
    /// them are the ids of other metrics, which may happen to be called as the group is.
    pub(in crate::cloud::aws) fn expression(&self, expression: &mut Option<String>) {
        let Some(text) = expression else { return };
        let mut result = String::new();
        let mut part = String::new();
        let mut quote = None;
        for c in text.chars() {
            match quote {
                None => {
                    result.push(c);
                    quote = Some(c).filter(|c| *c == '\'' || *c == '"');
                }
                Some(end) if c == end => {
                    result.push_str(&self.names_in(&part));
                    result.push(c);
                    part.clear();
                    quote = None;
                }
                Some(_) => part.push(c),
            }
        }
        result.push_str(&part);
        *text = result;
    }

    fn names_in(&self, text: &str) -> String {
        let part_of_name = |c: char| c.is_alphanumeric() || "-_./".contains(c);
        let text = replace_name(text, &self.from_target, &self.to_target, part_of_name);
        replace_name(&text, self.from.as_str(), self.to.as_str(), part_of_name)
    }
}

#[cfg(test)]
pub(in crate::cloud::aws) fn example() -> Swap {
    let arn = |end: &str| Arn::new(format!("arn:aws:elasticloadbalancing:eu-west-1:1:{end}"));
    Swap::new(
        &GroupName::from("asg-1"),
        &GroupName::from("asg-2"),
        &arn("targetgroup/tg-1/aaa"),
        &arn("targetgroup/tg-2/bbb"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_keeps_its_load_balancer_and_gets_the_clones_target_group() {
        let mut label = Some("app/lb/123/targetgroup/tg-1/aaa".to_owned());
        example().label(&mut label);
        assert_eq!(label.as_deref(), Some("app/lb/123/targetgroup/tg-2/bbb"));
    }

    #[test]
    fn a_label_of_another_target_group_stays() {
        let mut label = Some("app/lb/123/targetgroup/other/aaa".to_owned());
        example().label(&mut label);
        assert_eq!(label.as_deref(), Some("app/lb/123/targetgroup/other/aaa"));
    }

    #[test]
    fn only_dimensions_that_name_the_original_are_swapped() {
        let swapped = |name: &str, value: &str| {
            let mut value = Some(value.to_owned());
            example().dimension(Some(name), &mut value);
            value.expect("a value")
        };
        assert_eq!(swapped("AutoScalingGroupName", "asg-1"), "asg-2");
        assert_eq!(
            swapped("TargetGroup", "targetgroup/tg-1/aaa"),
            "targetgroup/tg-2/bbb"
        );
        assert_eq!(swapped("AutoScalingGroupName", "asg-10"), "asg-10");
        assert_eq!(swapped("QueueName", "asg-1"), "asg-1");
    }

    #[test]
    fn names_are_swapped_in_searches_and_ids_of_metrics_are_not() {
        let mut expression = Some(
            r#"load + SUM(SEARCH('{AWS/EC2,AutoScalingGroupName} "asg-1" OR asg-1-workers targetgroup/tg-1/aaa', 'Sum', 60)) + asg-1"#
                .to_owned(),
        );
        example().expression(&mut expression);
        assert_eq!(
            expression.as_deref(),
            Some(
                r#"load + SUM(SEARCH('{AWS/EC2,AutoScalingGroupName} "asg-2" OR asg-1-workers targetgroup/tg-2/bbb', 'Sum', 60)) + asg-1"#
            )
        );
    }
}
