//! Listeners to try everything on: routes, doors, rules of somebody else.

use std::collections::BTreeMap;

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

use crate::model::fixtures::{self, closed, path, rule, tg, to};
use crate::model::routing::{Action, Priority, Rule, Share};

/// One listener: what its rules do.
#[derive(Clone, Debug)]
pub(super) struct Side {
    /// The weight by which the default rule forwards to live; `None`: it does something else.
    default: Option<u32>,
    /// Rules by path that forward to live.
    paths: Vec<u32>,
    /// Rules of somebody else.
    foreign: Vec<Action>,
    /// What doors there are: none, or a blue and a green one as they were found.
    doors: Option<(Action, Action)>,
    /// Whether the configuration wants doors here.
    wants_doors: bool,
}

fn elsewhere() -> impl Strategy<Value = Action> {
    select(vec![
        closed(503),
        Action::to(&"other-app".into()),
        Action::Other {
            text: "redirect to https".into(),
        },
    ])
}

fn side() -> impl Strategy<Value = Side> {
    let door = select(vec![to(0), closed(404), closed(456)]);
    (
        option::weighted(0.8, select(vec![1_u32, 100])),
        vec(select(vec![1_u32, 100]), 0..3),
        vec(elsewhere(), 0..3),
        option::of((door.clone(), door)),
        any::<bool>(),
    )
        .prop_map(|(default, paths, foreign, doors, wants_doors)| Side {
            default,
            paths,
            foreign,
            // Doors where none are configured would be routes of a strange kind.
            doors: doors.filter(|_| wants_doors),
            wants_doors,
        })
}

/// One to three listeners, of which at least one leads to live.
pub(super) fn sides() -> impl Strategy<Value = BTreeMap<u16, Side>> {
    (1_usize..4, vec(side(), 3)).prop_map(|(count, sides)| {
        let mut sides: BTreeMap<u16, Side> = [80, 443, 8443].into_iter().zip(sides).take(count).collect();
        let served = |side: &Side| side.default.is_some() || !side.paths.is_empty();
        if !sides.values().any(served) {
            sides.get_mut(&80).expect("there is always one").default = Some(1);
        }
        sides
    })
}

impl Side {
    pub(super) fn wants_doors(&self) -> bool {
        self.wants_doors
    }

    /// Its rules when generation `first` is live; doors only where there are any at all.
    pub(super) fn rules(&self, port: u16, first: u32, doors: bool) -> Vec<Rule> {
        let live = |weight: u32| Action::Forward {
            shares: vec![Share {
                target_group: tg(first),
                weight,
            }],
        };
        let mut all = fixtures::listener(port, Vec::new());
        let mut put = |rule: Rule| all.rules.push(rule);
        if let (Some((blue, green)), true) = (&self.doors, doors) {
            // `to(0)` stands for a door that was left open to live.
            let action = |found: &Action| if *found == to(0) { live(1) } else { found.clone() };
            put(fixtures::door(port, fixtures::BLUE, "blue", action(blue)));
            put(fixtures::door(port, fixtures::GREEN, "green", action(green)));
        }
        for (number, weight) in (20..).zip(&self.paths) {
            put(rule(
                port,
                Priority::Numbered(number),
                &[path("/api/*")],
                live(*weight),
            ));
        }
        for (number, action) in (40..).zip(&self.foreign) {
            put(rule(
                port,
                Priority::Numbered(number),
                &[path("/other")],
                action.clone(),
            ));
        }
        put(fixtures::default_rule(
            port,
            self.default.map_or_else(|| closed(503), live),
        ));
        all.rules.sort_by_key(|rule| rule.priority);
        all.rules
    }
}
