//! Reads the generation's number out of two names, or finds names for the next ones without it.

use crate::config::naming;
use crate::model::ids::{Generation, GroupName, TargetGroupName};
use crate::model::scope::NameTemplate;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Named {
    pub(super) generation: Generation,
    pub(super) group: String,
    pub(super) target_group: String,
    /// The templates do not make the names that were found.
    pub(super) adopted: bool,
}

pub(super) fn templates(target_group: &TargetGroupName, group: &GroupName) -> Named {
    let shared = match (numbered(target_group.as_str()), numbered(group.as_str())) {
        (Some((tg, number)), Some((asg, other))) if number == other => Some((tg, asg, number)),
        _ => None,
    };
    if let Some((tg, asg, number)) = shared {
        let fits = naming::target_group_problem(&format!("{tg}9999")).is_none()
            && naming::group_problem(&format!("{asg}9999")).is_none();
        if fits {
            return Named {
                generation: Generation(number),
                group: template(asg),
                target_group: template(tg),
                adopted: false,
            };
        }
    }
    Named {
        generation: Generation(shared.map_or(1, |(_, _, number)| number)),
        group: template(&beside(group.as_str(), 255)),
        target_group: template(&beside(target_group.as_str(), 32)),
        adopted: true,
    }
}

fn template(before: &str) -> String {
    format!("{before}{}", NameTemplate::PLACE)
}

/// A beginning for names that are told apart from this one, with room for a number of four digits.
fn beside(name: &str, limit: usize) -> String {
    let kept: String = name.chars().take(limit - "-9999".len()).collect();
    format!("{}-", kept.trim_end_matches('-'))
}

/// What stands before a number at the end, and the number. `tg-07` has none: we would never make it.
fn numbered(name: &str) -> Option<(&str, u32)> {
    let before = name.trim_end_matches(|c: char| c.is_ascii_digit());
    let digits = &name[before.len()..];
    let number: u32 = digits.parse().ok()?;
    (number > 0 && number.to_string() == digits && !before.is_empty()).then_some((before, number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_a_generation_only_when_both_names_end_in_it() {
        let cases = [
            ("tg-7", "asg-7", "tg-{n}", "asg-{n}", 7, false),
            ("web", "web-asg", "web-{n}", "web-asg-{n}", 1, true),
            ("tg-7", "asg-8", "tg-7-{n}", "asg-8-{n}", 1, true),
            ("tg-07", "asg-07", "tg-07-{n}", "asg-07-{n}", 1, true),
            (
                "a-target-group-whose-name-is-7",
                "asg-7",
                "a-target-group-whose-name-i-{n}",
                "asg-7-{n}",
                7,
                true,
            ),
        ];
        for (tg, asg, tg_template, asg_template, generation, adopted) in cases {
            let named = templates(&tg.into(), &asg.into());
            let expected = Named {
                generation: Generation(generation),
                group: asg_template.into(),
                target_group: tg_template.into(),
                adopted,
            };
            assert_eq!(named, expected, "{tg} {asg}");
        }
    }
}
