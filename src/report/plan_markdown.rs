//! A plan as a pull request comment. The same plan gives the same text, so that a comment only
//! changes when the plan does.

use crate::model::clone::How;
use crate::model::plan::{Note, Plan, Severity};

use super::rule_changes;
use super::visible::visible;
use super::words::count;

pub fn markdown(plan: &Plan) -> String {
    let mut all = vec![
        marker(&plan.app),
        format!("### Swingbridge: {} {}", plan.intent.word(), escape(&plan.app)),
        String::new(),
        summary(plan),
    ];
    steps(&mut all, plan);
    rules(&mut all, plan);
    notes(&mut all, "Risks", plan, Severity::Risk);
    notes(&mut all, "Notes", plan, Severity::Info);
    clone(&mut all, plan);
    basis(&mut all, plan);
    all.push(String::new());
    all.join("\n")
}

/// A comment nobody sees, by which a workflow finds the comment it has to update.
pub fn marker(app: &str) -> String {
    let mut name = String::new();
    for c in visible(app).chars() {
        // Two of them end a comment.
        if !(c == '-' && name.ends_with('-')) {
            name.push(c);
        }
    }
    format!("<!-- swingbridge plan: {name} -->")
}

fn summary(plan: &Plan) -> String {
    let text = escape(&plan.summary);
    if plan.is_empty() {
        return format!("**Nothing to do: already so.** {text}");
    }
    let changes = rule_changes::of(plan);
    let traffic = if plan.moves_production() {
        "⚠️ **moves production traffic**"
    } else {
        "production traffic stays where it is"
    };
    format!(
        "**{text}**\n\n{}, {}, {} unchanged; {traffic}. Holds the lock at {} while it runs.",
        count(plan.steps.len(), "step"),
        match changes.len() {
            1 => "1 rule changes".to_owned(),
            several => format!("{several} rules change"),
        },
        rule_changes::untouched(plan, &changes),
        plan.policy.lock,
    )
}

fn steps(all: &mut Vec<String>, plan: &Plan) {
    if plan.is_empty() {
        return;
    }
    table(all, &["#", "step", "production"]);
    for (number, step) in (1..).zip(&plan.steps) {
        let moves = if step.moves_production() { "moves" } else { "" };
        row(all, &[&format!("{number}"), &escape(&step.title()), moves]);
    }
}

fn rules(all: &mut Vec<String>, plan: &Plan) {
    let changes = rule_changes::of(plan);
    if changes.is_empty() {
        return;
    }
    all.push(String::new());
    all.push("**Rules**".into());
    table(all, &["rule", "is", "conditions", "before", "after"]);
    for change in &changes {
        row(
            all,
            &[
                &change.place,
                &change.purpose.to_string(),
                &escape(&change.conditions),
                &escape(&change.before),
                &escape(&change.after.join(", then ")),
            ],
        );
    }
}

fn notes(all: &mut Vec<String>, title: &str, plan: &Plan, severity: Severity) {
    let mut notes = plan
        .notes
        .iter()
        .filter(|note: &&Note| note.severity == severity)
        .peekable();
    if notes.peek().is_none() {
        return;
    }
    all.push(String::new());
    all.push(format!("**{title}**"));
    all.push(String::new());
    all.extend(notes.map(|note| format!("- {}", escape(&note.text))));
}

fn clone(all: &mut Vec<String>, plan: &Plan) {
    if plan.carried.is_empty() {
        return;
    }
    let number = |how| plan.carried.iter().filter(|line| line.how == how).count();
    open(
        all,
        &format!(
            "What the clone carries: {} copied, {} changed, {} not copied",
            number(How::Copied),
            number(How::Changed),
            number(How::NotCopied)
        ),
    );
    table(all, &["", "member", "value", "why"]);
    for (how, word) in [
        (How::NotCopied, "**not copied**"),
        (How::Changed, "changed"),
        (How::Copied, "copied"),
    ] {
        for line in plan.carried.iter().filter(|line| line.how == how) {
            let member = escape(&format!("{} {}", line.of, line.field));
            row(all, &[word, &member, &escape(&line.value), &escape(&line.why)]);
        }
    }
    close(all);
}

