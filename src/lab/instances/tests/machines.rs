//! One machine from its start to its end, and everything under it.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Empty};
use hyper::Request;
use hyper_util::rt::TokioIo;
use rustix::process::{Signal, kill_process};
use tempfile::TempDir;
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout};

use super::{alive, command, soon, written};
use crate::lab::instances::addresses::Addresses;
use crate::lab::instances::child::LOG;
use crate::lab::instances::description::Description;
use crate::lab::instances::machine::{Ending, Machine};
use crate::lab::world::faults::UNHEALTHY_BOOT;

/// One instance that runs, in a folder of its own.
struct Instance {
    folder: TempDir,
    description: Description,
    ending: mpsc::UnboundedSender<Ending>,
    ended: JoinHandle<()>,
}

async fn instance(user_data: &str, tags: &[(&str, &str)]) -> Instance {
    let folder = tempfile::tempdir().expect("a folder");
    let description = Description {
        instance: "i-0abc".into(),
        image: "ami-1".into(),
        user_data: user_data.into(),
        address: Addresses::for_process(std::process::id())
            .take(0)
            .expect("an address"),
        tags: tags
            .iter()
            .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
            .collect(),
        folder: folder.path().to_owned(),
    };
    let machine = Machine::start(&command(), &description).await.expect("a machine");
    let (ending, endings) = mpsc::unbounded_channel();
    let ended = tokio::spawn(machine.until_ended(endings));
    Instance {
        folder,
        description,
        ending,
        ended,
    }
}

