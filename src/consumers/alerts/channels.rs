//! How each kind of channel is told: its own form of a notice, sent once. Who asks tries again.

use std::time::Duration;

use bytes::Bytes;
use serde_json::{Value, json};

use super::notice::{Notice, Says};
use crate::clock::Clock;
use crate::consumers::webhook::signature;
use crate::domain::UnixMs;
use crate::outbound::{Mail, Outbound};
use crate::store::{Channel, ChannelKind, StandingChannel};

/// Where PagerDuty takes events, where a channel names no other place.
const PAGERDUTY: &str = "https://events.pagerduty.com/v2/enqueue";
/// Where Alertmanager takes alerts, below its address.
const ALERTMANAGER: &str = "/api/v2/alerts";
/// How long Alertmanager holds an alert to fire when it hears no more of it: some times as long as until it is told again.
const FIRES_FOR: Duration = Duration::from_secs(300);

/// What sends.
pub(super) struct Channels<'a> {
    pub outbound: &'a Outbound,
    pub mail: &'a Mail,
    pub clock: &'a Clock,
}

impl Channels<'_> {
    /// Tells a notice.
    pub async fn tell(&self, to: &StandingChannel, notice: &Notice) -> Result<(), String> {
        let Channel { kind, url, .. } = &to.channel;
        let url = url.as_deref().unwrap_or_default();
        match kind {
            ChannelKind::Webhook => self.webhook(url, to, notice).await,
            ChannelKind::Slack => self.post(url, &[], slack(&to.channel, notice)?).await,
            ChannelKind::Alertmanager => {
                let url = format!("{}{ALERTMANAGER}", url.trim_end_matches('/'));
                self.post(&url, &[], json!([alertmanager(notice, self.clock.now())]).to_string()).await
            }
            ChannelKind::Pagerduty => {
                let url = to.channel.url.as_deref().unwrap_or(PAGERDUTY);
                let key = to.channel.routing_key.as_deref().unwrap_or_default();
                self.post(url, &[], pagerduty(key, notice).to_string()).await
            }
            ChannelKind::Email => {
                let id = format!("{}.{}", notice.line, to.key.folded().replace(|c: char| !c.is_ascii_alphanumeric(), "-"));
                let subject: String = format!("[Tidings] {}", notice.title()).chars().take(200).collect();
                self.mail.send(&id, &to.channel.to, &subject, &notice.text()).await
            }
            // It is asked each minute, and an example is one more.
            ChannelKind::Heartbeat => self.beat(to).await,
        }
    }

    /// A sign of life.
    pub async fn beat(&self, to: &StandingChannel) -> Result<(), String> {
        let url = to.channel.url.as_deref().unwrap_or_default();
        taken(self.outbound.send(url, &[], None).await)
    }

    async fn webhook(&self, url: &str, to: &StandingChannel, notice: &Notice) -> Result<(), String> {
        let body = webhook(notice).to_string();
        let (id, at) = (format!("alert_{}", notice.line), self.clock.now().0.div_euclid(1_000));
        let signed = signature(to.secret.as_deref().unwrap_or_default(), &id, at, body.as_bytes());
        let headers = [("webhook-id", id), ("webhook-timestamp", at.to_string()), ("webhook-signature", signed)];
        self.post(url, &headers, body).await
    }

    async fn post(&self, url: &str, headers: &[(&str, String)], body: String) -> Result<(), String> {
        taken(self.outbound.send(url, headers, Some(Bytes::from(body))).await)
    }
}

fn taken(answer: Result<crate::outbound::Answered, String>) -> Result<(), String> {
    let answer = answer?;
    if (200..300).contains(&answer.status) {
        return Ok(());
    }
    let said: String = answer.text.chars().filter(|c| !c.is_control()).take(200).collect();
    Err(format!("answered {} {said}", answer.status).trim_end().to_owned())
}

