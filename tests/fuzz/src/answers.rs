//! What AWS answers: the bytes are the content of every answer there is, and an estate is read from them.

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use swingbridge::cloud::Cloud;
use swingbridge::cloud::aws::Aws;
use swingbridge::model::scope::Scope;

use super::estate::Scene;

/// Says the same to everybody, in the name of what was called.
#[derive(Clone, Debug)]
struct Parrot(String);

impl HttpClient for Parrot {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for Parrot {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let body = String::from_utf8_lossy(request.body().bytes().unwrap_or_default()).into_owned();
        let action = body
            .split('&')
            .find_map(|pair| pair.strip_prefix("Action="))
            .unwrap_or_default();
        let content = &self.0;
        // EC2 has no result element.
        let text = format!(
            "<{action}Response>{content}<{action}Result>{content}</{action}Result></{action}Response>"
        );
        let status = 200.try_into().expect("a status");
        HttpConnectorFuture::ready(Ok(HttpResponse::new(status, SdkBody::from(text))))
    }
}

pub fn answers(bytes: &[u8]) {
    // The SDK follows a page mark for as long as it changes, and a parrot's never does: that is an error.
    let content = String::from_utf8_lossy(bytes).into_owned();
    let config = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("eu-west-1"))
        .credentials_provider(SharedCredentialsProvider::new(Credentials::new(
            "AKIDLAB", "secret", None, None, "a parrot",
        )))
        .http_client(Parrot(content))
        .build();
    let aws = Aws::from_config(&config, "a parrot".to_owned());
    let mut scene = Scene::known();
    let scope = Scope {
        app: scene.estate.app.clone(),
        load_balancer: scene.estate.load_balancer.name.clone(),
        names: scene.policy.names.clone(),
        image: None,
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .expect("a runtime");
    match runtime.block_on(Cloud::observe(&aws, &scope)) {
        Ok(estate) => {
            scene.estate = estate;
            scene.regarded();
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}
