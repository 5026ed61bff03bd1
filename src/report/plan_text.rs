//! A plan as text: what will happen, what it does to the rules, what the clone carries, what is risky.

use crate::model::clone::{Carried, How};
use crate::model::plan::{Plan, Severity};

use super::look::Look;
use super::rule_changes;
use super::words::{columns, count};

/// `verbose` lists every copied member as well.
pub fn text(plan: &Plan, verbose: bool, look: Look) -> String {
    let mut all = head(plan, look);
    steps(&mut all, plan, look);
    rules(&mut all, plan, look);
    clone(&mut all, &plan.carried, verbose, look);
    notes(&mut all, plan, look);
    all.push(String::new());
    all.push(look.dim(format!("plan {}", plan.id)));
    all.push(String::new());
    look.page(&all)
}

fn head(plan: &Plan, look: Look) -> Vec<String> {
    let title = look.bold(format!("{} {}", plan.intent.word(), plan.app));
    if plan.is_empty() {
        return vec![
            format!("{title}: nothing to do: already so"),
            format!("  {}", plan.summary),
        ];
    }
    let traffic = if plan.moves_production() {
        look.careful("moves production traffic")
    } else {
        look.good("production traffic stays where it is")
    };
    vec![
        format!("{title}: {}", plan.summary),
        format!("  {}; {traffic}", count(plan.steps.len(), "step")),
        format!("  holds the lock at {} while it runs", plan.policy.lock),
    ]
}

fn section(all: &mut Vec<String>, title: &str, look: Look) {
    all.push(String::new());
    all.push(look.bold(title));
}

fn steps(all: &mut Vec<String>, plan: &Plan, look: Look) {
    if plan.is_empty() {
        return;
    }
    section(all, "Steps", look);
    let width = plan.steps.len().to_string().len();
    for (number, step) in (1..).zip(&plan.steps) {
        all.push(format!("  {number:>width$}  {}", step.title()));
    }
}

fn rules(all: &mut Vec<String>, plan: &Plan, look: Look) {
    let changes = rule_changes::of(plan);
    let untouched = rule_changes::untouched(plan, &changes);
    if plan.is_empty() || (changes.is_empty() && untouched == 0) {
        return;
    }
    section(all, "Rules", look);
    let rows: Vec<Vec<String>> = changes
        .iter()
        .map(|change| {
            vec![
                format!("  {}", change.place),
                change.purpose.to_string(),
                change.conditions.clone(),
                look.dim(&change.before),
                format!("→ {}", change.after.join(" → ")),
            ]
        })
        .collect();
    all.extend(columns(&rows));
    match (changes.len(), untouched) {
        (_, 0) => {}
        (0, untouched) => all.push(look.dim(format!("  none changes ({untouched} looked at)"))),
        (_, 1) => all.push(look.dim("  1 other stays as it is")),
        (_, untouched) => all.push(look.dim(format!("  {untouched} others stay as they are"))),
    }
}

fn clone(all: &mut Vec<String>, carried: &[Carried], verbose: bool, look: Look) {
    if carried.is_empty() {
        return;
    }
    section(all, "What the clone carries", look);
    let copied = carried.iter().filter(|line| line.how == How::Copied).count();
    let mut rows: Vec<Vec<String>> = Vec::new();
    for line in carried {
        let how = match line.how {
            How::Copied if !verbose => continue,
            How::Copied => "copied",
            How::Changed => "changed",
            How::NotCopied => "not copied",
        };
        rows.push(vec![
            format!("  {how}"),
            format!("{} {}", line.of, line.field),
            line.value.clone(),
            look.dim(&line.why),
        ]);
    }
    all.extend(columns(&rows));
    if copied > 0 && !verbose {
        let copied = count(copied, "member");
        all.push(look.dim(format!("  {copied} copied as they are")));
    }
}

fn notes(all: &mut Vec<String>, plan: &Plan, look: Look) {
    if plan.notes.is_empty() {
        return;
    }
    section(all, "To know", look);
    // Risks first: whoever reads only one line reads that one.
    for severity in [Severity::Risk, Severity::Info] {
        for note in plan.notes.iter().filter(|note| note.severity == severity) {
            let label = match severity {
                Severity::Risk => look.careful(severity),
                Severity::Info => look.dim(severity),
            };
            all.push(format!("  {label}  {}", note.text));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::recorded;
    use super::*;

    #[test]
    fn a_deploy_reads_as_steps_rules_and_what_the_clone_carries() {
        insta::assert_snapshot!(text(&recorded::deploy_plan(), false, Look::PLAIN));
    }

    #[test]
    fn a_promotion_says_that_it_moves_production() {
        insta::assert_snapshot!(text(&recorded::promote_plan(), false, Look::PLAIN));
    }

    #[test]
    fn verbose_lists_what_is_copied_as_well() {
        let text = text(&recorded::deploy_plan(), true, Look::PLAIN);
        assert!(text.contains("copied      asg-2 HealthCheckType"), "{text}");
        assert!(!text.contains("copied as they are"), "{text}");
    }

    #[test]
    fn an_empty_plan_says_that_it_is_so_already() {
        let text = text(&recorded::empty_plan(), false, Look::PLAIN);
        assert_eq!(
            text,
            "promote shop: nothing to do: already so\n  generation 2 is live\n\nplan 3f8a1c0d\n"
        );
    }
}
