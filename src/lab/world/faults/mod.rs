//! What goes wrong on purpose: which calls fail and how, and what happens to instances.

mod fault;
#[cfg(test)]
mod tests;
mod text;

use std::time::Duration;

use super::World;
use super::compute::InstanceState;
use super::orders::Order;
use crate::lab::refusal::Refused;

pub use self::fault::{Calls, Effect, Fault};

/// A tag of `Order::Start` only: whoever plays the instance lets it answer 503 to everything.
pub const UNHEALTHY_BOOT: &str = "lab:unhealthy-boot";

/// A fault that is still to strike.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct Active {
    pub number: u64,
    pub fault: Fault,
    /// How often it has struck.
    pub struck: u32,
    /// How many calls it could have struck.
    pub seen: u32,
}

#[derive(Clone, Debug, Default)]
pub struct Faults {
    active: Vec<Active>,
    count: u64,
    /// The propagation delay from before it was slowed.
    usual_propagation: Option<Duration>,
}

impl Faults {
    /// The faults that are still to strike, oldest first.
    pub fn list(&self) -> &[Active] {
        &self.active
    }

    pub(super) fn hides_image(&self, image: &str) -> bool {
        self.active
            .iter()
            .any(|active| matches!(&active.fault, Fault::MissingImage { image: gone } if gone == image))
    }

    fn strike(&mut self, at: usize) {
        if let Some(active) = self.active.get_mut(at) {
            active.struck += 1;
            if active.fault.most().is_some_and(|most| active.struck >= most) {
                self.active.remove(at);
            }
        }
    }
}

impl World {
    /// Lets a fault loose, and says its number; what strikes at once and is over has one, too.
    pub fn break_with(&mut self, fault: Fault) -> Result<u64, Refused> {
        fault.check()?;
        let lasting = match &fault {
            Fault::Kill { instance } => {
                self.kill(instance)?;
                false
            }
            Fault::KillShare { share } => {
                self.kill_share(*share);
                false
            }
            Fault::ZoneLoss { zone } => {
                self.lose_zone(zone)?;
                true
            }
            Fault::Call {
                effect: Effect::Stale { seconds },
                ..
            } => {
                self.keep_past(Duration::from_secs_f64(*seconds));
                true
            }
            Fault::SlowPropagation { seconds } => {
                self.faults
                    .usual_propagation
                    .get_or_insert(self.settings.propagation);
                self.settings.propagation = Duration::from_secs_f64(*seconds);
                true
            }
            _ => true,
        };
        self.tell("fault", fault.to_string());
        self.faults.count += 1;
        let number = self.faults.count;
        if lasting {
            self.faults.active.push(Active {
                number,
                fault,
                struck: 0,
                seen: 0,
            });
        }
        Ok(number)
    }

    /// Takes one fault back, or all of them. Says how many that was.
    pub fn mend(&mut self, number: Option<u64>) -> usize {
        let before = self.faults.active.len();
        self.faults
            .active
            .retain(|active| number.is_some_and(|number| active.number != number));
        let slowed = self
            .faults
            .active
            .iter()
            .rev()
            .find_map(|active| match active.fault {
                Fault::SlowPropagation { seconds } => Some(Duration::from_secs_f64(seconds)),
                _ => None,
            });
        match slowed {
            Some(slowed) => self.settings.propagation = slowed,
            None => {
                if let Some(usual) = self.faults.usual_propagation.take() {
                    self.settings.propagation = usual;
                }
            }
        }
        let mended = before - self.faults.active.len();
        if mended > 0 {
            self.tell("fault", format!("{mended} taken back"));
        }
        mended
    }

    /// What happens to this call, if anything does.
    pub(in crate::lab) fn call_fault(&mut self, service: &str, operation: &str) -> Option<Effect> {
        let mut struck = None;
        for at in 0..self.faults.active.len() {
            let active = &mut self.faults.active[at];
            let Fault::Call { calls, effect } = &active.fault else {
                continue;
            };
            if !calls.matches(service, operation) {
                continue;
            }
            active.seen += 1;
            let (nth, probability, effect) = (calls.nth, calls.probability, effect.clone());
            let due = nth.is_none_or(|nth| active.seen >= nth);
            if due && probability.is_none_or(|probability| self.ids.chance(probability)) {
                struck = Some((at, effect));
                break;
            }
        }
        let (at, effect) = struck?;
        self.faults.strike(at);
        self.tell("fault", format!("{operation}: {}", effect.named()));
        Some(effect)
    }

    /// The error of a launch in a zone, if it is to fail.
    pub(super) fn launch_fault(&mut self, zone: &str) -> Option<Refused> {
        let failing = self.faults.active.iter().position(|active| match &active.fault {
            Fault::LaunchFailure { zone: only, .. } => only.as_ref().is_none_or(|only| only == zone),
            Fault::ZoneLoss { zone: lost } => lost == zone,
            _ => false,
        })?;
        let message = match &self.faults.active[failing].fault {
            Fault::LaunchFailure {
                message: Some(message),
                ..
            } => message.clone(),
            _ => format!(
                "We currently do not have sufficient capacity in the Availability Zone you requested ({zone}). \
                 Our system will be working on provisioning additional capacity."
            ),
        };
        self.faults.strike(failing);
        Some(Refused::new("InsufficientInstanceCapacity", message).status(500))
    }

    /// Whether the instance that is being launched will answer 503.
    pub(super) fn boots_unhealthy(&mut self) -> bool {
        let found = self
            .faults
            .active
            .iter()
            .position(|active| matches!(active.fault, Fault::UnhealthyBoot { .. }));
        if let Some(at) = found {
            self.faults.strike(at);
        }
        found.is_some()
    }

    fn kill(&mut self, instance: &str) -> Result<(), Refused> {
        match self.instance(instance) {
            Some(found) if found.takes_room() => {
                self.order(Order::Kill {
                    instance: instance.to_owned(),
                });
                Ok(())
            }
            _ => Err(Refused::new(
                "InvalidInstanceID.NotFound",
                format!("There is no instance {instance} to kill"),
            )),
        }
    }

    /// Kills a share of the running instances, chosen at random, and one at least.
    fn kill_share(&mut self, share: f64) {
        let mut running: Vec<String> = self.living(|_| true);
        let doomed = (running.len() as f64 * share).ceil() as usize;
        for _ in 0..doomed.min(running.len()) {
            let instance = running.swap_remove(self.ids.pick(running.len()));
            self.order(Order::Kill { instance });
        }
    }

    fn lose_zone(&mut self, zone: &str) -> Result<(), Refused> {
        let zones = self.zones();
        if !zones.iter().any(|known| known == zone) {
            return Err(Refused::invalid(format!(
                "There is no zone {zone} to lose; there are {}",
                zones.join(", ")
            )));
        }
        for instance in self.living(|place| place == zone) {
            self.order(Order::Kill { instance });
        }
        Ok(())
    }

    /// Ids of the instances in some zones that are there.
    fn living(&self, wanted: impl Fn(&str) -> bool) -> Vec<String> {
        let there = self
            .compute
            .instances
            .values()
            .filter(|instance| instance.state != InstanceState::Terminated);
        there
            .filter(|instance| wanted(&instance.zone))
            .map(|instance| instance.id.clone())
            .collect()
    }
}
