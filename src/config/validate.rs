//! What the schema cannot say: names AWS would refuse, and settings that contradict one another.

use std::collections::BTreeSet;
use std::time::Duration;

use super::error::Report;
use super::file::{Doors, File, Generations, Previous, RoutePriority, Scheme, Size, Strategy};
use super::source::{Node, Origin, Value};
use super::{ab, gradual, naming, rolling};
use crate::model::policy::Want;
use crate::model::scope::NameTemplate;

pub(super) fn validate(file: &File, tree: &Node, report: &mut Report) {
    let mut judge = Judge { tree, report };
    judge.identity(file);
    judge.names(file);
    judge.generations(file);
    judge.priorities(file);
    judge.routes(file);
    if let Some(doors) = file.doors.as_ref().filter(|doors| doors.scheme != Scheme::None) {
        judge.doors(doors);
    }
    if let Some(doors) = &file.doors {
        judge.turns(doors);
        judge.users(file);
    }
    judge.amounts(file);
    // What is wrong in a section makes it look as if it were not there.
    if !judge.report.refused_within("canary") {
        for (path, why, help) in gradual::problems(file) {
            judge.say(&[&path], why, help);
        }
    }
    if !judge.report.refused_within("rolling") {
        for (path, why, help) in rolling::problems(file) {
            judge.say(&[&path], why, help);
        }
    }
    if !judge.is_refused_within("ab") {
        for (path, why, help) in ab::problems(file) {
            judge.say(&[&path], why, help);
        }
    }
    judge.tags(file);
    judge.hooks(&file.hooks);
    if let Some(judging) = &file.judge {
        judge.judging(judging);
    }
    judge.notify(&file.notify);
}

pub(super) struct Judge<'a> {
    tree: &'a Node,
    report: &'a mut Report,
}

