//! A WebSocket client of bytes: it sends what no library would, and tells every frame that comes.

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::app::{STUCK, TestApp};

/// Opcodes of RFC 6455, 5.2.
pub const CONTINUATION: u8 = 0;
pub const TEXT: u8 = 1;
pub const BINARY: u8 = 2;
pub const CLOSE: u8 = 8;
pub const PING: u8 = 9;
pub const PONG: u8 = 10;
/// The bit of the first byte that ends a message.
pub const FIN: u8 = 0x80;

const MASK: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];

/// What came: a frame, or the end of the connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Came {
    Frame(u8, Vec<u8>),
    /// Ended as it should: nothing was left unread by the server.
    End,
    /// Cut: what was on its way may be lost.
    Reset,
}

/// A connection whose welcome was read.
pub struct Raw {
    socket: TcpStream,
    bytes: Vec<u8>,
}

/// A frame of a client: first byte as told, masked.
pub fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut bytes = vec![first];
    match payload.len() {
        short @ 0..126 => bytes.push(0x80 | short as u8),
        middle @ 126..65_536 => {
            bytes.push(0x80 | 126);
            bytes.extend((middle as u16).to_be_bytes());
        }
        long => {
            bytes.push(0x80 | 127);
            bytes.extend((long as u64).to_be_bytes());
        }
    }
    bytes.extend(MASK);
    bytes.extend(payload.iter().zip(MASK.iter().cycle()).map(|(byte, mask)| byte ^ mask));
    bytes
}

/// A close with a code and a reason.
pub fn close(code: u16, reason: &str) -> Vec<u8> {
    frame(FIN | CLOSE, &[&code.to_be_bytes(), reason.as_bytes()].concat())
}

impl Raw {
    pub async fn connect(app: &TestApp, key: &str) -> Self {
        let mut raw = Self { socket: TcpStream::connect(app.address()).await.expect("connects"), bytes: Vec::new() };
        let head = format!(
            "GET /v1/ws HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {key}\r\nconnection: Upgrade\r\nupgrade: websocket\r\n\
             sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        );
        raw.send(head.as_bytes()).await;
        while !raw.bytes.windows(4).any(|w| w == b"\r\n\r\n") {
            assert!(raw.read().await.is_ok_and(|n| n > 0), "{}", String::from_utf8_lossy(&raw.bytes));
        }
        let end = raw.bytes.windows(4).position(|w| w == b"\r\n\r\n").expect("found") + 4;
        let head = String::from_utf8_lossy(&raw.bytes[..end]).into_owned();
        assert!(head.starts_with("HTTP/1.1 101 ") && head.contains("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="), "{head}");
        raw.bytes.drain(..end);
        assert!(matches!(raw.next().await, Came::Frame(TEXT, welcome) if welcome.starts_with(b"{\"type\":\"welcome\"")));
        raw
    }

    /// Sends bytes as they are; a server that has refused already may be gone.
    pub async fn send(&mut self, bytes: &[u8]) {
        let _ = self.socket.write_all(bytes).await;
    }

    /// Says that nothing more comes.
    pub async fn finish_writing(&mut self) {
        let _ = self.socket.shutdown().await;
    }

    /// The next frame, or how the connection ended.
    pub async fn next(&mut self) -> Came {
        loop {
            if let Some(came) = self.take() {
                return came;
            }
            match self.read().await {
                Ok(0) if self.bytes.is_empty() => return Came::End,
                Ok(1..) => {}
                Ok(0) | Err(_) => return Came::Reset,
            }
        }
    }

    /// Everything that comes until the connection ends.
    pub async fn rest(&mut self) -> Vec<Came> {
        let mut all = Vec::new();
        loop {
            let came = self.next().await;
            let last = !matches!(came, Came::Frame(..));
            all.push(came);
            if last {
                return all;
            }
        }
    }

    async fn read(&mut self) -> std::io::Result<usize> {
        tokio::time::timeout(STUCK, self.socket.read_buf(&mut self.bytes)).await.expect("something comes")
    }

    /// A whole frame, if there is one. The server masks nothing and sends nothing in fragments.
    fn take(&mut self) -> Option<Came> {
        let (first, second) = (*self.bytes.first()?, *self.bytes.get(1)?);
        assert!(first & 0xf0 == FIN && second & 0x80 == 0, "{first:#x} {second:#x}");
        let (head, length) = match second {
            126 => (4, usize::from(u16::from_be_bytes(self.bytes.get(2..4)?.try_into().expect("two")))),
            127 => (10, u64::from_be_bytes(self.bytes.get(2..10)?.try_into().expect("eight")) as usize),
            short => (2, usize::from(short)),
        };
        let payload = self.bytes.get(head..head + length)?.to_vec();
        self.bytes.drain(..head + length);
        Some(Came::Frame(first & 0x0f, payload))
    }
}
