//! Tags of EC2's resources.

use std::collections::BTreeMap;

use crate::lab::refusal::Refused;
use crate::lab::world::World;

/// By resource id.
pub(in crate::lab) type Tags = BTreeMap<String, BTreeMap<String, String>>;

/// EC2's limit per resource.
const MOST: usize = 50;

impl World {
    /// The tags of any resource of EC2, by key.
    pub(in crate::lab) fn tags_of(&self, resource: &str) -> BTreeMap<String, String> {
        match self.compute.instances.get(resource) {
            Some(instance) => instance.tags.iter().cloned().collect(),
            None => self.compute.tags.get(resource).cloned().unwrap_or_default(),
        }
    }

    /// Every resource that has tags, with them.
    pub(in crate::lab) fn all_tags(&self) -> Tags {
        let instances = self
            .compute
            .instances
            .values()
            .map(|instance| (instance.id.clone(), self.tags_of(&instance.id)));
        self.compute.tags.clone().into_iter().chain(instances).collect()
    }

    pub(in crate::lab) fn add_tags(
        &mut self,
        resource: &str,
        tags: &[(String, String)],
    ) -> Result<(), Refused> {
        self.check_resource(resource)?;
        let mut all = self.tags_of(resource);
        all.extend(tags.iter().cloned());
        if all.len() > MOST {
            return Err(Refused::new(
                "TagLimitExceeded",
                format!("{resource} would have more than {MOST} tags"),
            ));
        }
        self.put_tags(resource, all);
        Ok(())
    }

    /// Removes tags by key; one with a value only if the tag has it.
    pub(in crate::lab) fn remove_tags(
        &mut self,
        resource: &str,
        tags: &[(String, Option<String>)],
    ) -> Result<(), Refused> {
        self.check_resource(resource)?;
        let mut all = self.tags_of(resource);
        all.retain(|key, value| {
            !tags.is_empty()
                && !tags
                    .iter()
                    .any(|(gone, only)| gone == key && only.as_ref().is_none_or(|only| only == value))
        });
        self.put_tags(resource, all);
        Ok(())
    }

    fn put_tags(&mut self, resource: &str, tags: BTreeMap<String, String>) {
        match self.compute.instances.get_mut(resource) {
            Some(instance) => instance.tags = tags.into_iter().collect(),
            None => {
                self.compute.tags.insert(resource.to_owned(), tags);
            }
        }
    }

    fn check_resource(&self, id: &str) -> Result<(), Refused> {
        let (compute, network) = (&self.compute, &self.compute.network);
        let (known, code) = match id.split_once('-').map_or(id, |(kind, _)| kind) {
            "i" => (compute.instances.contains_key(id), "InvalidInstanceID.NotFound"),
            "lt" => (compute.templates.has(id), "InvalidLaunchTemplateId.NotFound"),
            "ami" => (compute.images.contains_key(id), "InvalidAMIID.NotFound"),
            "vpc" => (network.vpcs.contains_key(id), "InvalidVpcID.NotFound"),
            "subnet" => (network.subnets.contains_key(id), "InvalidSubnetID.NotFound"),
            "sg" => (network.groups.contains_key(id), "InvalidGroup.NotFound"),
            "igw" => (
                network.gateways.contains_key(id),
                "InvalidInternetGatewayID.NotFound",
            ),
            "rtb" => (
                network.route_tables.contains_key(id),
                "InvalidRouteTableID.NotFound",
            ),
            _ => (false, "InvalidID"),
        };
        if known {
            Ok(())
        } else {
            Err(Refused::new(code, format!("The ID '{id}' does not exist")))
        }
    }
}
