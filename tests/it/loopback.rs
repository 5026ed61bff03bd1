//! The lab is for this machine alone: it listens on loopback only, and answers no page from elsewhere.

use std::collections::BTreeSet;
use std::fs;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::ground::Lab;
use crate::support::localstack::skip;

/// A process and all that it has started.
fn family(pid: u32) -> Vec<u32> {
    let mut all = vec![pid];
    let parents: Vec<(u32, u32)> = fs::read_dir("/proc")
        .expect("processes")
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .filter_map(|pid: u32| {
            let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
            let parent = stat.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse().ok()?;
            Some((pid, parent))
        })
        .collect();
    let mut at = 0;
    while let Some(parent) = all.get(at).copied() {
        all.extend(
            parents
                .iter()
                .filter(|(_, of)| *of == parent)
                .map(|(pid, _)| *pid),
        );
        at += 1;
    }
    all
}

/// The inodes of a process's sockets.
fn sockets(pid: u32) -> BTreeSet<String> {
    let Ok(open) = fs::read_dir(format!("/proc/{pid}/fd")) else {
        return BTreeSet::new();
    };
    open.flatten()
        .filter_map(|entry| fs::read_link(entry.path()).ok())
        .filter_map(|link| {
            let inode = link.to_str()?.strip_prefix("socket:[")?.strip_suffix(']')?;
            Some(inode.to_owned())
        })
        .collect()
}

/// Every address somebody listens at, with the socket's inode, from the kernel's table.
fn listeners(table: &str) -> Vec<(IpAddr, u16, String)> {
    let text = fs::read_to_string(table).unwrap_or_default();
    let listening = text
        .lines()
        .skip(1)
        .map(|line| line.split_whitespace().collect::<Vec<_>>());
    listening
        .filter(|fields| fields.get(3) == Some(&"0A"))
        .map(|fields| {
            let (address, port) = fields[1].split_once(':').expect("an address and a port");
            let port = u16::from_str_radix(port, 16).expect("a port");
            (address_of(address), port, fields[9].to_owned())
        })
        .collect()
}

/// The kernel writes each four bytes as a number of this machine.
fn address_of(hex: &str) -> IpAddr {
    let words: Vec<[u8; 4]> = hex
        .as_bytes()
        .chunks(8)
        .map(|word| {
            let word = std::str::from_utf8(word).expect("ASCII");
            u32::from_str_radix(word, 16).expect("a number").to_ne_bytes()
        })
        .collect();
    match words.as_slice() {
        [only] => Ipv4Addr::from(*only).into(),
        several => {
            let bytes: Vec<u8> = several.concat();
            let bytes: [u8; 16] = bytes.try_into().expect("sixteen bytes");
            let address = Ipv6Addr::from(bytes);
            address.to_ipv4_mapped().map_or(address.into(), IpAddr::from)
        }
    }
}

