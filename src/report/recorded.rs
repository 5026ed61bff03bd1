//! Recorded runs, for the tests of every reporter.

use std::time::Duration;

use jiff::SignedDuration;

use crate::model::clone::{Carried, How};
use crate::model::event::{Ended, Event, EventKind, Outcome, Verdict};
use crate::model::fixtures::{self, asg, closed, release, tg, to};
use crate::model::ids::{Generation, Size, TemplateId};
use crate::model::plan::{FORMAT, Fingerprint, Intent, Note, Plan};
use crate::model::policy::Want;
use crate::model::routing::{Asks, Priority, RulePlace};
use crate::model::standing::State;
use crate::model::step::{Expected, NewGroup, Pick, PickedVersion, Purpose, Step};
use crate::model::tags::Tags;

/// Writes down events with the time that passes between them.
struct Recorder {
    elapsed: Duration,
    events: Vec<Event>,
}

impl Recorder {
    fn of(plan: Plan) -> Self {
        let mut recorder = Self {
            elapsed: Duration::ZERO,
            events: Vec::new(),
        };
        recorder.after(
            0,
            EventKind::RunStarted {
                app: plan.app.clone(),
                command: plan.intent.word().into(),
                summary: plan.summary.clone(),
                steps: plan.steps.iter().map(Step::title).collect(),
                plan: Some(Box::new(plan)),
            },
        );
        recorder
    }

    fn after(&mut self, milliseconds: u64, kind: EventKind) -> &mut Self {
        self.elapsed += Duration::from_millis(milliseconds);
        let passed = SignedDuration::try_from(self.elapsed).expect("a short run");
        self.events.push(Event {
            run: "run-1".into(),
            index: self.events.len() as u64,
            at: fixtures::minute(0).checked_add(passed).expect("in range"),
            elapsed: self.elapsed,
            kind,
        });
        self
    }

    fn notice(&mut self, text: &str) -> &mut Self {
        self.after(0, EventKind::Notice { text: text.into() })
    }

    fn start(&mut self, step: usize) -> &mut Self {
        self.after(10, EventKind::StepStarted { step })
    }

    fn finish(&mut self, milliseconds: u64, step: usize, outcome: Outcome) -> &mut Self {
        self.after(milliseconds, EventKind::StepFinished { step, outcome })
    }

    fn does(&mut self, milliseconds: u64, step: usize) -> &mut Self {
        self.start(step).finish(milliseconds, step, Outcome::Done)
    }

    fn wait(&mut self, milliseconds: u64, step: usize, have: u32, reasons: &[&str]) -> &mut Self {
        self.after(
            milliseconds,
            EventKind::Progress {
                step,
                have,
                want: 2,
                reasons: reasons.iter().map(|reason| (*reason).to_owned()).collect(),
            },
        )
    }

    fn end(&mut self, verdict: Verdict) -> Vec<Event> {
        self.after(20, EventKind::RunFinished { verdict });
        std::mem::take(&mut self.events)
    }
}

/// A deploy that succeeds.
pub(super) fn deploy() -> Vec<Event> {
    let initial = "2 initial (Elb.InitialHealthChecking)";
    Recorder::of(deploy_plan())
        .notice("took the lock over from ci on runner-3, silent for 9m 2s")
        .start(0)
        .finish(40, 0, Outcome::AlreadyTrue)
        .does(350, 1)
        .does(800, 2)
        .does(120, 3)
        .does(1400, 4)
        .start(5)
        .wait(
            5_000,
            5,
            0,
            &["2 instances Pending", "2 instances not launched yet"],
        )
        .wait(5_000, 5, 0, &[initial])
        .wait(5_000, 5, 0, &[initial])
        .wait(5_000, 5, 1, &["1 initial (Elb.InitialHealthChecking)"])
        .wait(5_000, 5, 2, &[])
        .finish(30_000, 5, Outcome::Done)
        .does(220, 6)
        .start(7)
        .finish(
            9_000,
            7,
            Outcome::Warned {
                warning: "the rule took three reads to agree".into(),
            },
        )
        .does(90, 8)
        .end(Verdict {
            ended: Ended::Done,
            code: 0,
            summary: "generation 2 (release 42) is ready behind the green door".into(),
            reasons: Vec::new(),
            truth: vec![
                "production goes to generation 1 (tg-1), as before".into(),
                "x-client-mode=green goes to generation 2 (tg-2)".into(),
            ],
            next: vec!["swingbridge promote".into(), "swingbridge abort".into()],
        })
}

