//! The tags that make AWS the record: ownership, release, state and what is owed.

use std::collections::BTreeMap;

pub type Tags = BTreeMap<String, String>;

/// Proves ownership: its value is the app. Nothing without it is ever deleted.
pub const APP: &str = "swingbridge:app";
pub const GENERATION: &str = "swingbridge:generation";
/// What [`GENERATION`] says of a group that stays and holds none now.
pub const VACANT: &str = "vacant";
pub const RELEASE: &str = "swingbridge:release";
/// What the release was made of; tells a continued deploy from another one with the same label.
pub const INPUTS: &str = "swingbridge:inputs";
pub const CREATED_AT: &str = "swingbridge:created-at";
/// Where a generation stands in its life, and since when: see [`super::standing::State`].
pub const STATE: &str = "swingbridge:state";
/// On a generation that is or was being promoted: the one that was live before it.
pub const PREVIOUS: &str = "swingbridge:previous";
/// On a candidate that production goes to share by share: see [`super::shift::Reached`].
pub const STAGE: &str = "swingbridge:stage";
/// On a group whose instances are being replaced: see [`super::rollout::Rollout`].
pub const ROLLOUT: &str = "swingbridge:rollout";
pub const ROLLOUT_RELEASE: &str = "swingbridge:rollout-release";
pub const ROLLOUT_INPUTS: &str = "swingbridge:rollout-inputs";
/// On a group whose instances were replaced: the template version before, which it can be rolled back to.
pub const BEFORE: &str = "swingbridge:before";
pub const BEFORE_RELEASE: &str = "swingbridge:before-release";
pub const BEFORE_INPUTS: &str = "swingbridge:before-inputs";
/// On both parts of a generation: the variant of a test that it was deployed as.
pub const VARIANT: &str = "swingbridge:variant";
/// On a variant that takes part in a test: see [`super::ab::Taking`].
pub const TEST: &str = "swingbridge:test";
/// What [`STAGE`] and [`TEST`] say once there is no share any more.
pub const NONE: &str = "none";
/// The id of the saved plan that a generation is being carried through, so that `apply` can continue.
pub const PLAN: &str = "swingbridge:plan";
/// On a target group: the generation for which the `expand` hooks have run.
pub const EXPANDED: &str = "swingbridge:expanded";
/// On a target group: the generation before which nothing can serve any more, because `contract` hooks have run.
pub const CONTRACTED: &str = "swingbridge:contracted";
/// On rules we created: `lock`, `entrance`, `door` or `variant`.
pub const RULE: &str = "swingbridge:rule";
/// On alarms we copied: the group whose policies they drive.
pub const GROUP: &str = "swingbridge:group";
/// What every key of ours begins with.
pub const PREFIX: &str = "swingbridge:";

pub const OWES_MIN: &str = "swingbridge:owes-min";
pub const OWES_RESUME: &str = "swingbridge:owes-resume";
pub const OWES_SIZE: &str = "swingbridge:owes-size";

/// All of them.
pub const OWES: &[&str] = &[OWES_MIN, OWES_RESUME, OWES_SIZE];

pub const LOCK_OWNER: &str = "swingbridge:lock-owner";
pub const LOCK_HOST: &str = "swingbridge:lock-host";
pub const LOCK_PROCESS: &str = "swingbridge:lock-process";
pub const LOCK_COMMAND: &str = "swingbridge:lock-command";
pub const LOCK_RUN: &str = "swingbridge:lock-run";
pub const LOCK_URL: &str = "swingbridge:lock-url";
pub const LOCK_SINCE: &str = "swingbridge:lock-since";
pub const LOCK_BEAT: &str = "swingbridge:lock-beat";
pub const LOCK_LEASE: &str = "swingbridge:lock-lease";

/// Whether a resource carries our ownership tag for this app.
pub fn owned_by(tags: &Tags, app: &str) -> bool {
    tags.get(APP).is_some_and(|value| value == app)
}

/// Whether a group is this app's and free for its next generation.
pub fn is_vacant(tags: &Tags, app: &str) -> bool {
    owned_by(tags, app) && tags.get(GENERATION).is_some_and(|value| value == VACANT)
}

/// Makes a free text fit for a tag value: allowed characters only, 256 at most.
pub fn value(text: &str) -> String {
    text.chars()
        .map(|c| {
            if c.is_alphanumeric() || " _.:/=+-@".contains(c) {
                c
            } else {
                '-'
            }
        })
        .take(256)
        .collect()
}
