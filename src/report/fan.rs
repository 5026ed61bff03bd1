//! Passes each event to several reporters, for instance a terminal and a journal.

use std::fmt;
use std::io;

use crate::model::event::{Event, Reporter};

#[derive(Default)]
pub struct Fan {
    all: Vec<Box<dyn Reporter + Send>>,
}

impl Fan {
    pub fn new(all: Vec<Box<dyn Reporter + Send>>) -> Self {
        Self { all }
    }
}

impl Reporter for Fan {
    /// Every reporter gets the event. One that fails gets no more of them; its error is returned.
    fn on(&mut self, event: &Event) -> io::Result<()> {
        let mut broken = Ok(());
        self.all.retain_mut(|reporter| {
            let told = reporter.on(event);
            let goes_on = told.is_ok();
            if broken.is_ok() {
                broken = told;
            }
            goes_on
        });
        broken
    }
}

impl fmt::Debug for Fan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fan").field("reporters", &self.all.len()).finish()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::super::recorded;
    use super::*;

    struct Broken;

    impl Reporter for Broken {
        fn on(&mut self, _: &Event) -> io::Result<()> {
            Err(io::Error::other("full"))
        }
    }

    struct Told(mpsc::Sender<u64>);

    impl Reporter for Told {
        fn on(&mut self, event: &Event) -> io::Result<()> {
            self.0.send(event.index).map_err(io::Error::other)
        }
    }

    #[test]
    fn a_broken_reporter_does_not_keep_an_event_from_the_others() {
        let (sender, told) = mpsc::channel();
        let mut fan = Fan::new(vec![Box::new(Broken), Box::new(Told(sender))]);
        let events = recorded::deploy();
        let error = fan.on(&events[0]).expect_err("one is broken");
        assert_eq!(error.to_string(), "full");
        assert_eq!(told.try_recv(), Ok(0));
        fan.on(&events[1]).expect("who is broken is not asked again");
        assert_eq!(told.try_recv(), Ok(1));
    }
}
