//! A whole lab: up, reset, down, and asked in between.

use std::ffi::OsString;
use std::future::Future;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::*;
use crate::lab::instances::{Imagined, Processes};
use crate::lab::serve::client::Client;

const PATIENCE: Duration = Duration::from_secs(20);

fn settings(port: u16) -> Settings {
    let world = world::Settings {
        speed: 100.0,
        began: Timestamp::now(),
        ..world::Settings::default()
    };
    // Tests run side by side: the usual port of a listener would be one for all of them.
    let ports = BTreeMap::from([(80, 0)]);
    let surroundings = Surroundings(Box::new(|| Box::new(Imagined::default())));
    Settings {
        world,
        port,
        estate: Estate::named("001").expect("the seed"),
        folder: None,
        surroundings,
        ports,
    }
}

async fn up() -> (Lab, Client) {
    let lab = Lab::up(settings(0)).await.expect("a lab comes up");
    let client = Client::new(lab.house.address.port());
    (lab, client)
}

async fn state(client: &Client) -> Picture {
    client.state().await.expect("the lab answers")
}

async fn until<F: Future<Output = bool>>(what: &str, mut is_so: impl FnMut() -> F) {
    let waiting = async {
        while !is_so().await {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    assert!(timeout(PATIENCE, waiting).await.is_ok(), "not in time: {what}");
}

/// Sends bytes as they are and gives whatever comes back until the connection closes.
async fn raw(port: u16, request: &str) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await.expect("in time");
    stream.write_all(request.as_bytes()).await.expect("in time");
    let mut answer = String::new();
    timeout(PATIENCE, stream.read_to_string(&mut answer))
        .await
        .expect("in time")
        .expect("in time");
    answer
}

fn call(service: &str, body: &str) -> String {
    format!(
        "POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nContent-Type: application/x-www-form-urlencoded\r\n\
         Authorization: AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/{service}/aws4_request, Signature=0\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

#[tokio::test]
async fn a_lab_that_is_up_comes_to_health_and_shows_the_initial_scenario() {
    let (lab, client) = up().await;
    until("two healthy targets", || async {
        let picture = state(&client).await;
        picture.target_groups[0]
            .targets
            .iter()
            .filter(|target| target.health == "healthy")
            .count()
            == 2
    })
    .await;
    let picture = state(&client).await;
    assert_eq!(picture.troubles, Vec::<String>::new());
    let listener = &picture.balancers[0].listeners[0];
    assert_eq!(
        (picture.balancers[0].name.as_str(), listener.port),
        ("alb-ks", 80)
    );
    assert!(
        listener
            .url
            .as_deref()
            .is_some_and(|url| url.starts_with("http://127.0.0.1:")),
        "{:?}",
        listener.url
    );
    let said: Vec<_> = listener
        .rules
        .iter()
        .map(|rule| (rule.priority.as_str(), rule.conditions.join(" and ")))
        .collect();
    assert_eq!(said[0], ("10", "header x-client-mode is blue".to_owned()));
    assert_eq!(said[1], ("11", "header x-client-mode is green".to_owned()));
    assert_eq!(said[2], ("default", String::new()));
    let closed = crate::lab::dashboard::picture::Action::Answer {
        text: "answer 404: no green deployment".to_owned(),
    };
    assert_eq!(listener.rules[1].action, closed);
    let group = &picture.groups[0];
    assert_eq!(
        (group.name.as_str(), group.min, group.desired, group.max),
        ("asg-1", 1, 2, 4)
    );
    assert_eq!(group.target_groups, ["tg-1"]);
    lab.down().await;
}

#[tokio::test]
async fn a_second_lab_on_the_same_port_is_told_who_is_there() {
    let (lab, _) = up().await;
    let failed = Lab::up(settings(lab.house.address.port()))
        .await
        .expect_err("the port is taken");
    assert!(
        matches!(failed, Failed::Taken(Taken::Lab { pid, .. }) if pid == std::process::id()),
        "{failed}"
    );
    lab.down().await;
}

#[tokio::test]
async fn a_reset_brings_the_beginning_back_on_the_same_ports() {
    let (lab, client) = up().await;
    let before = state(&client).await;
    let deletion = call(
        "autoscaling",
        "Action=DeleteAutoScalingGroup&Version=2011-01-01&AutoScalingGroupName=asg-1&ForceDelete=true",
    );
    assert!(
        raw(lab.house.address.port(), &deletion)
            .await
            .starts_with("HTTP/1.1 200")
    );
    client
        .fault("slow-propagation by=3")
        .await
        .expect("a fault is let loose");
    client.reset().await.expect("a reset");
    let after = state(&client).await;
    assert_eq!(after.life, before.life + 1);
    assert_eq!(after.groups[0].status, None);
    assert_eq!(after.faults, Vec::<String>::new());
    assert_eq!(
        after.balancers[0].listeners[0].url,
        before.balancers[0].listeners[0].url
    );
    lab.down().await;
}

#[tokio::test]
async fn a_lost_response_closes_the_connection_without_a_word() {
    let (lab, client) = up().await;
    client
        .fault("lost-response autoscaling:DescribeAutoScalingGroups count=1")
        .await
        .expect("a fault is let loose");
    let question = call(
        "autoscaling",
        "Action=DescribeAutoScalingGroups&Version=2011-01-01",
    );
    assert_eq!(raw(lab.house.address.port(), &question).await, "");
    assert!(raw(lab.house.address.port(), &question).await.contains("asg-1"));
    lab.down().await;
}

#[tokio::test]
async fn a_slow_call_holds_nothing_else_up() {
    let (lab, client) = up().await;
    let port = lab.house.address.port();
    client
        .fault("late autoscaling:DescribeAutoScalingGroups by=3600 count=1")
        .await
        .expect("a fault is let loose");
    let slow = tokio::spawn(async move {
        raw(
            port,
            &call(
                "autoscaling",
                "Action=DescribeAutoScalingGroups&Version=2011-01-01",
            ),
        )
        .await
    });
    until("the slow call is struck", || async {
        state(&client).await.faults.is_empty()
    })
    .await;
    assert!(!slow.is_finished());
    slow.abort();
    lab.down().await;
}

#[tokio::test]
async fn faults_are_listed_in_their_own_words_and_taken_back() {
    let (lab, client) = up().await;
    client
        .fault("zone-loss us-east-1a")
        .await
        .expect("a fault is let loose");
    assert_eq!(state(&client).await.faults, ["zone-loss us-east-1a"]);
    client.heal().await.expect("no faults any more");
    assert_eq!(state(&client).await.faults, Vec::<String>::new());
    let refused = client
        .fault("meteorite")
        .await
        .expect_err("no such fault")
        .to_string();
    assert!(refused.contains("meteorite"), "{refused}");
    lab.down().await;
}

#[tokio::test]
async fn a_web_page_can_neither_read_nor_write() {
    let (lab, _) = up().await;
    let port = lab.house.address.port();
    let rebound = "GET /_lab/state HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n";
    assert!(raw(port, rebound).await.starts_with("HTTP/1.1 403"));
    let form =
        "POST /_lab/down HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";
    let answer = raw(port, form).await;
    assert!(
        answer.starts_with("HTTP/1.1 403") && answer.contains("x-lab: 1"),
        "{answer}"
    );
    lab.down().await;
}

#[tokio::test]
async fn what_the_api_does_not_know_is_answered_with_what_it_does() {
    let (lab, _) = up().await;
    let port = lab.house.address.port();
    let unknown = "GET /_lab/stat HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    let answer = raw(port, unknown).await;
    assert!(
        answer.starts_with("HTTP/1.1 404") && answer.contains("/_lab/state"),
        "{answer}"
    );
    lab.down().await;
}

#[tokio::test]
async fn asked_down_a_lab_leaves_its_port_and_its_word() {
    let folder = tempfile::tempdir().expect("a folder");
    let lab = Lab::up(Settings {
        folder: Some(folder.path().to_owned()),
        ..settings(0)
    })
    .await
    .expect("in time");
    let port = lab.house.address.port();
    assert_eq!(
        Whereabouts::find(folder.path())
            .expect("a readable folder")
            .map(|word| word.port),
        Some(port)
    );
    Client::new(port).down().await.expect("in time");
    timeout(PATIENCE, lab.asked_down()).await.expect("in time");
    lab.down().await;
    assert_eq!(Whereabouts::find(folder.path()).expect("a readable folder"), None);
    assert!(TcpStream::connect(("127.0.0.1", port)).await.is_err());
}

#[tokio::test]
async fn news_of_another_life_begin_at_the_beginning() {
    let (lab, client) = up().await;
    let first = lab.house.news(0, 0).await;
    assert!(!first.events.is_empty());
    let last = first.events.last().expect("something happened").number;
    assert!(lab.house.news(first.life, last + 1_000).await.events.is_empty());
    client.reset().await.expect("a reset");
    let again = lab.house.news(first.life, last + 1_000).await;
    assert_eq!(again.events[0].number, 1);
    lab.down().await;
}

#[tokio::test]
async fn a_request_goes_through_the_load_balancer_to_a_real_instance() {
    let folder = tempfile::tempdir().expect("a folder");
    let instances = folder.path().to_owned();
    // The machine is this test executable, started again for the one test that is a machine.
    let this = std::env::current_exe().expect("this executable").into_os_string();
    let arguments = [
        "lab::instances::tests::machine",
        "--exact",
        "--ignored",
        "--nocapture",
    ];
    let command: Vec<OsString> = [this].into_iter().chain(arguments.map(OsString::from)).collect();
    let machines = move || -> Box<dyn crate::lab::keeper::Machines> {
        Box::new(Processes::new(command.clone(), instances.clone()))
    };
    let surroundings = Surroundings(Box::new(machines));
    let lab = Lab::up(Settings {
        surroundings,
        ..settings(0)
    })
    .await
    .expect("a lab comes up");
    until("two healthy targets", || async {
        let targets = lab.picture().await.target_groups.remove(0).targets;
        targets.iter().filter(|target| target.health == "healthy").count() == 2
    })
    .await;
    let url = lab.picture().await.balancers[0].listeners[0]
        .url
        .clone()
        .expect("the listener is open");
    let port = url
        .rsplit(':')
        .next()
        .and_then(|port| port.parse().ok())
        .expect("a port");
    let ask = |mode: &str| {
        format!("GET /version HTTP/1.1\r\nHost: lab\r\nConnection: close\r\nx-client-mode: {mode}\r\n\r\n")
    };
    // The data plane hears of the targets' health a little after the API says it.
    until("a request is answered by version 1", || async {
        let answer = raw(port, &ask("blue")).await;
        answer.starts_with("HTTP/1.1 200") && answer.contains("\"version\":\"1\"")
    })
    .await;
    let closed = raw(port, &ask("green")).await;
    assert!(
        closed.starts_with("HTTP/1.1 404") && closed.ends_with("no green deployment"),
        "{closed}"
    );
    until("the requests are counted", || async {
        let traffic = lab.picture().await.traffic;
        let named = |name: &str| traffic.series.iter().any(|series| series.target_group == name);
        named("tg-1") && named("")
    })
    .await;
    lab.down().await;
}
