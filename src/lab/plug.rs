//! The wire as an HTTP client of the SDK's: the real adapter and its retries without a socket, and in virtual time.

use std::sync::Arc;
use std::time::Duration;

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use bytes::Bytes;

use super::keeper::Keeper;
use super::wire::{self, Outcome};
use super::world::faults::Effect;

/// Every call takes this long, there and back.
const LATENCY: Duration = Duration::from_millis(20);

/// One world, plugged in where the network would be.
#[derive(Clone, Debug)]
pub struct Plug {
    keeper: Arc<Keeper>,
    /// What happens to every call through it, besides the faults that the world has.
    effect: Option<Effect>,
}

impl Plug {
    pub fn into(keeper: &Arc<Keeper>) -> Self {
        Self {
            keeper: Arc::clone(keeper),
            effect: None,
        }
    }

    pub fn broken(self, effect: Effect) -> Self {
        Self {
            effect: Some(effect),
            ..self
        }
    }
}

impl HttpClient for Plug {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for Plug {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let Self { keeper, effect } = self.clone();
        HttpConnectorFuture::new(async move {
            let request = read(request)?;
            tokio::time::sleep(LATENCY / 2).await;
            let outcome = keeper.with(|world| match effect {
                Some(effect) => wire::answer_struck(world, &request, effect),
                None => wire::answer(world, &request),
            });
            tokio::time::sleep(LATENCY / 2).await;
            match outcome {
                Outcome::Respond(response) => written(response),
                Outcome::Late(by, response) => {
                    tokio::time::sleep(by).await;
                    written(response)
                }
                Outcome::Lost => Err(ConnectorError::io(
                    "the connection was closed without a response".into(),
                )),
            }
        })
    }
}

fn read(request: HttpRequest) -> Result<http::Request<Bytes>, ConnectorError> {
    let request = request
        .try_into_http1x()
        .map_err(|error| ConnectorError::user(error.into()))?;
    Ok(request.map(|body| Bytes::copy_from_slice(body.bytes().unwrap_or_default())))
}

fn written(response: http::Response<Bytes>) -> Result<HttpResponse, ConnectorError> {
    HttpResponse::try_from(response.map(SdkBody::from))
        .map_err(|error| ConnectorError::other(error.into(), None))
}
