//! The commented file that `init` writes, filled in with examples or with what was found on AWS.

use std::collections::BTreeMap;

use minijinja::{Environment, Value, context};

use super::file::Closed;
use crate::model::routing::FixedResponse;

const TEMPLATE: &str = include_str!("../../templates/swingbridge.toml.j2");

/// What the file is filled in with.
#[derive(Clone, Debug)]
pub(super) struct Filling {
    pub(super) app: String,
    pub(super) load_balancer: String,
    pub(super) region: Option<String>,
    pub(super) endpoint: Option<String>,
    pub(super) group: String,
    pub(super) target_group: String,
    /// Generation, group and target group.
    pub(super) adopted: Option<(u32, String, String)>,
    /// For people only.
    pub(super) routes: Vec<String>,
    pub(super) doors: Option<FillingDoors>,
    pub(super) lock_listener: u16,
    pub(super) lock_priority: u32,
    pub(super) entrance_priority: u32,
    /// Two more priorities, for doors that somebody may want later.
    pub(super) spare: [u32; 2],
}

#[derive(Clone, Debug)]
pub(super) struct FillingDoors {
    pub(super) header: String,
    pub(super) blue: String,
    pub(super) green: String,
    pub(super) listeners: Vec<u16>,
    pub(super) blue_priority: u32,
    pub(super) green_priority: u32,
    pub(super) closed: FixedResponse,
}

/// A configuration to begin with: two names to fill in, everything else explained.
pub fn starter() -> String {
    let filling = Filling {
        app: "my-service".into(),
        load_balancer: "my-load-balancer".into(),
        region: None,
        endpoint: None,
        group: "asg-{n}".into(),
        target_group: "tg-{n}".into(),
        adopted: None,
        routes: Vec::new(),
        doors: Some(FillingDoors {
            header: "x-client-mode".into(),
            blue: "blue".into(),
            green: "green".into(),
            listeners: vec![80],
            blue_priority: 10,
            green_priority: 11,
            closed: FixedResponse::from(Closed::default()),
        }),
        lock_listener: 80,
        lock_priority: 1,
        entrance_priority: 2,
        spare: [10, 11],
    };
    // The template and the values are both compiled in; a test renders them.
    fill(&filling).unwrap_or_else(|error| format!("# {error:#}\n"))
}

pub(super) fn fill(filling: &Filling) -> Result<String, minijinja::Error> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(minijinja::UndefinedBehavior::Strict);
    environment.add_filter("quoted", |text: &str| quoted(text));
    let adopted = filling.adopted.as_ref().map(|(generation, group, target_group)| {
        context! { generation, group, target_group }
    });
    let doors = filling.doors.as_ref().map(|doors| {
        context! {
            header => doors.header.clone(),
            blue => doors.blue.clone(),
            green => doors.green.clone(),
            listeners => doors.listeners.clone(),
            blue_priority => doors.blue_priority,
            green_priority => doors.green_priority,
            closed => closed(&doors.closed),
        }
    });
    let spare: Vec<Value> = filling.spare.into_iter().map(Value::from).collect();
    let text = environment.render_str(
        TEMPLATE,
        Value::from(BTreeMap::from([
            ("app", Value::from(filling.app.as_str())),
            ("load_balancer", Value::from(filling.load_balancer.as_str())),
            ("region", Value::from(filling.region.clone())),
            ("endpoint", Value::from(filling.endpoint.clone())),
            ("group", Value::from(filling.group.as_str())),
            ("target_group", Value::from(filling.target_group.as_str())),
            ("adopted", Value::from(adopted)),
            ("routes", Value::from(filling.routes.clone())),
            ("doors", Value::from(doors)),
            ("lock_listener", Value::from(filling.lock_listener)),
            ("lock_priority", Value::from(filling.lock_priority)),
            ("entrance_priority", Value::from(filling.entrance_priority)),
            ("spare", Value::from(spare)),
        ])),
    )?;
    Ok(text + "\n")
}

/// Text as TOML has it.
fn quoted(text: &str) -> String {
    toml::Value::from(text).to_string()
}

fn closed(answer: &FixedResponse) -> String {
    let mut parts = vec![format!("status = {}", answer.status)];
    if let Some(kind) = &answer.content_type {
        parts.push(format!("content_type = {}", quoted(kind)));
    }
    if let Some(body) = &answer.body {
        parts.push(format!("body = {}", quoted(body)));
    }
    format!("{{ {} }}", parts.join(", "))
}
