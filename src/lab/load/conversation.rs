//! One WebSocket: the server names its version, then gives back whatever it is sent, until the time is over.

use std::time::{Duration, Instant};

use futures_util::{SinkExt, StreamExt};
use http::{HeaderMap, HeaderValue, Uri};
use tokio::sync::watch;
use tokio::time::{sleep, timeout};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{Error, Message};

use super::Sockets;
use super::ledger::Failure;
use super::origin::{Origin, Stream};
use super::recorder::Seen;

pub(super) struct Conversation<'a> {
    pub(super) origin: &'a Origin,
    pub(super) at: &'a Uri,
    pub(super) headers: &'a HeaderMap,
    pub(super) sockets: Sockets,
    pub(super) patience: Duration,
    /// True once the load is over; nothing is held any longer then.
    pub(super) over: watch::Receiver<bool>,
}

impl Conversation<'_> {
    pub(super) async fn hold(mut self, seen: &mut Seen) -> Result<(), Failure> {
        let mut socket = timeout(self.patience, self.open(seen))
            .await
            .map_err(|_| Failure::Timeout)??;
        let opened = Instant::now();
        seen.answered = Some(opened);
        for number in 0_u64.. {
            let left = self.sockets.held.saturating_sub(opened.elapsed());
            tokio::select! {
                () = sleep(left.min(self.sockets.every)) => {}
                _ = self.over.wait_for(|over| *over) => break,
                // Nothing is due from the server now; but its end of the connection is news at any time.
                early = socket.next() => match early {
                    Some(Ok(Message::Ping(_) | Message::Pong(_))) => continue,
                    Some(Ok(Message::Text(_) | Message::Binary(_))) => return Err(Failure::WrongEcho),
                    _ => return Err(Failure::Reset),
                },
            }
            if opened.elapsed() >= self.sockets.held {
                break;
            }
            let sent = format!("message {number}");
            timeout(self.patience, echo(&mut socket, &sent))
                .await
                .map_err(|_| Failure::Timeout)??;
        }
        // Everything that was asked has been answered; a peer that is slow to say goodbye is no failure.
        drop(timeout(self.patience.min(Duration::from_secs(1)), socket.close(None)).await);
        Ok(())
    }

    async fn open(&self, seen: &mut Seen) -> Result<WebSocketStream<Box<dyn Stream>>, Failure> {
        let mut request = self.at.into_client_request().map_err(|_| Failure::Connect)?;
        request.headers_mut().extend(self.headers.clone());
        let stream = self.origin.connect(false).await.map_err(|_| Failure::Connect)?;
        let mut socket = match tokio_tungstenite::client_async(request, stream).await {
            Ok((socket, answer)) => {
                seen.status = Some(answer.status().as_u16());
                socket
            }
            Err(Error::Http(answer)) => {
                seen.status = Some(answer.status().as_u16());
                seen.version = answer.headers().get("x-version").cloned();
                return Err(Failure::Status);
            }
            Err(_) => return Err(Failure::Reset),
        };
        let greeting = next_text(&mut socket).await?;
        seen.version = HeaderValue::from_str(greeting.trim()).ok();
        Ok(socket)
    }
}

async fn echo(socket: &mut WebSocketStream<Box<dyn Stream>>, sent: &str) -> Result<(), Failure> {
    socket
        .send(Message::text(sent))
        .await
        .map_err(|_| Failure::Reset)?;
    if next_text(socket).await? == sent {
        Ok(())
    } else {
        Err(Failure::WrongEcho)
    }
}

async fn next_text(socket: &mut WebSocketStream<Box<dyn Stream>>) -> Result<String, Failure> {
    loop {
        match socket.next().await {
            Some(Ok(Message::Text(text))) => return Ok(text.as_str().to_owned()),
            Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
            Some(Ok(Message::Binary(_))) => return Err(Failure::WrongEcho),
            _ => return Err(Failure::Reset),
        }
    }
}
