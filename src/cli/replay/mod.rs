//! `tidings replay`: a log of real requests, sent as activities.
//!
//! It reads the file once, line by line, and holds one batch. A line that cannot be read is counted and shown, and
//! stops nothing; where none can be read, it says what it was given and fails.

mod combined;
mod pace;
mod page;
mod repeats;
mod source;

use std::path::PathBuf;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use super::CliError;
use super::client::{Batch, Client, ClientError, Fault, Refusals, Tally, Target, send_batch};
use super::terminal::plain;
use super::text::{LINE_BYTES_MAX, Line, TextReader, Unread};
use crate::clock::Clock;
use crate::domain::{UnixMs, WebUrl};
use pace::{GAP_MS_MAX, Pace, Speed};
use repeats::Repeats;
use source::{Format, NoDraft, Settings, Timed};

/// Requests for no page that are shown; the rest is counted.
const NO_PAGES_SHOWN_MAX: usize = 5;
/// Characters of such a request that are shown.
const REQUEST_CHARS_SHOWN: usize = 80;
/// At a numeric speed a batch is sent when its first draft is this old, in milliseconds.
const BATCH_AGE_MS_MAX: i64 = 200;

/// Send a log file as activities
///
/// Of a combined log each request becomes a page.viewed: the partner is the first path segment ("root" for /), the id a
/// UUIDv5 of event, line and how many equal lines came before, so that sending the same file again at full speed changes
/// nothing. At a numeric speed times are moved so that the log plays now, gaps are at most 10 seconds, and each play is
/// new. The common format, a site in front of each line, and addresses as proxies write them are read too.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The file, gzip too; "-" is standard input
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
/// When the file or the server cannot be used, when no line could be read, or when the server rejected one.
pub async fn run(args: Args) -> Result<(), CliError> {
    let server = args.target.server()?;
    let name = plain(&args.file.display().to_string());
    let site = args.site.trim_end_matches('/').to_owned();
    WebUrl::parse(&site).map_err(|fault| CliError::usage(fault.under("--site")))?;
    let unreadable = |fault: std::io::Error| CliError::failed(format!("{name}: {fault}"));
    let mut lines = TextReader::open(&args.file).map_err(unreadable)?;
    let started = Clock::System.now();
    let plays = args.speed != Speed::Max;
    let settings = Settings { format: args.format, event: args.event.clone(), site, plays };
    let mut repeats = Repeats::new(if plays { started.to_string() } else { String::new() });
    let mut player = Player {
        client: Client::new(server)?,
        batch: Batch::default(),
        oldest: None,
        tally: Tally::default(),
        refusals: Refusals::default(),
        warnings: Refusals::default(),
        unread: Unread::new(args.format.wanted()),
        no_pages: Vec::new(),
        no_pages_count: 0,
        gap_told: false,
        bar: progress(lines.length()),
    };
    let mut pace = match args.speed {
        Speed::Max => None,
        Speed::Times(times) => Some(Pace::new(started, times)),
    };
    while let Some(Line { number, bytes }) = lines.next().await.map_err(unreadable)? {
        match &bytes {
            None => player.unread(number, b"", &format!("is longer than {LINE_BYTES_MAX} bytes")),
            Some(line) if line.trim_ascii().is_empty() => {}
            Some(line) => match Timed::read(line, &settings, &mut repeats) {
                Ok(timed) => player.play(number, timed, pace.as_mut()).await?,
                Err(NoDraft::NoPage(request)) => player.no_page(number, &request),
                Err(NoDraft::Unreadable(why)) => player.unread(number, line, &why),
            },
        }
        player.bar.set_position(lines.read_bytes());
        if player.unread.is_hopeless() {
            break;
        }
    }
    player.flush().await?;
    player.finish(&name)
}

