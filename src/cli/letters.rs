//! Letters on their way while a run goes on, and the wait for the last of them at its end.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::task::JoinHandle;

use super::session::{Session, env};
use crate::model::notify::Letter;
use crate::report::Bulletin;
use crate::run::notify;

#[derive(Default)]
pub(super) struct Letters {
    sent: Arc<Mutex<Vec<JoinHandle<()>>>>,
}

impl Letters {
    /// The reporter that writes them.
    pub(super) fn bulletin(&self, session: &Session) -> Bulletin {
        let sent = Arc::clone(&self.sent);
        let post = move |letter: Letter| {
            let task = tokio::spawn(async move {
                if let Err(error) = notify::deliver(letter, env).await {
                    tracing::warn!(%error, "a notification could not be sent");
                }
            });
            sent.lock().unwrap_or_else(PoisonError::into_inner).push(task);
        };
        Bulletin::new(session.config.notify.clone(), Box::new(post))
    }

    /// Each ends within its own time.
    pub(super) async fn all_sent(self) {
        let sent = std::mem::take(&mut *self.sent.lock().unwrap_or_else(PoisonError::into_inner));
        for task in sent {
            // One that failed has said so.
            let _ = task.await;
        }
    }
}
