//! Where log lines go: to standard error, by a thread of its own.
//!
//! Whoever says something never waits for whoever reads it: a terminal that is stopped or a collector that is stuck must
//! not hold up the writer of the database. What does not fit is left out and counted.

use std::io::{self, Write};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;

use super::CliError;
use crate::config::{Config, LogFormat};

/// Bytes of lines that wait for standard error; beyond it lines are left out.
const WAITING_BYTES_MAX: usize = 1024 * 1024;
/// How long the first line waits for others, so that many are one write and one waking of the thread. A process that is killed
/// loses no more than this.
const GATHER_FOR: Duration = Duration::from_millis(10);
/// Bytes that are written without waiting for more.
const GATHER_BYTES: usize = 64 * 1024;
/// How long the end of the process waits for the last lines to be taken.
const LAST_WITHIN: Duration = Duration::from_secs(1);

/// Writes what waits when it is dropped: to be held until there is nothing more to say.
#[derive(Debug)]
pub struct Log(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    waiting: Mutex<Waiting>,
    /// Something waits, or is to end.
    news: Condvar,
    /// Nothing waits and nothing is being written.
    idle: Condvar,
}

#[derive(Debug, Default)]
struct Waiting {
    lines: Vec<u8>,
    left_out: u64,
    /// The thread gathers or writes, and looks again before it rests.
    writing: bool,
    ends: bool,
}

/// Gives the writer of each line.
struct Lines(Arc<Shared>);

/// Takes the one write of a line.
struct Line<'a>(&'a Shared);

/// Sends log lines to standard error.
///
/// # Errors
/// A usage error when the filter cannot be read.
pub fn start(config: &Config) -> Result<Log, CliError> {
    let filter = EnvFilter::try_new(&config.log).map_err(|fault| CliError::usage(format!("--log {:?}: {fault}", config.log)))?;
    let shared = Shared::new();
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(Lines(shared.clone()));
    let started = match config.log_format {
        LogFormat::Text => log.with_ansi(io::IsTerminal::is_terminal(&io::stderr())).try_init(),
        LogFormat::Json => log.json().flatten_event(true).with_current_span(true).with_span_list(false).try_init(),
    };
    started.map_err(CliError::failed)?;
    let (format, writes) = (config.log_format, shared.clone());
    let writing = std::thread::Builder::new().name("log".to_owned()).spawn(move || writes.write_to(&mut io::stderr(), format));
    writing.map_err(|fault| CliError::failed(format!("cannot start a thread: {fault}")))?;
    Ok(Log(shared))
}

impl Shared {
    fn new() -> Arc<Self> {
        Arc::new(Self { waiting: Mutex::default(), news: Condvar::new(), idle: Condvar::new() })
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        // Nothing panics while it is held; were it so, the lines would still be whole.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn say(&self, line: &[u8]) {
        let mut waiting = self.waiting();
        if waiting.lines.len() + line.len() > WAITING_BYTES_MAX {
            waiting.left_out += 1;
            return;
        }
        waiting.lines.extend_from_slice(line);
        // Who is writing looks again before it rests.
        let wakes = !waiting.writing || waiting.lines.len() >= GATHER_BYTES && waiting.lines.len() - line.len() < GATHER_BYTES;
        drop(waiting);
        if wakes {
            self.news.notify_one();
        }
    }

    /// Until it is to end: writes what waits, all that there is at once.
    fn write_to(&self, out: &mut impl Write, format: LogFormat) {
        let mut lines = Vec::new();
        let mut waiting = self.waiting();
        loop {
            while waiting.lines.is_empty() && waiting.left_out == 0 {
                waiting.writing = false;
                self.idle.notify_all();
                if waiting.ends {
                    return;
                }
                waiting = self.news.wait(waiting).unwrap_or_else(PoisonError::into_inner);
            }
            // From here on nobody has to wake this thread.
            waiting.writing = true;
            let few = |waiting: &mut Waiting| waiting.lines.len() < GATHER_BYTES && !waiting.ends;
            waiting = self.news.wait_timeout_while(waiting, GATHER_FOR, few).unwrap_or_else(PoisonError::into_inner).0;
            std::mem::swap(&mut lines, &mut waiting.lines);
            let left_out = std::mem::take(&mut waiting.left_out);
            drop(waiting);
            if left_out > 0 {
                lines.extend_from_slice(told_of(left_out, format).as_bytes());
            }
            // Where standard error is closed there is nobody to tell.
            let _ = out.write_all(&lines).and_then(|()| out.flush());
            lines.clear();
            waiting = self.waiting();
        }
    }

    /// Waits until everything is written, not for ever.
    fn finish(&self) {
        let mut waiting = self.waiting();
        waiting.ends = true;
        self.news.notify_one();
        let left = |waiting: &mut Waiting| waiting.writing || !waiting.lines.is_empty() || waiting.left_out > 0;
        drop(self.idle.wait_timeout_while(waiting, LAST_WITHIN, left));
    }
}

fn told_of(left_out: u64, format: LogFormat) -> String {
    let message = "log lines were left out: standard error took them too slowly";
    match format {
        LogFormat::Text => format!(" WARN tidings: {message} lines={left_out}\n"),
        LogFormat::Json => format!("{}\n", serde_json::json!({"level": "WARN", "message": message, "lines": left_out})),
    }
}

impl Drop for Log {
    fn drop(&mut self) {
        self.0.finish();
    }
}

impl<'a> MakeWriter<'a> for Lines {
    type Writer = Line<'a>;

    fn make_writer(&'a self) -> Line<'a> {
        Line(&self.0)
    }
}

impl Write for Line<'_> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.0.say(line);
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::io::{self, Write};
    use std::sync::mpsc::{Receiver, Sender, channel};

    use super::{Log, Shared, WAITING_BYTES_MAX};
    use crate::config::LogFormat;

    /// Takes nothing until it is let.
    struct Stopped {
        gate: Receiver<()>,
        taken: Sender<Vec<u8>>,
    }

    impl Write for Stopped {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.gate.recv().map_err(io::Error::other)?;
            self.taken.send(bytes.to_vec()).map_err(io::Error::other)?;
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn nobody_waits_for_who_reads_and_what_was_left_out_is_told() {
        let shared = Shared::new();
        let ((open, gate), (taken, lines)) = (channel(), channel());
        let writes = shared.clone();
        let writing = std::thread::spawn(move || writes.write_to(&mut Stopped { gate, taken }, LogFormat::Text));
        shared.say(b"first\n");
        while !shared.waiting().lines.is_empty() {
            std::thread::yield_now();
        }
        // It is stuck with the first; as much waits as may, and the rest is left out.
        let line = [b'x'; 1024];
        let fit = WAITING_BYTES_MAX / line.len();
        (0..fit + 3).for_each(|_| shared.say(&line));
        for _ in 0..2 {
            open.send(()).expect("open");
        }
        drop(Log(shared));
        writing.join().expect("ends");
        assert_eq!(lines.recv().expect("written"), b"first\n");
        let rest = String::from_utf8(lines.recv().expect("written")).expect("text");
        assert_eq!(rest.matches('x').count(), fit * line.len());
        assert!(rest.ends_with("too slowly lines=3\n"), "{}", &rest[rest.len() - 100..]);
    }
}
