//! `health`: asked of a server that works, that does not, and that is not there.

use rusqlite::Connection;

use crate::child::{Process, free_port, run};

#[test]
fn health_is_an_exit_code_and_a_sentence() {
    let folder = tempfile::tempdir().expect("folder");
    let (ops, nobody) = (format!("127.0.0.1:{}", free_port()), format!("127.0.0.1:{}", free_port()));
    let mut server = Process::start(folder.path(), &["serve", "--listen", "0.0.0.0:0", "--ops-listen", &ops]);
    let line = server.line();
    let listen = line.strip_prefix("listening on http://").expect("an address").to_owned();
    let check = |listen: &str, ops: &str, code: i32, words: &[&str]| {
        let ended = run(folder.path(), &["health", "--listen", listen, "--ops-listen", ops]);
        assert_eq!(ended.code, Some(code), "{ended:?}");
        let told = if code == 0 { ended.lines.join("\n") } else { ended.stderr.trim().to_owned() };
        assert_eq!(told.lines().count(), 1, "one sentence: {ended:?}");
        assert!(told.trim_start_matches("tidings: ").starts_with(if code == 0 { "healthy: " } else { "unhealthy: " }), "{told}");
        for word in words {
            assert!(told.contains(word), "{word:?} is missing in {told:?}");
        }
    };
    check(&listen, &ops, 0, &["a probe came back"]);
    check(&listen, "off", 0, &["answers", "/ready is not served"]);
    check(&listen, &nobody, 0, &["answers", &nobody]);
    check(&nobody, &nobody, 1, &["nothing answers", &nobody]);
    check(&nobody, "off", 1, &["nothing answers"]);
    check(&nobody, &listen, 1, &["another program"]);
    let other = Connection::open(folder.path().join("tidings.db")).expect("opened");
    other.execute_batch("begin immediate").expect("locked");
    // An answer holds for two seconds; what is asked for after that tells.
    while run(folder.path(), &["health", "--listen", &listen, "--ops-listen", &ops]).code == Some(0) {}
    check(&listen, &ops, 1, &["not ready", "probe"]);
    other.execute_batch("rollback").expect("free");
    assert_eq!(server.terminate().code, Some(0));
    check(&listen, &ops, 1, &["nothing answers"]);
}
