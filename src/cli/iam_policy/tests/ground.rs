//! A lab in virtual time with two people in it: one who may do everything, and one who is held to a policy.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use aws_config::{BehaviorVersion, Region};
use aws_credential_types::Credentials;
use jiff::{Timestamp, ToSpan};
use tokio::time::{Instant, timeout};

use super::configs::config;
use super::estates;
use crate::cli::args::{IamPolicy, PolicyFor};
use crate::cli::failure::Failure;
use crate::cli::iam_policy::document;
use crate::cli::session::Session;
use crate::cli::{check, init, metrics, release};
use crate::cloud::aws::Aws;
use crate::cloud::{Clock, Cloud, NewRule};
use crate::config::Config;
use crate::config::discover::discover;
use crate::lab::instances::Imagined;
use crate::lab::keeper::Keeper;
use crate::lab::permission::{FREE_KEY, Policy};
use crate::lab::plug::Plug;
use crate::lab::world::Settings;
use crate::model::estate::Estate;
use crate::model::event::{Event, EventKind, Reporter};
use crate::model::lock::{self, Holder, LockState};
use crate::model::plan::{Intent, Plan};
use crate::model::release::Source;
use crate::model::routing::{Action, Condition, FixedResponse, Priority};
use crate::plan;
use crate::report::status::StatusView;
use crate::report::{self, Look};
use crate::run::hook::Outside;
use crate::run::identity::Identity;
use crate::run::interrupt::Interrupt;
use crate::run::{self, Job, LockSettings};

pub(super) const REGION: &str = "us-east-1";
/// Of the one who is held to a policy.
pub(super) const HELD_KEY: &str = "AKIAHELD";
const ACCOUNT: &str = "000000000000";
/// When a command that waits for hours is cut off: it has come to where it waits by then.
const CUT_OFF: Duration = Duration::from_secs(300);

/// What is typed.
#[derive(Clone, Debug)]
pub(super) enum Command {
    Check,
    Status,
    Metrics,
    /// `plan …`.
    Plan(Intent),
    /// `plan … --out FILE`, which says what is in the file.
    Save(Intent),
    /// `apply FILE`, with what is in it.
    Apply(String),
    /// `deploy`, `promote`, `rollback`, `abort`, `retire`, `repair`.
    Run(Intent),
    /// The same by a process that ends while it waits for something.
    Begun(Intent),
    /// `unlock --yes`.
    Unlock,
    /// `init --from-aws --yes`, without its file.
    Adopt,
    /// What somebody does to the groups with another tool.
    Call(&'static str),
}

/// What a command said, and its exit code.
#[derive(Clone, Debug)]
pub(super) struct Told {
    pub(super) code: u8,
    pub(super) words: String,
}

pub(super) struct Ground {
    pub(super) keeper: Arc<Keeper>,
    free: Aws,
    held: Aws,
}

/// Everything that could have been changed.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Seen {
    pub(super) estate: Estate,
    pub(super) alarms: Vec<String>,
}

/// A policy as `iam-policy` prints it for the app of this ground.
pub(super) fn printed(role: PolicyFor) -> String {
    printed_for(&config(""), role)
}

pub(super) fn printed_for(config: &Config, role: PolicyFor) -> String {
    let args = IamPolicy {
        for_what: role,
        account: ACCOUNT.into(),
        instance_role: "*".into(),
    };
    document(config, &args, REGION).expect("a policy")
}

impl Ground {
    pub(super) async fn new() -> Self {
        Self::with(estates::everything).await
    }

    /// With another app on the same load balancer.
    pub(super) async fn beside(neighbour: &str) -> Self {
        Self::with(|keeper| estates::everything_beside(keeper, neighbour)).await
    }

    async fn with(put_up: impl FnOnce(&Arc<Keeper>)) -> Self {
        let settings = Settings {
            began: Timestamp::now(),
            ..Settings::default()
        };
        let keeper = Keeper::start(settings, Box::new(Imagined::default()));
        put_up(&keeper);
        Self {
            free: client(&keeper, FREE_KEY).await,
            held: client(&keeper, HELD_KEY).await,
            keeper,
        }
    }

    /// From now on the second person is held to this.
    pub(super) fn hold_to(&self, policy: &str) {
        let policy = Policy::read(policy).unwrap_or_else(|error| panic!("{policy}: {error}"));
        self.keeper.with(|world| world.settings.policy = Some(policy));
    }

