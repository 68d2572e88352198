//! Every route, asked by every kind of credential of one workspace for what is another's. What each is told follows from the
//! route table and from what the credential may do; nothing of it is written down route by route.

use hyper::Method;
use serde_json::{Value, json};
use tidings::api::authorise::Needs;
use tidings::api::routes::{Route, routes};
use tidings::auth::{Operator, Right, Rights, Role, Scope, Scopes, SecretKey};
use tidings::clock::Clock;
use tidings::domain::Key;
use tidings::store::{CredentialKind, NewCredential};

use super::tenancy::{Finds, MARK, furnished, path_of, row};
use crate::app::{Answer, STUCK, TestApp};

/// The event of credentials that are bound to one.
const BOUND: &str = "theirs";
const PAGE: &str = "https://shop.example";

/// How a credential is shown.
enum Shown {
    Nothing,
    Bearer(String),
    Cookie(String),
    Ticket(String),
}

/// Somebody of another workspace.
struct Caller {
    called: &'static str,
    shown: Shown,
    /// What they may do; `None` where they are nobody.
    rights: Option<Rights>,
    bound: bool,
    /// True for who comes by a share.
    confined: bool,
    /// True for who signed in by themselves.
    is_member: bool,
}

impl Caller {
    fn only_collects(&self) -> bool {
        self.called.starts_with("site")
    }

    fn is_screen(&self) -> bool {
        self.called == "screen"
    }

    /// Status and code of the answer to a route; `None` where it depends on what stands behind it.
    fn refusal(&self, route: &Route, path: &str) -> Option<(u16, &'static str)> {
        let needed = route.needs.rights();
        let Some(rights) = self.rights else {
            let shown = matches!(self.shown, Shown::Ticket(_)) && route.needs == Needs::Stream;
            return (route.needs != Needs::Nothing && !shown).then_some((401, "unauthorised"));
        };
        if self.confined && route.needs != Needs::Nothing && !(route.keeps_to_view && (needed.is_empty() || rights.meets(needed))) {
            return Some((403, "right_missing"));
        }
        if self.is_screen() && route.needs == Needs::Credential && route.path == "/v1/session" {
            return Some((401, "unauthorised"));
        }
        let enough = match route.needs {
            Needs::Nothing => true,
            Needs::Credential => !self.only_collects(),
            _ => rights.meets(needed),
        };
        match enough {
            false if self.is_member => Some((403, "right_missing")),
            false => Some((403, "scope_missing")),
            true => {
                // How long a log is kept is of every event of a workspace, and so is a view that names none.
                let of_all = [Needs::Right(Right::Retain), Needs::Right(Right::Audit)].contains(&route.needs)
                    || matches!(
                        (route.method, route.path),
                        (
                            "PUT",
                            "/v1/views/{view}"
                                | "/v1/walls/{wall}"
                                | "/v1/webhooks/{webhook}"
                                | "/v1/channels/{channel}"
                                | "/v1/alerts/{alert}"
                        ) | ("POST", "/v1/alerts:mute" | "/v1/invitations")
                    );
                // Who may keep views of their own may not put one that all see.
                if (route.method, route.path) == ("PUT", "/v1/views/{view}") && !rights.has(Right::Views) {
                    return Some((403, "right_missing"));
                }
                let elsewhere = path.contains(&format!("/events/{MARK}")) || of_all;
                (self.bound && route.needs != Needs::Nothing && elsewhere).then_some((403, "event_forbidden"))
            }
        }
    }
}

