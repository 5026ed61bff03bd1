//! The estate as the lab itself says it is. What the product says is never asked.

use swingbridge::lab::dashboard::Picture;
use swingbridge::lab::dashboard::picture::{Action, Group, Rule};
use swingbridge::model::tags;

use super::record::{CLOSED, Way};

/// The rules that the estate has when nobody is at work.
const RULES: [&str; 3] = ["10", "11", "default"];
const LOCK: &str = "1";
const ENTRANCE: &str = "2";

#[derive(Debug)]
pub(super) struct Estate(pub(super) Picture);

impl Estate {
    fn rules(&self) -> impl Iterator<Item = &Rule> {
        let listeners = self.0.balancers.iter().flat_map(|one| &one.listeners);
        listeners.flat_map(|one| &one.rules)
    }

    fn rule(&self, priority: &str) -> Option<&Rule> {
        self.rules().find(|rule| rule.priority == priority)
    }

    /// Where it leads: a target group's name, or [`CLOSED`].
    pub(super) fn leads(&self, way: Way) -> String {
        self.rule(way.priority())
            .map_or_else(|| "nowhere".to_owned(), leads)
    }

    pub(super) fn ways(&self) -> [String; 3] {
        Way::ALL.map(|way| self.leads(way))
    }

    pub(super) fn is_locked(&self) -> bool {
        self.rule(LOCK).is_some()
    }

    /// What the standing entrance keeps checked.
    pub(super) fn entrance(&self) -> Option<String> {
        self.rule(ENTRANCE).map(leads)
    }

    /// Everything that is neither live's target group nor live's group.
    pub(super) fn beside(&self) -> Vec<&str> {
        let live = self.leads(Way::Production);
        let groups = self
            .0
            .groups
            .iter()
            .filter(|group| !group.target_groups.contains(&live));
        let target_groups = self.0.target_groups.iter().map(|one| one.name.as_str());
        target_groups
            .filter(|name| *name != live)
            .chain(groups.map(|group| group.name.as_str()))
            .collect()
    }

    /// The group behind a target group.
    pub(super) fn group(&self, target_group: &str) -> Option<&Group> {
        let attached = |group: &&Group| group.target_groups.iter().any(|name| name == target_group);
        self.0.groups.iter().find(attached)
    }

    /// How many targets are healthy.
    pub(super) fn healthy(&self, target_group: &str) -> usize {
        let group = self.0.target_groups.iter().find(|one| one.name == target_group);
        let targets = group.iter().flat_map(|one| &one.targets);
        targets.filter(|target| target.health == "healthy").count()
    }

    /// What the group behind this target group is still held by: notes, suspended processes, a raised minimum.
    pub(super) fn held(&self, target_group: &str) -> Vec<String> {
        let Some(group) = self.group(target_group) else {
            return vec![format!("no group is behind {target_group}")];
        };
        let owes = [tags::OWES_MIN, tags::OWES_RESUME, tags::OWES_SIZE];
        let owed = owes
            .iter()
            .filter_map(|key| group.tags.get_key_value(*key))
            .map(|(key, value)| format!("{}: {key} = {value}", group.name));
        let suspended = group.suspended.iter().map(|name| format!("{name} is suspended"));
        let raised = (group.min != 1).then(|| format!("{} has the minimum {}", group.name, group.min));
        owed.chain(suspended).chain(raised).collect()
    }

    /// What is left of earlier commands; nothing when one generation is live and all else is gone.
    pub(super) fn leftovers(&self) -> Vec<String> {
        let rules = self
            .rules()
            .filter(|rule| !RULES.contains(&rule.priority.as_str()));
        let mut all: Vec<String> = rules.map(|rule| format!("rule {}", rule.priority)).collect();
        all.extend(self.beside().into_iter().map(str::to_owned));
        all.extend(self.held(&self.leads(Way::Production)));
        all
    }

    /// Which version of the template is behind each target group.
    pub(super) fn versions(&self) -> impl Iterator<Item = (String, String)> {
        self.0.groups.iter().flat_map(|group| {
            let version = group.template.rsplit(' ').next().unwrap_or_default();
            let names = group.target_groups.iter();
            names.map(move |name| (name.clone(), version.to_owned()))
        })
    }
}

fn leads(rule: &Rule) -> String {
    match &rule.action {
        Action::Forward { shares, .. } => {
            let with_weight = shares.iter().filter(|share| share.weight > 0);
            let names: Vec<&str> = with_weight.map(|share| share.target_group.as_str()).collect();
            names.join(" and ")
        }
        Action::Answer { text } if text.starts_with(&format!("answer {CLOSED}")) => CLOSED.to_owned(),
        Action::Answer { text } => text.clone(),
    }
}
