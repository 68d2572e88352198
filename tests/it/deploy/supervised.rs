//! A server under a supervisor: told as systemd is.

use std::os::unix::net::UnixDatagram;

use rusqlite::Connection;

use crate::app::STUCK;
use crate::child::Process;

fn told(socket: &UnixDatagram) -> String {
    let mut bytes = [0; 512];
    let read = socket.recv(&mut bytes).expect("told");
    String::from_utf8_lossy(&bytes[..read]).into_owned()
}

#[test]
fn a_supervisor_is_told_for_as_long_as_the_server_works() {
    let folder = tempfile::tempdir().expect("folder");
    let path = folder.path().join("notify");
    let socket = UnixDatagram::bind(&path).expect("bound");
    socket.set_read_timeout(Some(STUCK)).expect("set");
    let args = ["serve", "--listen", "127.0.0.1:0", "--ops-listen", "off"];
    let variables = [("NOTIFY_SOCKET", path.to_str().expect("utf-8")), ("WATCHDOG_USEC", "100000")];
    let mut server = Process::start_with(folder.path(), &args, &variables);
    assert!(told(&socket).starts_with("READY=1\nSTATUS=serving on 127.0.0.1:"));
    assert!(server.line().starts_with("listening on"), "it serves before it says so");
    assert_eq!(told(&socket), "WATCHDOG=1");

    // Nothing can be made durable.
    let other = Connection::open(folder.path().join("tidings.db")).expect("opened");
    other.execute_batch("begin immediate").expect("locked");
    while !told(&socket).starts_with("STATUS=not ready: ") {}
    for _ in 0..20 {
        let word = told(&socket);
        assert!(word.starts_with("STATUS=not ready: "), "{word}");
    }
    other.execute_batch("rollback").expect("free");
    let mut word = told(&socket);
    while word.starts_with("STATUS=not ready: ") {
        word = told(&socket);
    }
    assert_eq!(word, "WATCHDOG=1\nSTATUS=ready again");
    let ended = server.terminate();
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let mut word = told(&socket);
    while word == "WATCHDOG=1" {
        word = told(&socket);
    }
    assert_eq!(word, "STOPPING=1\nSTATUS=draining");
}
