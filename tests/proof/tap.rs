//! The line between an operator and the lab: every call is counted, and what a script says happens to it.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use swingbridge::lab::keeper::Keeper;
use swingbridge::lab::plug::Plug;
use swingbridge::lab::world::faults::Effect;
use tokio::sync::Notify;

/// One attempt at one call, as it leaves the operator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Call {
    /// Counted from 1.
    pub(crate) number: usize,
    pub(crate) action: String,
}

impl Call {
    pub(crate) fn changes(&self) -> bool {
        !["Describe", "Get", "List"]
            .iter()
            .any(|question| self.action.starts_with(question))
    }
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:03}-{}", self.number, self.action)
    }
}

/// What happens to a call.
#[derive(Clone, Debug)]
pub(crate) enum Hit {
    /// The operator's process dies before the call is sent.
    DieBefore,
    /// The operator's process dies before it hears the answer.
    DieAfter,
    Effect(Effect),
    /// The call, and all after it, wait until somebody lets them go.
    Hold(Arc<Gate>),
}

/// Where a call waits.
#[derive(Debug, Default)]
pub(crate) struct Gate {
    pub(crate) reached: Notify,
    open: tokio::sync::watch::Sender<bool>,
}

impl Gate {
    pub(crate) fn open(&self) {
        self.open.send_replace(true);
    }

    async fn pass(&self) {
        self.reached.notify_one();
        let mut open = self.open.subscribe();
        // The sender lives in this very gate.
        let _ = open.wait_for(|open| *open).await;
    }
}

type Script = Box<dyn FnMut(&Call) -> Option<Hit> + Send>;

pub(crate) struct Tap {
    keeper: Arc<Keeper>,
    script: Mutex<Script>,
    calls: Mutex<Vec<Call>>,
    pub(crate) died: Notify,
}

impl fmt::Debug for Tap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tap").finish_non_exhaustive()
    }
}

impl Tap {
    pub(crate) fn new(keeper: &Arc<Keeper>, script: Script) -> Arc<Self> {
        Arc::new(Self {
            keeper: Arc::clone(keeper),
            script: Mutex::new(script),
            calls: Mutex::default(),
            died: Notify::new(),
        })
    }

    /// Every call so far.
    pub(crate) fn calls(&self) -> Vec<Call> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn hit(&self, action: String) -> Option<Hit> {
        let call = {
            let mut calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
            let number = calls.len() + 1;
            let call = Call { number, action };
            calls.push(call.clone());
            call
        };
        (self.script.lock().unwrap_or_else(PoisonError::into_inner))(&call)
    }

    async fn die(&self) -> ! {
        self.died.notify_one();
        std::future::pending().await
    }
}

/// The tap as the SDK's HTTP client.
#[derive(Clone, Debug)]
pub(crate) struct Line(pub(crate) Arc<Tap>);

impl HttpClient for Line {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for Line {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let tap = Arc::clone(&self.0);
        let hit = tap.hit(action(&request));
        let plug = Plug::into(&tap.keeper);
        HttpConnectorFuture::new(async move {
            match hit {
                Some(Hit::DieBefore) => tap.die().await,
                Some(Hit::DieAfter) => {
                    let _ = plug.call(request).await;
                    tap.die().await
                }
                Some(Hit::Hold(gate)) => {
                    gate.pass().await;
                    plug.call(request).await
                }
                Some(Hit::Effect(effect)) => plug.broken(effect).call(request).await,
                None => plug.call(request).await,
            }
        })
    }
}

/// The operation's name: first in a form, last in a path.
fn action(request: &HttpRequest) -> String {
    let body = request.body().bytes().unwrap_or_default();
    match body.strip_prefix(b"Action=") {
        Some(rest) => {
            let name = rest.split(|byte| *byte == b'&').next().unwrap_or_default();
            String::from_utf8_lossy(name).into_owned()
        }
        None => request.uri().rsplit('/').next().unwrap_or_default().to_owned(),
    }
}
