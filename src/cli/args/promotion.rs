//! What can be typed about a promotion: whole, in stages, or a share by hand.

use clap::Args;

use super::RunArgs;
use crate::model::plan::Intent;

pub(super) const PROMOTE: &str = "\
The candidate is brought to what live has now, both are held from scaling in, then every route is
swung and read back. The previous generation is kept as [after_promotion] says.

With strategy canary or linear production goes over share by share; each stage bakes, and is judged
if there is a [judge]. A stage that pauses ends the command with exit code 9: `promote` again goes
on, `rollback` ends it. Interrupted while it bakes, the share stays, and `promote` goes on with it.

With strategy ab it begins the test, once every variant is deployed, and ends with exit code 9:
`winner NAME` ends the test. Again while it runs, or after its time: says so, or lets the measure
pick that [ab] names.";

pub(super) const WINNER: &str = "\
The others are removed, and the generation that was live becomes what [after_promotion] says. When
the variant that wins is the live one, all of production goes back to it.

Examples:
    swingbridge metrics                                        how they compare
    swingbridge winner bold --yes";

pub(super) const SHIFT: &str = "\
Examples:
    swingbridge shift 20 --yes                                 a fifth of production, and no further
    swingbridge promote --yes                                  on from there, by the stages configured
    swingbridge rollback --yes                                 all of it back";

#[derive(Debug, Args)]
pub(in crate::cli) struct Promote {
    #[command(flatten)]
    pub(in crate::cli) how: HowFar,
    #[command(flatten)]
    pub(in crate::cli) run: RunArgs,
}

#[derive(Clone, Copy, Debug, Args)]
pub(in crate::cli) struct HowFar {
    /// At once, whatever stages are left
    #[arg(long)]
    pub(in crate::cli) full: bool,
}

impl HowFar {
    pub(in crate::cli) fn intent(self) -> Intent {
        if self.full {
            Intent::PromoteFully
        } else {
            Intent::Promote
        }
    }
}

#[derive(Debug, Args)]
pub(in crate::cli) struct Shift {
    #[command(flatten)]
    pub(in crate::cli) share: Percent,
    #[command(flatten)]
    pub(in crate::cli) run: RunArgs,
}

#[derive(Clone, Copy, Debug, Args)]
pub(in crate::cli) struct Percent {
    /// Of production's requests, for the candidate
    #[arg(value_name = "PERCENT", value_parser = clap::value_parser!(u32).range(1..=99))]
    pub(in crate::cli) percent: u32,
}

impl Percent {
    pub(in crate::cli) fn intent(self) -> Intent {
        Intent::Shift {
            percent: self.percent,
        }
    }
}

#[derive(Debug, Args)]
pub(in crate::cli) struct Winner {
    #[command(flatten)]
    pub(in crate::cli) who: Who,
    #[command(flatten)]
    pub(in crate::cli) run: RunArgs,
}

#[derive(Clone, Debug, Args)]
pub(in crate::cli) struct Who {
    /// The variant, as `ab.variants` calls it
    #[arg(value_name = "NAME")]
    pub(in crate::cli) name: String,
}

impl Who {
    pub(in crate::cli) fn intent(&self) -> Intent {
        Intent::Winner {
            name: self.name.clone(),
        }
    }
}
