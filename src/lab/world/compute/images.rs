//! Machine images: the lab has none in truth, so an image is whatever somebody registered or named in a launch template.

use crate::lab::refusal::Refused;
use crate::lab::world::World;
use crate::lab::world::time::Moment;

/// The image that every account begins with. It is the same in every lab, so that documents can name it.
pub(in crate::lab) const DEFAULT_IMAGE: &str = "ami-0123456789abcdef0";

#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::lab) struct Image {
    pub(in crate::lab) id: String,
    pub(in crate::lab) name: String,
    pub(in crate::lab) description: String,
    pub(in crate::lab) architecture: String,
    pub(in crate::lab) public: bool,
    pub(in crate::lab) created: Moment,
}

/// Whether `id` could be an image's: `ami-` and 8 or 17 hexadecimal digits.
fn well_formed(id: &str) -> bool {
    id.strip_prefix("ami-").is_some_and(|digits| {
        matches!(digits.len(), 8 | 17) && digits.bytes().all(|byte| byte.is_ascii_hexdigit())
    })
}

impl World {
    /// Registers an image under a new id.
    pub(in crate::lab) fn register_image(
        &mut self,
        name: &str,
        description: &str,
        architecture: &str,
    ) -> Result<String, Refused> {
        if let Some(taken) = self.compute.images.values().find(|image| image.name == name) {
            let text = format!("AMI name {name} is already in use by AMI {}", taken.id);
            return Err(Refused::new("InvalidAMIName.Duplicate", text));
        }
        let id = self.ids.resource("ami");
        self.keep_image(&id, name, description, architecture, false);
        Ok(id)
    }

    pub(in crate::lab) fn deregister_image(&mut self, id: &str) -> Result<(), Refused> {
        self.check_image(id)?;
        self.compute.images.remove(id);
        Ok(())
    }

    /// An image that a template names is taken to exist from then on.
    pub(super) fn believe_image(&mut self, id: &str) {
        if well_formed(id) && !self.compute.images.contains_key(id) {
            self.keep_image(id, id, "named in a launch template", "x86_64", false);
        }
    }

    /// The image exists, and nothing pretends that it does not.
    pub(in crate::lab) fn check_image(&self, id: &str) -> Result<(), Refused> {
        if id.starts_with("resolve:ssm:") {
            let text = format!(
                "{id} cannot be resolved: the lab has no Systems Manager parameters. Name an ami-… id"
            );
            return Err(Refused::new("InvalidParameterValue", text));
        }
        if !well_formed(id) {
            return Err(Refused::new(
                "InvalidAMIID.Malformed",
                format!("Invalid id: \"{id}\" (expecting \"ami-...\")"),
            ));
        }
        if self.compute.images.contains_key(id) && !self.faults.hides_image(id) {
            Ok(())
        } else {
            Err(Refused::new(
                "InvalidAMIID.NotFound",
                format!("The image id '[{id}]' does not exist"),
            ))
        }
    }

    pub(super) fn keep_image(
        &mut self,
        id: &str,
        name: &str,
        description: &str,
        architecture: &str,
        public: bool,
    ) {
        let image = Image {
            id: id.to_owned(),
            name: name.to_owned(),
            description: description.to_owned(),
            architecture: architecture.to_owned(),
            public,
            created: self.now,
        };
        self.compute.images.insert(id.to_owned(), image);
    }
}
