//! An outside for tests: it starts and ends what is ordered at once, and answers health checks.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::lab::world::World;
use crate::lab::world::orders::{Answer, Order};
use crate::lab::world::time::Moment;

#[derive(Debug, Default)]
pub(in crate::lab) struct Outside {
    /// Instances that answer health checks with 500.
    pub(in crate::lab) ill: BTreeSet<String>,
}

impl Outside {
    /// Lets `seconds` go by, doing what the world orders meanwhile.
    pub(in crate::lab) fn pass(&self, world: &mut World, seconds: u64) {
        let end = world.now + Duration::from_secs(seconds);
        self.obey(world);
        while let Some(due) = world.next_due().filter(|due| *due <= end) {
            world.advance(due);
            self.obey(world);
        }
        world.advance(Moment::max(end, world.now));
    }

    fn obey(&self, world: &mut World) {
        for order in world.take_orders() {
            match order {
                Order::Start(start) => {
                    let address = std::net::SocketAddr::from(([127, 0, 0, 9], start.port));
                    world.instance_started(&start.instance, Ok(address));
                }
                Order::Stop { instance, .. } | Order::Kill { instance } => world.instance_ended(&instance),
                Order::Probe(probe) => {
                    let status = if self.ill.contains(&probe.instance) {
                        500
                    } else {
                        200
                    };
                    world.probed(probe.id, Answer::Status(status));
                }
            }
        }
    }
}
