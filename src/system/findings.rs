//! What is not well, each with what to do: the one place where a threshold stands.

use super::Report;

/// How bad something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Nothing is to be done.
    Ok,
    /// Somebody should look today.
    Warn,
    /// Somebody should look now.
    Bad,
}

impl Level {
    /// The word used outside.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warn => "warn",
            Self::Bad => "bad",
        }
    }
}

/// Something that is not well.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Which figure it is about.
    pub what: &'static str,
    /// How bad it is.
    pub level: Level,
    /// What it is and what to do, for people.
    pub message: String,
}

/// Milliseconds from receipt to durable, of 99 in 100.
pub const COMMIT_MS: (f64, f64) = (50.0, 500.0);
/// Milliseconds from durable to the socket, of 99 in 100.
pub const DELIVER_MS: (f64, f64) = (250.0, 2_000.0);
/// Seconds that are left of the disk.
const DISK_LEFT_S: (u64, u64) = (3 * 86_400, 6 * 3_600);
/// Bytes that are free on the disk.
const DISK_FREE_BYTES: (u64, u64) = (2 << 30, 512 << 20);
/// Bytes of the write-ahead log.
const WAL_BYTES: (u64, u64) = (512 << 20, 4 << 30);
/// Bytes that wait for the writer.
const QUEUE_BYTES: (u64, u64) = (16 << 20, 48 << 20);
/// Milliseconds since the path was known to work.
const PULSE_MS: (u64, u64) = (3_000, 5_000);
/// One refused of so many that were taken.
const REFUSED_OF: (u64, u64) = (100, 10);
/// Fewer refusals are nobody's concern.
const REFUSED_MIN: u64 = 20;

impl Report {
    /// What is not well of all that is told, the worst first.
    pub fn findings(&self) -> Vec<Finding> {
        let mut found = Vec::new();
        let mut tell = |what, level: Level, message: String| {
            if level > Level::Ok {
                found.push(Finding { what, level, message });
            }
        };
        let pulse = self.pulse_age_ms.map_or(Level::Ok, |age| above(age, PULSE_MS));
        match self.is_broken {
            true => tell(
                "pulse_age_ms",
                Level::Bad,
                "Nothing can be stored or delivered. Look at the disk and at the log of the server.".to_owned(),
            ),
            false => tell(
                "pulse_age_ms",
                pulse,
                "The path from writer to reader was not tested for seconds. Look at the load of the machine.".to_owned(),
            ),
        }
        let commit = self.commit_ms.map_or(0.0, |ms| ms.p99);
        tell(
            "commit_ms",
            above(commit, COMMIT_MS),
            format!("Storing takes {commit:.0} ms. Look at the disk, and at who sends one activity a request."),
        );
        let deliver = self.deliver_ms.map_or(0.0, |ms| ms.p99);
        tell(
            "deliver_ms",
            above(deliver, DELIVER_MS),
            format!("Delivering takes {deliver:.0} ms. Look at the load of the machine, and at slow readers."),
        );
        if let Some(left) = self.disk_left_s {
            let days = left / 86_400;
            let when = if days > 0 { format!("{days} days") } else { format!("{} hours", left / 3_600) };
            tell(
                "disk_left_s",
                below(left, DISK_LEFT_S),
                format!("The disk is full in {when} at this rate. Add room, or keep activities for less long."),
            );
        }
        if let Some(free) = self.disk_free_bytes {
            tell("disk_free_bytes", below(free, DISK_FREE_BYTES), format!("Only {} MB of the disk are free. Add room now.", free >> 20));
        }
        tell(
            "wal_bytes",
            above(self.wal_bytes, WAL_BYTES),
            "The write-ahead log is long. A copy or another program has the database open: let it end.".to_owned(),
        );
        tell(
            "queue_bytes",
            above(self.queue_bytes, QUEUE_BYTES),
            "More comes in than can be stored. Send less, or many in one request.".to_owned(),
        );
        if self.lagging > 0 {
            tell("lagging", Level::Warn, format!("{} readers are too slow and read the log. Look at their network.", self.lagging));
        }
        let refused: u64 = self.refusals.values().sum();
        let share = match refused {
            few if few < REFUSED_MIN => Level::Ok,
            _ if refused * REFUSED_OF.1 > self.accepted => Level::Bad,
            _ if refused * REFUSED_OF.0 > self.accepted => Level::Warn,
            _ => Level::Ok,
        };
        let most = self.refusals.iter().max_by_key(|(_, count)| **count).map_or("", |(code, _)| code);
        tell("refusals", share, format!("{refused} were refused in 15 minutes, most of them as {most}. Look at who sends them."));
        found.sort_by_key(|finding| std::cmp::Reverse(finding.level));
        found
    }
}

