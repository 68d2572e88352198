//! HTTP as bytes: the load must cost less than the server that it measures, so nothing is parsed that need not be.

use memchr::memmem;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::cli::CliError;
use crate::cli::client::Server;

/// Bytes of the head of an answer.
const HEAD_BYTES_MAX: usize = 16 * 1024;
/// Bytes of one read.
const READ_BYTES: usize = 64 * 1024;

/// A connection that posts activities, one request at a time.
pub struct Poster {
    stream: TcpStream,
    head: String,
    buffer: Vec<u8>,
}

impl Poster {
    /// Connects.
    ///
    /// # Errors
    /// When the server cannot be reached.
    pub async fn connect(server: &Server, content_type: &str) -> Result<Self, CliError> {
        let stream = connect(server).await?;
        let head = format!("POST /v1/activities HTTP/1.1\r\n{}content-type: {content_type}\r\ncontent-length: ", host_and_key(server));
        Ok(Self { stream, head, buffer: Vec::with_capacity(READ_BYTES) })
    }

    /// Posts one body and waits for the whole answer; its status.
    ///
    /// # Errors
    /// When the connection breaks, or the answer is none that this program can read.
    pub async fn post(&mut self, body: &str) -> Result<u16, CliError> {
        let request = format!("{}{}\r\n\r\n{body}", self.head, body.len());
        self.stream.write_all(request.as_bytes()).await.map_err(broken)?;
        self.buffer.clear();
        let head = read_head(&mut self.stream, &mut self.buffer).await?;
        let (status, length) = parse_head(&self.buffer[..head])?;
        while self.buffer.len() < head + length {
            if self.stream.read_buf(&mut self.buffer).await.map_err(broken)? == 0 {
                return Err(CliError::failed("the server closed the connection within an answer"));
            }
        }
        Ok(status)
    }
}

/// Opens a connection.
///
/// # Errors
/// When the server cannot be reached, or this process may open no more files.
pub async fn connect(server: &Server) -> Result<TcpStream, CliError> {
    let stream = TcpStream::connect(&server.authority).await.map_err(|e| {
        let cure = if e.raw_os_error() == Some(24) { "; let this process open more files: `ulimit -n 20000`" } else { "" };
        CliError::failed(format!("cannot connect to {}: {e}{cure}", server.url))
    })?;
    stream.set_nodelay(true).map_err(broken)?;
    Ok(stream)
}

/// The header lines that every request has.
pub fn host_and_key(server: &Server) -> String {
    let key = server.authorization.as_ref().and_then(|v| v.to_str().ok()).map(|v| format!("authorization: {v}\r\n"));
    format!("host: {}\r\n{}", server.authority, key.unwrap_or_default())
}

/// Reads until the head of an answer is whole; where it ends. What was read of the body stays behind it.
///
/// # Errors
/// When the connection ends before, or the head is too long.
pub async fn read_head(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> Result<usize, CliError> {
    loop {
        if let Some(at) = memmem::find(buffer, b"\r\n\r\n") {
            return Ok(at + 4);
        }
        if buffer.len() > HEAD_BYTES_MAX {
            return Err(CliError::failed("the server's answer has too long a head"));
        }
        if stream.read_buf(buffer).await.map_err(broken)? == 0 {
            return Err(CliError::failed("the server closed the connection before it answered"));
        }
    }
}

/// Status and length of the body.
///
/// # Errors
/// When the answer has no length.
pub fn parse_head(head: &[u8]) -> Result<(u16, usize), CliError> {
    let text = String::from_utf8_lossy(head);
    let status = text.get(9..12).and_then(|s| s.parse().ok());
    let length = text.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        if name.eq_ignore_ascii_case("content-length") { value.trim().parse().ok() } else { None }
    });
    match (status, length) {
        (Some(101), _) => Ok((101, 0)),
        (Some(status), Some(length)) => Ok((status, length)),
        _ => Err(CliError::failed("the server's answer has no status or no content-length")),
    }
}

/// A connection that broke.
#[expect(clippy::needless_pass_by_value, reason = "it is handed to map_err")]
pub fn broken(error: std::io::Error) -> CliError {
    CliError::failed(format!("the connection broke: {error}"))
}

#[cfg(test)]
mod tests {
    use super::parse_head;

    #[test]
    fn reads_heads() {
        for (head, want) in [
            ("HTTP/1.1 201 Created\r\ncontent-type: x\r\nContent-Length: 42\r\n\r\n", Some((201, 42))),
            ("HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\n\r\n", Some((101, 0))),
            ("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n", None),
            ("", None),
        ] {
            assert_eq!(parse_head(head.as_bytes()).ok(), want, "{head}");
        }
    }
}
