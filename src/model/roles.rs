//! Who is live, who is the candidate, who was live before: read from routes and tags, never remembered.

use std::collections::BTreeMap;
use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::ab::Taking;
use super::colours;
use super::doors::Colour;
use super::estate::{Estate, Part};
use super::ids::{Generation, GroupName, TargetGroupName};
use super::policy::{Policy, RouteSelection};
use super::refusal::Reason;
use super::routing::{Priority, Rule};
use super::shift::Reached;
use super::{tags, variants};

/// Where a generation stands in its life, as its target group's tag says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// It was there before us.
    Unmarked,
    /// Being built.
    Staged,
    /// Built, healthy, its door open.
    Ready,
    /// Production is being swung to it.
    Promoting,
    Live,
    /// Was live, and can be swung back to.
    Previous,
    /// Production is being swung away from it.
    RollingBack,
    /// Swung back from, and kept for a look at it.
    RolledBack,
    /// Swung back from, and to be removed.
    Removing,
    /// A variant that another one has won against, and that is to be removed.
    Lost,
    /// Live again, by a rollback.
    Restored,
}

impl State {
    const NAMES: [(Self, &str); 10] = [
        (Self::Staged, "staged"),
        (Self::Ready, "ready"),
        (Self::Promoting, "promoting"),
        (Self::Live, "live"),
        (Self::Previous, "previous"),
        (Self::RollingBack, "rolling-back"),
        (Self::RolledBack, "rolled-back"),
        (Self::Removing, "removing"),
        (Self::Lost, "lost"),
        (Self::Restored, "restored"),
    ];

    pub fn of(tags: &tags::Tags) -> Self {
        let text = tags.get(tags::STATE).and_then(|text| text.split(' ').next());
        Self::NAMES
            .iter()
            .find(|(_, name)| Some(*name) == text)
            .map_or(Self::Unmarked, |(state, _)| *state)
    }

    /// Since when it is so.
    pub fn since(tags: &tags::Tags) -> Option<Timestamp> {
        tags.get(tags::STATE)?.split(' ').nth(1)?.parse().ok()
    }

    /// Production was swung back from it, and it is still there.
    pub fn was_left(self) -> bool {
        matches!(self, Self::RolledBack | Self::Removing)
    }

    /// How it is written in the tag.
    pub fn tag(self, since: Timestamp) -> String {
        format!("{self} {since}")
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(
            Self::NAMES
                .iter()
                .find(|(state, _)| state == self)
                .map_or("unmarked", |(_, name)| name),
        )
    }
}

/// One generation and where it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standing {
    pub generation: Generation,
    pub group: Option<GroupName>,
    pub target_group: Option<TargetGroupName>,
    pub release: Option<String>,
    pub inputs: Option<String>,
    pub state: State,
    pub since: Option<Timestamp>,
    /// The generation that was live before this one was promoted.
    pub previous: Option<Generation>,
    /// How far production has come that goes to it share by share.
    pub stage: Option<Reached>,
    /// The variant that it was deployed as.
    pub variant: Option<String>,
    /// That it takes part in a test.
    pub test: Option<Taking>,
    /// Both its parts carry this app's ownership tag.
    pub ours: bool,
}

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
            let kind = rule.tags.get(tags::RULE);
            tags::owned_by(&rule.tags, &estate.app) && kind.is_some_and(|kind| kind != "door")
        });
        let special: Vec<&Rule> = blue_doors
            .iter()
            .chain(&green_doors)
            .copied()
            .chain(entrance)
            .chain(own)
            .collect();
        let routes = routes(estate, policy, &special)?;
        let (live, halfway) = live_of(estate, policy, &routes, &standings)?;
        let live = standings.remove(&live).ok_or_else(|| {
            vec![Reason::NoLive {
                patterns: patterns(policy),
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
            user_doors: kept(estate, "users"),
            entrance,
            variant_rules: kept(estate, "variant"),
            beacons: kept(estate, "beacon"),
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

fn patterns(policy: &Policy) -> String {
    String::from(policy.names.target_group.clone())
}

/// Every generation there is, whether or not it can be told who is live.
pub fn standings(estate: &Estate) -> BTreeMap<Generation, Standing> {
    let mut all: BTreeMap<Generation, Standing> = BTreeMap::new();
    let blank = |generation| Standing {
        generation,
        group: None,
        target_group: None,
        release: None,
        inputs: None,
        state: State::Unmarked,
        since: None,
        previous: None,
        stage: None,
        variant: None,
        test: None,
        ours: true,
    };
    for group in &estate.groups {
        let Some(generation) = group.generation else {
            continue;
        };
        let standing = all.entry(generation).or_insert_with(|| blank(generation));
        standing.group = Some(group.name.clone());
        standing.ours &= tags::owned_by(&group.tags, &estate.app);
        standing.release = group.tags.get(tags::RELEASE).cloned();
        standing.inputs = group.tags.get(tags::INPUTS).cloned();
    }
    for tg in &estate.target_groups {
        let Some(generation) = tg.generation else { continue };
        let standing = all.entry(generation).or_insert_with(|| blank(generation));
        standing.target_group = Some(tg.name.clone());
        standing.ours &= tags::owned_by(&tg.tags, &estate.app);
        standing.state = State::of(&tg.tags);
        standing.since = State::since(&tg.tags);
        standing.stage = Reached::of(&tg.tags);
        standing.variant = tg.tags.get(tags::VARIANT).cloned();
        standing.test = Taking::of(&tg.tags);
        standing.previous = tg
            .tags
            .get(tags::PREVIOUS)
            .and_then(|text| text.parse().ok())
            .map(Generation);
        standing.release = tg.tags.get(tags::RELEASE).cloned().or(standing.release.take());
        standing.inputs = tg.tags.get(tags::INPUTS).cloned().or(standing.inputs.take());
    }
    all
}

/// The tool's own rules of one kind, by their tag.
fn kept<'a>(estate: &'a Estate, kind: &str) -> Vec<&'a Rule> {
    estate
        .rules()
        .filter(|rule| tags::owned_by(&rule.tags, &estate.app))
        .filter(|rule| rule.tags.get(tags::RULE).is_some_and(|found| found == kind))
        .collect()
}

fn entrance<'a>(estate: &'a Estate, policy: &Policy) -> Option<&'a Rule> {
    estate.listener(policy.lock.port)?.rules.iter().find(|rule| {
        rule.priority == Priority::Numbered(policy.entrance)
            && tags::owned_by(&rule.tags, &estate.app)
            && rule.tags.get(tags::RULE).is_some_and(|kind| kind == "entrance")
    })
}

