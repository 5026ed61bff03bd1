//! AWS for tests, without a socket: a scripted one, whose calls a function answers; or the lab.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;

use super::Aws;
use crate::lab::keeper::Keeper;
use crate::lab::permission::FREE_KEY;
use crate::lab::plug::Plug;

/// How one call is answered.
pub(super) enum Answer {
    /// The content of the result.
    Ok(String),
    Error(u16, &'static str, &'static str),
    /// Whatever was done, nobody hears of it.
    Lost,
    Refused,
}

type Script = dyn FnMut(&str, &str) -> Answer + Send;

#[derive(Clone)]
pub(super) struct Fake {
    script: Arc<Mutex<Script>>,
    calls: Arc<Mutex<Vec<String>>>,
}

impl fmt::Debug for Fake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Fake")
    }
}

impl Fake {
    /// The script is given an action's name and the whole body.
    pub(super) fn new(script: impl FnMut(&str, &str) -> Answer + Send + 'static) -> Self {
        Self {
            script: Arc::new(Mutex::new(script)),
            calls: Arc::default(),
        }
    }

    pub(super) fn aws(&self) -> Aws {
        let config = SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("eu-west-1"))
            .credentials_provider(SharedCredentialsProvider::new(Credentials::for_tests()))
            .http_client(self.clone())
            .build();
        Aws::from_config(&config, "a script".to_owned())
    }

    /// The actions called so far, in order.
    pub(super) fn calls(&self) -> Vec<String> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn answer(&self, request: &HttpRequest) -> Result<HttpResponse, ConnectorError> {
        let body = String::from_utf8_lossy(request.body().bytes().unwrap_or_default()).into_owned();
        let action = body
            .split('&')
            .find_map(|pair| pair.strip_prefix("Action="))
            .unwrap_or_default()
            .to_owned();
        self.calls
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(action.clone());
        let answer = (self.script.lock().unwrap_or_else(PoisonError::into_inner))(&action, &body);
        let (status, text) = match answer {
            Answer::Ok(result) => (
                200,
                format!("<{action}Response><{action}Result>{result}</{action}Result></{action}Response>"),
            ),
            Answer::Error(status, code, message) => (
                status,
                format!(
                    "<ErrorResponse><Error><Code>{code}</Code><Message>{message}</Message></Error></ErrorResponse>"
                ),
            ),
            Answer::Lost => return Err(ConnectorError::io("connection reset".into())),
            Answer::Refused => {
                let refused = std::io::Error::from(std::io::ErrorKind::ConnectionRefused);
                return Err(ConnectorError::io(refused.into()));
            }
        };
        let status = status
            .try_into()
            .map_err(|_| ConnectorError::user("status".into()))?;
        Ok(HttpResponse::new(status, SdkBody::from(text)))
    }
}

impl HttpClient for Fake {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for Fake {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        HttpConnectorFuture::ready(self.answer(&request))
    }
}

/// The adapter, before a lab.
pub(super) async fn before(keeper: &Arc<Keeper>) -> Aws {
    through(Plug::into(keeper)).await
}

/// The same with somebody on the way to the lab.
pub(super) async fn through(client: impl HttpClient + 'static) -> Aws {
    let config = aws_config::defaults(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .credentials_provider(Credentials::new(FREE_KEY, "secret", None, None, "tests"))
        .http_client(client)
        .load()
        .await;
    Aws::from_config(&config, "the lab".into())
}
