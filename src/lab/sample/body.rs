//! Bodies that arrive as they are made.

use std::convert::Infallible;
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::Frame;
use tokio::time::sleep;

/// What is sent at a time when there is much to send.
const PIECE: usize = 64 * 1024;

/// Between two bytes of a slow answer.
const BEAT: Duration = Duration::from_millis(100);

pub(super) type Body = UnsyncBoxBody<Bytes, hyper::Error>;

pub(super) fn full(bytes: impl Into<Bytes>) -> Body {
    Full::new(bytes.into())
        .map_err(|never: Infallible| match never {})
        .boxed_unsync()
}

/// A dot for each beat of `duration`, then `end`.
pub(super) fn slow(duration: Duration, end: String) -> Body {
    let pieces = stream::unfold((Some(end), duration), |(end, left)| async move {
        let end = end?;
        let wait = left.min(BEAT);
        sleep(wait).await;
        let left = left.saturating_sub(wait);
        Some(if left.is_zero() {
            (data(Bytes::from(end)), (None, left))
        } else {
            (data(Bytes::from_static(b".")), (Some(end), left))
        })
    });
    StreamBody::new(pieces).boxed_unsync()
}

pub(super) fn much(count: u64) -> Body {
    let pieces = stream::unfold(count, |left| async move {
        let length = usize::try_from(left).unwrap_or(PIECE).min(PIECE);
        (length > 0).then(|| (data(Bytes::from(vec![b'x'; length])), left - length as u64))
    });
    StreamBody::new(pieces).boxed_unsync()
}

fn data(bytes: Bytes) -> Result<Frame<Bytes>, hyper::Error> {
    Ok(Frame::data(bytes))
}
