//! Who takes part in a test of variants, read from tags.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::ids::Generation;
use super::roles::Roles;
use super::standing::{Standing, State};

impl Roles<'_> {
    /// The newest that stands as this variant.
    pub fn variant(&self, name: &str) -> Option<&Standing> {
        let is_it = |standing: &&Standing| standing.variant.as_deref() == Some(name);
        self.variants.iter().rev().find(is_it)
    }

    /// Whether a test has begun and not ended, share or no share.
    pub fn tests(&self) -> bool {
        self.live.is_winning() || self.variants.iter().any(|one| one.state == State::Promoting)
    }

    /// Since when every variant has its share.
    pub fn began(&self) -> Option<Timestamp> {
        let taking = |one: &Standing| Some(one.test.as_ref()?.since);
        let part = self.variants.iter().filter(|one| one.state == State::Promoting);
        let since: Option<Vec<Timestamp>> = part.map(taking).collect();
        // The last to get its share.
        since?.into_iter().max()
    }

    /// The variant that production is being swung to.
    pub fn winner(&self) -> Option<&Standing> {
        let won = |one: &&Standing| one.test.as_ref().is_some_and(|test| test.won);
        let swung = Some(&self.live).filter(|live| live.is_winning());
        self.variants
            .iter()
            .filter(|one| one.state == State::Promoting)
            .find(won)
            .or(swung)
    }

    /// Whether every variant has its share, and none has won.
    pub fn runs(&self) -> bool {
        self.tests() && self.winner().is_none() && self.began().is_some()
    }

    /// The generation that was live when the test began, which a rollback of it goes back to.
    pub fn home(&self) -> Option<&Standing> {
        if self.live.is_winning() {
            self.generation(self.live.previous?)
        } else {
            Some(&self.live)
        }
    }
}

impl Standing {
    /// A variant that has all of production, and is not marked as live yet.
    fn is_winning(&self) -> bool {
        self.variant.is_some() && self.state == State::Promoting
    }
}

/// Those that stand beside live for a test. Of a test whose winner has all of production already, live is the winner, and
/// the others may be older.
pub(super) fn beside(standings: &mut BTreeMap<Generation, Standing>, live: &Standing) -> Vec<Standing> {
    let begun_on = live.previous.filter(|_| live.is_winning());
    let base = begun_on.unwrap_or(live.generation);
    let standing: Vec<Generation> = standings
        .values()
        .filter(|other| {
            other.generation > base
                && other.variant.is_some()
                && matches!(other.state, State::Staged | State::Ready | State::Promoting)
                && other.ours
        })
        .map(|other| other.generation)
        .collect();
    let taken = standing.into_iter();
    taken
        .filter_map(|generation| standings.remove(&generation))
        .collect()
}

/// The generation that was live when a test began whose variants share production now, with it or without.
pub(super) fn tested(
    several: &[Generation],
    standings: &BTreeMap<Generation, Standing>,
) -> Option<Generation> {
    let taking = |generation: &Generation| {
        let standing = standings.get(generation)?;
        standing.previous.filter(|_| standing.is_winning())
    };
    let live = several.iter().find_map(taking)?;
    let of_it = |generation: &Generation| *generation == live || taking(generation) == Some(live);
    (standings.contains_key(&live) && several.iter().all(of_it)).then_some(live)
}
