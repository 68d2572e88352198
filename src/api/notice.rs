//! The page of a notice's link: how an alert stands, and one button, for somebody who is signed in nowhere.
//!
//! Opening it changes nothing, as previews of chats and mail scanners open every link: only the button's `POST` says that somebody
//! is on it. No partner is named: a notice may be read over a shoulder, and its link be handed on.

use std::sync::Arc;

use axum::Extension;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse as _, Response};

use super::Api;
use super::body::Sent;
use super::client::ClientAddress;
use super::docs::escaped;
use super::error::{MEDIA_TYPE, Problem};
use super::origin;
use super::rate::Asker;
use crate::consumers::alerts::Shown;
use crate::domain::{Key, Mask, UnixMs};
use crate::hub::pulse::{Broken, Reason};
use crate::store::{Credential, CredentialKind, When};
use crate::wire::masked;

const STYLE: &str = include_str!("notice.css");
const FORM: &str = "application/x-www-form-urlencoded";

/// The words of the page.
struct Words {
    lang: &'static str,
    firing: &'static str,
    quiet: &'static str,
    since: &'static str,
    view: &'static str,
    last: &'static str,
    newest: &'static str,
    sources: &'static str,
    what_to_do: &'static str,
    is_on_it: &'static str,
    your_name: &'static str,
    on_it: &'static str,
    gone: &'static str,
    gone_text: &'static str,
    ago: fn(&str) -> String,
    well: fn(&str) -> String,
    begun: &'static str,
    not_stored: fn(&str) -> String,
    not_delivered: fn(&str) -> String,
    count: fn(u32, &str, &str) -> String,
    silent: fn(&str, &str) -> String,
    first: fn(&str) -> String,
    source: &'static str,
    pulse: &'static str,
}

const ENGLISH: Words = Words {
    lang: "en",
    firing: "Firing",
    quiet: "Over: nothing is to be done",
    since: "Since",
    view: "View",
    last: "Last activity",
    newest: "The newest",
    sources: "Who sends",
    what_to_do: "What to do",
    is_on_it: "On it",
    your_name: "Your name",
    on_it: "I am on it",
    gone: "This link has ended",
    gone_text: "It is good for a day. The newest notice has another, and the desk shows every alert.",
    ago: |span| format!("{span} ago"),
    well: |span| format!("Quiet, not broken: the whole path of the server was tested {span} ago."),
    begun: "The server has just begun; its path was not tested yet.",
    not_stored: |since| format!("Broken since {since}: nothing can be stored."),
    not_delivered: |since| format!("Broken since {since}: what is stored is not delivered."),
    count: |count, view, span| format!("{count} or more activities in {view} within {span}"),
    silent: |view, span| format!("No activity in {view} for {span}"),
    first: |view| format!("Something came to {view} for the first time"),
    source: "Who usually sends is silent",
    pulse: "Nothing can be stored or delivered",
};

const GERMAN: Words = Words {
    lang: "de",
    firing: "Ausgelöst",
    quiet: "Vorbei: es ist nichts zu tun",
    since: "Seit",
    view: "Ansicht",
    last: "Letzte Aktivität",
    newest: "Die neuesten",
    sources: "Wer sendet",
    what_to_do: "Was zu tun ist",
    is_on_it: "Kümmert sich",
    your_name: "Ihr Name",
    on_it: "Ich kümmere mich",
    gone: "Dieser Link gilt nicht mehr",
    gone_text: "Er gilt einen Tag. Die neueste Nachricht hat einen anderen, und der Desk zeigt jeden Alarm.",
    ago: |span| format!("vor {span}"),
    well: |span| format!("Ruhig, nicht defekt: der ganze Weg durch den Server wurde vor {span} geprüft."),
    begun: "Der Server hat gerade begonnen; sein Weg wurde noch nicht geprüft.",
    not_stored: |since| format!("Defekt seit {since}: nichts kann gespeichert werden."),
    not_delivered: |since| format!("Defekt seit {since}: Gespeichertes wird nicht zugestellt."),
    count: |count, view, span| format!("{count} oder mehr Aktivitäten in {view} innerhalb von {span}"),
    silent: |view, span| format!("Keine Aktivität in {view} seit {span}"),
    first: |view| format!("In {view} kam etwas zum ersten Mal"),
    source: "Wer sonst sendet, schweigt",
    pulse: "Nichts kann gespeichert oder zugestellt werden",
};

