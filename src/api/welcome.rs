//! The page of an invitation or a reset: what it is for, what is to be said, and one button. It needs no script.

use axum::http::{HeaderMap, header};

use super::docs::escaped;
use super::error::Problem;
use super::people::link::Welcome;
use crate::auth::Role;
use crate::domain::Key;

/// The words of the page.
struct Words {
    lang: &'static str,
    invited: fn(&str) -> String,
    first: fn(&str) -> String,
    reset: &'static str,
    as_role: fn(&str) -> String,
    roles: [&'static str; 5],
    only: fn(&str) -> String,
    email: &'static str,
    name: &'static str,
    choose: &'static str,
    choose_hint: &'static str,
    known: &'static str,
    known_hint: &'static str,
    join: &'static str,
    begin: &'static str,
    save: &'static str,
    faults: &'static [(&'static str, &'static str)],
}

const ENGLISH: Words = Words {
    lang: "en",
    invited: |workspace| format!("You are invited to {workspace}"),
    first: |workspace| format!("Begin with {workspace}"),
    reset: "Choose another password",
    as_role: |role| format!("Your role: {role}."),
    roles: [
        "Owner, with everything, also who else may come in",
        "Admin, with everything but members",
        "Editor, who reads and looks after partners, messages, campaigns and views",
        "Operator, who looks after the system, screens and alerts",
        "Viewer, who reads",
    ],
    only: |events| format!("Of the events you will see {events}."),
    email: "Email",
    name: "Your name",
    choose: "Choose a password",
    choose_hint: "12 characters or more. Four words that have nothing to do with each other are easy to keep.",
    known: "Your password",
    known_hint: "You are known on this server: give the password that you have.",
    join: "Join",
    begin: "Begin",
    save: "Save and sign in",
    faults: &[],
};

const GERMAN: Words = Words {
    lang: "de",
    invited: |workspace| format!("Sie sind zu {workspace} eingeladen"),
    first: |workspace| format!("Mit {workspace} beginnen"),
    reset: "Neues Passwort wählen",
    as_role: |role| format!("Ihre Rolle: {role}."),
    roles: [
        "Eigentümer, mit allem, auch wer sonst hereindarf",
        "Administrator, mit allem außer den Mitgliedern",
        "Redakteur, der liest und Partner, Nachrichten, Kampagnen und Ansichten pflegt",
        "Betrieb, der sich um System, Bildschirme und Alarme kümmert",
        "Betrachter, der liest",
    ],
    only: |events| format!("Von den Events sehen Sie {events}."),
    email: "E-Mail",
    name: "Ihr Name",
    choose: "Passwort wählen",
    choose_hint: "Mindestens 12 Zeichen. Vier Wörter, die nichts miteinander zu tun haben, sind leicht zu behalten.",
    known: "Ihr Passwort",
    known_hint: "Sie sind auf diesem Server bekannt: geben Sie Ihr Passwort ein.",
    join: "Beitreten",
    begin: "Beginnen",
    save: "Speichern und anmelden",
    faults: &[
        ("required", "Bitte ausfüllen."),
        ("too_short", "Zu kurz: mindestens 12 Zeichen."),
        ("too_long", "Zu lang."),
        ("too_common", "Das versuchen andere zuerst: nehmen Sie Wörter, die niemand erwartet."),
        ("wrong_password", "Das ist nicht Ihr Passwort."),
        ("email_form", "Bitte eine E-Mail-Adresse angeben."),
        ("known", "Diese Adresse ist hier schon bekannt: melden Sie sich an oder nehmen Sie eine andere."),
        ("bad_character", "Enthält Zeichen, die nicht sichtbar sind."),
    ],
};

/// The language that is named first, of those there are.
fn words(headers: &HeaderMap) -> &'static Words {
    let wanted = headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()).unwrap_or("");
    let first = wanted.split(',').map(str::trim).find(|one| one.starts_with("de") || one.starts_with("en"));
    if first.is_some_and(|one| one.starts_with("de")) { &GERMAN } else { &ENGLISH }
}

