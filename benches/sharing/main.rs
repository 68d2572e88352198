//! What one reader, one workspace or one moment costs the others: `make bench-sharing`.
//!
//! Each figure is taken of this build and, where `TIDINGS_BEFORE` names the binary of an earlier one, of that too, in turn,
//! in one run. The server is pinned to the first core; start this program on the second (`taskset -c 1`). Everything is
//! bounded in count and time and stays on the loopback address. `--quick` tries it all in a minute.

#[path = "../figures/mod.rs"]
mod figures;
#[path = "../machine/mod.rs"]
mod machine;

mod client;
mod hostile;
mod latency;
mod overload;
mod searches;
mod storm;
mod tidings;

use std::process::ExitCode;

use machine::Outcome;
use tidings::Build;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// How much of everything.
#[derive(Clone, Copy)]
pub struct Plan {
    /// Seconds of one measurement.
    pub seconds: u64,
    /// Readers that resume at once.
    pub storm: &'static [usize],
    /// Readers beside whom a post is acknowledged, and activities a second that they are sent.
    pub beside: &'static [(usize, u64)],
    /// Partners of the workspace that asks for too much.
    pub partners: usize,
    /// Activities of its log.
    pub activities: usize,
}

const WHOLE: Plan =
    Plan { seconds: 20, storm: &[10_000, 19_000], beside: &[(0, 0), (1_000, 100), (5_000, 20)], partners: 9_000, activities: 200_000 };
const QUICK: Plan = Plan { seconds: 3, storm: &[200], beside: &[(0, 0), (100, 100)], partners: 1_000, activities: 10_000 };

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let plan = if args.iter().any(|arg| arg == "--quick") { QUICK } else { WHOLE };
    let wanted: Vec<&str> = args.iter().map(String::as_str).filter(|arg| !arg.starts_with("--")).collect();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    match runtime.map_err(Into::into).and_then(|runtime| runtime.block_on(all(plan, &wanted))) {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("sharing: {why}");
            ExitCode::FAILURE
        }
    }
}

async fn all(plan: Plan, wanted: &[&str]) -> Outcome<()> {
    let builds = Build::all();
    let asked = |name: &str| wanted.is_empty() || wanted.contains(&name);
    if asked("latency") {
        latency::run(plan, &builds).await?;
    }
    if asked("hostile") {
        hostile::run(plan, &builds).await?;
    }
    if asked("overload") {
        overload::run(plan, &builds).await?;
    }
    if asked("searches") {
        searches::run(plan, &builds).await?;
    }
    if asked("storm") {
        storm::run(plan, &builds).await?;
    }
    Ok(())
}
