//! `tidings post`: one activity from options, or many from standard input.

mod draft;
mod stream;

use bytes::Bytes;
use reqwest::Method;
use serde::Deserialize;
use serde_json::Value;

use super::CliError;
use super::client::{Client, Fault, Patience, Target};
use super::terminal::plain_json;
use draft::{draft_of, new_id, parse_property};

/// Send one activity, or NDJSON from standard input with `-`
#[derive(Debug, clap::Args)]
pub struct Args {
    /// "-" reads drafts from standard input, one JSON object a line
    #[arg(value_name = "-", value_parser = ["-"], conflicts_with_all = ["flavor", "partner"])]
    pub input: Option<String>,
    /// What was done, as in content.shared
    #[arg(long, required_unless_present = "input")]
    pub flavor: Option<String>,
    /// Key of the partner, as in acme
    #[arg(long, required_unless_present = "input")]
    pub partner: Option<String>,
    /// Key of the event; not needed with a key that is bound to one
    #[arg(long, env = "TIDINGS_EVENT")]
    pub event: Option<String>,
    /// Key of the message that it is about
    #[arg(long)]
    pub message: Option<String>,
    /// Key of the invite campaign
    #[arg(long)]
    pub campaign: Option<String>,
    /// partner, invitee or unknown; by default from the flavor
    #[arg(long)]
    pub actor: Option<String>,
    /// When it was done, as in 2026-11-22T09:14:03Z; now by default
    #[arg(long, value_name = "TIME")]
    pub occurred_at: Option<String>,
    /// Where it happened
    #[arg(long, value_name = "URL")]
    pub source_url: Option<String>,
    /// The page before
    #[arg(long, value_name = "URL")]
    pub referrer_url: Option<String>,
    /// Browser or program that it was done with
    #[arg(long)]
    pub user_agent: Option<String>,
    /// A UUID of your own: sent again, it is stored once
    #[arg(long, value_name = "UUID")]
    pub id: Option<String>,
    /// A property, name=value; may be given again
    #[arg(long = "property", value_name = "NAME=VALUE", value_parser = parse_property)]
    pub properties: Vec<(String, Value)>,
    /// Print the receipt as JSON
    #[arg(long)]
    pub json: bool,
    /// Server and key
    #[command(flatten)]
    pub target: Target,
}

#[derive(Deserialize)]
struct Receipt {
    id: String,
    seq: u64,
    recorded_at: String,
    #[serde(default)]
    duplicate: bool,
    #[serde(default)]
    warnings: Vec<Fault>,
}

/// Runs the command.
///
/// # Errors
/// When the server cannot be used, or something was rejected.
pub async fn run(args: Args) -> Result<(), CliError> {
    let mut client = Client::new(args.target.server()?)?;
    if args.input.is_some() {
        return stream::run(&mut client, args.event.as_deref()).await;
    }
    let texts = [
        ("id", args.id.as_deref()),
        ("flavor", args.flavor.as_deref()),
        ("event", args.event.as_deref()),
        ("partner", args.partner.as_deref()),
        ("message", args.message.as_deref()),
        ("campaign", args.campaign.as_deref()),
        ("actor", args.actor.as_deref()),
        ("occurred_at", args.occurred_at.as_deref()),
        ("source_url", args.source_url.as_deref()),
        ("referrer_url", args.referrer_url.as_deref()),
        ("user_agent", args.user_agent.as_deref()),
    ];
    let mut draft = draft_of(&texts, &args.properties);
    draft.entry("id").or_insert_with(new_id);
    let draft = Value::Object(draft);
    let body = Some(("application/json", Bytes::from(draft.to_string())));
    let waiting = |error: &_| eprintln!("waiting: {error}");
    // A person waits for this one: nobody there is said at once, a server that is busy is asked again.
    let patience = Patience { retries_max: 2 };
    let answer = client.send(&Method::POST, "/v1/activities", body, patience, waiting).await?;
    if args.json {
        println!("{}", plain_json(&String::from_utf8_lossy(&answer.body)));
        return Ok(());
    }
    let receipt: Receipt = client.decode(&answer)?;
    for warning in &receipt.warnings {
        eprintln!("warning: {warning}");
    }
    let word = if receipt.duplicate { "stored before" } else { "stored" };
    println!("{word} at {} as {}, seq {}", receipt.recorded_at, receipt.id, receipt.seq);
    Ok(())
}