impl Instance {
    fn is_to(&self, ending: Ending) {
        self.ending.send(ending).expect("it runs");
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn log(&self) -> String {
        fs::read_to_string(self.path(LOG)).unwrap_or_default()
    }

    async fn says(&self, text: &str) {
        soon(&format!("the log says {text:?}"), || self.log().contains(text)).await;
    }

    async fn end(self) -> (TempDir, String) {
        timeout(Duration::from_secs(20), self.ended)
            .await
            .expect("it ends")
            .expect("its task did not panic");
        let log = fs::read_to_string(self.folder.path().join(LOG)).unwrap_or_default();
        (self.folder, log)
    }

    async fn get(&self, path: &str) -> hyper::Response<hyper::body::Incoming> {
        let address = self.description.address;
        let mut socket = TcpStream::connect(address).await;
        for _ in 0..2_000 {
            if socket.is_ok() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
            socket = TcpStream::connect(address).await;
        }
        let io = TokioIo::new(socket.expect("it listens"));
        let (mut sender, connection) = hyper::client::conn::http1::handshake(io)
            .await
            .expect("a handshake");
        tokio::spawn(connection);
        let request = Request::get(path)
            .header("host", "shop")
            .body(Empty::<Bytes>::new())
            .expect("a request");
        sender.send_request(request).await.expect("an answer")
    }
}

#[tokio::test]
async fn a_slow_request_is_finished_after_sigterm() {
    let instance = instance("#!sample\nversion = '9'\n", &[("swingbridge:generation", "4")]).await;
    let response = instance.get("/slow?ms=600").await;
    assert_eq!(response.headers()["x-version"], "9");
    let began = Instant::now();
    instance.is_to(Ending::Stop {
        grace: Duration::from_secs(60),
    });
    instance.says("asked to end").await;
    assert!(
        TcpStream::connect(instance.description.address).await.is_err(),
        "nothing new is accepted"
    );
    let body = response
        .into_body()
        .collect()
        .await
        .expect("a whole body")
        .to_bytes();
    assert!(body.ends_with(b"9"), "{body:?}");
    let (_folder, log) = instance.end().await;
    assert!(log.contains("everything is finished"), "{log}");
    assert!(began.elapsed() < Duration::from_secs(10));
}

#[tokio::test]
async fn a_script_that_does_not_heed_sigterm_is_killed_after_the_grace_and_not_before() {
    let instance = instance(
        "#!/bin/sh\ntrap '' TERM\necho $$ > pid\nwhile :; do sleep 0.1; done\n",
        &[],
    )
    .await;
    let pid = instance.path("pid");
    soon("the script runs", || written(&pid).is_some()).await;
    let process = written(&pid).expect("an id");
    let began = Instant::now();
    instance.is_to(Ending::Stop {
        grace: Duration::from_millis(400),
    });
    let (_folder, log) = instance.end().await;
    assert!(began.elapsed() >= Duration::from_millis(400));
    assert!(began.elapsed() < Duration::from_secs(5));
    assert!(!alive(process));
    assert!(log.contains("asked to end"), "{log}");
}

#[tokio::test]
async fn a_script_that_heeds_sigterm_ends_in_its_own_way() {
    let script = "#!/bin/sh\ntrap 'echo tidied up; exit 0' TERM\necho up\nwhile :; do sleep 0.1; done\n";
    let instance = instance(script, &[]).await;
    instance.says("up\n").await;
    instance.is_to(Ending::Stop {
        grace: Duration::from_secs(60),
    });
    let (_folder, log) = instance.end().await;
    assert!(log.contains("tidied up"), "{log}");
}

const STOP: Ending = Ending::Stop {
    grace: Duration::from_secs(60),
};

/// A script with a child in its own group, and, where there is `setsid`, a daemon that left it.
const FAMILY: &str = "#!/bin/sh
trap '' TERM
sh -c 'trap \"\" TERM; echo $$ > grandchild; while :; do sleep 0.1; done' &
if command -v setsid > /dev/null; then
  setsid sh -c 'trap \"\" TERM; echo $$ > daemon; while :; do sleep 0.1; done' &
fi
echo $$ > script
wait
";

async fn family(instance: &Instance) -> Vec<rustix::process::Pid> {
    let mut names = vec!["script", "grandchild"];
    if cfg!(target_os = "linux") {
        names.push("daemon");
    }
    let paths: Vec<_> = names.iter().map(|name| instance.path(name)).collect();
    soon("the family is there", || {
        paths.iter().all(|path| written(path).is_some())
    })
    .await;
    paths.iter().filter_map(|path| written(path)).collect()
}

#[tokio::test]
async fn nothing_of_an_instance_outlives_its_standard_input() {
    let instance = instance(FAMILY, &[]).await;
    let family = family(&instance).await;
    // What happens to it when the lab is killed: nobody says anything, the pipe just closes.
    instance.ended.abort();
    soon("all are gone", || family.iter().all(|process| !alive(*process))).await;
}

#[tokio::test]
async fn a_kill_reaches_everything_at_once() {
    let instance = instance(FAMILY, &[]).await;
    let family = family(&instance).await;
    let began = Instant::now();
    instance.is_to(Ending::Kill);
    let (_folder, log) = instance.end().await;
    assert!(family.iter().all(|process| !alive(*process)));
    assert!(began.elapsed() < Duration::from_secs(5));
    assert!(!log.contains("asked to end"), "{log}");
}

#[tokio::test]
async fn a_machine_that_somebody_killed_leaves_no_script_behind() {
    let script = "#!/bin/sh\necho $PPID > machine\necho $$ > script\nwhile :; do sleep 0.1; done\n";
    let instance = instance(script, &[]).await;
    let paths = ["machine", "script"].map(|name| instance.path(name));
    soon("it runs", || paths.iter().all(|path| written(path).is_some())).await;
    let [machine, script] = paths.map(|path| written(&path).expect("an id"));
    kill_process(machine, Signal::KILL).expect("it is there");
    let _folder = instance.end().await;
    soon("the script is gone", || !running(script)).await;
}

/// Not even a zombie, which is what is left of a process until the system's first one takes note.
fn running(process: rustix::process::Pid) -> bool {
    let stat = fs::read_to_string(format!("/proc/{}/stat", process.as_raw_nonzero()));
    stat.map_or_else(
        |_| cfg!(not(target_os = "linux")) && alive(process),
        |stat| !stat.contains(") Z "),
    )
}

#[tokio::test]
async fn what_a_script_says_is_kept_within_bounds_and_the_end_of_it_is_kept() {
    let script = "#!/bin/sh\ni=0\nyes said | head -c 3000000\necho the last words\n";
    let instance = instance(script, &[]).await;
    instance.says("the last words\n").await;
    instance.is_to(STOP);
    let (folder, log) = instance.end().await;
    assert!(log.contains("the last words\n"), "the end is missing");
    let sizes = fs::read_dir(folder.path())
        .expect("a folder")
        .map(|entry| entry.expect("an entry").metadata().expect("its size").len());
    let total: u64 = sizes.sum();
    assert!(total > 512 * 1024 && total < 1024 * 1024 + 10_000, "{total}");
}

#[tokio::test]
async fn a_script_finds_what_it_is_in_its_environment_and_its_own_folder_around_it() {
    let script = "#!/bin/sh -e\n\
        echo \"at $LAB_ADDRESS:$LAB_PORT as $LAB_INSTANCE_ID of $LAB_IMAGE, $LAB_TAG_TEAM_NAME\"\n\
        test -x \"$SWINGBRIDGE\"\ntest -f user-data\necho complaint >&2\n";
    let instance = instance(script, &[("team:name", "blue whales")]).await;
    let at = instance.description.address;
    // Its end is not the machine's: what the image brings is what runs then.
    instance.says("the image's own service follows").await;
    instance.is_to(STOP);
    let (_folder, log) = instance.end().await;
    assert!(
        log.contains(&format!("at {at} as i-0abc of ami-1, blue whales\n")),
        "{log}"
    );
    assert!(log.contains("complaint\n"), "{log}");
    assert!(log.contains("exit status: 0"), "{log}");
}

#[tokio::test]
async fn a_script_that_fails_does_not_take_its_machine_down() {
    let instance = instance("#!/bin/sh\nexit 3\n", &[]).await;
    instance.says("the image's own service follows").await;
    assert!(!instance.ended.is_finished());
    instance.is_to(STOP);
    let (_folder, log) = instance.end().await;
    assert!(log.contains("exit status: 3"), "{log}");
}

#[tokio::test]
#[cfg(target_os = "linux")]
async fn what_a_script_leaves_running_is_the_instance_until_it_is_ended() {
    let instance = instance("#!/bin/sh\nsleep 1000 &\necho $! > background\n", &[]).await;
    instance.says("what it left running").await;
    assert!(!instance.ended.is_finished());
    let background = written(&instance.path("background")).expect("an id");
    instance.is_to(Ending::Stop {
        grace: Duration::from_secs(60),
    });
    let _folder = instance.end().await;
    assert!(!alive(background));
}

#[tokio::test]
async fn knobs_that_do_not_exist_end_the_instance_with_an_error_in_its_log() {
    let (_folder, log) = instance("#!sample\nlatencey = '2s'\n", &[]).await.end().await;
    assert!(log.contains("error: ") && log.contains("latencey"), "{log}");
}

#[tokio::test]
async fn an_interpreter_that_does_not_exist_is_named_in_the_log() {
    let (_folder, log) = instance("#!/bin/no-such-shell\necho hello\n", &[])
        .await
        .end()
        .await;
    assert!(log.contains("error: /bin/no-such-shell"), "{log}");
}

#[tokio::test]
async fn cloud_config_is_served_by_the_sample_with_the_image_as_its_version() {
    let instance = instance("#cloud-config\npackages: [nginx]\n", &[]).await;
    assert_eq!(instance.get("/").await.headers()["x-version"], "ami-1");
    assert!(instance.log().contains("cloud-init"), "{}", instance.log());
    instance.is_to(Ending::Kill);
    let _folder = instance.end().await;
}

#[tokio::test]
async fn an_instance_with_the_fault_answers_503_to_everything_whatever_its_user_data() {
    for user_data in ["#!sample\nversion = '9'", "#!/bin/sh\nsleep 1000\n"] {
        let instance = instance(user_data, &[(UNHEALTHY_BOOT, "true")]).await;
        for path in ["/health", "/", "/anything"] {
            assert_eq!(instance.get(path).await.status(), 503, "{user_data} {path}");
        }
        instance.is_to(Ending::Stop {
            grace: Duration::from_secs(60),
        });
        let _folder = instance.end().await;
    }
}