struct Player {
    client: Client,
    batch: Batch,
    /// When the first draft of the batch was put there.
    oldest: Option<UnixMs>,
    tally: Tally,
    refusals: Refusals,
    warnings: Refusals,
    unread: Unread,
    /// Requests that ask for no page, each with its line, as far as they are shown.
    no_pages: Vec<String>,
    no_pages_count: u64,
    gap_told: bool,
    bar: ProgressBar,
}

impl Player {
    async fn play(&mut self, number: u64, timed: Timed, pace: Option<&mut Pace>) -> Result<(), ClientError> {
        self.some_read();
        let at = match (pace, timed.at) {
            (Some(pace), Some(at)) => {
                let (moment, cut) = pace.moment(at);
                if cut && !std::mem::replace(&mut self.gap_told, true) {
                    let seconds = GAP_MS_MAX / 1_000;
                    self.show(&format!(
                        "line {number}: its time is far from that of the line before; this gap and others are cut to {seconds} s"
                    ));
                }
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
        let Self { client, batch, refusals, warnings, bar, .. } = self;
        let waiting = |error: &ClientError| bar.println(format!("waiting: {}", plain(&error.to_string())));
        let refused = |line: u64, fault: &Fault| refusals.note(line, fault);
        let warned = |line: u64, fault: &Fault| warnings.note(line, fault);
        let answer = send_batch(client, batch, waiting, refused, warned).await?;
        self.tally += &answer;
        self.bar.set_message(self.counts());
        Ok(())
    }

    fn some_read(&mut self) {
        for text in self.unread.some_read() {
            self.show(&text);
        }
    }

    fn unread(&mut self, number: u64, line: &[u8], why: &str) {
        for text in self.unread.note(number, line, why) {
            self.show(&text);
        }
    }

    /// A line that could be read and makes no activity.
    fn no_page(&mut self, number: u64, request: &str) {
        self.some_read();
        self.no_pages_count += 1;
        if self.no_pages.len() < NO_PAGES_SHOWN_MAX {
            let request: String = request.chars().take(REQUEST_CHARS_SHOWN).collect();
            self.no_pages.push(format!("{} on line {number}", plain(&request)));
        }
    }

    fn counts(&self) -> String {
        let Tally { accepted, duplicates, rejected } = self.tally;
        let counts = format!("{accepted} accepted, {duplicates} duplicates, {rejected} rejected, {} unreadable", self.unread.count);
        if self.no_pages_count > 0 { format!("{counts}, {} skipped", self.no_pages_count) } else { counts }
    }

    fn show(&self, text: &str) {
        // A hidden bar prints nothing, and these lines must not be lost in a pipe.
        match self.bar.is_hidden() {
            true => eprintln!("{text}"),
            false => self.bar.println(text),
        }
    }

    fn finish(self, name: &str) -> Result<(), CliError> {
        self.bar.finish_and_clear();
        if self.no_pages_count > 0 {
            let more = if self.no_pages_count > self.no_pages.len() as u64 { ", ..." } else { "" };
            eprintln!("{} requests ask for no page and were skipped: {}{more}", self.no_pages_count, self.no_pages.join(", "));
        }
        for line in self.warnings.lines() {
            eprintln!("warning {line}");
        }
        for line in self.refusals.lines() {
            eprintln!("rejected {line}");
        }
        println!("{}", self.counts());
        if let Some(given) = self.unread.sentence() {
            return Err(CliError::failed(format!("{name}: {given}")));
        }
        match self.tally.rejected {
            0 if self.tally == Tally::default() => Err(CliError::failed(format!("{name}: no line asks for a page, so nothing was sent"))),
            0 => Ok(()),
            n => Err(CliError::failed(format!("the server rejected {n} of the lines; the reasons stand above"))),
        }
    }
}

fn progress(length: Option<u64>) -> ProgressBar {
    let (bar, template) = match length {
        Some(length) => (ProgressBar::new(length), "{bar:30} {percent:>3}% {elapsed} {msg}"),
        None => (ProgressBar::new_spinner(), "{spinner} {elapsed} {msg}"),
    };
    // The template is constant; were it wrong, the plain bar would do.
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    bar
}
