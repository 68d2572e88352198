//! Bytes of answers under way: one budget over all connections, with a share for each workspace and key.
//!
//! An answer is held in memory until its reader has taken it. Who reads slowly holds it for long, so how much all answers
//! hold together is bounded here, and who asks for more is told 503. What was changed is always told: only the answers to
//! questions are refused. Must never hand the connection more than a piece at a time, or the connection would hold the rest.

use std::collections::HashMap;
use std::hash::Hash;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};

use axum::body::Body;
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use hyper::body::{Body as _, Frame, SizeHint};

use super::error::{OVERLOADED, Problem};
use crate::auth::WorkspaceId;
use crate::store::Reader;
use crate::telemetry::{ANSWER_BYTES, READS_REFUSED};

/// Bytes of answers under way, all together.
const ANSWERS_BYTES_MAX: usize = 64 * 1024 * 1024;
/// ... of one workspace.
const OF_WORKSPACE_BYTES_MAX: usize = 32 * 1024 * 1024;
/// ... of one key. The largest answer there is, a page, is half of it.
const OF_KEY_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Answers of no more bytes are not counted: a connection has more than that for itself.
const SMALL_BYTES: usize = 4 * 1024;
/// Bytes that a connection is handed at a time.
pub const PIECE_BYTES: usize = 64 * 1024;

/// Answers under way.
#[derive(Debug, Clone, Default)]
pub struct Answers {
    held: Arc<Mutex<Held>>,
}

#[derive(Debug, Default)]
struct Held {
    all: usize,
    of_workspaces: HashMap<WorkspaceId, usize>,
    of_keys: HashMap<(WorkspaceId, i64), usize>,
}

/// What one answer holds; dropping it gives it back.
#[derive(Debug)]
struct Place {
    answers: Answers,
    reader: Reader,
    bytes: usize,
}

/// A body that is handed on piece by piece, and its place.
struct Paced {
    inner: Body,
    /// What is left of the last frame.
    rest: Bytes,
    _place: Place,
}

impl Answers {
    /// Takes a place for an answer, or says that there is none. `asked` is false for the answer to a change.
    pub fn hold(&self, reader: Reader, asked: bool, response: Response) -> Response {
        let Some(bytes) = response.body().size_hint().exact().and_then(|bytes| usize::try_from(bytes).ok()) else {
            // A stream, which is bounded by itself.
            return response;
        };
        if bytes <= SMALL_BYTES {
            return response;
        }
        let Some(place) = self.take(reader, bytes, asked) else {
            metrics::counter!(READS_REFUSED, "reason" => "answers").increment(1);
            let why = "answers that were not read yet hold as many bytes as they may; read them, or ask for less, then ask again";
            return Problem::new(OVERLOADED, why).retry_after(1).into_response();
        };
        response.map(|inner| Body::new(Paced { inner, rest: Bytes::new(), _place: place }))
    }

    fn take(&self, reader: Reader, bytes: usize, asked: bool) -> Option<Place> {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (reader.workspace, reader.root);
        let fits = [
            (held.all, ANSWERS_BYTES_MAX),
            (held.of_workspaces.get(&reader.workspace).copied().unwrap_or(0), OF_WORKSPACE_BYTES_MAX),
            (held.of_keys.get(&key).copied().unwrap_or(0), OF_KEY_BYTES_MAX),
        ];
        if asked && fits.iter().any(|(held, max)| held.saturating_add(bytes) > *max) {
            return None;
        }
        held.all += bytes;
        *held.of_workspaces.entry(reader.workspace).or_default() += bytes;
        *held.of_keys.entry(key).or_default() += bytes;
        metrics::gauge!(ANSWER_BYTES).set(held.all as f64);
        Some(Place { answers: self.clone(), reader, bytes })
    }
}