fn webhook(notice: &Notice) -> Value {
    json!({
        "type": "alert",
        "alert": notice.alert,
        "name": notice.name,
        "state": notice.says.state(),
        "test": notice.says == Says::Test,
        "firing": notice.firing,
        "since": UnixMs(notice.since_ms).to_string(),
        "at": UnixMs(notice.at_ms).to_string(),
        "view": notice.view.as_ref().map(|(key, _)| key),
        "count": notice.count,
        "reason": notice.reason,
        "note": notice.note,
        "path": notice.path,
        "link": notice.link,
        "items": notice.items,
    })
}

/// Slack's own form, or what the channel says in its place.
fn slack(channel: &Channel, notice: &Notice) -> Result<String, String> {
    let (title, text) = (notice.title(), notice.text());
    let Some(template) = &channel.body else {
        // Slack reads these three as markup.
        let escaped = |text: &str| text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
        return Ok(json!({"text": format!("*{}*\n{}", escaped(&title), escaped(&text))}).to_string());
    };
    let mut form: Value = serde_json::from_str(template).map_err(|fault| format!("its body is no JSON: {fault}"))?;
    fill(&mut form, &[("{title}", &title), ("{text}", &text), ("{link}", &notice.link)]);
    Ok(form.to_string())
}

/// Puts what is told into every text of a form.
fn fill(form: &mut Value, with: &[(&str, &str)]) {
    match form {
        Value::String(text) => *text = filled(text, with),
        Value::Array(items) => items.iter_mut().for_each(|item| fill(item, with)),
        Value::Object(fields) => fields.values_mut().for_each(|value| fill(value, with)),
        _ => {}
    }
}

/// What was put in is not looked at again.
fn filled(text: &str, with: &[(&str, &str)]) -> String {
    let next = with.iter().filter_map(|(name, value)| text.find(name).map(|at| (at, *name, *value))).min();
    match next {
        Some((at, name, value)) => format!("{}{value}{}", &text[..at], filled(&text[at + name.len()..], with)),
        None => text.to_owned(),
    }
}

fn alertmanager(notice: &Notice, now: UnixMs) -> Value {
    let ends = match notice.says {
        Says::Ok => UnixMs(notice.at_ms),
        _ => UnixMs(now.0.saturating_add(i64::try_from(FIRES_FOR.as_millis()).unwrap_or(i64::MAX))),
    };
    let labels = json!({"alertname": notice.name, "alert": notice.alert, "workspace": notice.workspace, "test": (notice.says == Says::Test).to_string()});
    json!({
        "labels": labels,
        "annotations": {"summary": notice.title(), "description": notice.text()},
        "startsAt": UnixMs(notice.since_ms).to_string(),
        "endsAt": ends.to_string(),
        "generatorURL": notice.link,
    })
}

fn pagerduty(routing_key: &str, notice: &Notice) -> Value {
    let action = match notice.says {
        Says::Firing | Says::Test => "trigger",
        Says::Acknowledged => "acknowledge",
        Says::Ok => "resolve",
    };
    let details = json!({"text": notice.text(), "count": notice.count, "view": notice.view.as_ref().map(|(key, _)| key)});
    json!({
        "routing_key": routing_key,
        "event_action": action,
        "dedup_key": notice.firing,
        "payload": {
            "summary": notice.title().chars().take(1_024).collect::<String>(),
            "source": format!("tidings/{}", notice.workspace),
            "severity": if notice.says == Says::Test { "info" } else { "critical" },
            "timestamp": UnixMs(notice.at_ms).to_string(),
            "custom_details": details,
        },
        "links": [{"href": notice.link, "text": "I am on it"}],
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::fill;

    #[test]
    fn a_form_is_filled_and_stays_json() {
        let mut form = json!({"a": ["{title}: {text}", 3], "b": {"c": "{link}{title}"}, "{title}": null});
        fill(&mut form, &[("{title}", "Say \"{text}\""), ("{text}", "x\ny"), ("{link}", "l")]);
        assert_eq!(form, json!({"a": ["Say \"{text}\": x\ny", 3], "b": {"c": "lSay \"{text}\""}, "{title}": Value::Null}));
    }
}