    /// What the one who may do everything does, which must go well.
    pub(super) async fn prepare(&self, command: &Command, config: Config) {
        if let Command::Call(form) = command {
            estates::call(&self.keeper, "autoscaling", form);
            return;
        }
        if let Command::Begun(intent) = command {
            let command = self.meant(&Command::Run(intent.clone()));
            let ended = timeout(CUT_OFF, does(&self.free, &command, config)).await;
            assert!(ended.is_err(), "{command:?} did not wait: {ended:?}");
            return;
        }
        let told = does(&self.free, &self.meant(command), config).await;
        // A test of variants is left to run, and a stage to wait for a person.
        assert!([0, 9].contains(&told.code), "{command:?}: {}", told.words);
    }

    /// What the one who is held to a policy does.
    pub(super) async fn does(&self, command: &Command, config: Config) -> Told {
        does(&self.held, &self.meant(command), config).await
    }

    /// The command with the image's number for its name.
    fn meant(&self, command: &Command) -> Command {
        let mut command = command.clone();
        if let Command::Run(Intent::Deploy { release }) | Command::Plan(Intent::Deploy { release }) =
            &mut command
            && let Source::Build {
                image: Some(image), ..
            } = &mut release.source
        {
            *image = estates::image(&self.keeper, image);
        }
        command
    }

    pub(super) async fn sees(&self) -> Seen {
        let mut estate = self.free.observe(&config("").scope).await.expect("an estate");
        estate.observed_at = Timestamp::UNIX_EPOCH;
        Seen {
            estate,
            alarms: estates::alarms(&self.keeper),
        }
    }

    /// A lock whose holder has died long ago.
    pub(super) async fn leave_a_dead_lock(&self) {
        let config = config("");
        let estate = self.free.observe(&config.scope).await.expect("an estate");
        let long_ago = Timestamp::now() - 2.hours();
        let holder = Holder {
            owner: "somebody".into(),
            host: "elsewhere".into(),
            process: String::new(),
            command: "swingbridge promote".into(),
            run: "run".into(),
            url: None,
            since: long_ago,
            beat: long_ago,
            lease: Duration::from_secs(60),
        };
        let new = NewRule {
            port: config.policy.lock.port,
            priority: config.policy.lock.priority,
            condition: Condition::Header {
                name: plan::ENTRANCE_HEADER.into(),
                values: vec!["dead".into()],
            },
            action: Action::Fixed(FixedResponse {
                status: 404,
                content_type: None,
                body: None,
            }),
            tags: holder.to_tags(&config.app),
        };
        self.free.create_rule(&estate, &new).await.expect("a lock");
    }
}

impl Seen {
    /// Where production goes.
    pub(super) fn routes(&self) -> Vec<(u16, Priority, Action)> {
        self.estate
            .rules()
            .filter(|rule| !matches!(rule.priority, Priority::Numbered(number) if number < 20))
            .map(|rule| (rule.port, rule.priority, rule.action.clone()))
            .collect()
    }

    /// What there is, without what is random or a time.
    pub(super) fn shape(&self) -> Vec<String> {
        let rules = self
            .estate
            .rules()
            .map(|rule| format!("{}: {:?}", rule.at(), rule.action));
        let groups = self.estate.groups.iter().map(|group| {
            let attachments = group.attachments.iter().map(|one| (one.kind, &one.name));
            format!(
                "{} {:?} {:?} {:?} {:?}",
                group.name,
                group.size,
                group.suspended.keys(),
                group.tags.keys(),
                attachments.collect::<Vec<_>>()
            )
        });
        let target_groups = self
            .estate
            .target_groups
            .iter()
            .map(|one| format!("{} {:?} {:?}", one.name, one.tags.keys(), one.attributes));
        rules
            .chain(groups)
            .chain(target_groups)
            .chain(self.alarms.iter().cloned())
            .collect()
    }

    /// The same without what adopting and pinning leaves, and what a closed door says: none of it changes traffic.
    pub(super) fn generations(&self) -> Vec<String> {
        let rules = self.estate.rules().map(|rule| match &rule.action {
            Action::Fixed(fixed) => format!("{}: {}", rule.at(), fixed.status),
            other => format!("{}: {other:?}", rule.at()),
        });
        let groups = self.estate.groups.iter().map(|group| {
            format!(
                "{} {:?} {:?} {:?}",
                group.name,
                group.size,
                group.suspended.keys(),
                group.attachments
            )
        });
        let target_groups = self.estate.target_groups.iter().map(|one| one.name.to_string());
        rules
            .chain(groups)
            .chain(target_groups)
            .chain(self.alarms.iter().cloned())
            .collect()
    }

    pub(super) fn is_locked(&self) -> bool {
        !matches!(lock::state(&self.estate, config("").policy.lock), LockState::Free)
    }
}

