//! One-time links: a page with one button, and what the button does.
//!
//! Opening a link changes nothing: mail scanners and previews of chats open every link they see. Only the button's `POST`
//! uses it up, from a page of ours and no other: nobody is signed in as somebody else without a press of their own.

use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse as _, Response};

use super::Api;
use super::body::Sent;
use super::client::ClientAddress;
use super::docs::escaped;
use super::error::{MEDIA_TYPE, PARAMETER_INVALID, Problem, UNAUTHORISED};
use super::origin;
use super::people::link::{self, Said};
use super::query::Query;
use super::rate::Asker;
use super::read::rule::{Email, Rule as _};
use super::session::{Entrance, begin};
use super::welcome;
use crate::store::CredentialKind;

const STYLE: &str = include_str!("signin.css");
/// Presses the button. It is loaded only where a demo is opened on its own machine: there is nobody in between.
const PRESS: &str = "document.forms[0].requestSubmit();\n";
/// Where a link leads that is unknown, used or too old.
const NO_SUCH_LINK: &str = "/signin?problem=link";
const FORM: &str = "application/x-www-form-urlencoded";

/// `GET /signin?link=...&to=/path`: asks for a press; without a link, the page asks who it is.
pub async fn ask(
    State(api): State<Arc<Api>>,
    Extension(client): Extension<ClientAddress>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let mut query = Query::new(uri.query());
    let Some(link) = query.one("link") else { return Ok(crate::web::page(&headers)) };
    let to = query.one("to").filter(|to| is_local_path(to)).unwrap_or("/".into());
    if let Some(good) = link::look(&api, &link).await? {
        return Ok(shown(StatusCode::OK, welcome::render(&headers, &good.welcome, &link, None)));
    }
    let Some(found) = api.authenticator.find(&link, &[CredentialKind::Link]).await? else { return Ok(see_other(NO_SUCH_LINK)) };
    let workspace = api.store.keyring.workspace(found.credential.workspace).await?;
    let pressed = api.config.demo.is_some() && client.is_loopback();
    Ok(shown(StatusCode::OK, render(&workspace.name, &link, &to, pressed)))
}

fn shown(status: StatusCode, page: String) -> Response {
    // With `no-referrer` a browser would send the form with `Origin: null`, as if it came from anywhere.
    let headers = [(header::CONTENT_TYPE, "text/html; charset=utf-8"), (header::REFERRER_POLICY, "same-origin")];
    (status, headers, page).into_response()
}

/// `POST /signin`: the button. The link is used up, the cookie is set, and the browser is led on.
pub async fn enter(
    State(api): State<Arc<Api>>,
    Extension(client): Extension<ClientAddress>,
    uri: Uri,
    mut sent: Sent,
) -> Result<Response, Problem> {
    Query::new(uri.query()).finish()?;
    // Not even a listed site signs somebody in by a link.
    origin::check_change(&Method::POST, &sent.headers, &[])?;
    api.rates.credential(Asker::Address(client.network()))?;
    let kind = sent.headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or("");
    if !kind.split(';').next().unwrap_or("").trim().eq_ignore_ascii_case(FORM) {
        return Err(Problem::new(MEDIA_TYPE, "send the form of the page: application/x-www-form-urlencoded"));
    }
    let bytes = sent.bytes().await?;
    let field = |wanted: &str| form_urlencoded::parse(&bytes).find(|(name, _)| name == wanted).map(|(_, value)| value.into_owned());
    let link = field("link").ok_or_else(|| Problem::new(PARAMETER_INVALID, "link is required: open the link again"))?;
    let to = field("to").filter(|to| is_local_path(to)).unwrap_or("/".into());
    let entrance = match link::look(&api, &link).await? {
        Some(good) => {
            let (said, faults) = said(&field);
            let followed = match faults {
                None => link::follow(&api, &link, said).await,
                Some(fault) => Err(fault),
            };
            match followed {
                Ok(entrance) => entrance,
                Err(ended) if ended.code() == UNAUTHORISED => return Ok(see_other(NO_SUCH_LINK)),
                // It is good still: what is wrong is told where it was typed.
                Err(problem) if problem.code().status == 422 => {
                    return Ok(shown(
                        StatusCode::UNPROCESSABLE_ENTITY,
                        welcome::render(&sent.headers, &good.welcome, &link, Some(&problem)),
                    ));
                }
                Err(problem) => return Err(problem),
            }
        }
        None => {
            let taken = api.authenticator.take(&link, CredentialKind::Link, None).await?;
            let Some(taken) = taken else { return Ok(see_other(NO_SUCH_LINK)) };
            Entrance {
                workspace: taken.workspace,
                scopes: taken.scopes,
                events: taken.events,
                confined: taken.confined,
                parent: taken.parent,
                until: None,
                member: None,
                held: taken.held,
            }
        }
    };
    let cookie = begin(&api, entrance, &sent.headers).await?;
    let mut response = see_other(&to);
    response.headers_mut().insert(header::SET_COOKIE, cookie);
    Ok(response)
}