/// The page, with what was wrong about what was said before.
pub fn render(headers: &HeaderMap, welcome: &Welcome, link: &str, problem: Option<&Problem>) -> String {
    let words = words(headers);
    let title = match (welcome.is_reset, &welcome.email) {
        (true, _) => words.reset.to_owned(),
        (false, None) => (words.first)(&welcome.workspace),
        (false, Some(_)) => (words.invited)(&welcome.workspace),
    };
    let place = Role::ALL.iter().position(|role| *role == welcome.role).unwrap_or(Role::ALL.len() - 1);
    let mut about = String::new();
    if !welcome.is_reset && welcome.email.is_some() {
        about.push_str(&paragraph(&(words.as_role)(words.roles[place])));
        if let Some(events) = &welcome.events {
            let names: Vec<_> = events.iter().map(Key::as_str).collect();
            about.push_str(&paragraph(&(words.only)(&names.join(", "))));
        }
    }
    let told = problem.map(|problem| told(words, problem)).unwrap_or_default();
    let email = match &welcome.email {
        Some(email) => format!(
            "<label>{}<input name=\"username\" type=\"email\" autocomplete=\"username\" value=\"{}\" readonly></label>",
            words.email,
            escaped(email)
        ),
        None => format!("<label>{}<input name=\"email\" type=\"email\" autocomplete=\"username\" required autofocus></label>", words.email),
    };
    let name = match welcome.is_reset || welcome.is_known {
        true => String::new(),
        false => format!(
            "<label>{}<input name=\"name\" autocomplete=\"name\" maxlength=\"200\" value=\"{}\"></label>",
            words.name,
            escaped(&welcome.name)
        ),
    };
    let (label, hint, kind) = match welcome.is_known {
        true => (words.known, words.known_hint, "current-password"),
        false => (words.choose, words.choose_hint, "new-password"),
    };
    let button = match (welcome.is_reset, &welcome.email) {
        (true, _) => words.save,
        (false, None) => words.begin,
        (false, Some(_)) => words.join,
    };
    format!(
        "<!doctype html><html lang=\"{}\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width, \
         initial-scale=1\"><meta name=\"color-scheme\" content=\"light dark\"><meta name=\"robots\" content=\"noindex\">\
         <title>Tidings</title><link rel=\"stylesheet\" href=\"/signin/style.css\"></head><body><main>\
         <div class=\"card\"><h1>{}</h1>{about}{told}<form method=\"post\" action=\"/signin\">\
         <input type=\"hidden\" name=\"link\" value=\"{}\">{email}{name}<label>{label}<input name=\"password\" type=\"password\" \
         autocomplete=\"{kind}\" required aria-describedby=\"hint\"></label><p class=\"hint\" id=\"hint\">{hint}</p>\
         <button type=\"submit\">{button}</button></form></div></main></body></html>",
        words.lang,
        escaped(&title),
        escaped(link),
    )
}

fn paragraph(text: &str) -> String {
    format!("<p>{}</p>", escaped(text))
}

/// What is wrong, in the language of the page.
fn told(words: &Words, problem: &Problem) -> String {
    let lines = problem.faults().iter().map(|fault| {
        let known = words.faults.iter().find(|(code, _)| *code == fault.code).map(|(_, text)| (*text).to_owned());
        known.unwrap_or_else(|| format!("{}: {}", fault.path, fault.message))
    });
    format!("<p class=\"problem\" role=\"alert\">{}</p>", escaped(&lines.collect::<Vec<_>>().join(" ")))
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderMap, HeaderValue, header};

    use super::{Welcome, render};
    use crate::api::error::{INVALID, Problem};
    use crate::auth::Role;
    use crate::domain::{Invalid, Key};

    #[test]
    fn it_says_what_it_is_for_in_the_language_of_the_browser_and_holds_text_as_text() {
        let welcome = Welcome {
            workspace: "<Expo>".to_owned(),
            email: Some("ada@engines.example".to_owned()),
            name: String::new(),
            role: Role::Viewer,
            events: Some(vec![Key::trusted("expo-2026")]),
            is_reset: false,
            is_known: false,
        };
        let page = render(&HeaderMap::new(), &welcome, "td_invitation_x", None);
        assert!(
            page.contains("You are invited to &lt;Expo&gt;") && page.contains("expo-2026") && page.contains("Viewer, who reads"),
            "{page}"
        );
        let mut german = HeaderMap::new();
        german.insert(header::ACCEPT_LANGUAGE, HeaderValue::from_static("de-AT,en;q=0.5"));
        let short = Problem::invalid(INVALID, Invalid::one("password", "too_short", "is 3 characters"));
        let page = render(&german, &welcome, "td_invitation_x", Some(&short));
        assert!(page.contains("lang=\"de\"") && page.contains("mindestens 12 Zeichen"), "{page}");
        for inline in ["<script", "<style", " style=", " onclick"] {
            assert!(!page.contains(inline), "{inline}");
        }
    }
}
