//! What is under way is one budget over all connections, and a share of it each.

use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

use crate::app::TestApp;

#[tokio::test]
async fn bodies_that_are_half_sent_hold_a_share_and_others_find_room() {
    let app = TestApp::start_with(|config| config.ingest.queue_bytes_max = 1_000_000).await;
    let (noisy, quiet) = (app.key("ingest").await, app.key_of("quiet", "ingest", None).await);
    let head = |key: &str| format!("POST /v1/activities HTTP/1.1\r\nhost: a\r\nauthorization: Bearer {key}\r\ncontent-length: 300000\r\n");
    let mut half_sent = Vec::new();
    for held in [300_000, 600_000] {
        let mut socket = TcpStream::connect(app.address()).await.expect("connects");
        socket.write_all(format!("{}\r\n{{", head(&noisy)).as_bytes()).await.expect("sent");
        while app.running().ingest.queued_bytes() < held {
            tokio::task::yield_now().await;
        }
        half_sent.push(socket);
    }
    // A third finds no room, and is told so before it sends anything.
    let answer = app.head(format!("{}expect: 100-continue\r\nconnection: close\r\n\r\n", head(&noisy)).as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 503") && answer.contains("retry-after: ") && answer.contains("overloaded"), "{answer}");
    let draft = r#"{"flavor":"a.b","event":"e","partner":"p"}"#;
    assert_eq!(app.post(&quiet, "/v1/activities", draft).await.status, 201, "another workspace finds room");
    drop(half_sent);
    while app.running().ingest.queued_bytes() > 0 {
        tokio::task::yield_now().await;
    }
    assert_eq!(app.post(&noisy, "/v1/activities", draft).await.status, 201, "what was held is free again");
    app.finish().await;
}