/// A deploy whose fleet never becomes healthy.
pub(super) fn troubled() -> Vec<Event> {
    let sick = "2 unhealthy (Target.ResponseCodeMismatch: Health checks failed with these codes: [503])";
    let throttled = "CreateTargetGroup: Throttling: Rate exceeded";
    Recorder::of(deploy_plan())
        .start(0)
        .finish(40, 0, Outcome::AlreadyTrue)
        .start(1)
        .after(
            300,
            EventKind::Retrying {
                step: 1,
                error: throttled.into(),
            },
        )
        .finish(900, 1, Outcome::Done)
        .does(800, 2)
        .does(120, 3)
        .does(1400, 4)
        .start(5)
        .wait(60_000, 5, 0, &[sick])
        .finish(
            840_000,
            5,
            Outcome::Failed {
                error: format!("not healthy within 15m: {sick}"),
            },
        )
        .end(Verdict {
            ended: Ended::Failed,
            code: 4,
            summary: "generation 2 did not become healthy; production was not touched".into(),
            reasons: vec![format!(
                "{sick}\n→ look at the service on one of its instances; `swingbridge diagnose` collects what is known"
            )],
            truth: vec!["production goes to generation 1 (tg-1), as before".into()],
            next: vec![
                "swingbridge deploy --release 42".into(),
                "swingbridge abort".into(),
            ],
        })
}

/// A promotion whose rules do not agree, put back by steps that were not laid out.
pub(super) fn swung_back() -> Vec<Event> {
    let aside = usize::MAX;
    Recorder::of(promote_plan())
        .start(0)
        .finish(
            400,
            0,
            Outcome::Failed {
                error: "ModifyListener: AccessDenied".into(),
            },
        )
        .notice("swing :80 default rule: tg-2 → tg-1")
        .after(
            200,
            EventKind::Retrying {
                step: aside,
                error: "ModifyListener: Throttling: Rate exceeded".into(),
            },
        )
        .notice("read the rule back until it agrees")
        .wait(1_000, aside, 1, &[])
        .end(Verdict {
            ended: Ended::SwungBack,
            code: 5,
            summary: "production goes to generation 1 again".into(),
            reasons: vec!["ModifyListener: AccessDenied".into()],
            truth: vec!["production goes to generation 1".into()],
            next: vec!["swingbridge status".into()],
        })
}

/// Two minutes in which nothing changes.
pub(super) fn long_wait() -> Vec<Event> {
    let mut recorder = Recorder::of(deploy_plan());
    recorder.start(5);
    for _ in 0..24 {
        recorder.wait(5_000, 5, 0, &["2 initial (Elb.InitialHealthChecking)"]);
    }
    std::mem::take(&mut recorder.events)
}

pub(super) fn titles() -> Vec<String> {
    deploy_plan().steps.iter().map(Step::title).collect()
}

/// Release 42 beside generation 1.
pub(super) fn deploy_plan() -> Plan {
    Plan {
        steps: deploy_steps(),
        notes: vec![
            Note::info("live stays as it is; `swingbridge promote` swings production"),
            Note::risk("both generations compete for the same capacity reservations"),
        ],
        carried: carried(),
        ..plan(
            Intent::Deploy {
                release: release("42"),
            },
            "release 42 becomes generation 2, a candidate beside generation 1",
        )
    }
}

/// Generation 2 takes production over.
pub(super) fn promote_plan() -> Plan {
    Plan {
        steps: vec![
            swing(Priority::Default, Purpose::Route, 1, 2, "any request"),
            swing(
                Priority::Numbered(fixtures::BLUE),
                Purpose::BlueDoor,
                1,
                2,
                "x-client-mode=blue",
            ),
            Step::Point {
                rule: place(Priority::Numbered(fixtures::GREEN)),
                purpose: Purpose::GreenDoor,
                before: to(2),
                after: closed(404),
                sticky: None,
                when: "x-client-mode=green".into(),
            },
            Step::CreateRule {
                port: 80,
                priority: fixtures::ENTRANCE,
                purpose: Purpose::Entrance,
                asks: Asks::Secret("x-swingbridge".into()),
                action: to(1),
            },
        ],
        notes: vec![Note::risk("path `/a|b` on :443 <stays> behind authentication")],
        ..plan(
            Intent::Promote,
            "production swings from generation 1 to generation 2",
        )
    }
}