fn routes<'a>(estate: &'a Estate, policy: &Policy, special: &[&Rule]) -> Result<Vec<&'a Rule>, Vec<Reason>> {
    let is_generation = |name: &TargetGroupName| {
        estate
            .target_group(name)
            .is_some_and(|tg| tg.generation.is_some())
    };
    let mut routes = match &policy.routes {
        RouteSelection::All => estate
            .rules()
            .filter(|rule| !special.iter().any(|other| other.arn == rule.arn))
            .filter(|rule| {
                rule.action
                    .shares()
                    .iter()
                    .any(|share| share.weight > 0 && is_generation(&share.target_group))
            })
            .collect(),
        RouteSelection::Listed(places) => {
            let mut found = Vec::new();
            let mut missing = Vec::new();
            for (port, priority) in places {
                match estate
                    .rules()
                    .find(|rule| rule.port == *port && rule.priority == *priority)
                {
                    Some(rule) => found.push(rule),
                    None => missing.push(Reason::NoSuchRoute {
                        place: match priority {
                            Priority::Numbered(number) => format!(":{port} rule {number}"),
                            Priority::Default => format!(":{port} default rule"),
                        },
                    }),
                }
            }
            if !missing.is_empty() {
                return Err(missing);
            }
            found
        }
    };
    routes.sort_by_key(|rule| (rule.port, rule.priority));
    let mixed: Vec<Reason> = routes
        .iter()
        .filter_map(|rule| {
            let others: Vec<String> = rule
                .action
                .shares()
                .iter()
                .filter(|share| share.weight > 0 && !is_generation(&share.target_group))
                .map(|share| share.target_group.to_string())
                .collect();
            (!others.is_empty() || rule.action.shares().is_empty()).then(|| Reason::MixedRoute {
                rule: rule.at().to_string(),
                others: if others.is_empty() {
                    rule.action.to_string()
                } else {
                    others.join(", ")
                },
            })
        })
        .collect();
    if mixed.is_empty() { Ok(routes) } else { Err(mixed) }
}

/// The generation production goes to, and whether an operation stopped half way.
fn live_of(
    estate: &Estate,
    policy: &Policy,
    routes: &[&Rule],
    standings: &BTreeMap<Generation, Standing>,
) -> Result<(Generation, bool), Vec<Reason>> {
    let mut carrying: Vec<Generation> = routes
        .iter()
        .flat_map(|rule| rule.action.shares())
        .filter(|share| share.weight > 0)
        .filter_map(|share| estate.target_group(&share.target_group)?.generation)
        .collect();
    carrying.sort();
    carrying.dedup();
    match carrying.as_slice() {
        [] => Err(vec![Reason::NoLive {
            patterns: patterns(policy),
        }]),
        [only] => {
            // Its doors and marks are still to follow: until then it is the same rollback.
            let unfinished = standings
                .values()
                .find(|standing| standing.state == State::RollingBack && standing.previous == Some(*only));
            Ok(unfinished.map_or((*only, false), |failing| (failing.generation, true)))
        }
        several => {
            let partner = |standing: &Standing| standing.previous.filter(|other| several.contains(other));
            let moving = |state| {
                standings
                    .values()
                    .find(|standing| standing.state == state && several.contains(&standing.generation))
            };
            if let Some(live) = variants::tested(several, standings) {
                return Ok((live, true));
            }
            if several.len() == 2 {
                // While it swings, live is still the one that production comes from.
                if let Some(live) = moving(State::Promoting).and_then(partner) {
                    return Ok((live, true));
                }
                if let Some(failing) = moving(State::RollingBack) {
                    return Ok((failing.generation, true));
                }
            }
            Err(vec![Reason::SplitRoutes {
                generations: several
                    .iter()
                    .map(|generation| format!("generation {generation}"))
                    .collect(),
                rules: routes
                    .iter()
                    .map(|rule| format!("{} → {}", rule.at(), rule.action))
                    .collect(),
            }])
        }
    }
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
