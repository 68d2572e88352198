//! One upgraded connection: the handshake, and frames in and out.
//!
//! Reading, control frames and closing are tungstenite's. Data frames are written here, straight from their pieces: a
//! frame of the server carries no mask, so it is a header and the bytes that the hub shares, in one vectored write.
//! Through the library every frame would be copied twice more, and each connection would keep a buffer as large as the
//! largest frame it ever got (a backfill of 50 activities is some 30 KiB, times every idle reader).

use std::future::poll_fn;
use std::io::{self, IoSlice};
use std::pin::Pin;

use axum::body::Body;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode, Version, header};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use futures::{SinkExt as _, StreamExt as _};
use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt as _, AsyncWrite as _, AsyncWriteExt as _};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Error, Message};

use super::frames::Written;
use super::protocol::SUBPROTOCOL;
use crate::domain::limits::INBOUND_FRAME_BYTES_MAX;

/// Bytes that a connection reads into at a time: what an idle one holds. The library's default is 128 KiB.
const READ_BUFFER_BYTES: usize = 512;
/// Bytes of a frame that is read at all. One that is larger than is accepted is read to its end, so that the reason of the
/// close reaches its sender; beyond this the connection is cut.
const READ_FRAME_BYTES_MAX: usize = 4 * INBOUND_FRAME_BYTES_MAX;
/// Bytes of control frames that may wait to be written.
const CONTROL_BYTES_MAX: usize = 64 * 1024;
/// Pieces that one vectored write takes (`IOV_MAX` is 1,024 on Linux).
const PIECES_MAX: usize = 512;
/// First byte of an unfragmented text frame (RFC 6455, 5.2: FIN and opcode 1).
const TEXT_FRAME: u8 = 0x81;

/// The version of the protocol (RFC 6455, 4.1).
pub const VERSION: &str = "13";
/// Bytes of the nonce in `Sec-WebSocket-Key` (RFC 6455, 4.1).
const KEY_BYTES: usize = 16;
/// Bytes that are read at a time, to be thrown away, after the connection has ended.
const WASTE_BYTES: usize = 4 * 1024;