/// One of each, all of one workspace that has an event and a partner of its own.
async fn callers(app: &TestApp, workspace: &str) -> Vec<Caller> {
    let admin = app.key_of(workspace, "ingest,read,admin", None).await;
    for path in ["/v1/events/theirs", "/v1/events/theirs/partners/theirs"] {
        assert_eq!(app.put(&admin, path, r#"{"name":"theirs"}"#).await.status, 201, "{path}");
    }
    let made = async |more: Value| -> (String, String) {
        let made: Answer = app.post(&admin, "/v1/keys", &more.to_string()).await;
        assert_eq!(made.status, 201, "{more}: {}", made.text());
        (made.json()["key"].as_str().expect("a key").to_owned(), made.json()["id"].to_string())
    };
    let session = async |key: &str| -> String {
        let signed_in: Answer = app.post("", "/v1/session", &json!({ "key": key }).to_string()).await;
        signed_in.header("set-cookie").split([';', '=']).nth(1).expect("a cookie").to_owned()
    };
    let ticket = async |key: &str| app.post(key, "/v1/tickets", "").await.json()["ticket"].as_str().expect("a ticket").to_owned();
    let link = async || {
        let path = app.running().sign_in_link(&Key::trusted(workspace), Scopes::of(&Scope::ALL), STUCK).await.expect("made");
        path.split_once("link=").expect("a link").1.to_owned()
    };
    let all = Some(Scopes::of(&Scope::ALL).rights());
    let caller = |called, shown, rights| Caller { called, shown, rights, bound: false, confined: false, is_member: false };
    let mut found = vec![caller("nobody", Shown::Nothing, None), caller("key of all", Shown::Bearer(admin.clone()), all)];
    for scope in Scope::ALL {
        let key = app.key_of(workspace, scope.as_str(), None).await;
        found.push(caller(scope.as_str(), Shown::Bearer(key), Some(scope.rights())));
    }
    let bound = app.key_of(workspace, "ingest,read,admin", Some(BOUND)).await;
    found.push(Caller { bound: true, ..caller("bound key", Shown::Bearer(bound.clone()), all) });
    found.push(Caller { bound: true, ..caller("session of a bound key", Shown::Cookie(session(&bound).await), all) });
    found.push(caller("session", Shown::Cookie(session(&admin).await), all));
    let reader = app.key_of(workspace, "read", None).await;
    found.push(caller("session of a reader", Shown::Cookie(session(&reader).await), Some(Scope::Read.rights())));
    let shared = app.post(&admin, "/v1/shares", r#"{"view":"all-opens"}"#).await.json();
    let share = shared["url"].as_str().and_then(|url| url.split_once('#')).expect("a link").1;
    let opened: Answer = app.post("", "/v1/session", &json!({ "share": share }).to_string()).await;
    let cookie = opened.header("set-cookie").split([';', '=']).nth(1).expect("a cookie").to_owned();
    let of_share = caller("session of a share", Shown::Cookie(cookie), Some(Rights::of(&[Right::Read])));
    found.push(Caller { confined: true, ..of_share });
    assert_eq!(app.put(&admin, "/v1/walls/hall", r#"{"name":"Hall","views":["all-opens"]}"#).await.status, 201);
    let screen = app.post(&admin, "/v1/walls/hall/screens", r#"{"name":"Hall"}"#).await.json();
    let secret = screen["url"].as_str().and_then(|url| url.split_once('#')).expect("an address").1;
    let of_screen = caller("screen", Shown::Bearer(secret.to_owned()), Some(Rights::of(&[Right::Read])));
    found.push(Caller { confined: true, ..of_screen });
    let invited = async |role: Role, events: Value| -> String {
        let email = format!("{}-{}@{workspace}.example", role.as_str(), events.is_null());
        let body = json!({"email": email, "role": role.as_str(), "events": events}).to_string();
        let answer: Answer = app.post(&admin, "/v1/invitations", &body).await;
        answer.json()["url"].as_str().and_then(|url| url.split_once("link=")).expect("a link").1.to_owned()
    };
    let joined = async |role: Role, events: Value| -> String {
        let body = json!({"link": invited(role, events).await}).to_string();
        let answer: Answer = app.post("", "/v1/session", &body).await;
        assert_eq!(answer.status, 201, "{}", answer.text());
        answer.header("set-cookie").split([';', '=']).nth(1).expect("a cookie").to_owned()
    };
    for role in Role::ALL {
        let shown = Shown::Cookie(joined(role, Value::Null).await);
        found.push(Caller { is_member: true, ..caller(role.as_str(), shown, Some(role.rights())) });
    }
    let some = Shown::Cookie(joined(Role::Admin, json!([BOUND])).await);
    found.push(Caller { is_member: true, bound: true, ..caller("admin of one event", some, Some(Role::Admin.rights())) });
    let removed = joined(Role::Editor, json!([BOUND])).await;
    let number = app.get(&admin, "/v1/members").await.json()["items"]
        .as_array()
        .and_then(|all| all.iter().find(|member| member["role"] == "editor" && !member["events"].is_null()).cloned())
        .expect("the member")["id"]
        .to_string();
    assert_eq!(app.call(Method::DELETE, &admin, &format!("/v1/members/{number}"), "").await.status, 204);
    found.push(caller("removed member", Shown::Cookie(removed), None));
    let invitation = invited(Role::Viewer, json!([BOUND])).await;
    found.push(caller("invitation as a key", Shown::Bearer(invitation.clone()), None));
    found.push(caller("invitation as a cookie", Shown::Cookie(invitation), None));
    let members = app.get(&admin, "/v1/members").await.json();
    let number = members["items"].as_array().and_then(|all| all.first()).expect("one")["id"].to_string();
    let reset = app.post(&admin, &format!("/v1/members/{number}/reset"), "").await.json();
    let reset = reset["url"].as_str().and_then(|url| url.split_once("link=")).expect("a link").1.to_owned();
    found.push(caller("reset as a key", Shown::Bearer(reset), None));
    found.push(caller("screen as a session", Shown::Cookie(secret.to_owned()), None));
    found.push(caller("share as a key", Shown::Bearer(share.to_owned()), None));
    let (site, _) = made(json!({"kind": "site", "event": BOUND, "origins": [PAGE]})).await;
    found.push(Caller { bound: true, ..caller("site key", Shown::Bearer(site), Some(Scope::Ingest.rights())) });
    let (revoked, number) = made(json!({"scopes": ["ingest", "read", "admin"]})).await;
    let of_revoked = session(&revoked).await;
    assert_eq!(app.call(Method::DELETE, &admin, &format!("/v1/keys/{number}"), "").await.status, 204);
    found.push(caller("revoked key", Shown::Bearer(revoked), None));
    found.push(caller("session of a revoked key", Shown::Cookie(of_revoked), None));
    found.push(caller("expired key", Shown::Bearer(app.expired_key_of(workspace, "ingest,read,admin").await), None));
    found.push(caller("ticket", Shown::Ticket(ticket(&admin).await), None));
    // Shown as what it is not, each is nothing.
    found.push(caller("key as a cookie", Shown::Cookie(admin.clone()), None));
    found.push(caller("session as a key", Shown::Bearer(session(&admin).await), None));
    found.push(caller("ticket as a key", Shown::Bearer(ticket(&admin).await), None));
    found.push(caller("link as a key", Shown::Bearer(link().await), None));
    let notice = SecretKey::generate(CredentialKind::Alert.as_str()).expect("random");
    let of_notice =
        NewCredential { name: "quiet".to_owned(), ..NewCredential::new(CredentialKind::Alert, notice.hash(), Clock::System.now()) };
    let keyring = &app.running().store.keyring;
    let own = keyring.workspace_by_key(Operator::assume(), Key::trusted(workspace)).await.expect("read").expect("there").id;
    keyring.create_credential(own, of_notice).await.expect("kept");
    found.push(caller("link of a notice as a key", Shown::Bearer(notice.expose().to_owned()), None));
    found.push(caller("link of a notice as a cookie", Shown::Cookie(notice.expose().to_owned()), None));
    found.push(caller("link as a cookie", Shown::Cookie(link().await), None));
    found
}

/// Whoever adds a kind of credential adds it to the callers.
fn is_among_the_callers(kind: CredentialKind, callers: &[Caller]) -> bool {
    let word = match kind {
        CredentialKind::Key => "key of all",
        CredentialKind::Site => "site key",
        CredentialKind::Session => "session",
        CredentialKind::Link => "link as a key",
        CredentialKind::Ticket => "ticket",
        CredentialKind::Share => "session of a share",
        CredentialKind::Screen => "screen",
        CredentialKind::Alert => "link of a notice as a key",
        CredentialKind::Invitation => "invitation as a key",
        CredentialKind::Reset => "reset as a key",
    };
    callers.iter().any(|caller| caller.called == word)
}

/// Asks a route, up to the head of the answer where that does not end.
async fn asked(app: &TestApp, caller: &Caller, route: &Route, path: &str, body: &str) -> (u16, String, String) {
    let (mut lines, mut target) = (Vec::new(), path.to_owned());
    match &caller.shown {
        Shown::Nothing => {}
        Shown::Bearer(secret) => lines.push(("authorization", format!("Bearer {secret}"))),
        Shown::Cookie(secret) => lines.push(("cookie", format!("tidings_session={secret}"))),
        // Elsewhere than on a stream `ticket` is a parameter that nobody knows, after nobody has been recognised.
        Shown::Ticket(secret) => target = format!("{path}?ticket={secret}"),
    }
    if !body.is_empty() {
        lines.push(("content-type", "application/json".to_owned()));
    }
    if route.needs == Needs::Stream || route.path.ends_with("/stream") {
        let lines: String = lines.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        let head = app.head(format!("GET {target} HTTP/1.1\r\nhost: x\r\n{lines}\r\n").as_bytes()).await;
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
        let code = head.split("\"code\":\"").nth(1).and_then(|rest| rest.split('"').next()).unwrap_or("");
        return (status, code.to_owned(), head.clone());
    }
    let headers: Vec<_> = lines.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let answer = app.request(route.method.parse().expect("a method"), &target, &headers, body.to_owned()).await;
    let (status, code) = answer.code();
    (status, code, answer.text().to_owned())
}

#[tokio::test]
async fn no_credential_finds_what_is_anothers() {
    let many = std::num::NonZeroU32::new(1_000_000).expect("many");
    let app = TestApp::start_with(|config| config.rate.credentials_burst = many).await;
    let (activity, number) = furnished(&app).await;
    let owner = app.key("ingest,read,admin").await;
    let ours = async || {
        let mut told = Vec::new();
        for path in [
            "/v1/activities",
            "/v1/events",
            &format!("/v1/events/{MARK}/partners/{MARK}"),
            &format!("/v1/events/{MARK}/messages/{MARK}/recipients"),
        ] {
            told.push(app.get(&owner, path).await.json());
        }
        told.push(app.get(&owner, "/v1/keys").await.json());
        told
    };
    let before = ours().await;
    let mut asked_in_all = 0;
    for (at, route) in routes().iter().enumerate() {
        let (finds, body) = row(route.method, route.path);
        let path = path_of(route.path, &activity, &number);
        // In a fresh workspace: what one route makes there is not what the next one finds.
        let callers = callers(&app, &format!("theirs-{at}")).await;
        assert!(CredentialKind::ALL.into_iter().all(|kind| is_among_the_callers(kind, &callers)));
        for caller in &callers {
            let (status, code, text) = asked(&app, caller, route, &path, body).await;
            let case = format!("{} {path} by {}: {status} {text}", route.method, caller.called);
            match (caller.refusal(route, &path), finds) {
                (Some(refusal), _) => assert_eq!((status, code.as_str()), refusal, "{case}"),
                (None, Finds::Public(public)) => {
                    let unknown = matches!(caller.shown, Shown::Ticket(_)) && status == 400;
                    assert!(status == public || unknown, "{case}");
                }
                (None, Finds::Nothing) => assert_eq!((status, code.as_str()), (404, "not_found"), "{case}"),
                // Not a WebSocket, but let in; the other is one that goes on.
                (None, Finds::Stream) => assert_eq!(status, if path == "/v1/ws" { 426 } else { 200 }, "{case}"),
                (None, Finds::Own) => assert!((200..300).contains(&status), "{case}"),
                // What a screen is to show only a screen is told.
                (None, Finds::Refused(_)) if caller.is_screen() && path == "/v1/screen" => assert_eq!(status, 200, "{case}"),
                // What is one's own a member may change.
                (None, Finds::Refused(409)) if caller.is_member => assert!(status < 300 || status == 422, "{case}"),
                (None, Finds::Refused(refused)) => assert_eq!(status, refused, "{case}"),
            }
            let told = text.replace(&path, "");
            assert!(path.contains(MARK) || !told.contains(MARK) && !told.contains("onlyours"), "{case}");
            asked_in_all += 1;
        }
    }
    assert!(asked_in_all > 500, "{asked_in_all}");
    assert_eq!(ours().await, before, "nobody has changed anything");
    let workspaces = app.running().store.keyring.workspaces(Operator::assume()).await.expect("read").len();
    assert_eq!(workspaces, routes().len() + 1);
    app.finish().await;
}