fn above<T: PartialOrd>(value: T, (warn, bad): (T, T)) -> Level {
    match () {
        () if value >= bad => Level::Bad,
        () if value >= warn => Level::Warn,
        () => Level::Ok,
    }
}

fn below<T: PartialOrd>(value: T, (warn, bad): (T, T)) -> Level {
    match () {
        () if value <= bad => Level::Bad,
        () if value <= warn => Level::Warn,
        () => Level::Ok,
    }
}

#[cfg(test)]
mod tests {
    use super::{Level, Report};
    use crate::system::Quantiles;

    fn well() -> Report {
        Report {
            uptime_s: 9,
            in_per_s: 1.0,
            out_per_s: 1.0,
            connections: 3,
            subscriptions: 3,
            lagging: 0,
            commit_ms: Some(Quantiles { p50: 1.0, p99: 9.0 }),
            deliver_ms: None,
            refusals: [("invalid".to_owned(), 19)].into(),
            accepted: 10,
            queue_bytes: 0,
            database_bytes: 1,
            wal_bytes: 1,
            disk_free_bytes: Some(100 << 30),
            disk_left_s: None,
            pulse_age_ms: Some(900),
            is_broken: false,
            course_in: Vec::new(),
            course_out: Vec::new(),
        }
    }

    #[test]
    fn each_figure_has_its_thresholds_and_the_worst_comes_first() {
        assert_eq!(well().findings(), []);
        let slow = |p99| Some(Quantiles { p50: 1.0, p99 });
        for (report, what, level) in [
            (Report { commit_ms: slow(50.0), ..well() }, "commit_ms", Level::Warn),
            (Report { commit_ms: slow(500.0), ..well() }, "commit_ms", Level::Bad),
            (Report { deliver_ms: slow(250.0), ..well() }, "deliver_ms", Level::Warn),
            (Report { disk_left_s: Some(2 * 86_400), ..well() }, "disk_left_s", Level::Warn),
            (Report { disk_left_s: Some(3_600), ..well() }, "disk_left_s", Level::Bad),
            (Report { disk_free_bytes: Some(1), ..well() }, "disk_free_bytes", Level::Bad),
            (Report { wal_bytes: 1 << 30, ..well() }, "wal_bytes", Level::Warn),
            (Report { queue_bytes: 20 << 20, ..well() }, "queue_bytes", Level::Warn),
            (Report { lagging: 2, ..well() }, "lagging", Level::Warn),
            (Report { refusals: [("invalid".to_owned(), 20)].into(), ..well() }, "refusals", Level::Bad),
            (Report { refusals: [("invalid".to_owned(), 20)].into(), accepted: 1_999, ..well() }, "refusals", Level::Warn),
            (Report { pulse_age_ms: Some(3_000), ..well() }, "pulse_age_ms", Level::Warn),
            (Report { is_broken: true, ..well() }, "pulse_age_ms", Level::Bad),
        ] {
            let found = report.findings();
            assert_eq!((found.len(), found[0].what, found[0].level), (1, what, level), "{found:?}");
            assert!(found[0].message.ends_with('.'), "{found:?}");
        }
        let both = Report { lagging: 1, is_broken: true, ..well() }.findings();
        assert_eq!(both.iter().map(|finding| finding.what).collect::<Vec<_>>(), ["pulse_age_ms", "lagging"]);
    }
}
