//! Tags, which anybody in the account may write: lines of `PLACE KEY=VALUE`, put on an estate that is known.

use swingbridge::model::plan::Intent;
use swingbridge::model::tags::{PREFIX, Tags};

use super::estate::Scene;

pub fn tags(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let mut scene = Scene::known();
    for line in text.split('\n') {
        let Some((place, (key, value))) = line
            .split_once(' ')
            .and_then(|(place, pair)| Some((place, pair.split_once('=')?)))
        else {
            continue;
        };
        // Our own keys are what matters: they need not be found again and again.
        let key = match key.strip_prefix('+') {
            Some(rest) => format!("{PREFIX}{rest}"),
            None => key.to_owned(),
        };
        let mut all: Vec<&mut Tags> = Vec::new();
        let estate = &mut scene.estate;
        all.extend(estate.groups.iter_mut().map(|group| &mut group.tags));
        all.extend(estate.target_groups.iter_mut().map(|tg| &mut tg.tags));
        let rules = estate
            .listeners
            .iter_mut()
            .flat_map(|listener| &mut listener.rules);
        all.extend(rules.map(|rule| &mut rule.tags));
        let places = all.len();
        let place = place.bytes().map(usize::from).sum::<usize>() % places;
        all[place].insert(key, value.to_owned());
    }
    // What a generation is, its tags say.
    let names = &scene.policy.names;
    for group in &mut scene.estate.groups {
        group.generation = names.generation_of_group(&scene.estate.app, &group.name, &group.tags);
    }
    for tg in &mut scene.estate.target_groups {
        tg.generation = names.generation_of_target_group(&scene.estate.app, &tg.name, &tg.tags);
    }
    scene.regarded();
    let back = Intent::Rollback {
        to: None,
        failed: None,
    };
    for intent in [Intent::Promote, back, Intent::Abort, Intent::Repair] {
        scene.planned(&intent);
    }
}
