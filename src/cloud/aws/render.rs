//! SDK values as compact text, so that two of them compare and a person can read what changed.

use std::fmt::Debug;
use std::iter::Peekable;
use std::str::Chars;

/// Renders an SDK value without what is not set and without the names of its types.
///
/// It reads the value's own `Debug` output: a member that a later SDK adds shows up by itself, where
/// a rendering written member by member would silently hide it.
pub(super) fn compact(value: &impl Debug) -> String {
    let text = format!("{value:?}");
    read(&mut text.chars().peekable()).unwrap_or_default()
}

/// One value; `None` when it is not set.
fn read(text: &mut Peekable<Chars<'_>>) -> Option<String> {
    skip_spaces(text);
    match text.peek() {
        Some('"') => Some(literal(text)),
        Some('[') => {
            text.next();
            Some(format!("[{}]", items(text, ']').join(", ")))
        }
        _ => named(text),
    }
}

fn named(text: &mut Peekable<Chars<'_>>) -> Option<String> {
    let mut name = String::new();
    while let Some(c) = text.next_if(|c| !" {([])},:".contains(*c)) {
        name.push(c);
    }
    if name == "None" {
        return None;
    }
    skip_spaces(text);
    match text.peek() {
        Some('(') => {
            text.next();
            let inner = items(text, ')').join(", ");
            Some(if name == "Some" {
                inner
            } else {
                format!("{name}({inner})")
            })
        }
        Some('{') => {
            text.next();
            Some(format!("{{{}}}", fields(text).join(", ")))
        }
        _ => Some(name),
    }
}

fn fields(text: &mut Peekable<Chars<'_>>) -> Vec<String> {
    let mut all = Vec::new();
    loop {
        skip_spaces(text);
        if text.peek().is_none() || text.next_if_eq(&'}').is_some() {
            return all;
        }
        let mut name = String::new();
        while let Some(c) = text.next_if(|c| *c != ':' && *c != '}') {
            name.push(c);
        }
        text.next_if_eq(&':');
        if let Some(value) = read(text) {
            all.push(format!("{name}: {value}"));
        }
        skip_spaces(text);
        text.next_if_eq(&',');
    }
}

fn items(text: &mut Peekable<Chars<'_>>, end: char) -> Vec<String> {
    let mut all = Vec::new();
    loop {
        skip_spaces(text);
        if text.peek().is_none() || text.next_if_eq(&end).is_some() {
            return all;
        }
        all.extend(read(text));
        skip_spaces(text);
        text.next_if_eq(&',');
    }
}

fn literal(text: &mut Peekable<Chars<'_>>) -> String {
    let mut all = String::new();
    all.extend(text.next());
    while let Some(c) = text.next() {
        all.push(c);
        match c {
            '\\' => all.extend(text.next()),
            '"' => break,
            _ => {}
        }
    }
    all
}

fn skip_spaces(text: &mut Peekable<Chars<'_>>) {
    while text.next_if(|c| c.is_whitespace()).is_some() {}
}

#[cfg(test)]
mod tests {
    use aws_sdk_autoscaling::types::{
        InstanceMaintenancePolicy, InstancesDistribution, LaunchTemplate, LaunchTemplateOverrides,
        LaunchTemplateSpecification, MixedInstancesPolicy,
    };

    use super::*;

    #[test]
    fn what_is_not_set_and_what_types_are_called_is_left_out() {
        let policy = InstanceMaintenancePolicy::builder()
            .min_healthy_percentage(90)
            .build();
        assert_eq!(compact(&policy), "{min_healthy_percentage: 90}");
    }

    #[test]
    fn nested_values_and_awkward_texts_are_kept() {
        let policy = MixedInstancesPolicy::builder()
            .launch_template(
                LaunchTemplate::builder()
                    .launch_template_specification(
                        LaunchTemplateSpecification::builder()
                            .launch_template_name("a \"b\", None } Some(c)")
                            .build(),
                    )
                    .overrides(
                        LaunchTemplateOverrides::builder()
                            .instance_type("m5.large")
                            .build(),
                    )
                    .overrides(
                        LaunchTemplateOverrides::builder()
                            .instance_type("m6i.large")
                            .build(),
                    )
                    .build(),
            )
            .instances_distribution(
                InstancesDistribution::builder()
                    .on_demand_base_capacity(1)
                    .build(),
            )
            .build();
        assert_eq!(
            compact(&policy),
            r#"{launch_template: {launch_template_specification: {launch_template_name: "a \"b\", None } Some(c)"}, overrides: [{instance_type: "m5.large"}, {instance_type: "m6i.large"}]}, instances_distribution: {on_demand_base_capacity: 1}}"#
        );
    }

    #[test]
    fn a_value_that_is_not_set_is_empty() {
        assert_eq!(compact(&None::<u8>), "");
        assert_eq!(compact(&Some(vec![Some(1), None])), "[1]");
    }
}
