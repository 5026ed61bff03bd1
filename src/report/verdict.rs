//! The last words of a run: how it ended, what is true now, why, and what to run next.

use crate::model::event::{Ended, Verdict};

use super::look::Look;
use super::visible::without_commands;

/// The summary, a line each, without line ends. Commands stand alone on their lines, to be copied.
pub fn lines(verdict: &Verdict, look: Look) -> Vec<String> {
    let mut all = vec![headline(verdict, look)];
    section(&mut all, "why", &verdict.reasons, look);
    section(&mut all, "true now", &verdict.truth, look);
    section(&mut all, "next", &verdict.next, look);
    all.iter()
        .map(|line| without_commands(line).into_owned())
        .collect()
}

fn headline(verdict: &Verdict, look: Look) -> String {
    let (mark, word) = ended(verdict.ended, look);
    let code = match verdict.code {
        0 => String::new(),
        code => look.dim(format!(" (exit code {code})")),
    };
    // A summary may begin with how it ended; it is said once.
    let summary = verdict
        .summary
        .strip_prefix(word)
        .and_then(|rest| rest.strip_prefix(": "))
        .unwrap_or(&verdict.summary);
    let summary = look.plain(summary);
    if summary.is_empty() {
        format!("{mark} {}{code}", look.bold(word))
    } else {
        format!("{mark} {}: {summary}{code}", look.bold(word))
    }
}

fn ended(ended: Ended, look: Look) -> (String, &'static str) {
    match ended {
        Ended::Done => (look.done(), "done"),
        Ended::NothingToDo => (look.same(), "nothing to do"),
        Ended::Refused => (look.failed(), "refused"),
        Ended::Failed => (look.failed(), "failed"),
        Ended::SwungBack => (look.failed(), "swung back"),
        Ended::Stopped => (look.warned(), "stopped, a person is needed"),
        Ended::Paused => (look.warned(), "paused"),
        Ended::Locked => (look.warned(), "locked"),
        Ended::Stale => (look.warned(), "stale plan"),
        Ended::Overtaken => (look.warned(), "overtaken"),
        Ended::Interrupted => (look.warned(), "interrupted"),
    }
}

fn section(all: &mut Vec<String>, title: &str, texts: &[String], look: Look) {
    if texts.is_empty() {
        return;
    }
    all.push(format!("  {}", look.dim(title)));
    for text in texts {
        // A way out follows its reason on a line of its own; other line breaks are not ours.
        let mut parts = text.split("\n→ ");
        all.extend(parts.next().map(|reason| format!("    {}", look.plain(reason))));
        all.extend(
            parts
                .map(|way| look.plain(&format!("→ {way}")).into_owned())
                .map(|way| format!("    {way}")),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::refusal::Reason;

    #[test]
    fn a_refusal_gives_each_reason_with_its_way_out() {
        let verdict = Verdict {
            ended: Ended::Refused,
            code: 3,
            summary: "promote was not begun".into(),
            reasons: vec![
                Reason::NoCandidate { rolled_back: None }.in_full(),
                Reason::TooManyTargetGroups {
                    would: 101,
                    limit: 100,
                }
                .in_full(),
            ],
            truth: vec!["production goes to generation 1 (tg-1)".into()],
            next: vec!["swingbridge deploy --release NAME".into()],
        };
        insta::assert_snapshot!(lines(&verdict, Look::PLAIN).join("\n"));
    }

    #[test]
    fn success_is_short() {
        let verdict = Verdict {
            ended: Ended::NothingToDo,
            code: 0,
            summary: "nothing to do: generation 2 is live already".into(),
            reasons: Vec::new(),
            truth: Vec::new(),
            next: Vec::new(),
        };
        assert_eq!(
            lines(&verdict, Look::PLAIN),
            ["= nothing to do: generation 2 is live already"]
        );
    }
}
