//! What is true now and what can be done next, as a view that prints and serialises.

mod advice;
mod doors;
mod generations;
mod phase;
mod rollback;
mod rules;
#[cfg(test)]
mod tests;
mod text;
mod view;

pub use doors::{ColourView, DoorsView, Scheme};
pub use generations::{GenerationView, GroupView, Role, TargetGroupView};
pub use phase::{Phase, PhaseView};
pub use rollback::{RollbackView, Speed};
pub use rules::{RuleKind, RuleView};
pub use text::text;
pub use view::{Advice, GapView, LockView, OwedView, SchemaView, StatusView, UnclearView};

/// The JSON form: pretty, stable, one object.
pub fn json(view: &StatusView) -> serde_json::Result<String> {
    let mut text = serde_json::to_string_pretty(view)?;
    text.push('\n');
    Ok(text)
}
