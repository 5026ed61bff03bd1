//! An AWS that says the same whatever it is asked, in virtual time.

use std::fmt;
use std::sync::Arc;

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use swingbridge::cloud::aws::Aws;

type Answer = dyn Fn(&HttpRequest) -> Vec<u8> + Send + Sync;

#[derive(Clone)]
struct Parrot(Arc<Answer>);

impl fmt::Debug for Parrot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Parrot")
    }
}

impl HttpClient for Parrot {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for Parrot {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let status = 200.try_into().expect("a status");
        let mut response = HttpResponse::new(status, SdkBody::from((self.0)(&request)));
        // CloudWatch answers in it; the others do not look.
        response.headers_mut().insert("smithy-protocol", "rpc-v2-cbor");
        HttpConnectorFuture::ready(Ok(response))
    }
}

/// The adapter, with `answer` for the body of every answer.
pub fn aws(answer: impl Fn(&HttpRequest) -> Vec<u8> + Send + Sync + 'static) -> Aws {
    let config = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("eu-west-1"))
        .credentials_provider(SharedCredentialsProvider::new(Credentials::new(
            "AKIDLAB", "secret", None, None, "a parrot",
        )))
        .http_client(Parrot(Arc::new(answer)))
        .build();
    Aws::from_config(&config, "a parrot".to_owned())
}

pub fn heard<T>(asked: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .expect("a runtime")
        .block_on(asked)
}
