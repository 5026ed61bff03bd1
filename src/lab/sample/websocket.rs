//! A WebSocket that says its version, then says again what it hears.

use futures_util::{SinkExt, StreamExt};
use hyper::body::Incoming;
use hyper::header::{CONNECTION, HeaderValue, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, UPGRADE};
use hyper::upgrade::OnUpgrade;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Role};

use super::body::{self, Body};
use super::{Service, answer, ending};

/// Agrees to the upgrade; the conversation goes on beside.
pub(super) fn answer(service: &Service, mut request: Request<Incoming>) -> Response<Body> {
    let upgrade = request
        .headers()
        .get(UPGRADE)
        .and_then(|value| value.to_str().ok());
    if !upgrade.is_some_and(|upgrade| upgrade.eq_ignore_ascii_case("websocket")) {
        return answer::text(426, "this is a WebSocket\n");
    }
    let Some(key) = request.headers().get(SEC_WEBSOCKET_KEY) else {
        return answer::text(400, "the handshake has no Sec-WebSocket-Key\n");
    };
    let accept = derive_accept_key(key.as_bytes());
    tokio::spawn(converse(service.clone(), hyper::upgrade::on(&mut request)));
    let mut response = Response::new(body::full(""));
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = response.headers_mut();
    headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
    headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
    if let Ok(accept) = HeaderValue::try_from(accept) {
        headers.insert(SEC_WEBSOCKET_ACCEPT, accept);
    }
    response
}

/// Until the client goes, or the service does: then it says so, as the protocol has it.
async fn converse(mut service: Service, upgrade: OnUpgrade) {
    let Ok(upgraded) = upgrade.await else { return };
    let mut socket = WebSocketStream::from_raw_socket(TokioIo::new(upgraded), Role::Server, None).await;
    if socket
        .send(Message::text(service.identity.version.clone()))
        .await
        .is_err()
    {
        return;
    }
    loop {
        tokio::select! {
            heard = socket.next() => match heard {
                Some(Ok(message @ (Message::Text(_) | Message::Binary(_)))) => {
                    if socket.send(message).await.is_err() {
                        return;
                    }
                }
                // Pings and closing are answered by the socket itself.
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return,
            },
            () = ending(&mut service.stopping) => break,
        }
    }
    let away = CloseFrame {
        code: CloseCode::Away,
        reason: "the service is ending".into(),
    };
    if socket.close(Some(away)).await.is_ok() {
        // Until the client has agreed; what it still says comes too late.
        while let Some(Ok(_)) = socket.next().await {}
    }
}
