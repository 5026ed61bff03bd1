//! What a rule of ours is there for, as its tag says.

use super::routing::Rule;
use super::tags::{self, Tags};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RuleTag {
    Lock,
    Entrance,
    /// A colour's door.
    Door,
    /// The door of some of the users.
    Users,
    /// Leads those to a variant who ask for it.
    Variant,
    Beacon,
}

impl RuleTag {
    const ALL: [Self; 6] = [
        Self::Lock,
        Self::Entrance,
        Self::Door,
        Self::Users,
        Self::Variant,
        Self::Beacon,
    ];

    fn word(self) -> &'static str {
        match self {
            Self::Lock => "lock",
            Self::Entrance => "entrance",
            Self::Door => "door",
            Self::Users => "users",
            Self::Variant => "variant",
            Self::Beacon => "beacon",
        }
    }

    /// Whosever it is.
    pub fn of(rule: &Rule) -> Option<Self> {
        let text = rule.tags.get(tags::RULE)?;
        Self::ALL.into_iter().find(|tag| tag.word() == text)
    }

    /// Of this app's own.
    pub fn by(app: &str, rule: &Rule) -> Option<Self> {
        Self::of(rule).filter(|_| tags::owned_by(&rule.tags, app))
    }

    /// Nobody but us gets through it: nobody guesses what it asks for.
    pub fn is_hidden(self) -> bool {
        matches!(self, Self::Lock | Self::Entrance)
    }

    /// How it is written down.
    pub fn tags(self, app: &str) -> Tags {
        Tags::from([
            (tags::APP.to_owned(), app.to_owned()),
            (tags::RULE.to_owned(), self.word().to_owned()),
        ])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::fixtures;

    #[test]
    fn what_a_rule_is_there_for_is_read_as_it_was_written_and_by_its_own_app_alone() {
        for (tag, word) in [
            (RuleTag::Lock, "lock"),
            (RuleTag::Entrance, "entrance"),
            (RuleTag::Door, "door"),
            (RuleTag::Users, "users"),
            (RuleTag::Variant, "variant"),
            (RuleTag::Beacon, "beacon"),
        ] {
            let mut rule = fixtures::entrance(fixtures::to(1));
            rule.tags = tag.tags("shop");
            assert_eq!(rule.tags.get("swingbridge:rule").map(String::as_str), Some(word));
            assert_eq!(RuleTag::by("shop", &rule), Some(tag));
            assert_eq!(RuleTag::by("shop-2", &rule), None);
        }
    }
}