fn basis(all: &mut Vec<String>, plan: &Plan) {
    open(
        all,
        &format!("Plan {} and what it was decided on", escape(&plan.id)),
    );
    table(all, &["what", "was"]);
    for (what, was) in &plan.basis.0 {
        row(all, &[&escape(what), &escape(was)]);
    }
    close(all);
}

fn open(all: &mut Vec<String>, title: &str) {
    all.push(String::new());
    all.push(format!("<details><summary>{title}</summary>"));
}

fn close(all: &mut Vec<String>) {
    all.push(String::new());
    all.push("</details>".into());
}

fn table(all: &mut Vec<String>, heads: &[&str]) {
    all.push(String::new());
    row(all, heads);
    row(all, &vec!["---"; heads.len()]);
}

fn row(all: &mut Vec<String>, cells: &[&str]) {
    all.push(format!("| {} |", cells.join(" | ")));
}

/// Makes a text stand for itself: no cell ends early, nothing becomes code, HTML, a picture or a link, nobody
/// is called and no issue is named.
fn escape(text: &str) -> String {
    let text = text.replace(['\n', '\r', '\t'], " ");
    let text = visible(&text);
    let mut out = String::with_capacity(text.len());
    for (at, c) in text.char_indices() {
        match c {
            '\\' | '|' | '`' | '*' | '_' | '[' | ']' | '~' | '$' => {
                out.push('\\');
                out.push(c);
            }
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '@' | '#' => {
                out.push(c);
                out.push_str(APART);
            }
            ':' if text[at..].starts_with("://") => {
                out.push(c);
                out.push_str(APART);
            }
            '.' if ends_with_www(&text[..at]) => {
                out.push_str(APART);
                out.push(c);
            }
            c => out.push(c),
        }
    }
    out
}

/// Keeps two characters from being read together, and has no width.
const APART: &str = "&#8203;";

fn ends_with_www(text: &str) -> bool {
    text.get(text.len().saturating_sub(3)..)
        .is_some_and(|end| end.eq_ignore_ascii_case("www"))
}

#[cfg(test)]
mod tests {
    use super::super::recorded;
    use super::*;
    use crate::model::estate::Estate;
    use crate::model::fixtures;
    use crate::model::plan::Intent;
    use crate::plan;

    #[test]
    fn a_deploy_reads_as_a_comment_for_a_reviewer() {
        insta::assert_snapshot!(markdown(&recorded::deploy_plan()));
    }

    #[test]
    fn a_promotion_warns_that_it_moves_production() {
        insta::assert_snapshot!(markdown(&recorded::promote_plan()));
    }

    /// A workflow plans anew with every push, on what it sees then.
    #[test]
    fn the_same_plan_made_later_gives_an_unchanged_comment_and_another_one_does_not() {
        let comment = |estate: &Estate, intent: &Intent| {
            markdown(&plan::plan(estate, intent, &fixtures::policy()).expect("a plan"))
        };
        let first = comment(&fixtures::deployed(), &Intent::Promote);
        let mut later = fixtures::deployed();
        later.observed_at = fixtures::minute(90);
        fixtures::target_group_mut(&mut later, 1).targets[0].state = fixtures::TargetState::Unhealthy;
        assert_eq!(comment(&later, &Intent::Promote), first);
        // What is swung to has to be as large as live is by then.
        fixtures::group_mut(&mut later, 1).size.desired = 3;
        assert_ne!(comment(&later, &Intent::Promote), first);
    }

    #[test]
    fn no_text_can_break_out_of_its_cell() {
        assert_eq!(
            escape("a|b `c` <!-- d -->\ne\\"),
            "a\\|b \\`c\\` &lt;!-- d --&gt; e\\\\"
        );
        for app in ["a --> b", "a ----> b"] {
            assert_eq!(marker(app), "<!-- swingbridge plan: a -> b -->");
        }
    }

    #[test]
    fn nobody_is_called_and_nothing_is_linked() {
        assert_eq!(
            escape("@team see #7, https://evil.example www.evil.example"),
            "@&#8203;team see #&#8203;7, https:&#8203;//evil.example www&#8203;.evil.example"
        );
        assert_eq!(escape("\u{1b}[2J\u{202e}x"), "\\\\u{1b}\\[2J\\\\u{202e}x");
        assert_eq!(escape("$Latest ~~gone~~"), "\\$Latest \\~\\~gone\\~\\~");
    }
}
