//! Tags of load balancers, listeners, rules and target groups.

use std::collections::{BTreeMap, BTreeSet};

use super::arns::{self, Kind};
use super::limits;
use super::refusals::{no_balancer, no_listener, no_rule, no_target_group};
use crate::lab::refusal::Refused;
use crate::lab::world::World;

pub type Tags = BTreeMap<String, String>;

/// How many resources one `DescribeTags` may ask about.
const MOST_ASKED: usize = 20;

/// Tags as a create call gives them.
pub(super) fn first(pairs: &[(String, String)]) -> Result<Tags, Refused> {
    added(&Tags::new(), pairs)
}

fn added(tags: &Tags, pairs: &[(String, String)]) -> Result<Tags, Refused> {
    let mut keys = BTreeSet::new();
    let mut tags = tags.clone();
    for (key, value) in pairs {
        if !keys.insert(key) {
            return Err(Refused::new(
                "DuplicateTagKeys",
                format!("The tag key '{key}' was given more than once"),
            ));
        }
        check(key, value)?;
        tags.insert(key.clone(), value.clone());
    }
    if tags.len() > limits::TAGS {
        return Err(Refused::new(
            "TooManyTags",
            format!("A resource can have at most {} tags", limits::TAGS),
        ));
    }
    Ok(tags)
}

fn check(key: &str, value: &str) -> Result<(), Refused> {
    if key.is_empty() || key.chars().count() > 128 {
        return Err(Refused::invalid(format!(
            "The tag key '{key}' must have between 1 and 128 characters"
        )));
    }
    if value.chars().count() > 256 {
        return Err(Refused::invalid(format!(
            "The value of the tag '{key}' has more than 256 characters"
        )));
    }
    if key.starts_with("aws:") {
        return Err(Refused::invalid(format!(
            "The tag key '{key}' begins with 'aws:', which is reserved"
        )));
    }
    let allowed =
        |letter: char| letter.is_alphanumeric() || letter.is_whitespace() || "_.:/=+-@".contains(letter);
    if !key.chars().chain(value.chars()).all(allowed) {
        return Err(Refused::invalid(format!(
            "The tag '{key}' with the value '{value}' has characters that tags may not have"
        )));
    }
    Ok(())
}

impl World {
    /// `AddTags`: on all of the resources or on none.
    pub fn add_balancing_tags(&mut self, arns: &[String], pairs: &[(String, String)]) -> Result<(), Refused> {
        let written = arns
            .iter()
            .map(|arn| added(self.balancing_tags(arn)?, pairs))
            .collect::<Result<Vec<_>, _>>()?;
        for (arn, tags) in arns.iter().zip(written) {
            *self.balancing_tags_mut(arn)? = tags;
        }
        Ok(())
    }

    /// `RemoveTags`: a key that is not there is no error.
    pub fn remove_balancing_tags(&mut self, arns: &[String], keys: &[String]) -> Result<(), Refused> {
        for arn in arns {
            self.balancing_tags(arn)?;
        }
        for arn in arns {
            self.balancing_tags_mut(arn)?.retain(|key, _| !keys.contains(key));
        }
        Ok(())
    }

    /// `DescribeTags`, in the order asked.
    pub fn describe_balancing_tags<'a>(
        &'a self,
        arns: &'a [String],
    ) -> Result<Vec<(&'a str, &'a Tags)>, Refused> {
        if arns.len() > MOST_ASKED {
            return Err(Refused::invalid(format!(
                "DescribeTags takes at most {MOST_ASKED} resource ARNs, not {}",
                arns.len()
            )));
        }
        arns.iter()
            .map(|arn| Ok((arn.as_str(), self.balancing_tags(arn)?)))
            .collect()
    }

    fn balancing_tags(&self, arn: &str) -> Result<&Tags, Refused> {
        Ok(match kind(arn)? {
            Kind::Balancer => &self.load_balancer(arn)?.tags,
            Kind::Listener => &self.listener(arn)?.tags,
            Kind::Rule => &self.rule(arn)?.tags,
            Kind::TargetGroup => &self.target_group(arn)?.tags,
        })
    }

    fn balancing_tags_mut(&mut self, arn: &str) -> Result<&mut Tags, Refused> {
        let balancing = &mut self.balancing;
        Ok(match kind(arn)? {
            Kind::Balancer => {
                &mut balancing
                    .balancers
                    .get_mut(arn)
                    .ok_or_else(|| no_balancer(arn))?
                    .tags
            }
            Kind::Listener => {
                &mut balancing
                    .listeners
                    .get_mut(arn)
                    .ok_or_else(|| no_listener(arn))?
                    .tags
            }
            Kind::Rule => &mut balancing.rule_mut(arn).ok_or_else(|| no_rule(arn))?.tags,
            Kind::TargetGroup => {
                &mut balancing
                    .target_groups
                    .get_mut(arn)
                    .ok_or_else(|| no_target_group(arn))?
                    .tags
            }
        })
    }
}

fn kind(arn: &str) -> Result<Kind, Refused> {
    arns::kind(arn).ok_or_else(|| Refused::invalid(format!("'{arn}' is not a valid load balancing ARN")))
}
