//! Tidings beside its references, in one run on one machine: `make bench`.
//!
//! Figures are only quoted as ratios of one run. Server and reference are pinned to the first core and the load to the
//! second; runs are interleaved; medians are shown. The references are small servers of their own in this folder, and
//! this program starts itself again to be one of them.

#[path = "../figures/mod.rs"]
mod figures;
#[path = "../machine/mod.rs"]
mod machine;
mod reference;
mod reference_echo;
mod reference_fanout;
mod reference_sqlite;
mod runs;
mod table;

use std::path::Path;
use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = args.iter().map(String::as_str).collect();
    let done = match words.as_slice() {
        ["reference", "echo"] => reference_echo::serve(),
        ["reference", "fanout"] => reference_fanout::serve(),
        ["reference", "sqlite", database, seconds] => reference_sqlite::run(Path::new(database), seconds.parse().unwrap_or(10)),
        // Cargo passes its own words.
        rest => runs::all(rest.contains(&"--quick")),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("compare: {why}");
            ExitCode::FAILURE
        }
    }
}
