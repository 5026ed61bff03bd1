//! Ctrl-C and SIGTERM, turned into a wish that the run looks at between steps.

use std::fmt;

use tokio::sync::watch;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    Interrupt,
    Terminate,
}

impl Signal {
    /// The exit code shells expect.
    pub fn code(self) -> u8 {
        match self {
            Self::Interrupt => 130,
            Self::Terminate => 143,
        }
    }
}

impl fmt::Display for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Interrupt => "Ctrl-C",
            Self::Terminate => "SIGTERM",
        })
    }
}

/// Says whether somebody wants the run to stop. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Interrupt {
    wish: watch::Receiver<Option<Signal>>,
}

/// The other end: whoever holds it can stop the run.
#[derive(Debug)]
pub struct Stopper {
    wish: watch::Sender<Option<Signal>>,
}

impl Stopper {
    pub fn stop(&self, signal: Signal) {
        self.wish.send_replace(Some(signal));
    }
}

impl Interrupt {
    pub fn pair() -> (Stopper, Self) {
        let (sender, receiver) = watch::channel(None);
        (Stopper { wish: sender }, Self { wish: receiver })
    }

    pub(super) fn wished(&self) -> Option<Signal> {
        *self.wish.borrow()
    }

    /// Ends when somebody wants the run to stop.
    pub async fn wait(&self) -> Signal {
        let mut wish = self.wish.clone();
        loop {
            if let Some(signal) = *wish.borrow_and_update() {
                return signal;
            }
            if wish.changed().await.is_err() {
                // Nobody is left who could wish.
                std::future::pending::<()>().await;
            }
        }
    }
}
