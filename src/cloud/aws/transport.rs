//! The one HTTP client below every AWS client: it spends the budget of each attempt, retries included.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::{self, rustls_provider::CryptoMode};
use aws_smithy_http_client::{Builder, ConnectorBuilder};
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::connector_metadata::ConnectorMetadata;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::interceptors::context::InterceptorContext;
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::retries::classifiers::{
    ClassifyRetry, RetryAction, RetryClassifierPriority,
};
use aws_smithy_runtime_api::client::runtime_components::{RuntimeComponents, RuntimeComponentsBuilder};
use aws_smithy_types::config_bag::ConfigBag;

use super::budget::Budget;
use super::error::refused;

/// The SDK's own default client, made here so that one connection pool can be wrapped and shared.
pub(super) fn default_client() -> SharedHttpClient {
    Builder::new().build_with_connector_fn(|settings, components| {
        let mut connector =
            ConnectorBuilder::default().tls_provider(tls::Provider::Rustls(CryptoMode::AwsLc));
        connector.set_connector_settings(settings.cloned());
        connector.set_proxy_config(Some(ProxyConfig::from_env()));
        if let Some(components) = components {
            connector.set_sleep_impl(components.sleep_impl());
        }
        connector.build()
    })
}

/// Whether anything has answered yet.
#[derive(Clone, Debug, Default)]
pub(super) struct Line(Arc<AtomicBool>);

impl Line {
    fn answered(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    fn has_answered(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// An HTTP client that waits for its budget before each attempt.
#[derive(Clone, Debug)]
pub(super) struct Metered<C> {
    pub(super) inner: C,
    pub(super) budget: Option<Arc<Budget>>,
    pub(super) line: Line,
}

impl HttpClient for Metered<SharedHttpClient> {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(Metered {
            inner: self.inner.http_connector(settings, components),
            budget: self.budget.clone(),
            line: self.line.clone(),
        })
    }

    fn validate_base_client_config(
        &self,
        components: &RuntimeComponentsBuilder,
        config: &ConfigBag,
    ) -> Result<(), BoxError> {
        self.inner.validate_base_client_config(components, config)
    }

    fn validate_final_config(
        &self,
        components: &RuntimeComponents,
        config: &ConfigBag,
    ) -> Result<(), BoxError> {
        self.inner.validate_final_config(components, config)
    }

    fn connector_metadata(&self) -> Option<ConnectorMetadata> {
        self.inner.connector_metadata()
    }
}

impl HttpConnector for Metered<SharedHttpConnector> {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let Self { inner, budget, line } = self.clone();
        HttpConnectorFuture::new(async move {
            if let Some(budget) = budget {
                budget.spend(writes(&request)).await;
            }
            let answer = inner.call(request).await;
            if answer.is_ok() {
                line.answered();
            }
            answer
        })
    }
}

/// Both metered services speak the query protocol, whose body begins with the action's name.
fn writes(request: &HttpRequest) -> bool {
    !request
        .body()
        .bytes()
        .is_some_and(|body| body.starts_with(b"Action=Describe"))
}

/// What the SDK's own rules for retrying lack.
#[derive(Debug)]
pub(super) struct Patience(pub(super) Line);

impl ClassifyRetry for Patience {
    fn classify_retry(&self, context: &InterceptorContext) -> RetryAction {
        let Some(Err(error)) = context.output_or_error() else {
            return RetryAction::NoActionIndicated;
        };
        // A wrong endpoint is said at once. Later in a run the same error is a passing one.
        if let Some(connector) = error.as_connector_error()
            && !self.0.has_answered()
            && (connector.is_timeout() || refused(connector))
        {
            return RetryAction::RetryForbidden;
        }
        // Auto Scaling's word for throttling, which the SDK does not know.
        if context
            .response()
            .and_then(|response| response.body().bytes())
            .is_some_and(|body| contains(body, b"<Code>RateExceeded</Code>"))
        {
            return RetryAction::throttling_error();
        }
        RetryAction::NoActionIndicated
    }

    fn name(&self) -> &'static str {
        "swingbridge"
    }

    fn priority(&self) -> RetryClassifierPriority {
        RetryClassifierPriority::run_after(RetryClassifierPriority::transient_error_classifier())
    }
}

fn contains(body: &[u8], part: &[u8]) -> bool {
    body.windows(part.len()).any(|window| window == part)
}

#[cfg(test)]
mod tests {
    use std::io;

    use aws_smithy_runtime_api::client::result::ConnectorError;
    use aws_smithy_types::body::SdkBody;

    use super::*;

    #[test]
    fn only_describing_is_taken_for_a_read() {
        for (body, writing) in [
            ("Action=DescribeRules&Version=2015-12-01", false),
            ("Action=ModifyRule&Version=2015-12-01", true),
            ("Action=CreateRule&Actions.member.1.Type=forward", true),
        ] {
            assert_eq!(writes(&HttpRequest::new(SdkBody::from(body))), writing, "{body}");
        }
    }

    #[test]
    fn a_refusal_is_found_below_other_errors() {
        let failed = |kind: io::ErrorKind| ConnectorError::io(io::Error::from(kind).into());
        assert!(refused(&failed(io::ErrorKind::ConnectionRefused)));
        assert!(!refused(&failed(io::ErrorKind::ConnectionReset)));
    }
}
