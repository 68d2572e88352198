//! Whoever started the server and listens on `NOTIFY_SOCKET`, as systemd does: told that it serves, that it lives, that it ends.
//!
//! Lines of `NAME=VALUE` in one datagram, after sd_notify(3). Nothing here may fail a server: who cannot be told is not.

use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::time::Duration;

use super::ready::Ready;

/// How often a watchdog is told within the time that it waits: a probe that fails once is not the end.
const TOLD_WITHIN: u32 = 4;

/// The supervisor of this process, where there is one.
#[derive(Debug, Default)]
pub struct Supervisor {
    socket: Option<(UnixDatagram, SocketAddr)>,
    /// How long it waits for a sign of life, where it does.
    watchdog: Option<Duration>,
}

impl Supervisor {
    /// The one that the environment names; `process` is our own number.
    pub fn find(variable: impl Fn(&str) -> Option<OsString>, process: u32) -> Self {
        let Some(address) = variable("NOTIFY_SOCKET").and_then(|name| address(&name)) else { return Self::default() };
        let Ok(socket) = UnixDatagram::unbound() else { return Self::default() };
        // A supervisor that does not read must not hold up a server.
        if socket.set_nonblocking(true).is_err() {
            return Self::default();
        }
        let number = |name: &str| variable(name).and_then(|text| text.to_str()?.parse::<u64>().ok());
        let is_meant = number("WATCHDOG_PID").is_none_or(|meant| meant == u64::from(process));
        let watchdog = number("WATCHDOG_USEC").filter(|us| *us > 0 && is_meant).map(Duration::from_micros);
        Self { socket: Some((socket, address)), watchdog }
    }

    /// That it serves, and where.
    pub fn serving(&self, at: std::net::SocketAddr) {
        self.tell(&format!("READY=1\nSTATUS=serving on {at}"));
    }

    /// That it ends.
    pub fn stopping(&self) {
        self.tell("STOPPING=1\nSTATUS=draining");
    }

    /// Gives signs of life for as long as a probe comes through, and never ends.
    pub async fn watch(&self, ready: &Ready) {
        let Some(wait) = self.watchdog else { return std::future::pending().await };
        let mut was_ready = true;
        loop {
            let told = ready.check().await;
            match &told {
                Ok(_) if was_ready => self.tell("WATCHDOG=1"),
                Ok(_) => self.tell("WATCHDOG=1\nSTATUS=ready again"),
                Err(why) => self.tell(&format!("STATUS=not ready: {why}")),
            }
            was_ready = told.is_ok();
            tokio::time::sleep(wait / TOLD_WITHIN).await;
        }
    }

    fn tell(&self, text: &str) {
        let Some((socket, address)) = &self.socket else { return };
        if let Err(fault) = socket.send_to_addr(text.as_bytes(), address) {
            tracing::debug!(%fault, text, "the supervisor was not told");
        }
    }
}

/// A path, or a name that is no file (`@name`).
fn address(name: &OsString) -> Option<SocketAddr> {
    match name.as_bytes() {
        [b'/', ..] => SocketAddr::from_pathname(name).ok(),
        #[cfg(target_os = "linux")]
        [b'@', name @ ..] => {
            use std::os::linux::net::SocketAddrExt as _;
            SocketAddr::from_abstract_name(name).ok()
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;
    use std::os::linux::net::SocketAddrExt as _;
    use std::os::unix::net::{SocketAddr, UnixDatagram};

    use super::Supervisor;

    fn told(socket: &UnixDatagram) -> String {
        let mut bytes = [0; 512];
        let read = socket.recv(&mut bytes).expect("told");
        String::from_utf8_lossy(&bytes[..read]).into_owned()
    }

    #[test]
    fn is_told_by_either_kind_of_name() {
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join("notify");
        let abstract_name = format!("tidings-test-{}", std::process::id());
        let by_path = UnixDatagram::bind(&path).expect("bound");
        let by_name = UnixDatagram::bind_addr(&SocketAddr::from_abstract_name(&abstract_name).expect("a name")).expect("bound");
        for (socket, name) in [(by_path, path.into_os_string()), (by_name, OsString::from(format!("@{abstract_name}")))] {
            let supervisor = Supervisor::find(|variable| (variable == "NOTIFY_SOCKET").then(|| name.clone()), 7);
            supervisor.serving("127.0.0.1:8080".parse().expect("an address"));
            assert_eq!(told(&socket), "READY=1\nSTATUS=serving on 127.0.0.1:8080");
            supervisor.stopping();
            assert!(told(&socket).starts_with("STOPPING=1\n"));
        }
    }

    #[test]
    fn a_watchdog_is_meant_for_one_process() {
        for (usec, pid, meant) in
            [("60000000", None, true), ("60000000", Some("7"), true), ("60000000", Some("8"), false), ("0", None, false)]
        {
            let supervisor = Supervisor::find(
                |variable| match variable {
                    "NOTIFY_SOCKET" => Some("/run/nobody".into()),
                    "WATCHDOG_USEC" => Some(usec.into()),
                    "WATCHDOG_PID" => pid.map(OsString::from),
                    _ => None,
                },
                7,
            );
            assert_eq!(supervisor.watchdog.is_some(), meant, "{usec} {pid:?}");
            supervisor.stopping();
        }
        for name in [None, Some(""), Some("relative"), Some("vsock:2:1")] {
            assert!(Supervisor::find(|_| name.map(OsString::from), 7).socket.is_none(), "{name:?}");
        }
    }
}
