//! `tidings health`: whether the server of this machine works, as an exit code for whoever looks after it.

use std::time::Duration;

use super::client::look;
use super::terminal::plain;
use super::{CliError, serve};
use crate::config::Config;

/// How long all of it may take: a probe that does not come back is told after two seconds.
const ANSWER_WITHIN: Duration = Duration::from_secs(5);

/// What the command takes: what `serve` does, so that it finds the same addresses.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    options: serve::Options,
}

/// Runs the command.
///
/// # Errors
/// [`CliError`] with one sentence when the server does not work.
pub async fn run(args: Args) -> Result<(), CliError> {
    let config = args.options.config()?;
    let answered = tokio::time::timeout(ANSWER_WITHIN, looked(&config)).await;
    let told = answered.unwrap_or_else(|_| Err(format!("no answer within {} s", ANSWER_WITHIN.as_secs())));
    match told {
        Ok(sentence) => {
            println!("healthy: {sentence}");
            Ok(())
        }
        Err(sentence) => Err(CliError::failed(format!("unhealthy: {sentence}"))),
    }
}

/// Asks for a probe where that is served, and else whether the page answers.
async fn looked(config: &Config) -> Result<String, String> {
    let mut unserved = "/ready is not served".to_owned();
    if config.ops_listen != "off" {
        match ask(&config.ops_listen, "/ready").await {
            Ok((200, text)) => return Ok(text),
            Ok((503, text)) => return Err(text),
            Ok((status, _)) => return Err(format!("{} answers /ready with {status}: it is another program's", config.ops_listen)),
            Err(why) => unserved = why,
        }
    }
    match ask(&config.listen, "/").await {
        Ok((200..=399, _)) => Ok(format!("{} answers ({unserved})", config.listen)),
        Ok((status, _)) => Err(format!("{} answers with {status} ({unserved})", config.listen)),
        Err(why) => Err(format!("{why} ({unserved})")),
    }
}

/// Status and text of an answer; why there is none.
async fn ask(address: &str, path: &str) -> Result<(u16, String), String> {
    let told = |why: String| format!("nothing answers at {address}: {why}");
    let resolved = tokio::net::lookup_host(address).await.map_err(|fault| told(fault.to_string()))?.next();
    let near = serve::near(resolved.ok_or_else(|| told("no such address".to_owned()))?);
    look(near, path).await.map(|(status, text)| (status, plain(text.trim()))).map_err(told)
}
