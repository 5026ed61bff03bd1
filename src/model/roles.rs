//! Who is live, who is the candidate, who was live before: read from routes and tags, never remembered.

use super::colours;
use super::doors::Colour;
use super::estate::{Estate, Part};
use super::ids::{Generation, TargetGroupName};
use super::policy::Policy;
use super::refusal::Reason;
use super::routing::{Priority, Rule};
use super::rule_tag::RuleTag;
use super::shift::Reached;
use super::standing::{Standing, State, standings};
use super::{production, tags, variants};

#[derive(Clone, Debug, PartialEq)]
pub struct Roles<'a> {
    pub live: Standing,
    /// Newer than live, and neither live nor rolled back.
    pub candidate: Option<Standing>,
    /// Variants that stand beside live for a test, or take part in one, oldest first. None of them is the candidate.
    pub variants: Vec<Standing>,
    /// The one that was live before.
    pub previous: Option<Standing>,
    /// Every other generation, oldest first.
    pub others: Vec<Standing>,
    /// Production's rules, in the order in which they are swung: by listener, the default rule last.
    pub routes: Vec<&'a Rule>,
    pub blue_doors: Vec<&'a Rule>,
    pub green_doors: Vec<&'a Rule>,
    /// The tool's own rules that lead some of the users to the candidate.
    pub user_doors: Vec<&'a Rule>,
    pub entrance: Option<&'a Rule>,
    /// Header rules that lead to variants, of our making.
    pub variant_rules: Vec<&'a Rule>,
    pub beacons: Vec<&'a Rule>,
    /// Production is part here, part there: an operation was interrupted while it swung.
    pub halfway: bool,
}

impl<'a> Roles<'a> {
    pub fn of(estate: &'a Estate, policy: &Policy) -> Result<Self, Vec<Reason>> {
        if let Some(gap) = estate
            .gap(Part::TargetGroupTags)
            .or_else(|| estate.gap(Part::RuleTags))
        {
            return Err(vec![Reason::unseen(gap)]);
        }
        let mut standings = standings(estate);
        let blue_doors = colours::of(estate, policy, Colour::Blue);
        let green_doors = colours::of(estate, policy, Colour::Green);
        let entrance = entrance(estate, policy);
        // The tool's own rules by their tag, wherever the configuration says they should be now. A door's
        // tag makes none: what was adopted as a door, and is none any more, is production if it leads there.
        let own = estate.rules().filter(|rule| {
            let kept = tags::owned_by(&rule.tags, &estate.app) && rule.tags.contains_key(tags::RULE);
            kept && RuleTag::of(rule) != Some(RuleTag::Door)
        });
        let special: Vec<&Rule> = blue_doors
            .iter()
            .chain(&green_doors)
            .copied()
            .chain(entrance)
            .chain(own)
            .collect();
        let routes = production::routes(estate, policy, &special)?;
        let (live, halfway) = production::live_of(estate, policy, &routes, &standings)?;
        let live = standings.remove(&live).ok_or_else(|| {
            vec![Reason::NoLive {
                patterns: String::from(policy.names.target_group.clone()),
            }]
        })?;

        let variants = variants::beside(&mut standings, &live);
        let candidate = standings
            .values()
            .rev()
            .find(|other| {
                other.generation > live.generation
                    && other.variant.is_none()
                    && matches!(other.state, State::Staged | State::Ready | State::Promoting)
                    && other.ours
            })
            .map(|found| found.generation)
            .and_then(|generation| standings.remove(&generation));
        let previous = live
            .previous
            .filter(|generation| *generation != live.generation)
            .and_then(|generation| standings.remove(&generation));
        let several: Vec<Reason> = std::iter::once(&live)
            .chain(&candidate)
            .chain(&variants)
            .chain(&previous)
            .filter_map(|standing| several_of(estate, standing.generation))
            .collect();
        if !several.is_empty() {
            return Err(several);
        }
        Ok(Self {
            live,
            candidate,
            variants,
            previous,
            others: standings.into_values().collect(),
            routes,
            blue_doors,
            green_doors,
            user_doors: kept(estate, RuleTag::Users),
            entrance,
            variant_rules: kept(estate, RuleTag::Variant),
            beacons: kept(estate, RuleTag::Beacon),
            halfway,
        })
    }

    pub fn doors(&self, colour: Colour) -> &[&'a Rule] {
        match colour {
            Colour::Blue => &self.blue_doors,
            Colour::Green => &self.green_doors,
        }
    }

