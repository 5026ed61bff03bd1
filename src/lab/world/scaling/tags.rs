//! Tags of groups, which their instances may inherit.

use super::limits;
use crate::lab::refusal::Refused;
use crate::lab::world::World;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupTag {
    pub key: String,
    pub value: String,
    /// Instances launched from now on get it, too.
    pub propagate: bool,
}

impl GroupTag {
    pub fn check(&self) -> Result<(), Refused> {
        if self.key.is_empty() || self.key.chars().count() > 128 {
            return Err(Refused::invalid(format!(
                "tag key {:?} must have 1 to 128 characters",
                self.key
            )));
        }
        if self.value.chars().count() > 256 {
            return Err(Refused::invalid(format!(
                "the value of tag {} must have at most 256 characters",
                self.key
            )));
        }
        if self.key.starts_with("aws:") {
            return Err(Refused::invalid(format!(
                "tag {}: the prefix aws: is reserved",
                self.key
            )));
        }
        Ok(())
    }
}

impl World {
    /// Puts tags on groups, all or none.
    pub fn put_group_tags(&mut self, tags: Vec<(String, GroupTag)>) -> Result<(), Refused> {
        for (name, tag) in &tags {
            tag.check()?;
            let group = self.scaling.group(name)?;
            let new = tags
                .iter()
                .filter(|(other, tag)| other == name && !group.tags.contains_key(&tag.key))
                .count();
            if group.tags.len() + new > limits::TAGS {
                let message = format!("group {name} would have more than {} tags", limits::TAGS);
                return Err(Refused::new("LimitExceeded", message));
            }
        }
        for (name, tag) in tags {
            self.scaling.group_mut(&name)?.tags.insert(tag.key.clone(), tag);
        }
        Ok(())
    }

    /// A value that is given must be the tag's own, or the tag stays.
    pub fn delete_group_tags(&mut self, tags: &[(String, String, Option<String>)]) -> Result<(), Refused> {
        for (name, _, _) in tags {
            self.scaling.group(name)?;
        }
        for (name, key, value) in tags {
            let tags = &mut self.scaling.group_mut(name)?.tags;
            if tags
                .get(key)
                .is_some_and(|tag| value.as_ref().is_none_or(|value| *value == tag.value))
            {
                tags.remove(key);
            }
        }
        Ok(())
    }
}
