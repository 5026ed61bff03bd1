//! Orders carried out by real processes.

use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::{again, alive, command, soon, written};
use crate::lab::instances::Processes;
use crate::lab::keeper::{Keeper, Machines};
use crate::lab::tree::Tree;
use crate::lab::world::Settings;
use crate::lab::world::compute::images::DEFAULT_IMAGE;
use crate::lab::world::compute::templates::NewVersion;
use crate::lab::world::compute::{Instance, InstanceState, Launch, TemplateRef};

/// A world whose instances these are.
pub(super) fn keeper(machines: impl Machines + 'static) -> Arc<Keeper> {
    Keeper::start(
        Settings {
            launch: Duration::ZERO,
            ..Settings::default()
        },
        Box::new(machines),
    )
}

pub(super) fn launch(keeper: &Arc<Keeper>, user_data: &str) -> String {
    launch_tagged(keeper, user_data, &[])
}

pub(super) fn launch_tagged(keeper: &Arc<Keeper>, user_data: &str, tags: &[(&str, &str)]) -> String {
    let data = Tree::map()
        .with("ImageId", Tree::from(DEFAULT_IMAGE))
        .with("UserData", Tree::from(STANDARD.encode(user_data)));
    keeper.with(|world| {
        let version = NewVersion {
            description: None,
            data,
            source: None,
            token: None,
        };
        let id = world
            .create_template(
                &format!("{} {}", user_data.lines().last().unwrap_or("none"), tags.len()),
                version,
            )
            .expect("a template");
        let template = TemplateRef {
            id,
            name: String::new(),
            version: String::new(),
        };
        let subnet = world.default_subnet("us-east-1a").expect("a subnet");
        let launch = Launch {
            template,
            instance_type: None,
            image: None,
            subnet,
            tags: tags
                .iter()
                .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
                .collect(),
            port: 18_090,
        };
        world.launch_instance(launch).expect("a launch")
    })
}

pub(super) fn seen(keeper: &Arc<Keeper>, instance: &str) -> Instance {
    keeper.with(|world| world.instance(instance).expect("it is known").clone())
}

async fn until(keeper: &Arc<Keeper>, instance: &str, state: InstanceState) -> Instance {
    soon(&format!("{instance} is {state:?}"), || {
        seen(keeper, instance).state == state
    })
    .await;
    seen(keeper, instance)
}

#[tokio::test]
async fn a_launch_becomes_a_process_and_a_termination_its_end() {
    let folder = tempfile::tempdir().expect("a folder");
    let keeper = keeper(Processes::new(command(), folder.path().to_owned()));
    let id = launch(&keeper, "#!/bin/sh\nsleep 1000");
    let address = until(&keeper, &id, InstanceState::Running)
        .await
        .address
        .expect("an address");
    assert!(address.ip().is_loopback());
    let log = Processes::log(folder.path(), &id);
    soon("its log is in its folder", || {
        std::fs::read_to_string(&log).is_ok_and(|log| log.contains("/bin/sh"))
    })
    .await;
    keeper.with(|world| world.terminate_instance(&id));
    assert_eq!(until(&keeper, &id, InstanceState::Terminated).await.address, None);
}

#[tokio::test]
async fn an_instance_whose_process_ends_by_itself_is_terminated() {
    let folder = tempfile::tempdir().expect("a folder");
    let keeper = keeper(Processes::new(command(), folder.path().to_owned()));
    let id = launch(&keeper, "#!sample\ndies_after = \"100ms\"\n");
    until(&keeper, &id, InstanceState::Terminated).await;
}

#[tokio::test]
async fn a_machine_that_cannot_be_started_is_a_launch_that_failed() {
    let folder = tempfile::tempdir().expect("a folder");
    let keeper = keeper(Processes::new(
        vec!["/no/such/lab".into()],
        folder.path().to_owned(),
    ));
    let id = launch(&keeper, "");
    until(&keeper, &id, InstanceState::Terminated).await;
    let told = keeper.with(|world| {
        world
            .timeline
            .since(0)
            .any(|told| told.text.contains("/no/such/lab"))
    });
    assert!(told, "the reason names the executable");
}

#[tokio::test]
async fn processes_end_with_the_lab_that_started_them() {
    let folder = tempfile::tempdir().expect("a folder");
    let keeper = keeper(Processes::new(command(), folder.path().to_owned()));
    let id = launch(
        &keeper,
        "#!/bin/sh\ntrap '' TERM\necho $$ > pid\nwhile :; do sleep 0.1; done",
    );
    let pid = folder.path().join(&id).join("pid");
    soon("it runs", || written(&pid).is_some()).await;
    drop(keeper);
    let process = written(&pid).expect("an id");
    soon("it is gone", || !alive(process)).await;
}

/// Where [`lab`] finds the folder for its instances.
const FOLDER: &str = "LAB_TEST_FOLDER";

const STUBBORN: &str = "#!/bin/sh\ntrap '' TERM HUP\necho $$ > pid\nwhile :; do sleep 0.1; done";

#[tokio::test]
#[ignore = "what the next test starts as a lab, to kill it"]
async fn lab() {
    let Ok(folder) = std::env::var(FOLDER) else { return };
    let keeper = keeper(Processes::new(command(), folder.into()));
    launch(&keeper, STUBBORN);
    tokio::time::sleep(Duration::from_secs(60)).await;
}

#[tokio::test]
async fn no_process_outlives_a_lab_that_was_killed() {
    let folder = tempfile::tempdir().expect("a folder");
    let command = again("processes::lab");
    let (program, arguments) = command.split_first().expect("a program");
    let mut lab = tokio::process::Command::new(program)
        .args(arguments)
        .env(FOLDER, folder.path())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .expect("this executable");
    let pid = || {
        let instance = std::fs::read_dir(folder.path()).ok()?.next()?.ok()?;
        written(&instance.path().join("pid"))
    };
    soon("its instance runs", || pid().is_some()).await;
    let script = pid().expect("an id");
    lab.kill().await.expect("it was there");
    soon("its instance is gone", || !alive(script)).await;
}
