//! Instances from launch to termination.

use std::net::SocketAddr;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

use super::{ComputeTimer, Instance, InstanceState, Launch};
use crate::lab::refusal::Refused;
use crate::lab::tree::Tree;
use crate::lab::world::World;
use crate::lab::world::faults::UNHEALTHY_BOOT;
use crate::lab::world::orders::{Order, Start};
use crate::lab::world::time::Timer;

/// How long an instance may take to shut down before it is cut off.
const SHUTDOWN: Duration = Duration::from_secs(30);
/// How long a terminated instance is still described.
const REMEMBERED: Duration = Duration::from_secs(3600);
/// EC2's own default when neither the launch nor the template says a type.
const DEFAULT_TYPE: &str = "m1.small";
const USER_DATA_LIMIT: usize = 16 * 1024;

impl InstanceState {
    /// The API's code and name.
    pub(in crate::lab) fn named(self) -> (i64, &'static str) {
        match self {
            Self::Pending => (0, "pending"),
            Self::Running => (16, "running"),
            Self::ShuttingDown => (32, "shutting-down"),
            Self::Terminated => (48, "terminated"),
        }
    }
}

impl Instance {
    /// It is there, or not gone yet.
    pub(in crate::lab) fn takes_room(&self) -> bool {
        self.state != InstanceState::Terminated
    }
}

/// A launch with everything that a template may have said about it.
#[derive(Clone, Debug)]
pub(in crate::lab) struct Details {
    pub(in crate::lab) launch: Launch,
    pub(in crate::lab) data: Tree,
}

impl World {
    /// Launches an instance. It is pending; `scaling_instance_running` is called when it runs. Fails as EC2 does, with a message for the activity.
    pub(in crate::lab) fn launch_instance(&mut self, launch: Launch) -> Result<String, Refused> {
        let template = self.resolve_template(&launch.template)?;
        let data = self.template_data(&template)?;
        self.launch_with(Details {
            launch: Launch { template, ..launch },
            data,
        })
    }

    /// Launches an instance from data that need not be a template's.
    pub(in crate::lab) fn launch_with(&mut self, details: Details) -> Result<String, Refused> {
        let Details { launch, data } = details;
        let zone = self.subnet_zone(&launch.subnet)?;
        let image = launch.image.or_else(|| data.text("ImageId").map(str::to_owned));
        let image = image.ok_or_else(|| {
            Refused::new(
                "MissingParameter",
                "The request must contain the parameter ImageId or a launch template that has one",
            )
        })?;
        self.check_image(&image)?;
        let security_groups = self.launch_groups(&data, &launch.subnet)?;
        let user_data = decoded(data.text("UserData").unwrap_or_default())?;
        if let Some(refused) = self.launch_fault(&zone) {
            return Err(refused);
        }
        let instance_type = launch
            .instance_type
            .or_else(|| data.text("InstanceType").map(str::to_owned));
        let id = self.ids.resource("i");
        let instance = Instance {
            id: id.clone(),
            state: InstanceState::Pending,
            zone,
            subnet: launch.subnet,
            instance_type: instance_type.unwrap_or_else(|| DEFAULT_TYPE.to_owned()),
            image,
            template: launch.template,
            address: None,
            user_data,
            tags: launch_tags(&data, launch.tags),
            launched: self.now,
            security_groups,
            key_name: data.text("KeyName").map(str::to_owned),
            reason: None,
        };
        self.tell(
            "instance",
            format!("{id} launches in {} from {}", instance.zone, instance.image),
        );
        let mut start = Start {
            instance: id.clone(),
            image: instance.image.clone(),
            instance_type: instance.instance_type.clone(),
            user_data: instance.user_data.clone(),
            port: launch.port,
            tags: instance.tags.clone(),
        };
        if self.boots_unhealthy() {
            start.tags.push((UNHEALTHY_BOOT.to_owned(), "true".to_owned()));
        }
        self.compute.instances.insert(id.clone(), instance);
        self.compute.launching.insert(id.clone());
        self.order(Order::Start(start));
        let launching = self.settings.launch;
        self.later(launching, Timer::Compute(ComputeTimer::Launched(id.clone())));
        Ok(id)
    }

    /// Ends an instance in order; `scaling_instance_gone` is called when it is terminated.
    pub(in crate::lab) fn terminate_instance(&mut self, instance: &str) {
        let Some(ending) = self.compute.instances.get_mut(instance) else {
            return;
        };
        if !matches!(ending.state, InstanceState::Pending | InstanceState::Running) {
            return;
        }
        ending.state = InstanceState::ShuttingDown;
        let grace = self.pace(SHUTDOWN);
        self.order(Order::Stop {
            instance: instance.to_owned(),
            grace,
        });
        self.tell("instance", format!("{instance} shuts down"));
        self.instance_changed(instance);
    }

