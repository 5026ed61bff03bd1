//! All that can be seen of an estate, as plain texts by name, so that two looks can be compared field by field.

use std::collections::BTreeMap;
use std::fmt::Debug;

/// Names such as `rule :80/10 actions` or `group asg-1 min_size`, each with what was seen.
#[derive(Clone, PartialEq, Eq, Default)]
pub(crate) struct Snapshot(BTreeMap<String, String>);

impl Snapshot {
    pub(crate) fn put(&mut self, name: impl Into<String>, value: impl Into<String>) {
        self.0.insert(name.into(), value.into());
    }

    /// Every member of an SDK type that has a value, as its `Debug` form shows it: no member can be
    /// forgotten, not even one that the next SDK adds.
    pub(crate) fn put_members(&mut self, of: &str, value: &impl Debug, except: &[&str]) {
        for (member, text) in members(value) {
            if !except.contains(&member.as_str()) {
                self.put(format!("{of} {member}"), text);
            }
        }
    }

    #[track_caller]
    pub(crate) fn get(&self, name: &str) -> &str {
        self.0
            .get(name)
            .unwrap_or_else(|| panic!("there is no {name:?} in\n{self:?}"))
    }

    pub(crate) fn find(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    pub(crate) fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// What is said of one thing, by what is left of the name.
    pub(crate) fn about(&self, thing: &str) -> Self {
        let begin = format!("{thing} ");
        Self(
            self.0
                .iter()
                .filter_map(|(name, value)| Some((name.strip_prefix(&begin)?.to_owned(), value.clone())))
                .collect(),
        )
    }

    /// Only what is named so.
    pub(crate) fn only(&self, keep: impl Fn(&str) -> bool) -> Self {
        let kept = self.0.iter().filter(|(name, _)| keep(name));
        Self(kept.map(|(name, value)| (name.clone(), value.clone())).collect())
    }

    pub(crate) fn without(&self, drop: impl Fn(&str) -> bool) -> Self {
        self.only(|name| !drop(name))
    }

    /// With other words for some.
    pub(crate) fn renamed(&self, words: &[(String, String)]) -> Self {
        let rename = |text: &String| {
            words
                .iter()
                .fold(text.clone(), |text, (from, to)| text.replace(from, to))
        };
        let both = self.0.iter().map(|(name, value)| (rename(name), rename(value)));
        Self(both.collect())
    }

    /// What differs, as lines.
    pub(crate) fn differences(&self, later: &Self) -> Vec<String> {
        let mut names: Vec<&String> = self.0.keys().chain(later.0.keys()).collect();
        names.sort();
        names.dedup();
        names
            .into_iter()
            .filter(|name| self.0.get(*name) != later.0.get(*name))
            .map(|name| {
                let show = |side: &Self| side.0.get(name).cloned().unwrap_or_else(|| "nothing".into());
                format!("{name}: {} → {}", show(self), show(later))
            })
            .collect()
    }

    #[track_caller]
    pub(crate) fn same_as(&self, later: &Self, when: &str) {
        let differences = self.differences(later);
        assert!(differences.is_empty(), "{when}, these differ: {differences:#?}");
    }
}

impl Debug for Snapshot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_map().entries(&self.0).finish()
    }
}

/// The members of a struct by its pretty `Debug` form: those four spaces deep begin a member.
pub(crate) fn members(value: &impl Debug) -> BTreeMap<String, String> {
    let text = format!("{value:#?}");
    let mut all: BTreeMap<String, String> = BTreeMap::new();
    let mut current: Option<String> = None;
    for line in text.lines().skip(1).filter(|line| line.starts_with(' ')) {
        let indented = line.strip_prefix("    ");
        match indented.filter(|rest| !rest.starts_with([' ', '}', ')', ']'])) {
            Some(rest) => {
                let (name, value) = rest.split_once(": ").unwrap_or((rest, ""));
                all.insert(name.to_owned(), value.to_owned());
                current = Some(name.to_owned());
            }
            None => {
                if let Some(text) = current.as_ref().and_then(|name| all.get_mut(name)) {
                    text.push_str(line.trim());
                }
            }
        }
    }
    all.retain(|_, text| text.trim_end_matches(',') != "None");
    for text in all.values_mut() {
        *text = text.trim_end_matches(',').to_owned();
    }
    all
}

#[test]
fn members_are_told_apart_and_those_without_a_value_are_left_out() {
    #[derive(Debug)]
    struct Inner {
        #[expect(dead_code, reason = "read by Debug")]
        deep: Vec<u8>,
    }
    #[derive(Debug)]
    #[expect(dead_code, reason = "read by Debug")]
    struct Outer {
        name: Option<&'static str>,
        none: Option<u8>,
        inner: Inner,
    }
    let value = Outer {
        name: Some("a: b"),
        none: None,
        inner: Inner { deep: vec![1, 2] },
    };
    let seen = members(&value);
    assert_eq!(seen.keys().collect::<Vec<_>>(), ["inner", "name"]);
    assert_eq!(seen["name"], "Some(\"a: b\",)");
    assert_eq!(seen["inner"], "Inner {deep: [1,2,],}");
}
