//! How a connection ends: every close code with its reason and what the client should do.

/// A reason to end a connection from our side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Disconnect {
    /// WebSocket close code.
    pub code: u16,
    /// Word for `bye` and the close frame.
    pub reason: &'static str,
    /// When to come back, in milliseconds; `None` when coming back the same way is of no use.
    pub reconnect_after_ms: Option<u64>,
}

/// The server restarts or drains: come back soon, spread out by the client's own jitter.
pub const RESTART: Disconnect = Disconnect { code: 1012, reason: "restart", reconnect_after_ms: Some(500) };
/// The client broke the protocol: binary frames, say.
pub const POLICY: Disconnect = Disconnect { code: 1008, reason: "policy", reconnect_after_ms: None };
/// A frame was larger than is accepted.
pub const TOO_BIG: Disconnect = Disconnect { code: 1009, reason: "too_big", reconnect_after_ms: None };
/// The credential was revoked or has expired: sign in again.
pub const UNAUTHORISED: Disconnect = Disconnect { code: 4401, reason: "unauthorised", reconnect_after_ms: None };
/// The credential may not do this.
pub const FORBIDDEN: Disconnect = Disconnect { code: 4403, reason: "forbidden", reconnect_after_ms: None };
/// A ping was not answered in time, or nothing could be written for too long: resume from the last position.
pub const NO_PONG: Disconnect = Disconnect { code: 4408, reason: "no_pong", reconnect_after_ms: Some(1_000) };
/// Too many words or connections: slow down.
pub const TOO_MANY: Disconnect = Disconnect { code: 4429, reason: "too_many", reconnect_after_ms: Some(15_000) };

/// Every one, for the reference.
pub const ALL: &[(Disconnect, &str)] = &[
    (RESTART, "The server restarts. Reconnect after the time in `bye` and resume from the last position."),
    (POLICY, "The protocol was broken. Send JSON text frames only."),
    (TOO_BIG, "A frame was larger than 64 KiB. Send smaller filter sets."),
    (UNAUTHORISED, "The key was revoked or has expired. Get a new one."),
    (FORBIDDEN, "The key may not do this. Use one with the scope."),
    (NO_PONG, "The connection was dead or read nothing for too long. Reconnect and resume."),
    (TOO_MANY, "Too many words. Wait as `bye` says and send fewer."),
];
