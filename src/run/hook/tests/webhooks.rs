//! Webhooks against a server on loopback that keeps what it was sent.

use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::*;

/// Answers every request the same, and keeps each as it came.
struct Server {
    url: String,
    heard: Arc<Mutex<Vec<String>>>,
}

impl Server {
    async fn answering(answer: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}/go?x=1", listener.local_addr().expect("an address"));
        let heard = Arc::new(Mutex::new(Vec::new()));
        let keep = Arc::clone(&heard);
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut text = String::new();
                let mut buffer = [0; 4096];
                while !is_whole(&text) {
                    let length = stream.read(&mut buffer).await.unwrap_or(0);
                    if length == 0 {
                        break;
                    }
                    text += &String::from_utf8_lossy(&buffer[..length]);
                }
                keep.lock().expect("not poisoned").push(text);
                // Whoever has gone needs no answer.
                let _ = stream.write_all(answer.as_bytes()).await;
            }
        });
        Self { url, heard }
    }

    fn heard(&self) -> Vec<String> {
        self.heard.lock().expect("not poisoned").clone()
    }
}

fn is_whole(text: &str) -> bool {
    text.split_once("\r\n\r\n").is_some_and(|(head, body)| {
        let length = head
            .lines()
            .filter_map(|line| line.split_once(": "))
            .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
            .and_then(|(_, length)| length.parse().ok());
        Some(body.len()) == length
    })
}

fn hook(url: &str, secret_env: Option<&str>) -> Hook {
    Hook {
        call: Call::Webhook {
            url: url.into(),
            secret_env: secret_env.map(Into::into),
        },
        timeout: Duration::from_secs(5),
        ..fixtures::hook(Place::BeforeTraffic)
    }
}

async fn call(hook: &Hook) -> Reply {
    outside(with_path).call(hook, &told(), never()).await
}

const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 12\r\n\r\nall is well\n";

#[tokio::test]
async fn a_webhook_gets_what_it_is_told_as_json_signed_with_its_secret() {
    let server = Server::answering(OK).await;
    let reply = call(&hook(&server.url, Some("HOOK_SECRET"))).await;
    assert_eq!(reply.answer, Answer::Passed);
    assert_eq!(reply.said, ["all is well"]);
    let heard = server.heard().remove(0);
    assert!(heard.starts_with("POST /go?x=1 HTTP/1.1\r\n"), "{heard}");
    let (head, body) = heard.split_once("\r\n\r\n").expect("a body");
    assert_eq!(serde_json::from_str::<Told>(body).expect("JSON"), told());
    let header = |name: &str| {
        head.lines()
            .find_map(|line| line.strip_prefix(&format!("{name}: ")))
            .unwrap_or_else(|| panic!("no {name} in {head}"))
    };
    // As a receiver in another language checks it.
    let text = format!("{}.{body}", header("x-swingbridge-timestamp"));
    let script = format!("printf '%s' '{text}' | openssl dgst -sha256 -hmac key | sed 's/.* //'");
    let digest = std::process::Command::new("sh")
        .args(["-c", &script])
        .output()
        .expect("openssl")
        .stdout;
    let digest = String::from_utf8_lossy(&digest).trim().to_owned();
    assert_eq!(header("x-swingbridge-signature"), format!("v1={digest}"));
}

#[tokio::test]
async fn an_answer_passes_fails_or_of_a_gate_puts_off() {
    for (answer, gate, wanted) in [
        (
            "HTTP/1.1 202 Accepted\r\ncontent-length: 0\r\n\r\n",
            gate(),
            Answer::NotYet("HTTP status 202".into()),
        ),
        (
            "HTTP/1.1 202 Accepted\r\ncontent-length: 0\r\n\r\n",
            None,
            Answer::Passed,
        ),
        (
            "HTTP/1.1 204 No Content\r\n\r\n",
            gate(),
            Answer::Failed("HTTP status 204".into()),
        ),
        (
            "HTTP/1.1 302 Found\r\nlocation: /elsewhere\r\ncontent-length: 0\r\n\r\n",
            None,
            Answer::Failed("HTTP status 302".into()),
        ),
        (
            "HTTP/1.1 500 No\r\ncontent-length: 0\r\n\r\n",
            None,
            Answer::Failed("HTTP status 500".into()),
        ),
    ] {
        let server = Server::answering(answer).await;
        let hook = Hook {
            gate,
            ..hook(&server.url, None)
        };
        assert_eq!(call(&hook).await.answer, wanted);
        assert_eq!(server.heard().len(), 1, "no redirect is followed");
    }
}

#[tokio::test]
async fn whoever_does_not_answer_in_time_has_failed() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}/", listener.local_addr().expect("an address"));
    let hook = Hook {
        timeout: Duration::from_millis(200),
        ..hook(&url, None)
    };
    let answer = call(&hook).await.answer;
    assert_eq!(answer, Answer::Failed("no answer came within 200ms".into()));
    drop(listener);
    let Answer::Failed(why) = call(&hook).await.answer else {
        panic!("nobody is there")
    };
    assert!(why.contains("127.0.0.1 could not be reached"), "{why}");
}

#[tokio::test]
async fn without_its_secret_nothing_is_sent() {
    let server = Server::answering(OK).await;
    let answer = call(&hook(&server.url, Some("NOT_THERE"))).await.answer;
    assert_eq!(answer, Answer::Failed("the variable NOT_THERE is not set".into()));
    assert!(server.heard().is_empty());
}

#[tokio::test]
async fn an_echo_of_what_lets_one_in_is_hidden() {
    let server = Server::answering("HTTP/1.1 400 No\r\ncontent-length: 15\r\n\r\nbad: 5e5a3e key").await;
    let reply = call(&hook(&server.url, Some("HOOK_SECRET"))).await;
    assert_eq!(reply.said, ["bad: (hidden) (hidden)"]);
}