/// The language that is named first, of those there are.
fn words(headers: &HeaderMap) -> &'static Words {
    let wanted = headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()).unwrap_or("");
    let first = wanted.split(',').map(str::trim).find(|one| one.starts_with("de") || one.starts_with("en"));
    if first.is_some_and(|one| one.starts_with("de")) { &GERMAN } else { &ENGLISH }
}

/// `GET /a/{secret}`: how the alert stands.
pub async fn show(
    State(api): State<Arc<Api>>,
    Extension(client): Extension<ClientAddress>,
    Path(secret): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let words = words(&headers);
    Ok(match found(&api, client, &secret).await? {
        Some((_, shown)) => page(StatusCode::OK, render(words, &secret, &shown, api.clock.now())),
        None => page(StatusCode::NOT_FOUND, nowhere(words)),
    })
}

/// `POST /a/{secret}`: the button.
pub async fn acknowledge(
    State(api): State<Arc<Api>>,
    Extension(client): Extension<ClientAddress>,
    Path(secret): Path<String>,
    mut sent: Sent,
) -> Result<Response, Problem> {
    origin::check_change(&Method::POST, &sent.headers, &[])?;
    api.rates.credential(Asker::Address(client.network()))?;
    let kind = sent.headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or("");
    if !kind.split(';').next().unwrap_or("").trim().eq_ignore_ascii_case(FORM) {
        return Err(Problem::new(MEDIA_TYPE, "send the form of the page: application/x-www-form-urlencoded"));
    }
    let words = words(&sent.headers);
    let bytes = sent.bytes().await?;
    let name = form_urlencoded::parse(&bytes).find(|(name, _)| name == "name").map(|(_, value)| value.into_owned());
    let name = name.and_then(|name| super::plain_text(&name).ok());
    let Some((credential, _)) = found(&api, client, &secret).await? else { return Ok(page(StatusCode::NOT_FOUND, nowhere(words))) };
    let by = name.unwrap_or_else(|| "somebody by the link of a notice".to_owned());
    api.alerts.acknowledge(credential.workspace, &Key::trusted(&credential.name), by).await;
    let to = HeaderValue::from_str(&format!("/a/{secret}"));
    match to {
        Ok(to) => Ok((StatusCode::SEE_OTHER, [(header::LOCATION, to)]).into_response()),
        Err(_) => Ok(page(StatusCode::NOT_FOUND, nowhere(words))),
    }
}

/// Its style, apart because nothing inline is allowed.
pub async fn style() -> Response {
    ([(header::CONTENT_TYPE, "text/css; charset=utf-8"), (header::CACHE_CONTROL, "no-cache")], STYLE).into_response()
}

async fn found(api: &Api, client: ClientAddress, secret: &str) -> Result<Option<(Arc<Credential>, Shown)>, Problem> {
    let Some(found) = api.authenticator.find(secret, &[CredentialKind::Alert]).await? else {
        // Whoever guesses is slowed down; whoever has a link is not.
        api.rates.credential(Asker::Address(client.network()))?;
        return Ok(None);
    };
    let credential = found.credential;
    let shown = api.alerts.shown(credential.workspace, &Key::trusted(&credential.name));
    Ok(shown.map(|shown| (credential, shown)))
}

fn page(status: StatusCode, text: String) -> Response {
    let headers =
        [(header::CONTENT_TYPE, "text/html; charset=utf-8"), (header::REFERRER_POLICY, "same-origin"), (header::CACHE_CONTROL, "no-store")];
    (status, headers, text).into_response()
}

fn around(words: &Words, title: &str, inner: &str) -> String {
    format!(
        "<!doctype html><html lang=\"{}\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width, \
         initial-scale=1\"><meta name=\"color-scheme\" content=\"light dark\"><meta name=\"robots\" content=\"noindex\">\
         <title>{}</title><link rel=\"stylesheet\" href=\"/a/style.css\"></head><body><main>{inner}</main></body></html>",
        words.lang,
        escaped(title),
    )
}

