//! What can be typed: clap types only.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};

mod promotion;

pub(super) use promotion::{HowFar, Percent, Promote, Shift, Who, Winner};

use promotion::{PROMOTE, SHIFT, WINNER};

use super::help::{APPLY, DEPLOY, EXIT_CODES, INIT, JUDGE, METRICS, PLAN, ROLLBACK};
use super::lab::args::{DemoArgs, LAB, LOAD, LabCommand, LoadArgs};
use crate::config::Overrides;
use crate::model::ids::Generation;
use crate::model::plan::Intent;
use crate::model::policy::AfterRollback;

/// Swings production traffic from one version of a service to the next on an AWS Application Load
/// Balancer and Auto Scaling groups, and back, without dropping a request.
#[derive(Debug, Parser)]
#[command(name = "swingbridge", version, after_help = EXIT_CODES, max_term_width = 100, arg_required_else_help = true)]
pub(super) struct Cli {
    #[command(flatten)]
    pub(super) global: Global,
    #[command(subcommand)]
    pub(super) command: Command,
}

#[derive(Debug, Args)]
pub(super) struct Global {
    /// The configuration file
    #[arg(long, short, global = true, value_name = "FILE", env = "SWINGBRIDGE_CONFIG")]
    pub(super) config: Option<PathBuf>,
    /// Say more on stderr; twice for every call
    #[arg(long, short, global = true, action = clap::ArgAction::Count)]
    pub(super) verbose: u8,
    /// How log lines on stderr are written
    #[arg(long, global = true, value_name = "FORMAT", default_value = "text")]
    pub(super) log_format: LogFormat,
    #[command(flatten)]
    pub(super) settings: Settings,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum LogFormat {
    Text,
    Json,
}

/// Flags that beat the environment and the file.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Settings (they beat the environment, which beats the file)")]
pub(super) struct Settings {
    /// The app's name in tags
    #[arg(long, global = true, value_name = "NAME", hide_short_help = true)]
    pub(super) app: Option<String>,
    /// The load balancer's name or ARN
    #[arg(long, global = true, value_name = "NAME")]
    pub(super) load_balancer: Option<String>,
    /// The AWS region
    #[arg(long, global = true, value_name = "REGION")]
    pub(super) region: Option<String>,
    /// The AWS profile
    #[arg(long, global = true, value_name = "PROFILE")]
    pub(super) profile: Option<String>,
    /// Speak to this address instead of AWS, for instance an emulator
    #[arg(long, global = true, value_name = "URL")]
    pub(super) endpoint_url: Option<String>,
    /// preview, direct, canary, linear, rolling, recreate or ab: how deploy and promote bring a candidate in
    #[arg(long, global = true, value_name = "KIND", hide_short_help = true)]
    pub(super) strategy: Option<String>,
    /// How much must be healthy: a count, or a percentage of live's capacity
    #[arg(long, global = true, value_name = "AMOUNT", hide_short_help = true)]
    pub(super) health_want: Option<String>,
    /// How long it must stay healthy
    #[arg(long, global = true, value_name = "DURATION", hide_short_help = true)]
    pub(super) health_soak: Option<String>,
    /// How long health is waited for
    #[arg(long, global = true, value_name = "DURATION", hide_short_help = true)]
    pub(super) health_timeout: Option<String>,
    /// What becomes of the previous generation: keep, scale=N or retire
    #[arg(long, global = true, value_name = "WHAT", hide_short_help = true)]
    pub(super) after_promotion: Option<String>,
    /// How long it stays at full capacity before that
    #[arg(long, global = true, value_name = "DURATION", hide_short_help = true)]
    pub(super) after_promotion_delay: Option<String>,
    /// What becomes of a generation that was rolled back: keep or remove
    #[arg(long, global = true, value_name = "WHAT", hide_short_help = true)]
    pub(super) after_rollback: Option<String>,
    /// When a swing fails half way: put-back or stop
    #[arg(long, global = true, value_name = "WHAT", hide_short_help = true)]
    pub(super) on_failure: Option<String>,
    /// How long the load balancer is given to obey its rules
    #[arg(long, global = true, value_name = "DURATION", hide_short_help = true)]
    pub(super) propagation: Option<String>,
    /// How long what was swung to stays held from scaling in
    #[arg(long, global = true, value_name = "DURATION", hide_short_help = true)]
    pub(super) hold: Option<String>,
    /// How long a holder of the lock may be silent
    #[arg(long, global = true, value_name = "DURATION", hide_short_help = true)]
    pub(super) lease: Option<String>,
    /// The folder of the journal
    #[arg(long, global = true, value_name = "DIR", hide_short_help = true)]
    pub(super) journal: Option<String>,
}

impl Settings {
    pub(super) fn overrides(&self) -> Overrides {
        Overrides {
            app: self.app.clone(),
            load_balancer: self.load_balancer.clone(),
            region: self.region.clone(),
            profile: self.profile.clone(),
            endpoint: self.endpoint_url.clone(),
            strategy: self.strategy.clone(),
            health_want: self.health_want.clone(),
            health_soak: self.health_soak.clone(),
            health_timeout: self.health_timeout.clone(),
            after_promotion: self.after_promotion.clone(),
            after_promotion_delay: self.after_promotion_delay.clone(),
            after_rollback: self.after_rollback.clone(),
            on_failure: self.on_failure.clone(),
            propagation: self.propagation.clone(),
            hold: self.hold.clone(),
            lease: self.lease.clone(),
            journal: self.journal.clone(),
        }
    }
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Write a starter configuration, or describe and adopt what runs already
    #[command(after_help = INIT)]
    Init(Init),
    /// Look for everything that would break a deploy; changes nothing
    Check(Look),
    /// Show what a command would do; changes nothing
    #[command(after_help = PLAN)]
    Plan(PlanArgs),
    /// Carry out a saved plan, if it is not stale
    #[command(after_help = APPLY)]
    Apply(Apply),
    /// Build the next generation beside live, wait until it is healthy, open its door
    #[command(after_help = DEPLOY)]
    Deploy(Deploy),
    /// Swing production to the candidate
    #[command(after_help = PROMOTE)]
    Promote(Promote),
    /// Swing production back, or close the candidate
    #[command(after_help = ROLLBACK)]
    Rollback(Rollback),
    /// Give the candidate a share of production, and leave it there
    #[command(after_help = SHIFT)]
    Shift(Shift),
    /// End a test: swing production to one variant, and remove the others
    #[command(after_help = WINNER)]
    Winner(Winner),
    /// Leave production as it is shared now, until a person goes on
    Pause(RunArgs),
    /// Go on with a promotion that is paused
    Resume(RunArgs),
    /// Remove the candidate, and what was rolled back
    Abort(RunArgs),
    /// Remove the previous generation, and any before it
    Retire(Retire),
    /// Say what is live, what could be, and what to do next
    Status(Status),
    /// Say what happened, from tags and the journal
    History(Look),
    /// Compare the candidate's metrics with live's, or those of all variants; changes nothing
    #[command(after_help = METRICS)]
    Metrics(Metrics),
    /// Judge what was measured before
    #[command(after_help = JUDGE)]
    Judge(JudgeArgs),
    /// Undo what an interrupted run left held
    Repair(RunArgs),
    /// Show who holds the lock, and free it when they are dead
    Unlock(Unlock),
    /// Print a least-privilege IAM policy
    IamPolicy(IamPolicy),
    /// Run an ALB with its Auto Scaling groups on this machine
    #[command(after_help = LAB)]
    Lab(LabCommand),
    /// Put load on a URL, and account for every request
    #[command(after_help = LOAD)]
    Load(Box<LoadArgs>),
    /// Show the whole story on this machine: deploy, preview, promote, roll back, and a release that is broken
    Demo(DemoArgs),
    /// Print completions for a shell
    Completions {
        /// The shell they are for
        shell: clap_complete::Shell,
    },
    /// Write the manual pages
    Man {
        /// The folder they are written to
        #[arg(value_name = "DIR")]
        dir: PathBuf,
    },
}

#[derive(Debug, Args)]
pub(super) struct Init {
    /// Describe the estate that runs behind --load-balancer
    #[arg(long, requires = "load_balancer")]
    pub(super) from_aws: bool,
    /// The listener whose default rule shows what is live
    #[arg(long, value_name = "PORT", requires = "from_aws")]
    pub(super) listener: Option<u16>,
    /// Tag what is adopted, without asking
    #[arg(long, short)]
    pub(super) yes: bool,
    /// Replace a configuration that exists
    #[arg(long)]
    pub(super) force: bool,
}

#[derive(Debug, Args)]
pub(super) struct Look {
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub(super) format: TextOrJson,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum TextOrJson {
    Text,
    Json,
}

#[derive(Debug, Args)]
pub(super) struct PlanArgs {
    #[command(subcommand)]
    pub(super) what: PlanWhat,
}

#[derive(Debug, Subcommand)]
pub(super) enum PlanWhat {
    /// The next generation
    Deploy {
        #[command(flatten)]
        release: ReleaseArgs,
        #[command(flatten)]
        show: ShowArgs,
    },
    /// The swing to the candidate
    Promote {
        #[command(flatten)]
        how: HowFar,
        #[command(flatten)]
        show: ShowArgs,
    },
    /// The swing back
    Rollback {
        #[command(flatten)]
        back: BackArgs,
        #[command(flatten)]
        show: ShowArgs,
    },
    /// A share of production for the candidate
    Shift {
        #[command(flatten)]
        share: Percent,
        #[command(flatten)]
        show: ShowArgs,
    },
    /// The end of a test
    Winner {
        #[command(flatten)]
        who: Who,
        #[command(flatten)]
        show: ShowArgs,
    },
    /// The removal of the candidate
    Abort {
        #[command(flatten)]
        show: ShowArgs,
    },
    /// The removal of the previous generation
    Retire {
        #[command(flatten)]
        which: Which,
        #[command(flatten)]
        show: ShowArgs,
    },
    /// What is owed
    Repair {
        #[command(flatten)]
        show: ShowArgs,
    },
    /// A saved plan, stale or not
    Show {
        /// The file that `--out` wrote
        file: PathBuf,
        /// For people, for programs, for a pull request
        #[arg(long, value_name = "FORMAT", default_value = "text")]
        format: PlanFormat,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum PlanFormat {
    Text,
    Json,
    Markdown,
}

#[derive(Debug, Args)]
pub(super) struct ShowArgs {
    /// For people, for programs, for a pull request
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub(super) format: PlanFormat,
    /// Save the plan for `apply`
    #[arg(long, value_name = "FILE")]
    pub(super) out: Option<PathBuf>,
    /// Exit with 10 when the plan has changes
    #[arg(long)]
    pub(super) detailed_exitcode: bool,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Run")]
pub(super) struct RunArgs {
    /// Show the plan and stop
    #[arg(long)]
    pub(super) dry_run: bool,
    /// Do not ask
    #[arg(long, short)]
    pub(super) yes: bool,
    /// How long the run may take, waiting for somebody else's lock included, staying for what a swing leaves not
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub(super) timeout: Option<Duration>,
    /// How long to wait for somebody else's lock
    #[arg(long, value_name = "DURATION", value_parser = duration, default_value = "0s")]
    pub(super) wait_for_lock: Duration,
    /// Do not stay for what a swing leaves for later; `swingbridge repair` finishes it when it is due
    #[arg(long)]
    pub(super) no_wait: bool,
    /// text: for people; json: one event per line
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub(super) format: TextOrJson,
}

#[derive(Debug, Args)]
pub(super) struct Apply {
    /// A plan saved with `plan … --out`
    pub(super) file: PathBuf,
    #[command(flatten)]
    pub(super) run: RunArgs,
}

#[derive(Debug, Args)]
pub(super) struct Deploy {
    #[command(flatten)]
    pub(super) release: ReleaseArgs,
    #[command(flatten)]
    pub(super) run: RunArgs,
}

#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Release")]
pub(super) struct ReleaseArgs {
    /// The release's name, for people and tags
    #[arg(long, value_name = "NAME")]
    pub(super) release: Option<String>,
    /// An existing version of live's launch template
    #[arg(long, value_name = "N", conflicts_with_all = ["image", "user_data"])]
    pub(super) launch_template_version: Option<u64>,
    /// A machine image for a new version of it
    #[arg(long, value_name = "AMI")]
    pub(super) image: Option<String>,
    /// A user-data template for a new version of it
    #[arg(long, value_name = "FILE")]
    pub(super) user_data: Option<PathBuf>,
    /// With strategy ab: the variant that it is
    #[arg(long, value_name = "NAME")]
    pub(super) variant: Option<String>,
    /// A tag for the generation's resources
    #[arg(long = "tag", value_name = "KEY=VALUE", value_parser = key_value)]
    pub(super) tags: Vec<(String, String)>,
}

#[derive(Debug, Args)]
pub(super) struct Rollback {
    #[command(flatten)]
    pub(super) back: BackArgs,
    #[command(flatten)]
    pub(super) run: RunArgs,
}

#[derive(Clone, Debug, Args)]
pub(super) struct BackArgs {
    /// Another generation than the previous one
    #[arg(long, value_name = "GENERATION")]
    pub(super) to: Option<u32>,
    /// Keep the generation that is left
    #[arg(long, conflicts_with = "remove")]
    pub(super) keep: bool,
    /// Remove the generation that is left
    #[arg(long)]
    pub(super) remove: bool,
    /// Take the candidate's share back by halves, each for `shift.reduce_every`; it is kept
    #[arg(long, conflicts_with_all = ["to", "remove", "keep"])]
    pub(super) gradually: bool,
}

impl BackArgs {
    pub(super) fn intent(&self) -> Intent {
        if self.gradually {
            return Intent::Retreat;
        }
        Intent::Rollback {
            to: self.to.map(Generation),
            failed: match (self.keep, self.remove) {
                (true, _) => Some(AfterRollback::Keep),
                (_, true) => Some(AfterRollback::Remove),
                _ => None,
            },
        }
    }
}

#[derive(Debug, Args)]
pub(super) struct Retire {
    #[command(flatten)]
    pub(super) which: Which,
    #[command(flatten)]
    pub(super) run: RunArgs,
}

#[derive(Clone, Debug, Args)]
pub(super) struct Which {
    /// Another generation than the previous one
    #[arg(long, value_name = "GENERATION")]
    pub(super) generation: Option<u32>,
}

impl Which {
    pub(super) fn intent(&self) -> Intent {
        Intent::Retire {
            generation: self.generation.map(Generation),
        }
    }
}

#[derive(Debug, Args)]
pub(super) struct Status {
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub(super) format: TextOrJson,
    /// Look again and again
    #[arg(long, conflicts_with = "format")]
    pub(super) watch: bool,
    /// How often
    #[arg(long, value_name = "DURATION", value_parser = duration, default_value = "5s", requires = "watch")]
    pub(super) interval: Duration,
}

#[derive(Debug, Args)]
pub(super) struct Metrics {
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub(super) format: TextOrJson,
    /// Write what was measured to this file, for `judge replay`
    #[arg(long, value_name = "FILE")]
    pub(super) record: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(super) struct JudgeArgs {
    #[command(subcommand)]
    pub(super) what: JudgeCommand,
}

#[derive(Debug, Subcommand)]
pub(super) enum JudgeCommand {
    /// Say what the configured thresholds make of recorded readings
    #[command(after_help = JUDGE)]
    Replay {
        /// The file that `metrics --record` wrote
        file: PathBuf,
        #[arg(long, value_name = "FORMAT", default_value = "text")]
        format: TextOrJson,
    },
}

#[derive(Debug, Args)]
pub(super) struct Unlock {
    /// Free it although its holder seems alive
    #[arg(long)]
    pub(super) force: bool,
    /// Do not ask
    #[arg(long, short)]
    pub(super) yes: bool,
}

#[derive(Debug, Args)]
pub(super) struct IamPolicy {
    pub(super) for_what: PolicyFor,
    /// The account's number
    #[arg(long, value_name = "ACCOUNT", default_value = "*")]
    pub(super) account: String,
    /// The role that instances are given, with its path; without it every role that EC2 may use can be passed
    #[arg(long, value_name = "ROLE", default_value = "*")]
    pub(super) instance_role: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum PolicyFor {
    /// Reading only: plan, status, check, history, metrics
    Plan,
    Deploy,
    Promote,
    Rollback,
    All,
}

pub(super) fn duration(text: &str) -> Result<Duration, String> {
    let wrong = || format!("`{text}` is not a duration; write it like 30s, 5m or 1h 30m");
    let signed: jiff::SignedDuration = text.parse().map_err(|_| wrong())?;
    Duration::try_from(signed).map_err(|_| wrong())
}

fn key_value(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err(format!("`{text}` is not KEY=VALUE")),
    }
}
