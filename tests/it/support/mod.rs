//! What the tests against LocalStack share: the server, the tool, and an audit that does not ask the tool.

pub(crate) mod audit;
mod audit_groups;
mod audit_rules;
pub(crate) mod localstack;
pub(crate) mod swing;
