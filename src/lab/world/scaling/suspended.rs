//! The processes of a group, and which of them stand still.

use crate::lab::refusal::Refused;
use crate::lab::world::World;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Process {
    AZRebalance,
    AddToLoadBalancer,
    AlarmNotification,
    HealthCheck,
    InstanceRefresh,
    Launch,
    ReplaceUnhealthy,
    ScheduledActions,
    Terminate,
}

impl Process {
    pub const ALL: [Self; 9] = [
        Self::AZRebalance,
        Self::AddToLoadBalancer,
        Self::AlarmNotification,
        Self::HealthCheck,
        Self::InstanceRefresh,
        Self::Launch,
        Self::ReplaceUnhealthy,
        Self::ScheduledActions,
        Self::Terminate,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Self::AZRebalance => "AZRebalance",
            Self::AddToLoadBalancer => "AddToLoadBalancer",
            Self::AlarmNotification => "AlarmNotification",
            Self::HealthCheck => "HealthCheck",
            Self::InstanceRefresh => "InstanceRefresh",
            Self::Launch => "Launch",
            Self::ReplaceUnhealthy => "ReplaceUnhealthy",
            Self::ScheduledActions => "ScheduledActions",
            Self::Terminate => "Terminate",
        }
    }

    /// The named processes; all of them when none is named.
    fn read(names: &[String]) -> Result<Vec<Self>, Refused> {
        if names.is_empty() {
            return Ok(Self::ALL.to_vec());
        }
        let read = |name: &String| {
            Self::ALL
                .into_iter()
                .find(|process| process.name() == name)
                .ok_or_else(|| {
                    let known = Self::ALL.map(Self::name).join(", ");
                    Refused::invalid(format!(
                        "{name} is not a scaling process. The processes are {known}"
                    ))
                })
        };
        names.iter().map(read).collect()
    }
}

impl World {
    pub fn suspend_processes(&mut self, name: &str, processes: &[String]) -> Result<(), Refused> {
        let processes = Process::read(processes)?;
        let reason = format!("User suspended at {}", self.stamp());
        let group = self.scaling.group_mut(name)?;
        for process in &processes {
            group.suspended.entry(*process).or_insert_with(|| reason.clone());
        }
        self.tell_of(name, "suspended", &processes);
        Ok(())
    }

    pub fn resume_processes(&mut self, name: &str, processes: &[String]) -> Result<(), Refused> {
        let processes = Process::read(processes)?;
        let group = self.scaling.group_mut(name)?;
        group.suspended.retain(|process, _| !processes.contains(process));
        self.tell_of(name, "resumed", &processes);
        self.look_at_group(name);
        Ok(())
    }

    fn tell_of(&mut self, name: &str, what: &str, processes: &[Process]) {
        let names: Vec<_> = processes.iter().map(|process| process.name()).collect();
        self.tell("group", format!("{name}: {what} {}", names.join(", ")));
    }
}
