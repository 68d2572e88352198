//! Lines that somebody types while the tail runs.

use tokio::sync::mpsc::{Receiver, channel};

/// Lines that wait to be taken; typing waits beyond that.
const LINES_MAX: usize = 16;

/// Lines of standard input. They are read on a thread of their own, since a read of a terminal cannot be taken back and
/// would hold up the end of the program.
pub fn lines() -> Receiver<String> {
    let (sender, receiver) = channel(LINES_MAX);
    std::thread::spawn(move || {
        for line in std::io::stdin().lines() {
            let Ok(line) = line else { break };
            if sender.blocking_send(line).is_err() {
                break;
            }
        }
    });
    receiver
}

/// No lines, ever.
pub fn nothing() -> Receiver<String> {
    channel(1).1
}
