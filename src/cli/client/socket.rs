//! A WebSocket to the server.

use std::time::Duration;

use hyper::header;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_tungstenite::tungstenite::Error;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::{WebSocketStream, client_async_with_config};
use tokio_util::either::Either;

use super::{ClientError, Problem, Server, tls};

/// Bytes of one frame from the server; the server's own limit is a quarter of it.
const FRAME_BYTES_MAX: usize = 1024 * 1024;
/// How long the handshake may take, in seconds.
const HANDSHAKE_S_MAX: u64 = 10;

/// The subprotocol that this program speaks.
pub const SUBPROTOCOL: &str = "tidings.v1";

/// An open WebSocket.
pub type Socket = WebSocketStream<Either<TcpStream, TlsStream<TcpStream>>>;

/// Opens a WebSocket on `/v1/ws`. `read_buffer_bytes` is what one connection holds for reading.
///
/// # Errors
/// [`ClientError`]; a refused handshake keeps the server's reason.
pub async fn connect(server: &Server, read_buffer_bytes: usize) -> Result<Socket, ClientError> {
    let unreachable = |why: String| ClientError::Unreachable { url: server.url.clone(), why };
    let mut request = format!("ws://{}/v1/ws", server.authority).into_client_request().map_err(|e| ClientError::Url(e.to_string()))?;
    let headers = request.headers_mut();
    headers.insert(header::SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(SUBPROTOCOL));
    if let Some(authorization) = &server.authorization {
        headers.insert(header::AUTHORIZATION, authorization.clone());
    }
    let config = WebSocketConfig::default()
        .read_buffer_size(read_buffer_bytes)
        .write_buffer_size(0)
        .max_message_size(Some(FRAME_BYTES_MAX))
        .max_frame_size(Some(FRAME_BYTES_MAX));
    let opening = async {
        let stream = TcpStream::connect(&server.authority).await.map_err(|e| unreachable(e.to_string()))?;
        stream.set_nodelay(true).map_err(|e| unreachable(e.to_string()))?;
        let stream = match &server.secure {
            None => Either::Left(stream),
            Some(name) => {
                let secured = TlsConnector::from(server.tls.clone()).connect(name.clone(), stream).await;
                Either::Right(secured.map_err(|fault| tls::refusal(&fault, &server.url).unwrap_or_else(|| unreachable(fault.to_string())))?)
            }
        };
        let opened = client_async_with_config(request, stream, Some(config)).await;
        opened.map(|(socket, _)| socket).map_err(|error| refusal(server, error))
    };
    let opened = tokio::time::timeout(Duration::from_secs(HANDSHAKE_S_MAX), opening).await;
    opened.unwrap_or_else(|_| Err(unreachable(format!("no handshake in {HANDSHAKE_S_MAX} s"))))
}

fn refusal(server: &Server, error: Error) -> ClientError {
    match error {
        Error::Http(response) => {
            let retry = response.headers().get(header::RETRY_AFTER).and_then(|v| v.to_str().ok()).and_then(|v| v.parse().ok());
            let body = response.body().as_deref().unwrap_or_default();
            ClientError::Refused(Problem::read(response.status().as_u16(), body, retry.map(Duration::from_secs)))
        }
        Error::Protocol(_) => ClientError::Unexpected { url: server.url.clone(), why: error.to_string() },
        other => ClientError::Unreachable { url: server.url.clone(), why: other.to_string() },
    }
}