fn nowhere(words: &Words) -> String {
    around(words, words.gone, &format!("<h1>{}</h1><p>{}</p>", words.gone, words.gone_text))
}

fn render(words: &Words, secret: &str, shown: &Shown, now: UnixMs) -> String {
    let stands = &shown.stands;
    let mut facts = String::new();
    let mut fact = |name: &str, value: String| {
        facts.push_str(&format!("<dt>{}</dt><dd>{}</dd>", escaped(name), escaped(&value)));
    };
    fact(words.since, shown.time(stands.since));
    if let Some(view) = &shown.view {
        fact(words.view, view.clone());
    }
    if let Some(last) = stands.last_at {
        fact(words.last, format!("{} ({})", shown.time(last), (words.ago)(&shown.ago(last, now))));
    }
    for (name, at) in &shown.sources {
        fact(&format!("{}: {name}", words.sources), shown.time(*at));
    }
    if let Some((by, at)) = &stands.acknowledged {
        fact(words.is_on_it, format!("{by}, {}", shown.time(*at)));
    }
    let items: Vec<String> = shown.items.iter().filter_map(|body| sentence(&masked(body.clone(), Some(Mask::Names)))).collect();
    let items = match items.is_empty() {
        true => String::new(),
        false => format!(
            "<h2>{}</h2><ul>{}</ul>",
            words.newest,
            items.iter().map(|item| format!("<li>{}</li>", escaped(item))).collect::<String>()
        ),
    };
    let form = match stands.is_firing && stands.acknowledged.is_none() {
        true => format!(
            "<form method=\"post\" action=\"/a/{}\"><label>{}<input name=\"name\" maxlength=\"100\" autocomplete=\"name\"></label>\
             <button type=\"submit\">{}</button></form>",
            escaped(secret),
            words.your_name,
            words.on_it
        ),
        false => String::new(),
    };
    let note = shown
        .note
        .as_ref()
        .filter(|_| stands.is_firing)
        .map_or_else(String::new, |note| format!("<p class=\"note\"><strong>{}</strong> {}</p>", words.what_to_do, escaped(note)));
    let (state, word) = if stands.is_firing { ("firing", words.firing) } else { ("ok", words.quiet) };
    // Made anew and not as notices tell it: in the language of who reads, and without the name of a partner.
    let reason = if stands.is_firing { reason(words, shown) } else { String::new() };
    let path = match (shown.broken, shown.checked_at) {
        (Some(Broken { since, reason: Reason::NotStored }), _) => (words.not_stored)(&shown.time(since)),
        (Some(Broken { since, reason: Reason::NotDelivered }), _) => (words.not_delivered)(&shown.time(since)),
        (None, Some(at)) => (words.well)(&shown.ago(at, now)),
        (None, None) => words.begun.to_owned(),
    };
    let inner = format!(
        "<p class=\"state {state}\">{word}</p><h1>{}</h1><p class=\"reason\">{}</p>{note}<p>{}</p>{form}<dl>{facts}</dl>{items}",
        escaped(&shown.name),
        escaped(&reason),
        escaped(&path),
    );
    around(words, &format!("{word}: {}", shown.name), &inner)
}

fn reason(words: &Words, shown: &Shown) -> String {
    let view = shown.view.as_deref().unwrap_or_default();
    match &shown.when {
        When::Count { count, within_s } => (words.count)(*count, view, &shown.span(*within_s)),
        When::Silent(silent_s) => (words.silent)(view, &shown.span(*silent_s)),
        When::FirstBy(_) => (words.first)(view),
        When::SourceSilent(_) => words.source.to_owned(),
        When::Pulse => words.pulse.to_owned(),
    }
}

/// An activity in a sentence, as its mask leaves it.
fn sentence(body: &[u8]) -> Option<String> {
    let item: serde_json::Value = serde_json::from_slice(body).ok()?;
    Some(format!("{}: {}", item["partner"]["name"].as_str()?, item["flavor"]["label"].as_str()?))
}