async fn client(keeper: &Arc<Keeper>, key: &str) -> Aws {
    let sdk = aws_config::defaults(BehaviorVersion::latest())
        .region(Region::new(REGION))
        .credentials_provider(Credentials::new(key, "secret", None, None, "tests"))
        .http_client(Plug::into(keeper))
        .load()
        .await;
    let clock = Clock::Tokio {
        began: keeper.with(|world| world.clock()),
        since: Instant::now(),
    };
    Aws::from_config(&sdk, "the lab".into()).with_clock(clock)
}

/// What the command does between its arguments and its exit code, with everything it says in one text.
async fn does(aws: &Aws, command: &Command, mut config: Config) -> Told {
    if let Command::Run(Intent::Deploy { release }) | Command::Plan(Intent::Deploy { release }) = command
        && let Source::Build { image, .. } = &release.source
    {
        config.scope.image = image.clone();
    }
    let session = Session {
        config,
        aws: aws.clone(),
    };
    match Box::pin(carried_out(&session, command)).await {
        Ok(told) => told,
        Err(failure) => Told {
            code: failure.code(),
            words: failure.text(Look::PLAIN),
        },
    }
}

async fn carried_out(session: &Session, command: &Command) -> Result<Told, Failure> {
    let said = |words: String| Told { code: 0, words };
    let config = &session.config;
    match command {
        Command::Check => Ok(said(report::check::text(
            &check::findings(session).await?,
            Look::PLAIN,
        ))),
        Command::Status => {
            let estate = session.observe().await?;
            let view = StatusView::of(&estate, &config.policy, session.aws.now(), &|_: &Holder| false);
            Ok(said(report::status::text(&view, Look::PLAIN)))
        }
        Command::Metrics => {
            let readings = metrics::readings(session).await?;
            Ok(said(format!("read {} periods", readings.periods())))
        }
        Command::Plan(intent) => {
            let plan = plan::plan(&session.observe().await?, intent, &config.policy)?;
            Ok(said(plan.summary))
        }
        Command::Save(intent) => {
            let plan = plan::plan(&session.observe().await?, intent, &config.policy)?;
            Ok(said(report::plan_json::json(&plan)?))
        }
        Command::Apply(saved) => {
            let saved = Plan::read(saved).map_err(|error| Failure::usage(error.to_string(), "save one"))?;
            let estate = session.observe().await?;
            let plan = plan::resume(&saved, &estate, &config.policy)
                .map_err(|changes| Failure::refused(changes.join("; "), Vec::new()).with_code(8))?;
            Box::pin(carry_out(session, plan, estate)).await
        }
        Command::Run(intent) => {
            let estate = session.observe().await?;
            let plan = plan::plan(&estate, intent, &config.policy)?;
            Box::pin(carry_out(session, plan, estate)).await
        }
        Command::Unlock => {
            let estate = session.observe().await?;
            if let LockState::Held { rule, .. } = lock::state(&estate, config.policy.lock) {
                session.aws.delete_rule(&rule).await?;
            }
            Ok(said("the lock is free".into()))
        }
        Command::Adopt => {
            let scope = init::anything(config.scope.load_balancer.clone())?;
            session.aws.observe(&scope).await?;
            let estate = session.observe().await?;
            let found = discover(&estate, Some(80), Some(&config.app), None)
                .map_err(|error| Failure::refused(error.to_string(), Vec::new()))?;
            init::adopt(&session.aws, &estate, &found.adopt).await?;
            Ok(said("adopted".into()))
        }
        Command::Begun(intent) => Err(Failure::usage(intent.word(), "only prepares")),
        Command::Call(form) => Err(Failure::usage(*form, "only prepares")),
    }
}

async fn carry_out(session: &Session, plan: Plan, estate: Estate) -> Result<Told, Failure> {
    let config = &session.config;
    let (_stopper, interrupt) = Interrupt::pair();
    release::may_be_built(session, &plan).await?;
    let job = Job {
        cloud: &session.aws,
        scope: &config.scope,
        command: format!("swingbridge {}", plan.intent.word()),
        run: "run".into(),
        identity: Identity::from_environment(&|_| None),
        lock: LockSettings {
            lease: config.lease,
            wait: Duration::ZERO,
        },
        timeout: None,
        interrupt,
        hooks: &Outside::default(),
    };
    let mut notices = Notices::default();
    let verdict = run::carry_out(&job, &plan, &estate, &mut notices).await;
    let words = [notices.0, vec![verdict.summary], verdict.reasons, verdict.next]
        .concat()
        .join("\n");
    Ok(Told {
        code: verdict.code,
        words,
    })
}

/// Everything that is said while a command works.
#[derive(Default)]
struct Notices(Vec<String>);

impl Reporter for Notices {
    fn on(&mut self, event: &Event) -> io::Result<()> {
        if let EventKind::Notice { text } = &event.kind {
            self.0.push(text.clone());
        }
        Ok(())
    }
}