#[test]
fn addresses_are_read_as_the_kernel_writes_them() {
    let four = |a: Ipv4Addr| format!("{:08X}", u32::from_ne_bytes(a.octets()));
    assert_eq!(address_of(&four(Ipv4Addr::LOCALHOST)), Ipv4Addr::LOCALHOST);
    assert_eq!(address_of("00000000"), Ipv4Addr::UNSPECIFIED);
    let last = format!("{:08X}", u32::from_ne_bytes([0, 0, 0, 1]));
    assert_eq!(
        address_of(&format!("{}{last}", "0".repeat(24))),
        Ipv6Addr::LOCALHOST
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_socket_of_a_lab_and_of_its_instances_is_on_loopback() {
    if !fs::exists("/proc/net/tcp").unwrap_or_default() {
        skip("the lab's sockets: this system does not show them");
        return;
    }
    let lab = Lab::up(&["--speed", "20"]).await;
    let port: u16 = lab
        .endpoint
        .rsplit(':')
        .next()
        .and_then(|port| port.parse().ok())
        .expect("a port");
    // The API, a listener, and two instances that serve.
    let enough = 4;
    let mut found = Vec::new();
    for _ in 0..600 {
        let owned: BTreeSet<String> = family(lab.pid()).into_iter().flat_map(sockets).collect();
        found = ["/proc/net/tcp", "/proc/net/tcp6"]
            .into_iter()
            .flat_map(listeners)
            .filter(|(_, _, inode)| owned.contains(inode))
            .collect();
        if found.len() >= enough {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    assert!(found.len() >= enough, "not all of them came up: {found:?}");
    assert!(
        found.iter().any(|(_, at, _)| *at == port),
        "the API is not among {found:?}"
    );
    for (address, port, _) in &found {
        assert!(address.is_loopback(), "port {port} is open at {address}");
    }
}

/// Sends a request as it is written, and gives the answer.
async fn asked(lab: &Lab, request: &str) -> String {
    let address = lab.endpoint.trim_start_matches("http://");
    let mut stream = TcpStream::connect(address).await.expect("a lab");
    stream.write_all(request.as_bytes()).await.expect("a request");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.expect("an answer");
    answer
}

/// How the lab says that it is not for them.
const REFUSALS: [&str; 3] = [
    "is not this machine",
    "may not talk to the lab",
    "has no Host header",
];

/// Everything that can be asked of the lab's one port.
const ASKED: [(&str, &str); 11] = [
    ("GET", "/"),
    (
        "GET",
        "/?Action=DescribeLoadBalancers&Version=2015-12-01&X-Amz-Credential=a/20260101/us-east-1/elasticloadbalancing/aws4_request",
    ),
    ("POST", "/"),
    ("GET", "/_lab"),
    ("GET", "/_lab/"),
    ("GET", "/_lab/state"),
    ("GET", "/_lab/events"),
    ("GET", "/_lab/certificate"),
    ("POST", "/_lab/faults"),
    ("DELETE", "/_lab/faults"),
    ("POST", "/_lab/reset"),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_is_asked_a_page_from_elsewhere_gets_no_answer() {
    let lab = Lab::up(&["--imagined"]).await;
    let here = lab.endpoint.trim_start_matches("http://").to_owned();
    let port = here.rsplit(':').next().expect("a port");
    let elsewhere = [
        // A name of theirs that resolves to this machine.
        format!("host: evil.example:{port}\r\n"),
        format!("host: 127.0.0.1.evil.example:{port}\r\n"),
        format!("host: localhost.evil.example:{port}\r\n"),
        format!("host: 0.0.0.0:{port}\r\n"),
        "host: \r\n".to_owned(),
        String::new(),
        // Their page asks for this machine by its name.
        format!("host: {here}\r\norigin: https://evil.example\r\n"),
        format!("host: {here}\r\norigin: null\r\n"),
        format!("host: {here}\r\norigin: http://{here}.evil.example\r\n"),
        format!("host: {here}\r\nsec-fetch-site: cross-site\r\n"),
    ];
    let also_down = ASKED.iter().chain(&[("POST", "/_lab/down")]);
    for (method, path) in also_down {
        for headers in &elsewhere {
            // With all that makes it a control write or a signed call.
            let request = format!(
                "{method} {path} HTTP/1.1\r\n{headers}x-lab: 1\r\nauthorization: AWS4-HMAC-SHA256 \
                 Credential=a/20260101/us-east-1/elasticloadbalancing/aws4_request\r\n\
                 content-type: application/x-www-form-urlencoded\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
            );
            let answer = asked(&lab, &request).await;
            assert!(
                REFUSALS.iter().any(|refusal| answer.contains(refusal)),
                "{method} {path} with {headers:?} is answered {answer}"
            );
        }
    }
    // It is still up, and this machine is answered.
    for path in ["/_lab/state", "/_lab/"] {
        let request = format!("GET {path} HTTP/1.1\r\nhost: {here}\r\nconnection: close\r\n\r\n");
        assert!(asked(&lab, &request).await.contains(" 200 "), "{path}");
    }
    // But not a form that some page on this machine sends.
    let form = format!(
        "POST /_lab/reset HTTP/1.1\r\nhost: {here}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
    );
    assert!(asked(&lab, &form).await.contains(" 403 "));
}