    pub fn instance(&self, instance: &str) -> Option<&Instance> {
        self.compute.instances.get(instance)
    }

    /// The outside has started an instance, or could not.
    pub fn instance_started(&mut self, instance: &str, outcome: Result<SocketAddr, String>) {
        let Some(started) = self.compute.instances.get_mut(instance) else {
            return;
        };
        match outcome {
            Ok(address) if started.takes_room() => {
                started.address = Some(address);
                self.run_if_ready(instance);
            }
            Ok(_) => {}
            Err(reason) => {
                self.tell("instance", format!("{instance} could not start: {reason}"));
                self.instance_gone(instance, Some(reason));
            }
        }
    }

    /// An instance's process is no more, asked for or not.
    pub fn instance_ended(&mut self, instance: &str) {
        let asked = self
            .instance(instance)
            .is_some_and(|ended| ended.state == InstanceState::ShuttingDown);
        self.instance_gone(
            instance,
            (!asked).then(|| "the instance ended by itself".to_owned()),
        );
    }

    pub(super) fn launch_time_over(&mut self, instance: &str) {
        self.compute.launching.remove(instance);
        self.run_if_ready(instance);
    }

    fn run_if_ready(&mut self, instance: &str) {
        let launching = self.compute.launching.contains(instance);
        let Some(ready) = self.compute.instances.get_mut(instance) else {
            return;
        };
        if launching || ready.address.is_none() || ready.state != InstanceState::Pending {
            return;
        }
        ready.state = InstanceState::Running;
        self.tell("instance", format!("{instance} runs"));
        self.instance_changed(instance);
        self.scaling_instance_running(instance);
    }

    fn instance_gone(&mut self, instance: &str, reason: Option<String>) {
        let Some(gone) = self.compute.instances.get_mut(instance) else {
            return;
        };
        if !gone.takes_room() {
            return;
        }
        gone.state = InstanceState::Terminated;
        gone.address = None;
        gone.reason = reason;
        self.compute.launching.remove(instance);
        self.tell("instance", format!("{instance} is terminated"));
        self.later(
            REMEMBERED,
            Timer::Compute(ComputeTimer::Forgotten(instance.to_owned())),
        );
        self.instance_changed(instance);
        self.scaling_instance_gone(instance);
    }

    /// The security groups that a launch names itself or for its network interface, or else the VPC's default.
    fn launch_groups(&self, data: &Tree, subnet: &str) -> Result<Vec<String>, Refused> {
        let mut named = data.strings("SecurityGroupId");
        for interface in data.items("NetworkInterface") {
            named.extend(interface.strings("SecurityGroupId"));
        }
        let vpc = &self.subnet(subnet)?.vpc;
        let groups = &self.compute.network.groups;
        for name in data.strings("SecurityGroup") {
            let found = groups
                .values()
                .find(|group| group.vpc == *vpc && group.name == name);
            named.push(found.map_or(name, |group| group.id.clone()));
        }
        for id in &named {
            self.security_group(id)?;
        }
        if named.is_empty() {
            named.extend(
                groups
                    .values()
                    .filter(|group| group.vpc == *vpc && group.name == "default")
                    .map(|group| group.id.clone()),
            );
        }
        Ok(named)
    }
}

/// The tags of the data's own specification for instances, under those given.
fn launch_tags(data: &Tree, given: Vec<(String, String)>) -> Vec<(String, String)> {
    let specified = data.items("TagSpecification").iter();
    let specified = specified.filter(|specification| specification.text("ResourceType") == Some("instance"));
    let mut tags: Vec<(String, String)> = specified
        .flat_map(|specification| specification.items("Tag"))
        .filter_map(|tag| {
            Some((
                tag.text("Key")?.to_owned(),
                tag.text("Value").unwrap_or_default().to_owned(),
            ))
        })
        .filter(|(key, _)| !given.iter().any(|(over, _)| over == key))
        .collect();
    tags.extend(given);
    tags
}

fn decoded(user_data: &str) -> Result<String, Refused> {
    let bytes = BASE64
        .decode(user_data.split_ascii_whitespace().collect::<String>())
        .map_err(|_| {
            Refused::new(
                "InvalidUserData.Malformed",
                "Invalid BASE64 encoding of user data.",
            )
        })?;
    if bytes.len() > USER_DATA_LIMIT {
        let text = format!("User data is limited to {USER_DATA_LIMIT} bytes");
        return Err(Refused::new("InvalidUserData.Malformed", text));
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
