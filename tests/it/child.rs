//! The real binary as a child process: its server, its commands.
//!
//! A child is killed when its owner is dropped, and its standard error is kept: whatever fails here shows it.

use std::io::{BufRead as _, BufReader, Read, Write as _};
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread::JoinHandle;

use crate::app::STUCK;

/// The binary that was built for this test run.
pub const BINARY: &str = env!("CARGO_BIN_EXE_tidings");

/// A child whose standard output is read line by line.
pub struct Process {
    child: Child,
    input: Option<ChildStdin>,
    lines: Receiver<String>,
    stderr: Option<JoinHandle<String>>,
}

/// What a child has left behind.
#[derive(Debug)]
pub struct Ended {
    /// Its exit code; `None` when it was killed.
    pub code: Option<i32>,
    /// What was not read of its standard output.
    pub lines: Vec<String>,
    /// All of its standard error.
    pub stderr: String,
}

impl Process {
    /// Starts a command on the database of a folder.
    pub fn start(folder: &Path, args: &[&str]) -> Self {
        Self::spawn(command(folder, args))
    }

    /// The same with more variables.
    pub fn start_with(folder: &Path, args: &[&str], variables: &[(&str, &str)]) -> Self {
        let mut command = command(folder, args);
        command.envs(variables.iter().copied());
        Self::spawn(command)
    }

    /// Starts any command.
    pub fn spawn(mut command: Command) -> Self {
        let piped = || Stdio::piped();
        let mut child = command.stdin(piped()).stdout(piped()).stderr(piped()).spawn().expect("the binary starts");
        let (told, lines) = channel();
        let stdout = BufReader::new(child.stdout.take().expect("piped"));
        std::thread::spawn(move || stdout.lines().map_while(Result::ok).try_for_each(|line| told.send(line)));
        let mut stderr = child.stderr.take().expect("piped");
        let stderr = std::thread::spawn(move || {
            let mut bytes = Vec::new();
            let _ = stderr.read_to_end(&mut bytes);
            String::from_utf8_lossy(&bytes).into_owned()
        });
        Self { input: child.stdin.take(), child, lines, stderr: Some(stderr) }
    }

    /// The next line of its standard output.
    pub fn line(&mut self) -> String {
        match self.next_line() {
            Some(line) => line,
            None => panic!("a line was awaited, it ended: {:?}", self.ended()),
        }
    }

    /// The next line of its standard output; `None` when there will be none.
    fn next_line(&mut self) -> Option<String> {
        match self.lines.recv_timeout(STUCK) {
            Ok(line) => Some(line),
            Err(RecvTimeoutError::Disconnected) => None,
            Err(RecvTimeoutError::Timeout) => {
                let _ = self.child.kill();
                panic!("it is stuck: {:?}", self.ended());
            }
        }
    }

    /// Types a line.
    pub fn say(&mut self, line: &str) {
        let input = self.input.as_mut().expect("open");
        writeln!(input, "{line}").and_then(|()| input.flush()).expect("taken");
    }

    /// Ends its standard input and waits for it.
    pub fn finish(mut self) -> Ended {
        self.input = None;
        self.ended()
    }

    /// Kills it, as nothing can be refused.
    pub fn kill(mut self) -> Ended {
        self.child.kill().expect("killed");
        self.ended()
    }

    /// Asks it to end.
    pub fn terminate(mut self) -> Ended {
        self.signal();
        self.ended()
    }

    /// Asks it to end, and a second time once it has said that it drains.
    pub fn terminate_twice(mut self) -> Ended {
        self.signal();
        let deadline = std::time::Instant::now() + STUCK;
        // Signals that come together are one: the second is sent until the first has been heard.
        while self.child.try_wait().expect("waits").is_none() {
            assert!(std::time::Instant::now() < deadline, "it is stuck");
            self.signal();
            std::thread::yield_now();
        }
        self.ended()
    }

