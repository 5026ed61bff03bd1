//! A lab's life from one reset to the next: a world that is kept, its instances, its data plane, and what is counted.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::task::JoinHandle;

use super::dashboard::picture::Traffic;
use super::dashboard::{Found, Rates, survey};
use super::estates::{Estate, Unbuilt, build};
use super::keeper::{Keeper, Machines};
use super::world;

/// Who plays the instances: asked for anew at each reset.
pub type Surroundings = Box<dyn Fn() -> Box<dyn Machines> + Send + Sync>;