/// Why a request cannot become a WebSocket, in words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HandshakeFault {
    /// It does not ask for one, or for another version.
    NoUpgrade(&'static str),
    /// It asks wrongly.
    Malformed(&'static str),
}

/// A request that may become a WebSocket.
pub struct Upgrade {
    on_upgrade: OnUpgrade,
    accept: String,
    /// True when the client offered our subprotocol.
    offered: bool,
}

impl Upgrade {
    /// Reads the handshake of RFC 6455, 4.2.1.
    ///
    /// # Errors
    /// What is missing, in words.
    pub fn read(parts: &mut Parts) -> Result<Self, HandshakeFault> {
        use HandshakeFault::{Malformed, NoUpgrade};
        let headers = &parts.headers;
        if parts.method != Method::GET {
            return Err(Malformed("a WebSocket begins with GET"));
        }
        if parts.version < Version::HTTP_11 {
            return Err(Malformed("a WebSocket begins with HTTP/1.1"));
        }
        if !has_token(headers, &header::CONNECTION, "upgrade") || !has_token(headers, &header::UPGRADE, "websocket") {
            return Err(NoUpgrade("the headers Connection: Upgrade and Upgrade: websocket are needed"));
        }
        if the_one(headers, &header::SEC_WEBSOCKET_VERSION).is_none_or(|v| v != VERSION) {
            return Err(NoUpgrade("the header Sec-WebSocket-Version must be 13"));
        }
        let key = the_one(headers, &header::SEC_WEBSOCKET_KEY).ok_or(Malformed("the header Sec-WebSocket-Key is needed, once"))?;
        if BASE64.decode(key).map_or(0, |key| key.len()) != KEY_BYTES {
            return Err(Malformed("the header Sec-WebSocket-Key must be 16 bytes in base64"));
        }
        let accept = derive_accept_key(key.as_bytes());
        let offered = has_token(headers, &header::SEC_WEBSOCKET_PROTOCOL, SUBPROTOCOL);
        let on_upgrade = parts.extensions.remove::<OnUpgrade>().ok_or(Malformed("this connection cannot be upgraded"))?;
        Ok(Self { on_upgrade, accept, offered })
    }

    /// The answer that completes the handshake.
    pub fn response(&self) -> Response<Body> {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
        let headers = response.headers_mut();
        headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
        headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
        if let Ok(accept) = HeaderValue::from_str(&self.accept) {
            headers.insert(header::SEC_WEBSOCKET_ACCEPT, accept);
        }
        if self.offered {
            headers.insert(header::SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(SUBPROTOCOL));
        }
        response
    }

    /// The connection, once the answer is out.
    ///
    /// # Errors
    /// When the peer went before.
    pub async fn connect(self) -> Result<Wire, hyper::Error> {
        let upgraded = self.on_upgrade.await?;
        let config = WebSocketConfig::default()
            .read_buffer_size(READ_BUFFER_BYTES)
            .write_buffer_size(0)
            .max_write_buffer_size(CONTROL_BYTES_MAX)
            .max_message_size(Some(READ_FRAME_BYTES_MAX))
            .max_frame_size(Some(READ_FRAME_BYTES_MAX));
        let socket = WebSocketStream::from_raw_socket(TokioIo::new(upgraded), Role::Server, Some(config)).await;
        Ok(Wire { socket, answering: false, half_written: false })
    }
}

/// The value of a header that is there exactly once.
fn the_one<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a HeaderValue> {
    let mut all = headers.get_all(name).into_iter();
    all.next().filter(|_| all.next().is_none())
}

fn has_token(headers: &HeaderMap, name: &HeaderName, token: &str) -> bool {
    let words = headers.get_all(name).into_iter().filter_map(|v| v.to_str().ok()).flat_map(|v| v.split(','));
    words.map(str::trim).any(|word| word.eq_ignore_ascii_case(token))
}

/// A WebSocket.
pub struct Wire {
    socket: WebSocketStream<TokioIo<Upgraded>>,
    /// True when the library may hold an answer to a control frame that is not wholly written.
    answering: bool,
    /// True while a data frame is not wholly written: whatever came after it would be read as its rest.
    half_written: bool,
}

impl Wire {
    /// The next message; `None` when the peer has gone. Nothing is lost when it is dropped half-way.
    pub async fn next(&mut self) -> Option<Result<Message, Error>> {
        let message = self.socket.next().await;
        self.answering |= matches!(message, Some(Ok(Message::Ping(_) | Message::Close(_))));
        message
    }

    /// Writes a control frame.
    ///
    /// # Errors
    /// When the peer has gone, or has not taken the frame before it.
    pub async fn control(&mut self, message: Message) -> Result<(), Error> {
        if self.half_written {
            return Err(Error::ConnectionClosed);
        }
        self.socket.send(message).await
    }

    /// Answers the peer's close, which the library has made the answer to and holds.
    pub async fn answer_close(&mut self) {
        // The library tells the end of the connection as an error: it is what is awaited here.
        let _ = self.socket.flush().await;
    }

    /// Waits for the answer to our close.
    pub async fn closed(&mut self) {
        while let Some(Ok(message)) = self.next().await {
            if matches!(message, Message::Close(_)) {
                return;
            }
        }
    }

    /// Says that nothing more comes, and reads what the peer still sends until it goes too: a connection that is dropped
    /// with bytes unread is reset, and a reset overtakes the frame that said why.
    pub async fn linger(&mut self) {
        let io = self.socket.get_mut();
        if io.shutdown().await.is_ok() {
            let mut waste = vec![0; WASTE_BYTES];
            while matches!(io.read(&mut waste).await, Ok(1..)) {}
        }
    }

    /// Writes a data frame. It must not be dropped half-way unless the connection ends.
    ///
    /// # Errors
    /// When the peer has gone, or has not taken the frame before it.
    pub async fn write(&mut self, frame: &Written) -> Result<(), Error> {
        if self.half_written {
            return Err(Error::ConnectionClosed);
        }
        if std::mem::take(&mut self.answering) {
            self.socket.flush().await?;
        }
        self.half_written = true;
        let mut header = [0; 10];
        let header = frame_header(&mut header, frame.bytes());
        let pieces = std::iter::once(header).chain(frame.pieces());
        let mut slices: Vec<IoSlice<'_>> = pieces.map(IoSlice::new).collect();
        let mut left = slices.as_mut_slice();
        let io = self.socket.get_mut();
        while !left.is_empty() {
            let now = &left[..left.len().min(PIECES_MAX)];
            let written = poll_fn(|cx| Pin::new(&mut *io).poll_write_vectored(cx, now)).await?;
            if written == 0 {
                return Err(io::Error::from(io::ErrorKind::WriteZero).into());
            }
            IoSlice::advance_slices(&mut left, written);
        }
        self.half_written = false;
        Ok(())
    }
}

/// The header of a text frame without mask (RFC 6455, 5.2).
fn frame_header(header: &mut [u8; 10], bytes: usize) -> &[u8] {
    header[0] = TEXT_FRAME;
    match (u16::try_from(bytes), bytes) {
        (_, 0..126) => {
            header[1] = bytes as u8;
            &header[..2]
        }
        (Ok(short), _) => {
            header[1] = 126;
            header[2..4].copy_from_slice(&short.to_be_bytes());
            &header[..4]
        }
        (Err(_), _) => {
            header[1] = 127;
            header[2..].copy_from_slice(&(bytes as u64).to_be_bytes());
            &header[..]
        }
    }
}

#[cfg(test)]
mod tests {
    use super::frame_header;

    #[test]
    fn headers_by_length() {
        for (bytes, want) in [
            (0, vec![0x81, 0]),
            (125, vec![0x81, 125]),
            (126, vec![0x81, 126, 0, 126]),
            (65_535, vec![0x81, 126, 0xff, 0xff]),
            (65_536, vec![0x81, 127, 0, 0, 0, 0, 0, 1, 0, 0]),
        ] {
            assert_eq!(frame_header(&mut [0; 10], bytes), want, "{bytes}");
        }
    }
}
