//! What the operating system says about the server's process.

use std::fs;

/// Ticks in a second of CPU time; Linux shows processes in this unit on every machine.
const TICKS_PER_SECOND: f64 = 100.0;

/// A process, by its number. Figures are `None` where the system does not show them.
#[derive(Debug, Clone, Copy)]
pub struct Process(pub Option<u32>);

impl Process {
    /// Seconds of CPU that it has used.
    pub fn cpu_s(self) -> Option<f64> {
        cpu_s(&fs::read_to_string(format!("/proc/{}/stat", self.0?)).ok()?)
    }

    /// KiB of memory that it holds.
    pub fn rss_kib(self) -> Option<u64> {
        rss_kib(&fs::read_to_string(format!("/proc/{}/status", self.0?)).ok()?)
    }
}

fn cpu_s(stat: &str) -> Option<f64> {
    // The name of the program stands in parentheses and may hold anything.
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks = |at: usize| fields.get(at)?.parse::<f64>().ok();
    Some((ticks(11)? + ticks(12)?) / TICKS_PER_SECOND)
}

fn rss_kib(status: &str) -> Option<u64> {
    status.lines().find_map(|l| l.strip_prefix("VmRSS:"))?.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::{Process, cpu_s, rss_kib};

    #[test]
    fn reads_what_the_system_shows() {
        let stat = "42 (a) b) S 1 42 42 0 -1 4194560 100 0 0 0 150 50 0 0 20 0 4 0 100 0 0";
        assert_eq!(cpu_s(stat), Some(2.0));
        assert_eq!(rss_kib("Name:\tx\nVmRSS:\t  2048 kB\n"), Some(2_048));
        assert_eq!((cpu_s(""), rss_kib("")), (None, None));
        assert!(Process(Some(std::process::id())).rss_kib().is_some_and(|kib| kib > 0));
        assert_eq!(Process(None).cpu_s(), None);
    }
}