impl Judge<'_> {
    /// Says what is wrong at the first of these keys that somebody wrote, unless the value of one
    /// of them was refused already.
    pub(super) fn say(&mut self, paths: &[&str], message: impl Into<String>, help: impl Into<String>) {
        if paths.iter().any(|path| self.report.refused(path)) {
            return;
        }
        let origin = paths
            .iter()
            .find_map(|path| self.tree.get(path))
            .map_or(Origin::Nowhere, |node| node.origin.clone());
        self.report.add(origin, message, help);
    }

    pub(super) fn say_at(&mut self, origin: Origin, message: impl Into<String>, help: impl Into<String>) {
        self.report.add(origin, message, help);
    }

    pub(super) fn key_of(&self, table: &str, key: &str) -> Origin {
        self.tree.key_of(table, key)
    }

    /// Whether something was refused of this table already: what is left of it means something else.
    pub(super) fn is_refused_within(&self, path: &str) -> bool {
        self.report.refused(path) || self.report.refused_within(path)
    }

    fn identity(&mut self, file: &File) {
        if let Some(why) = naming::app_problem(&file.app) {
            self.say(
                &["app"],
                format!("`app` {why}"),
                "use letters, digits, `.`, `_` and `-`, beginning with a letter or a digit",
            );
        }
        if let Some((why, help)) = naming::load_balancer_problem(&file.load_balancer) {
            self.say(&["load_balancer"], format!("`load_balancer` {why}"), help);
        }
        if let Some(endpoint) = &file.aws.endpoint
            && !endpoint.starts_with("http://")
            && !endpoint.starts_with("https://")
        {
            self.say(
                &["aws.endpoint"],
                format!("`endpoint` is \"{endpoint}\", which is not an address"),
                "write it like \"http://localhost:4566\"",
            );
        }
    }

    fn names(&mut self, file: &File) {
        let kinds = [
            (
                "names.group",
                &file.names.group.0,
                naming::group_problem as fn(&str) -> Option<String>,
            ),
            (
                "names.target_group",
                &file.names.target_group.0,
                naming::target_group_problem,
            ),
        ];
        for (path, text, problem_of) in kinds {
            // A long-lived service reaches four digits; a name that fits only until then is a trap.
            let name = text.replace(NameTemplate::PLACE, "9999");
            if let Some(why) = problem_of(&name) {
                self.say(
                    &[path],
                    format!("`{text}` makes names like {name}, which AWS refuses: it {why}"),
                    "choose another template",
                );
            }
        }
        let Some(adopted) = &file.adopted else { return };
        let parts = [
            (
                "adopted.group",
                &adopted.group,
                &file.names.group.0,
                naming::group_problem as fn(&str) -> Option<String>,
            ),
            (
                "adopted.target_group",
                &adopted.target_group,
                &file.names.target_group.0,
                naming::target_group_problem,
            ),
        ];
        for (path, name, template, problem_of) in parts {
            if let Some(why) = problem_of(name) {
                self.say(
                    &[path],
                    format!("`{name}` cannot be a name: it {why}"),
                    "write the name as AWS shows it",
                );
            }
            let number = NameTemplate::try_from(template.clone())
                .ok()
                .and_then(|template| template.number_of(name));
            if let Some(number) = number.filter(|number| number.0 != adopted.generation) {
                self.say(
                    &[path, "adopted.generation", "names"],
                    format!(
                        "`{name}` is generation {number} by [names], but [adopted] calls it {}",
                        adopted.generation
                    ),
                    format!("set `generation = {number}`, or choose other [names]"),
                );
            }
        }
    }

    fn generations(&mut self, file: &File) {
        let why = match file.strategy {
            Strategy::Preview | Strategy::Direct | Strategy::Canary | Strategy::Linear => return,
            Strategy::Ab => "\"ab\", whose variants stand beside live and beside each other",
            Strategy::Rolling => "\"rolling\", which has one group and replaces its instances",
            Strategy::Recreate => {
                "\"recreate\", which starts again what ran before if the next one does not come up"
            }
        };
        if file.generations == Generations::Pair {
            self.say(
                &["generations", "strategy"],
                format!("`generations` is \"pair\", and `strategy` is {why}"),
                "leave `generations` out, or use \"preview\", \"direct\", \"canary\" or \"linear\"",
            );
        }
    }

    fn priorities(&mut self, file: &File) {
        let lock = &file.lock;
        if lock.priority == lock.entrance_priority {
            self.say(
                &["lock.entrance_priority", "lock.priority"],
                format!("`entrance_priority` and `priority` are both {}", lock.priority),
                "give each rule a priority of its own",
            );
        }
        if lock.lease.0 < Duration::from_secs(10) {
            self.say(
                &["lock.lease"],
                "`lease` is shorter than 10s",
                "a holder that is only slow would lose its lock; the default is \"2m\"",
            );
        }
        let Some(doors) = file.doors.as_ref().filter(|doors| doors.scheme != Scheme::None) else {
            return;
        };
        let ports = doors.listeners.clone().unwrap_or(vec![lock.listener]);
        if !ports.contains(&lock.listener) {
            return;
        }
        for (door, priority) in [
            ("doors.blue_priority", doors.blue_priority),
            ("doors.green_priority", doors.green_priority),
        ] {
            for (kept, reserved) in [
                ("lock.priority", lock.priority),
                ("lock.entrance_priority", lock.entrance_priority),
            ] {
                if priority == reserved {
                    self.say(
                        &[door, kept],
                        format!("`{door}` and `{kept}` are both {priority} on :{}", lock.listener),
                        "give each rule a priority of its own",
                    );
                }
            }
        }
    }

    fn routes(&mut self, file: &File) {
        let mut seen = BTreeSet::new();
        for (index, route) in file.routes.iter().flatten().enumerate() {
            let path = format!("routes.{index}");
            let (rank, name) = match route.priority {
                RoutePriority::Number(number) => (number, format!(":{} rule {number}", route.listener)),
                RoutePriority::Default(_) => (u32::MAX, format!(":{} default rule", route.listener)),
            };
            if !seen.insert((route.listener, rank)) {
                self.say(
                    &[&path],
                    format!("{name} is listed twice"),
                    "remove one of the two",
                );
            }
            if route.listener != file.lock.listener {
                continue;
            }
            for (key, priority) in [
                ("lock.priority", file.lock.priority),
                ("lock.entrance_priority", file.lock.entrance_priority),
            ] {
                if priority >= rank {
                    self.say(
                        &[key, &path],
                        format!("`{key}` is {priority}, which is not before the route at {name}"),
                        format!("choose a free priority below {rank}"),
                    );
                }
            }
        }
    }

    fn doors(&mut self, doors: &Doors) {
        if doors.header.eq_ignore_ascii_case("host") {
            self.say(
                &["doors.header"],
                "`header` cannot be \"Host\": a load balancer has another condition for it",
                "choose a header of your own, for instance \"x-client-mode\"",
            );
        } else if let Some(bad) = doors.header.chars().find(|c| !naming::in_header_name(*c)) {
            self.say(
                &["doors.header"],
                format!("`header` has {bad:?} in it"),
                "use letters, digits and `-`",
            );
        }
        for (path, value) in [("doors.blue", &doors.blue), ("doors.green", &doors.green)] {
            if let Some(bad) = value.chars().find(|c| !naming::in_header_value(*c)) {
                let why = match bad {
                    '*' | '?' => "which matches other values as well",
                    _ => "which a header cannot carry",
                };
                self.say(
                    &[path],
                    format!("\"{value}\" has {bad:?} in it, {why}"),
                    "use a plain word",
                );
            }
        }
        if doors.blue.eq_ignore_ascii_case(&doors.green) {
            self.say(
                &["doors.green", "doors.blue"],
                format!("`blue` and `green` are both \"{}\"", doors.green),
                "two doors need two values; upper and lower case are the same to a load balancer",
            );
        }
        if doors.blue_priority == doors.green_priority {
            self.say(
                &["doors.green_priority", "doors.blue_priority"],
                format!(
                    "`blue_priority` and `green_priority` are both {}",
                    doors.blue_priority
                ),
                "give each rule a priority of its own",
            );
        }
        let mut seen = BTreeSet::new();
        for (index, port) in doors.listeners.iter().flatten().enumerate() {
            if !seen.insert(port) {
                let path = format!("doors.listeners.{index}");
                self.say(
                    &[&path],
                    format!("{port} is listed twice"),
                    "remove one of the two",
                );
            }
        }
        if let Some(closed) = &doors.closed
            && (300..400).contains(&closed.status)
        {
            self.say(
                &["doors.closed.status"],
                format!("`status` is {}, a redirect", closed.status),
                "a closed door answers any 2xx, 4xx or 5xx",
            );
        }
    }

    fn amounts(&mut self, file: &File) {
        if file.health.timeout.0 <= file.health.soak.0 {
            self.say(
                &["health.timeout", "health.soak"],
                "`timeout` is not longer than `soak`, so no candidate could ever be ready",
                "raise `timeout` or lower `soak`",
            );
        }
        if let (Strategy::Recreate, Previous::Scale(_)) = (file.strategy, file.after_promotion.previous) {
            self.say(
                &["after_promotion.previous"],
                "`scale` keeps instances running, and with strategy \"recreate\" nobody runs beside live",
                "write \"keep\", which keeps it stopped, or \"retire\"",
            );
        }
        let Size::Fixed(size) = file.capacity.size else {
            return;
        };
        if size.min > size.desired || size.desired > size.max {
            self.say(
                &["capacity.size"],
                format!(
                    "`size` has min {}, desired {}, max {}",
                    size.min, size.desired, size.max
                ),
                "they must rise in that order",
            );
        }
        if let Want::Count(count) = file.health.want.0
            && count > size.desired
        {
            self.say(
                &["health.want", "capacity.size"],
                format!(
                    "`want` is {count} healthy targets, but [capacity] makes {}",
                    size.desired
                ),
                "lower `want` or raise `desired`",
            );
        }
        if let Previous::Scale(count) = file.after_promotion.previous
            && count > size.max
        {
            self.say(
                &["after_promotion.previous", "capacity.size"],
                format!(
                    "`scale` is {count}, but [capacity] allows at most {} instances",
                    size.max
                ),
                "lower `scale` or raise `max`",
            );
        }
    }

    fn tags(&mut self, file: &File) {
        for (key, value) in &file.release.tags {
            if let Some(why) = naming::tag_problem(key, value) {
                if self.report.refused("release.tags") {
                    return;
                }
                let origin = self.tree.key_of("release.tags", key);
                self.report.add(
                    origin,
                    format!("tag `{key}` {why}"),
                    "AWS allows letters, digits, spaces and _ . : / = + - @, keys to 128 and values to 256",
                );
            }
        }
    }
}

/// Whether the file, and not a flag or a variable, gave the value.
pub(super) fn written_in_file(tree: &Node, path: &str) -> bool {
    matches!(
        tree.get(path),
        Some(Node {
            origin: Origin::Text(_),
            value: Value::Text(_)
        })
    )
}