/// What there is to do when everything is as wanted.
pub(super) fn empty_plan() -> Plan {
    plan(Intent::Promote, "generation 2 is live")
}

fn plan(intent: Intent, summary: &str) -> Plan {
    let estate = fixtures::initial();
    let rules = estate
        .rules()
        .map(|rule| (format!("the rule at {}", rule.at()), rule.action.to_string()));
    let mut basis = Fingerprint(rules.collect());
    basis.0.insert("size of asg-1".into(), "2 (min 1, max 4)".into());
    basis.0.insert("the route at :80 rule 20".into(), "tg-1".into());
    Plan {
        format: FORMAT,
        id: "3f8a1c0d".into(),
        app: fixtures::APP.into(),
        load_balancer: estate.load_balancer.arn,
        intent,
        policy: fixtures::policy(),
        basis,
        summary: summary.into(),
        steps: Vec::new(),
        notes: Vec::new(),
        carried: Vec::new(),
    }
}

fn deploy_steps() -> Vec<Step> {
    let generation = Generation(2);
    vec![
        Step::Adopt {
            generation: Generation(1),
            group: asg(1),
            target_group: tg(1),
        },
        Step::CreateTargetGroup {
            target_group: tg(2),
            copy_of: tg(1),
            tags: Tags::new(),
        },
        Step::SetTargetGroupAttributes {
            target_group: tg(2),
            attributes: [("slow_start.duration_seconds".into(), "0".into())].into(),
        },
        Step::OpenStaging { target_group: tg(2) },
        Step::CreateGroup(Box::new(NewGroup {
            group: asg(2),
            copy_of: asg(1),
            target_group: tg(2),
            instead_of: tg(1),
            generation,
            release: "42".into(),
            size: Size {
                min: 2,
                max: 4,
                desired: 2,
            },
            versions: vec![Pick {
                template: TemplateId::from("lt-1"),
                version: PickedVersion::Number(8),
            }],
            tags: Tags::new(),
            settings: Default::default(),
            hooks: Vec::new(),
        })),
        Step::AwaitHealthy {
            group: asg(2),
            target_group: tg(2),
            want: Want::Percent(100),
            like: asg(1),
            soak: Duration::from_secs(30),
            timeout: Duration::from_secs(900),
        },
        Step::Point {
            rule: place(Priority::Numbered(fixtures::GREEN)),
            purpose: Purpose::GreenDoor,
            before: closed(404),
            after: to(2),
            sticky: None,
            when: "x-client-mode=green".into(),
        },
        Step::Confirm {
            expect: vec![Expected {
                port: 80,
                priority: Priority::Numbered(fixtures::GREEN),
                action: to(2),
                sticky: None,
            }],
            times: 3,
            propagation: Duration::from_secs(10),
        },
        Step::Mark {
            generation,
            target_group: tg(2),
            state: State::Ready,
            previous: None,
        },
    ]
}

fn swing(priority: Priority, purpose: Purpose, from: u32, into: u32, when: &str) -> Step {
    Step::Point {
        rule: place(priority),
        purpose,
        before: to(from),
        after: to(into),
        sticky: None,
        when: when.into(),
    }
}

fn place(priority: Priority) -> RulePlace {
    fixtures::rule(80, priority, &[], to(1)).at()
}

fn carried() -> Vec<Carried> {
    let line = |of: &str, field: &str, how, value: &str, why: &str| Carried {
        of: of.into(),
        field: field.into(),
        how,
        value: value.into(),
        why: why.into(),
    };
    vec![
        line("asg-2", "HealthCheckType", How::Copied, "ELB", ""),
        line("asg-2", "VPCZoneIdentifier", How::Copied, "subnet-1,subnet-2", ""),
        line(
            "asg-2",
            "MinSize",
            How::Changed,
            "2",
            "raised to the desired capacity until promotion, then put back",
        ),
        line(
            "asg-2",
            "LaunchTemplate",
            How::Changed,
            "version 8",
            "the release's version, pinned by number",
        ),
        line(
            "asg-2",
            "PredictedCapacity",
            How::NotCopied,
            "4",
            "a forecast for the original",
        ),
        line("tg-2", "Protocol", How::Copied, "HTTP", ""),
    ]
}
