//! What `--help` says below the flags: exit codes, examples.

pub(super) const EXIT_CODES: &str = "\
Exit codes:
    0  done, or nothing to do
    1  unexpected error
    2  wrong usage or configuration, or the answer was no; nothing was changed
    3  refused as unsafe; every reason is printed with its way out
    4  failed; production traffic is where it was before
    5  the candidate is bad, or it failed after traffic had begun to move: swung back by itself
    6  stopped where a human is needed
    7  another operation holds the lock
    8  the saved plan is stale, or somebody has changed production while it was shared
    9  paused: a person goes on (promote, winner) or back (rollback)
   10  plan --detailed-exitcode: the plan has changes
  130, 143  interrupted; the same command continues";

pub(super) const INIT: &str = "\
Examples:
    swingbridge init                                           a file to fill in
    swingbridge init --from-aws --load-balancer shop --yes     the file that fits what runs, and its tags";

pub(super) const PLAN: &str = "\
Examples:
    swingbridge plan deploy --release 42 --launch-template-version 7 --out plan.json
    swingbridge plan show plan.json --format markdown          for a pull request
    swingbridge apply plan.json --yes                          later, if nothing has changed";

pub(super) const APPLY: &str = "\
A plan is stale (exit code 8) when what it was decided on has changed; what has changed is printed.
An application that was interrupted continues: run it again.";

pub(super) const DEPLOY: &str = "\
Examples:
    swingbridge deploy --release 42 --launch-template-version 7
    swingbridge deploy --release 42 --image ami-0abc --yes
    swingbridge deploy --release 42 --user-data user-data.sh.j2 --tag commit=3f2a --yes

Production stays where it is until `swingbridge promote`, unless the strategy is direct.
Interrupted at any moment, the same command continues.";

pub(super) const ROLLBACK: &str = "\
With a candidate: its door closes, and production stays or goes back to live. Without one:
production swings back to the generation that was live before, at once when it stands ready.

Examples:
    swingbridge rollback --yes
    swingbridge rollback --remove --yes                        and remove what failed
    swingbridge rollback --gradually --yes                     half of the share at a time
    swingbridge rollback --to 3                                further back";

pub(super) const METRICS: &str = "\
The last closed periods of a shared production are compared, as [judge] or its defaults say.
Whatever the comparison shows, the exit code is 0: `judge replay` is the one that judges.

Examples:
    swingbridge metrics                                        a table, rule by rule
    swingbridge metrics --record bad.json                      and keep what was measured";

pub(super) const JUDGE: &str = "\
To find thresholds: record a release that is bad, and one that is good, while they share production,
and change [judge] until the one fails and the other passes.

Examples:
    swingbridge metrics --record bad.json
    swingbridge judge replay bad.json                          5: it would be rolled back

Exit codes:
    0  pass
    5  fail: production would be swung back
    9  hold: a rule asks for a person, or there is too little to judge by";