    /// Some of the users still have a door of their own, and nobody stands beside live whom it could have been made for.
    pub fn has_left_doors(&self) -> bool {
        let settled = matches!(self.live.state, State::Live | State::Restored);
        settled && !self.halfway && self.candidate.is_none() && !self.user_doors.is_empty()
    }

    /// Whose colour it is by what the doors do: the one with a door that leads there. Where none does, it is the one
    /// that live does not have; live's own is blue.
    pub fn colour_of(&self, target_group: &TargetGroupName) -> Colour {
        let live = self.live.target_group.as_ref();
        let leads = |colour| {
            self.doors(colour)
                .iter()
                .filter_map(|door| door.action.only_target())
        };
        let to_live = |colour| leads(colour).any(|target_group| Some(target_group) == live);
        let of_live = match (to_live(Colour::Blue), to_live(Colour::Green)) {
            (true, _) => Colour::Blue,
            (false, true) => Colour::Green,
            // Its own door is gone, or was never made; the other's is somebody's.
            (false, false) if leads(Colour::Blue).next().is_some() => Colour::Green,
            (false, false) => Colour::Blue,
        };
        if Some(target_group) == live {
            of_live
        } else {
            of_live.other()
        }
    }

    /// Every generation there is.
    pub fn all(&self) -> impl Iterator<Item = &Standing> {
        std::iter::once(&self.live)
            .chain(&self.candidate)
            .chain(&self.variants)
            .chain(&self.previous)
            .chain(&self.others)
    }

    pub fn generation(&self, generation: Generation) -> Option<&Standing> {
        self.all().find(|standing| standing.generation == generation)
    }

    /// A candidate that shares production on purpose, as its tag says, on every route.
    pub fn shared(&self) -> Option<(&Standing, &Reached)> {
        let candidate = self.candidate.as_ref()?;
        let reached = candidate.stage.as_ref()?;
        let target_group = candidate.target_group.as_ref()?;
        let as_written = self
            .routes
            .iter()
            .all(|rule| rule.percent_of(target_group) == Some(u64::from(reached.weight)));
        (self.halfway && as_written).then_some((candidate, reached))
    }

    /// The newest generation that was rolled back from.
    pub fn rolled_back(&self) -> Option<&Standing> {
        self.others.iter().rev().find(|other| other.state.was_left())
    }
}

/// Which of several is meant cannot be told: a copy made by hand may carry the tags of its original.
fn several_of(estate: &Estate, generation: Generation) -> Option<Reason> {
    let groups = estate
        .groups
        .iter()
        .filter(|group| group.generation == Some(generation))
        .map(|group| group.name.to_string());
    let target_groups = estate
        .target_groups
        .iter()
        .filter(|tg| tg.generation == Some(generation))
        .map(|tg| tg.name.to_string());
    [groups.collect::<Vec<_>>(), target_groups.collect()]
        .into_iter()
        .find(|names| names.len() > 1)
        .map(|names| Reason::SeveralOfOne {
            generation,
            what: names.join(" and "),
        })
}

/// The tool's own rules of one kind, by their tag.
fn kept(estate: &Estate, kind: RuleTag) -> Vec<&Rule> {
    let ours = |rule: &&Rule| RuleTag::by(&estate.app, rule) == Some(kind);
    estate.rules().filter(ours).collect()
}

fn entrance<'a>(estate: &'a Estate, policy: &Policy) -> Option<&'a Rule> {
    estate.listener(policy.lock.port)?.rules.iter().find(|rule| {
        rule.priority == Priority::Numbered(policy.entrance)
            && RuleTag::by(&estate.app, rule) == Some(RuleTag::Entrance)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::fixtures;

    #[test]
    fn what_was_adopted_as_a_door_is_production_once_there_are_no_doors() {
        let mut estate = fixtures::initial();
        let blue = Priority::Numbered(fixtures::BLUE);
        let rule = fixtures::rule_mut(&mut estate, 80, blue);
        rule.tags.insert(tags::APP.into(), fixtures::APP.into());
        rule.tags.insert(tags::RULE.into(), "door".into());
        let mut policy = fixtures::policy();
        let places = |policy: &Policy| {
            let roles = Roles::of(&estate, policy).expect("roles");
            roles.routes.iter().map(|rule| rule.priority).collect::<Vec<_>>()
        };
        assert!(!places(&policy).contains(&blue));
        policy.doors = None;
        assert!(places(&policy).contains(&blue));
    }
}
