//! `tidings replay`: a log of real requests, sent as activities.
//!
//! It reads the file once, line by line, and holds one batch. A line that cannot be read is counted and shown, and
//! stops nothing.

mod combined;
mod pace;
mod source;

use std::path::PathBuf;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use tokio::fs::File;
use tokio::io::{AsyncBufReadExt as _, BufReader};

use super::CliError;
use super::client::{Batch, Client, ClientError, Fault, Refusals, Tally, Target, send_batch};
use crate::clock::Clock;
use crate::domain::UnixMs;
use pace::{Pace, Speed};
use source::{Format, Settings, Timed};

/// Lines that could not be read and are shown; the rest is counted.
const UNREAD_SHOWN_MAX: usize = 10;
/// At a numeric speed a batch is sent when its first draft is this old, in milliseconds.
const BATCH_AGE_MS_MAX: i64 = 200;

/// Send a log file as activities
///
/// Of a combined log each request becomes a page.viewed: the partner is the first path segment ("root" for /), the id a
/// UUIDv5 of the line, so that sending the same file again at full speed changes nothing. At a numeric speed times are
/// moved so that the log plays now, and each play is new.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The file
    pub file: PathBuf,
    /// "max", or how many seconds of the log play in one second
    #[arg(long, default_value = "max", value_name = "N|max")]
    pub speed: Speed,
    /// How the file is written
    #[arg(long, value_enum, default_value = "combined")]
    pub format: Format,
    /// Event of the activities; not needed with a key that is bound to one
    #[arg(long, env = "TIDINGS_EVENT", value_name = "KEY")]
    pub event: Option<String>,
    /// What paths of a combined log are put behind to make a source URL
    #[arg(long, default_value = "http://www.example.com", value_name = "URL")]
    pub site: String,
    /// Server and key
    #[command(flatten)]
    pub target: Target,
}

/// Runs the command.
///
/// # Errors
/// When the file or the server cannot be used, or when the server rejected a line.
pub async fn run(args: Args) -> Result<(), CliError> {
    let server = args.target.server()?;
    let unreadable = |e: std::io::Error| CliError::failed(format!("{}: {e}", args.file.display()));
    let file = File::open(&args.file).await.map_err(unreadable)?;
    let length = file.metadata().await.map_err(unreadable)?.len();
    let started = Clock::System.now();
    let play = if args.speed == Speed::Max { String::new() } else { started.to_string() };
    let site = args.site.trim_end_matches('/').to_owned();
    let settings = Settings { format: args.format, event: args.event.clone(), site, play };
    let mut player = Player {
        client: Client::new(server),
        batch: Batch::default(),
        oldest: None,
        tally: Tally::default(),
        refusals: Refusals::default(),
        unread: 0,
        bar: progress(length),
    };
    let mut pace = match args.speed {
        Speed::Max => None,
        Speed::Times(times) => Some(Pace::new(started, times)),
    };
    let mut lines = BufReader::new(file);
    let (mut line, mut number) = (Vec::new(), 0);
    loop {
        line.clear();
        let read = lines.read_until(b'\n', &mut line).await.map_err(unreadable)?;
        if read == 0 {
            break;
        }
        number += 1;
        let text = String::from_utf8_lossy(&line);
        if !text.trim().is_empty() {
            match Timed::read(text.trim_end_matches(['\n', '\r']), &settings) {
                Ok(timed) => player.play(number, timed, pace.as_mut()).await?,
                Err(why) => player.skip(number, &why),
            }
        }
        player.bar.inc(read as u64);
    }
    player.flush().await?;
    player.finish()
}

struct Player {
    client: Client,
    batch: Batch,
    /// When the first draft of the batch was put there.
    oldest: Option<UnixMs>,
    tally: Tally,
    refusals: Refusals,
    unread: u64,
    bar: ProgressBar,
}

impl Player {
    async fn play(&mut self, number: u64, timed: Timed, pace: Option<&mut Pace>) -> Result<(), ClientError> {
        let at = match (pace, timed.at) {
            (Some(pace), Some(at)) => {
                let moment = pace.moment(at);
                self.wait_until(moment).await?;
                Some(moment)
            }
            (Some(_), None) => Some(Clock::System.now()),
            (None, at) => at,
        };
        let draft = timed.draft(at);
        if self.batch.is_full_for(&draft) {
            self.flush().await?;
        }
        self.oldest.get_or_insert_with(|| Clock::System.now());
        self.batch.push(number, &draft);
        Ok(())
    }

    /// Waits for a moment; what is in the batch is not kept waiting with it.
    async fn wait_until(&mut self, moment: UnixMs) -> Result<(), ClientError> {
        let now = Clock::System.now();
        let ahead = moment.ms_since(now);
        let old = self.oldest.is_some_and(|oldest| now.0 - oldest.0 >= BATCH_AGE_MS_MAX);
        if !self.batch.is_empty() && (old || ahead >= BATCH_AGE_MS_MAX.unsigned_abs()) {
            self.flush().await?;
        }
        tokio::time::sleep(Duration::from_millis(ahead)).await;
        Ok(())
    }

    async fn flush(&mut self) -> Result<(), ClientError> {
        self.oldest = None;
        if self.batch.is_empty() {
            return Ok(());
        }
        let Self { client, batch, refusals, bar, .. } = self;
        let waiting = |error: &ClientError| bar.println(format!("waiting: {error}"));
        let refused = |line: u64, fault: &Fault| refusals.note(line, fault);
        let answer = send_batch(client, batch, waiting, refused).await?;
        self.tally += &answer;
        self.bar.set_message(self.counts());
        Ok(())
    }

    fn skip(&mut self, number: u64, why: &str) {
        self.unread += 1;
        if self.unread <= UNREAD_SHOWN_MAX as u64 {
            self.show(&format!("line {number} {why}"));
        }
    }

    fn counts(&self) -> String {
        let Tally { accepted, duplicates, rejected } = self.tally;
        format!("{accepted} accepted, {duplicates} duplicates, {rejected} rejected, {} unreadable", self.unread)
    }

    fn show(&self, text: &str) {
        // A hidden bar prints nothing, and these lines must not be lost in a pipe.
        match self.bar.is_hidden() {
            true => eprintln!("{text}"),
            false => self.bar.println(text),
        }
    }

    fn finish(self) -> Result<(), CliError> {
        self.bar.finish_and_clear();
        for line in self.refusals.lines() {
            eprintln!("rejected {line}");
        }
        println!("{}", self.counts());
        match self.tally.rejected {
            0 => Ok(()),
            n => Err(CliError::failed(format!("the server rejected {n} of the lines; the reasons stand above"))),
        }
    }
}

fn progress(length: u64) -> ProgressBar {
    let bar = ProgressBar::new(length);
    // The template is constant; were it wrong, the plain bar would do.
    if let Ok(style) = ProgressStyle::with_template("{bar:30} {percent:>3}% {elapsed} {msg}") {
        bar.set_style(style);
    }
    bar
}
