//! Outlets of the demo: a webhook, and an alert for silence, to a receiver of its own. Who has changed the alert has changed it;
//! where the receiver is, is told anew, as its port is another at each start.

use std::net::SocketAddr;

use bytes::Bytes;
use hyper::Method;
use serde_json::{Value, json};

use crate::cli::CliError;
use crate::cli::client::{Client, ClientError, Patience};

/// Makes them.
///
/// # Errors
/// When the server refuses.
pub async fn make(client: &mut Client, receiver: SocketAddr) -> Result<(), CliError> {
    let url = |path: &str| format!("http://{receiver}/{path}");
    put(client, "/v1/webhooks/receiver", &json!({"url": url("webhook"), "view": "all-activities", "enabled": true})).await?;
    let channel = json!({"name": "The demo's receiver", "kind": "webhook", "url": url("alerts")});
    put(client, "/v1/channels/receiver", &channel).await?;
    let silence = json!({
        "name": "No registrations",
        "view": "all-registrations",
        "when": {"silent_s": 60},
        "to": ["receiver"],
        "cooldown_s": 60,
        "note": "Nothing is to be done in a demo: it resolves itself with the next registration.",
    });
    match client.get::<Value>("/v1/alerts/no-registrations").await {
        Err(ClientError::Refused(problem)) if problem.status == 404 => put(client, "/v1/alerts/no-registrations", &silence).await,
        found => Ok(found.map(drop)?),
    }
}

async fn put(client: &mut Client, path: &str, body: &Value) -> Result<(), CliError> {
    let body = Some(("application/json", Bytes::from(body.to_string())));
    client.send(&Method::PUT, path, body, Patience::MINUTE, |_| {}).await?;
    Ok(())
}
