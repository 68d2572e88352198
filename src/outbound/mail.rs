//! Mail, by the one SMTP server of the configuration.

use std::time::Duration;

use lettre::message::Mailbox;
use lettre::message::header::ContentType;
use lettre::transport::smtp::authentication::Credentials;
use lettre::{AsyncSmtpTransport, AsyncTransport as _, Message, Tokio1Executor};
use serde::{Deserialize, Serialize};

/// How long one mail may take.
const ATTEMPT_MAX: Duration = Duration::from_secs(20);

/// How the way to the SMTP server is secured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MailTls {
    /// It begins in the clear and must change to TLS.
    #[default]
    Starttls,
    /// TLS from the first byte.
    Tls,
    /// In the clear: for a server on the same machine.
    None,
}

/// Where mail is given to.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MailConfig {
    /// Host of the SMTP server; empty where no mail is sent.
    pub host: String,
    /// Its port; 0 is the usual one: 587, with `tls` 465, in the clear 25.
    pub port: u16,
    /// `starttls`, `tls` or `none`.
    pub tls: MailTls,
    /// Whom it knows this server as; empty where it asks for nothing.
    pub user: String,
    /// The password of that.
    pub password: String,
    /// Whom mail is from, as in `Tidings <tidings@desk.example>`.
    pub from: String,
}

impl MailConfig {
    /// What cannot be used of it, for people.
    pub fn fault(&self) -> Option<String> {
        if self.host.is_empty() {
            return None;
        }
        let from = self.from.parse::<Mailbox>().err().map(|fault| format!("mail.from is {:?}: {fault}; give an address", self.from));
        from.or_else(|| (self.user.is_empty() != self.password.is_empty()).then(|| "mail.user and mail.password go together".to_owned()))
    }
}

/// Sends mail.
pub struct Mail {
    way: Option<(AsyncSmtpTransport<Tokio1Executor>, Mailbox)>,
}

impl Mail {
    /// One that sends by what was configured, or refuses to where nothing was.
    ///
    /// # Errors
    /// What cannot be used.
    pub fn new(config: &MailConfig) -> Result<Self, String> {
        if config.host.is_empty() {
            return Ok(Self { way: None });
        }
        let from = config.from.parse::<Mailbox>().map_err(|fault| format!("mail.from: {fault}"))?;
        let builder = match config.tls {
            MailTls::Starttls => AsyncSmtpTransport::<Tokio1Executor>::starttls_relay(&config.host),
            MailTls::Tls => AsyncSmtpTransport::<Tokio1Executor>::relay(&config.host),
            MailTls::None => Ok(AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&config.host)),
        };
        let mut builder = builder.map_err(|fault| format!("mail.host: {fault}"))?.timeout(Some(ATTEMPT_MAX));
        if config.port != 0 {
            builder = builder.port(config.port);
        }
        if !config.user.is_empty() {
            builder = builder.credentials(Credentials::new(config.user.clone(), config.password.clone()));
        }
        Ok(Self { way: Some((builder.build(), from)) })
    }

    /// True where a server is configured.
    pub const fn is_there(&self) -> bool {
        self.way.is_some()
    }

    /// Sends one mail. `id` is the same however often it is sent.
    ///
    /// # Errors
    /// Why it was not taken, for people.
    pub async fn send(&self, id: &str, to: &[String], subject: &str, text: &str) -> Result<(), String> {
        let Some((way, from)) = &self.way else { return Err("no mail server is configured: set [mail] host and from".to_owned()) };
        let host = from.email.domain();
        let mut message = Message::builder().from(from.clone()).message_id(Some(format!("<{id}@{host}>"))).subject(subject);
        for address in to {
            let mailbox = address.parse::<Mailbox>().map_err(|fault| format!("{address}: {fault}"))?;
            message = message.to(mailbox);
        }
        let message = message.header(ContentType::TEXT_PLAIN).body(text.to_owned()).map_err(|fault| fault.to_string())?;
        match tokio::time::timeout(ATTEMPT_MAX, way.send(message)).await {
            Ok(sent) => sent.map(drop).map_err(|fault| fault.to_string()),
            Err(_) => Err(format!("the mail server did not answer in {} s", ATTEMPT_MAX.as_secs())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Mail, MailConfig};

    #[test]
    fn what_cannot_be_used_is_told() {
        let config = |host: &str, from: &str, user: &str| MailConfig {
            host: host.to_owned(),
            from: from.to_owned(),
            user: user.to_owned(),
            ..MailConfig::default()
        };
        assert_eq!(config("", "", "").fault(), None, "no mail");
        assert_eq!(config("mail.example", "Tidings <a@mail.example>", "").fault(), None);
        assert!(config("mail.example", "nobody", "").fault().is_some_and(|told| told.contains("mail.from")));
        assert!(config("mail.example", "a@mail.example", "a").fault().is_some_and(|told| told.contains("mail.password")));
    }

    #[tokio::test]
    async fn nothing_is_sent_where_nothing_is_configured() {
        let told = Mail::new(&MailConfig::default()).expect("nothing to refuse").send("1", &[], "", "").await.expect_err("not sent");
        assert!(told.contains("[mail] host"), "{told}");
    }
}
