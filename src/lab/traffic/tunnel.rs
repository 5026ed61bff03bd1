//! After an upgrade: bytes both ways between client and target, until one of them, or time, ends it.

use std::pin::Pin;
use std::sync::Arc;

use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;

use super::backend::InFlight;
use super::counting::Counting;
use super::exchange::Failed;
use super::line::Line;
use super::plane::Plane;
use super::record::Record;

/// Both connections, about to be upgraded.
#[derive(Debug)]
pub(super) struct Ends {
    pub(super) client: OnUpgrade,
    pub(super) target: OnUpgrade,
    pub(super) line: Line,
}

/// Connects both ends. To the target it is one long request in flight.
pub(super) fn dig(
    ends: Ends,
    doom: Pin<Box<dyn Future<Output = Failed> + Send>>,
    in_flight: InFlight,
    record: Record,
    plane: &Arc<Plane>,
) {
    let mut ended = plane.ended.subscribe();
    tokio::spawn(async move {
        tokio::select! {
            () = carry(ends, &record) => {}
            _ = doom => {}
            _ = ended.wait_for(|ended| *ended) => {}
        }
        drop((in_flight, record));
    });
}

async fn carry(ends: Ends, record: &Record) {
    let (client, target, ()) = tokio::join!(ends.client, ends.target, ends.line.run());
    if let (Ok(client), Ok(target)) = (client, target) {
        let mut client = Counting::new(TokioIo::new(client), |read, written| {
            record.exchange.receive(read);
            record.exchange.send(written);
        });
        // A broken end is an end.
        let _ = tokio::io::copy_bidirectional(&mut client, &mut TokioIo::new(target)).await;
    }
}
