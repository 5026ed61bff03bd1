//! How much of everything an account and a group may have.

pub const GROUPS: usize = 500;
pub const LAUNCH_CONFIGURATIONS: usize = 200;
pub const TAGS: usize = 50;
pub const TARGET_GROUPS: usize = 50;
pub const HOOKS: usize = 50;
pub const POLICIES: usize = 50;
pub const STEPS: usize = 20;
pub const SCHEDULED_ACTIONS: usize = 125;
pub const SCHEDULED_ACTIONS_PER_CALL: usize = 50;
pub const TOPICS: usize = 10;
pub const INSTANCES_PER_CALL: usize = 20;
pub const PROTECTED_PER_CALL: usize = 50;