    fn signal(&self) {
        let asked = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).stderr(Stdio::null()).status();
        assert!(asked.is_ok(), "kill runs");
    }

    fn ended(&mut self) -> Ended {
        // Standard output ends with the child: waiting for that has a time-out.
        let lines = std::iter::from_fn(|| self.next_line()).collect();
        let code = self.child.wait().expect("ends").code();
        let stderr = self.stderr.take().map_or(String::new(), |thread| thread.join().expect("read"));
        Ended { code, lines, stderr }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let Some(stderr) = self.stderr.take() else { return };
        let stderr = stderr.join().unwrap_or_default();
        if std::thread::panicking() {
            eprintln!("a child said:\n{stderr}");
        }
    }
}

/// A server.
pub struct ServerProcess {
    process: Process,
    pub address: SocketAddr,
}

impl ServerProcess {
    /// Serves the database of a folder; port 0 is any.
    pub fn serve(folder: &Path, port: u16) -> Self {
        Self::serve_with(folder, port, &[])
    }

    /// The same, with more options.
    pub fn serve_with(folder: &Path, port: u16, more: &[&str]) -> Self {
        let listen = format!("127.0.0.1:{port}");
        let mut process = Process::start(folder, &[&["serve", "--listen", &listen, "--ops-listen", "off"], more].concat());
        let line = process.line();
        let address = line.strip_prefix("listening on http://").unwrap_or_else(|| panic!("{line:?} is not the line"));
        Self { address: address.parse().expect("an address"), process }
    }

    /// Where it is.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Asks it to end twice; its exit code.
    pub fn terminate_twice(self) -> Option<i32> {
        self.process.terminate_twice().code
    }

    /// Kills it with SIGKILL.
    pub fn kill(self) {
        whole(&self.process.kill());
    }

    /// Asks it to end; what it has said on standard error.
    pub fn said(self) -> String {
        let ended = self.process.terminate();
        whole(&ended);
        assert_eq!(ended.code, Some(0), "{}", ended.stderr);
        ended.stderr
    }

    /// Asks it to end; its exit code.
    pub fn terminate(self) -> Option<i32> {
        let ended = self.process.terminate();
        whole(&ended);
        ended.code
    }
}

/// One line of output for scripts and no more, and no panic anywhere.
fn whole(ended: &Ended) {
    assert!(ended.lines.is_empty(), "more than one line on standard output: {:?}", ended.lines);
    assert!(!ended.stderr.contains("panicked"), "{}", ended.stderr);
}

/// A command on the database of a folder, with no setting of whoever runs the tests.
fn command(folder: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(BINARY);
    command.args(args);
    settled(command, folder)
}

fn settled(mut command: Command, folder: &Path) -> Command {
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("TIDINGS_")) {
        command.env_remove(name);
    }
    command.env("TIDINGS_DATABASE", format!("sqlite:{}", folder.join("tidings.db").display()));
    command
}

/// Runs a command to its end.
pub fn run(folder: &Path, args: &[&str]) -> Ended {
    run_with_input(folder, args, "")
}

/// Runs a command to its end with a text as its standard input.
pub fn run_with_input(folder: &Path, args: &[&str], input: &str) -> Ended {
    let mut process = Process::start(folder, args);
    // A command that takes no input may have ended before.
    let _ = process.input.as_mut().expect("open").write_all(input.as_bytes());
    process.finish()
}

/// Runs a command that may write no file beyond so many KiB, as on a disk that is full.
pub fn run_limited(folder: &Path, kib: u64, args: &[&str]) -> Ended {
    let script = format!("trap '' XFSZ; ulimit -f {kib}; exec \"$0\" \"$@\"");
    let mut limited = Command::new("bash");
    limited.args(["-c", &script, BINARY]).args(args);
    Process::spawn(settled(limited, folder)).finish()
}

/// Runs a command that must succeed; its standard output.
pub fn output(folder: &Path, args: &[&str]) -> String {
    let ended = run(folder, args);
    assert_eq!(ended.code, Some(0), "{args:?}: {ended:?}");
    ended.lines.iter().map(|line| format!("{line}\n")).collect()
}

/// A new key; the command writes it alone.
pub fn new_key(folder: &Path, scopes: &str) -> String {
    let text = output(folder, &["key", "create", "--scope", scopes]);
    assert_eq!(text.lines().count(), 1, "the key alone: {text:?}");
    assert!(text.starts_with("td_key_"), "{text:?}");
    text.trim().to_owned()
}

/// A port that is free now.
pub fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").expect("bound").local_addr().expect("an address").port()
}
