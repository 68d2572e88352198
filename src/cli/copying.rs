//! A copy of a database under way: shown, and ended when somebody says so.

use std::sync::Arc;

use indicatif::{HumanBytes, HumanCount, ProgressBar, ProgressStyle};
use tokio_util::sync::CancellationToken;

use super::{CliError, serve};
use crate::store::{Copied, CopyOptions, CopyStage, StoreError};

/// Bytes of a MiB.
const MIB: u64 = 1024 * 1024;

/// What a command that copies holds meanwhile.
pub struct Copying {
    /// What the copy is told.
    pub options: CopyOptions,
    bar: ProgressBar,
}

impl Copying {
    /// Begins to show one; `rate` in MiB a second.
    ///
    /// # Errors
    /// When a line of progress cannot be made, which no input causes.
    pub fn begin(replace: bool, rate: Option<u64>) -> Result<Self, CliError> {
        let bar = ProgressBar::new(0).with_message("copying");
        let style =
            ProgressStyle::with_template("{msg}  {bar:30} {bytes}/{total_bytes}  {binary_bytes_per_sec}").map_err(CliError::failed)?;
        bar.set_style(style);
        let shown = bar.clone();
        let told = Arc::new(move |stage| match stage {
            CopyStage::Copying { bytes, of } => {
                shown.set_length(of);
                shown.set_position(bytes);
            }
            CopyStage::Checking => shown.set_message("reading it through"),
        });
        let bytes_per_s = rate.map(|rate| rate.saturating_mul(MIB));
        Ok(Self { options: CopyOptions { replace, bytes_per_s, end: CancellationToken::new(), told }, bar })
    }

    /// Waits for the copy; told to end, it leaves nothing.
    ///
    /// # Errors
    /// [`CliError`] when it was not made.
    pub async fn until_told(&self, copy: impl Future<Output = Result<Copied, StoreError>>) -> Result<Copied, CliError> {
        let mut stop = serve::Stop::new()?;
        let mut copy = std::pin::pin!(copy);
        let copied = tokio::select! {
            copied = &mut copy => copied,
            () = stop.told() => {
                self.options.end.cancel();
                copy.await
            }
        };
        self.bar.finish_and_clear();
        copied.map_err(CliError::failed)
    }

    /// What a copy holds, in words.
    pub fn holds(&self, copied: &Copied) -> String {
        let workspaces = if copied.workspaces == 1 { "workspace" } else { "workspaces" };
        let entries = if copied.entries == 1 { "entry" } else { "entries" };
        let (of_them, in_all) = (HumanCount(copied.workspaces), HumanCount(copied.entries));
        format!("{}, {of_them} {workspaces}, {in_all} {entries}", HumanBytes(copied.bytes))
    }
}