/// Takes bytes off a count, and the count away with its last.
fn take_off<K: Eq + Hash>(counts: &mut HashMap<K, usize>, key: K, bytes: usize) {
    if let Some(count) = counts.get_mut(&key) {
        *count = count.saturating_sub(bytes);
        if *count == 0 {
            counts.remove(&key);
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut held = self.answers.held.lock().unwrap_or_else(PoisonError::into_inner);
        held.all = held.all.saturating_sub(self.bytes);
        take_off(&mut held.of_workspaces, self.reader.workspace, self.bytes);
        take_off(&mut held.of_keys, (self.reader.workspace, self.reader.root), self.bytes);
        metrics::gauge!(ANSWER_BYTES).set(held.all as f64);
    }
}

impl hyper::body::Body for Paced {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        if self.rest.is_empty() {
            match ready!(Pin::new(&mut self.inner).poll_frame(cx)) {
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(data) => self.rest = data,
                    Err(other) => return Poll::Ready(Some(Ok(other))),
                },
                other => return Poll::Ready(other),
            }
        }
        let piece = self.rest.len().min(PIECE_BYTES);
        Poll::Ready(Some(Ok(Frame::data(self.rest.split_to(piece)))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty() && self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let left = self.inner.size_hint().exact().map(|bytes| bytes + self.rest.len() as u64);
        left.map_or_else(SizeHint::default, SizeHint::with_exact)
    }
}

/// A body of pieces that were made already: each is let go of when it is written.
pub struct Pieces {
    pieces: std::collections::VecDeque<Bytes>,
    left: u64,
}

impl Pieces {
    /// A body of these.
    pub fn body(pieces: Vec<Bytes>) -> Body {
        let left = pieces.iter().map(|piece| piece.len() as u64).sum();
        Body::new(Self { pieces: pieces.into(), left })
    }
}

impl hyper::body::Body for Pieces {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let piece = self.pieces.pop_front();
        self.left -= piece.as_ref().map_or(0, |piece| piece.len() as u64);
        Poll::Ready(piece.map(|piece| Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.pieces.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use axum::response::Response;
    use bytes::Bytes;
    use http_body_util::BodyExt as _;

    use super::{Answers, OF_KEY_BYTES_MAX, OF_WORKSPACE_BYTES_MAX, PIECE_BYTES, Pieces};
    use crate::auth::Operator;
    use crate::store::{Purpose, Reader};

    const LARGE: usize = 1024 * 1024;

    fn reader(workspace: i64, root: i64) -> Reader {
        Reader { workspace: Operator::assume().workspace(workspace), root, purpose: Purpose::Request }
    }

    #[tokio::test]
    async fn answers_share_one_budget() {
        let answers = Answers::default();
        let mut held = Vec::new();
        let mut ask = |reader, asked| {
            let answer = answers.hold(reader, asked, Response::new(Body::from(vec![b'a'; LARGE])));
            let good = answer.status() == 200;
            held.push(answer);
            good
        };
        let of_key = (0..40).take_while(|_| ask(reader(1, 1), true)).count();
        assert_eq!(of_key, OF_KEY_BYTES_MAX / LARGE, "a key's share");
        let of_workspace = of_key + (2..9).map(|root| (0..40).take_while(|_| ask(reader(1, root), true)).count()).sum::<usize>();
        assert_eq!(of_workspace, OF_WORKSPACE_BYTES_MAX / LARGE, "a workspace's share");
        assert!(ask(reader(2, 9), true), "another has its own");
        assert!(ask(reader(1, 1), false), "what was changed is told");
        drop(held);
        assert_eq!(answers.hold(reader(1, 1), true, Response::new(Body::from(vec![b'a'; LARGE]))).status(), 200, "given back");
        let held = answers.held.lock().expect("whole");
        assert_eq!((held.all, held.of_keys.len(), held.of_workspaces.len()), (0, 0, 0), "nothing is left");
    }

    #[tokio::test]
    async fn a_connection_gets_a_piece_at_a_time() {
        let whole: Vec<u8> = (0..5 * PIECE_BYTES + 7).map(|n| (n % 251) as u8).collect();
        let pieces =
            vec![Bytes::copy_from_slice(&whole[..3 * PIECE_BYTES]), Bytes::new(), Bytes::copy_from_slice(&whole[3 * PIECE_BYTES..])];
        for body in [Body::from(whole.clone()), Pieces::body(pieces)] {
            let mut body = Answers::default().hold(reader(1, 1), true, Response::new(body)).into_body();
            let mut read = Vec::new();
            while let Some(frame) = body.frame().await {
                let data = frame.expect("fine").into_data().expect("data");
                assert!(data.len() <= PIECE_BYTES);
                read.extend_from_slice(&data);
                assert_eq!(hyper::body::Body::size_hint(&body).exact(), Some((whole.len() - read.len()) as u64));
            }
            assert_eq!(read, whole);
        }
    }
}
