//! What of a request's body nobody has read: it is taken off the wire and thrown away beside the answer.
//!
//! A refusal often comes before the body has (too large, no key, over the rate). Closing then would reset the connection
//! under a client that still sends, and the reason would never reach it. Nothing here keeps a byte.

use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::Body;
use axum::http::{Request, header};
use bytes::Bytes;
use http_body_util::BodyExt as _;
use hyper::body::{Frame, SizeHint};
use tokio::time::timeout;

/// Bytes that are thrown away at most; who sends more is cut off.
const LEFTOVER_BYTES_MAX: usize = 64 * 1024 * 1024;
/// Time that they may take.
const LEFTOVER_WITHIN: Duration = Duration::from_secs(5);

/// Lends the body of a request to its handler. `None` where there is nothing to give back: no body, or one that the
/// client sends only when it is asked to (`Expect: 100-continue`), and then nobody has.
pub fn lend<B>(request: Request<B>) -> (Request<Body>, Option<Leftover<B>>)
where
    B: hyper::body::Body<Data = Bytes> + Unpin + Send + 'static,
    B::Error: Into<axum::BoxError>,
{
    if request.body().is_end_stream() {
        return (request.map(Body::new), None);
    }
    let waits = request.headers().contains_key(header::EXPECT);
    let (slot, read) = (Arc::new(Mutex::new(None)), Arc::new(AtomicU64::new(0)));
    let leftover = Leftover { slot: slot.clone(), read: read.clone() };
    (request.map(|body| Body::new(Lent { body: Some(body), slot, read, is_wanted: !waits })), Some(leftover))
}

/// Where a body is put back.
pub struct Leftover<B> {
    slot: Arc<Mutex<Option<B>>>,
    /// Bytes that the handler has read.
    pub read: Arc<AtomicU64>,
}

impl<B: hyper::body::Body<Data = Bytes> + Unpin> Leftover<B> {
    /// Throws away what is left, within bounds.
    pub async fn discard(self) {
        let Some(mut body) = self.slot.lock().unwrap_or_else(PoisonError::into_inner).take() else { return };
        if body.size_hint().lower() > LEFTOVER_BYTES_MAX as u64 {
            return;
        }
        let rest = async {
            let mut left = LEFTOVER_BYTES_MAX;
            while let Some(Ok(frame)) = body.frame().await {
                let bytes = frame.data_ref().map_or(0, Bytes::len);
                if bytes > left {
                    return;
                }
                left -= bytes;
            }
        };
        // Who takes longer is cut off, as before there was anything to wait for.
        let _ = timeout(LEFTOVER_WITHIN, rest).await;
    }
}

/// A body that is put back when it is dropped before its end.
struct Lent<B: hyper::body::Body> {
    body: Option<B>,
    slot: Arc<Mutex<Option<B>>>,
    read: Arc<AtomicU64>,
    /// False while the client waits to be asked for it.
    is_wanted: bool,
}

impl<B: hyper::body::Body<Data = Bytes> + Unpin> hyper::body::Body for Lent<B> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        self.is_wanted = true;
        match &mut self.body {
            Some(body) => {
                let polled = Pin::new(body).poll_frame(cx);
                if let Poll::Ready(Some(Ok(frame))) = &polled {
                    let bytes = frame.data_ref().map_or(0, Bytes::len);
                    self.read.fetch_add(bytes as u64, Ordering::Relaxed);
                }
                polled
            }
            None => Poll::Ready(None),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(hyper::body::Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.body.as_ref().map_or_else(SizeHint::default, hyper::body::Body::size_hint)
    }
}

impl<B: hyper::body::Body> Drop for Lent<B> {
    fn drop(&mut self) {
        let unread = self.body.take().filter(|body| self.is_wanted && !body.is_end_stream());
        *self.slot.lock().unwrap_or_else(PoisonError::into_inner) = unread;
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use axum::body::Body;
    use axum::http::{Request, header};
    use bytes::Bytes;
    use futures::{StreamExt as _, stream};
    use http_body_util::{BodyExt as _, StreamBody};
    use hyper::body::Frame;

    use super::lend;

    /// Three pieces; how many were taken when a handler has read `read` of them and left.
    async fn check(expect: bool, read: usize, want: usize) {
        let taken = Arc::new(AtomicUsize::new(0));
        let counted = taken.clone();
        let pieces = stream::iter(0..3).map(move |_| {
            counted.fetch_add(1, Ordering::Relaxed);
            Ok::<_, Infallible>(Frame::data(Bytes::from_static(b"piece")))
        });
        let mut request = Request::new(StreamBody::new(pieces));
        if expect {
            request.headers_mut().insert(header::EXPECT, header::HeaderValue::from_static("100-continue"));
        }
        let (request, leftover) = lend(request);
        let mut body: Body = request.into_body();
        for _ in 0..read {
            body.frame().await.expect("a piece").expect("sound");
        }
        drop(body);
        let leftover = leftover.expect("a body");
        assert_eq!(leftover.read.load(Ordering::Relaxed), read as u64 * 5, "what the handler has read");
        leftover.discard().await;
        assert_eq!(taken.load(Ordering::Relaxed), want, "{expect} {read}");
    }

    #[tokio::test]
    async fn what_was_not_read_is_taken_off_the_wire() {
        check(false, 0, 3).await;
        check(false, 2, 3).await;
        check(true, 0, 0).await;
        check(true, 1, 3).await;
        let (_, nothing) = lend(Request::new(http_body_util::Empty::<Bytes>::new()));
        assert!(nothing.is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn who_stops_sending_is_cut_off() {
        let silent = StreamBody::new(stream::pending::<Result<Frame<Bytes>, Infallible>>());
        let (request, leftover) = lend(Request::new(silent));
        drop(request);
        leftover.expect("a body").discard().await;
    }
}