/// What the form of a welcome says; empty fields are left out.
fn said(field: &impl Fn(&str) -> Option<String>) -> (Said, Option<Problem>) {
    let given = |name: &str| field(name).filter(|text| !text.trim().is_empty());
    let email = given("email").map(|text| Email.read(&text.into())).transpose();
    let name = given("name").map(|text| super::plain_text(&text)).transpose();
    match (email, name) {
        (Ok(email), Ok(name)) => (Said { email, name, password: field("password").filter(|text| !text.is_empty()) }, None),
        (Err(fault), _) => (Said::default(), Some(Problem::invalid(super::error::INVALID, fault.under("email")))),
        (_, Err(fault)) => (Said::default(), Some(Problem::invalid(super::error::INVALID, fault.under("name")))),
    }
}

/// The page's style, apart because nothing inline is allowed.
pub async fn style() -> Response {
    ([(header::CONTENT_TYPE, "text/css; charset=utf-8"), (header::CACHE_CONTROL, "no-cache")], STYLE).into_response()
}

/// What presses the button of a demo.
pub async fn press() -> Response {
    ([(header::CONTENT_TYPE, "text/javascript; charset=utf-8"), (header::CACHE_CONTROL, "no-cache")], PRESS).into_response()
}

fn render(workspace: &str, link: &str, to: &str, pressed: bool) -> String {
    let press = if pressed { "<script src=\"/signin/press.js\" defer></script>" } else { "" };
    format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width, \
         initial-scale=1\"><meta name=\"color-scheme\" content=\"light dark\"><meta name=\"robots\" content=\"noindex\">\
         <title>Tidings: sign in</title><link rel=\"stylesheet\" href=\"/signin/style.css\">{press}</head><body><main>\
         <div class=\"card\"><h1>Tidings</h1><p>This link signs you in to <strong>{}</strong>, once.</p>\
         <form method=\"post\" action=\"/signin\"><input type=\"hidden\" name=\"link\" value=\"{}\">\
         <input type=\"hidden\" name=\"to\" value=\"{}\"><button type=\"submit\" autofocus>Sign in</button></form></div></main></body></html>",
        escaped(workspace),
        escaped(link),
        escaped(to)
    )
}

fn see_other(to: &str) -> Response {
    match HeaderValue::from_str(to) {
        Ok(to) => (StatusCode::SEE_OTHER, [(header::LOCATION, to)]).into_response(),
        Err(_) => Problem::new(PARAMETER_INVALID, "to is no path").into_response(),
    }
}

/// True for a path on this server; `//host` and `/\host` lead elsewhere.
fn is_local_path(to: &str) -> bool {
    to.starts_with('/') && !to.starts_with("//") && to.bytes().all(|b| (0x21..0x7f).contains(&b) && b != b'\\')
}

#[cfg(test)]
mod tests {
    use super::{is_local_path, render};

    #[test]
    fn links_lead_only_here() {
        for (to, local) in [
            ("/", true),
            ("/events/expo-2026?partner=acme", true),
            ("//evil.example", false),
            ("/\\evil.example", false),
            ("https://evil.example", false),
            ("", false),
            ("/a\r\nSet-Cookie: x", false),
            ("/\t/evil.example", false),
        ] {
            assert_eq!(is_local_path(to), local, "{to:?}");
        }
    }

    #[test]
    fn the_page_holds_text_as_text_and_nothing_inline() {
        let page = render("<b>&\"", "td_link_x", "/a?b=\"><script>", false);
        assert!(page.contains("<strong>&lt;b&gt;&amp;&quot;</strong>") && page.contains("value=\"/a?b=&quot;&gt;&lt;script&gt;\""));
        for inline in ["<script", "<style", " style=", " onclick"] {
            assert!(!page.contains(inline), "{inline}");
        }
        assert!(render("a", "b", "/", true).contains("<script src=\"/signin/press.js\" defer></script>"));
    }
}
