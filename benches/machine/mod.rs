//! Processes on this machine: started, pinned, listened to, ended.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// What went wrong, in words.
pub type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

/// The core of servers and references.
pub const SERVER_CORE: &str = "0";
/// The core of the load.
pub const LOAD_CORE: &str = "1";

/// Our program, built like this one.
pub const TIDINGS: &str = env!("CARGO_BIN_EXE_tidings");

/// A server that runs; it is ended when this is dropped.
pub struct Server {
    child: Child,
    /// Where it listens.
    pub url: String,
}

impl Server {
    /// Starts a program on the server's core and waits until it listens.
    pub fn start(program: &Path, args: &[&str]) -> Outcome<Self> {
        let mut child = pinned(SERVER_CORE, program, args).stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?;
        let mut lines = BufReader::new(child.stdout.take().ok_or("no standard output")?).lines();
        let url = lines.find_map(|line| line.ok()?.strip_prefix("listening on ").map(str::to_owned));
        match url {
            Some(url) => Ok(Self { child, url }),
            None => {
                child.kill()?;
                Err(format!("{} ended before it listened", program.display()).into())
            }
        }
    }

    /// Its process. `taskset` becomes the program that it starts, so the number is the program's.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Runs a program on a core and gives what it printed.
pub fn output(core: &str, program: &Path, args: &[&str]) -> Outcome<String> {
    let output = pinned(core, program, args).stderr(Stdio::piped()).output()?;
    if !output.status.success() {
        return Err(format!("{} {}: {}", program.display(), args.join(" "), String::from_utf8_lossy(&output.stderr)).into());
    }
    Ok(String::from_utf8(output.stdout)?)
}

fn pinned(core: &str, program: &Path, args: &[&str]) -> Command {
    let mut command = Command::new("taskset");
    command.args(["-c", core]).arg(program).args(args);
    command
}
