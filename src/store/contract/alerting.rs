//! What is kept of alerts: how they stand, their history, and what is still to be told.

use uuid::Uuid;

use super::{Bounds, NOW, Open, Subject, key};
use crate::auth::{Actor, Operator};
use crate::domain::{Events, UnixMs};
use crate::store::{
    Alert, AlertLine, AlertState, AlertsKept, At, CHANNELS_MAX, Change, Channel, ChannelKind, Condition, HISTORY_MAX, MissingThing, Mute,
    NamedKind, NoticeRecord, Outcome, Then, Thing, Turned, When,
};

fn alert(to: &[&str], then: &[&str]) -> Thing {
    let keys = |names: &[&str]| names.iter().map(|name| key(name)).collect::<Vec<_>>();
    let then = if then.is_empty() { Vec::new() } else { vec![Then { after_s: 60, to: keys(then) }] };
    let (view, when) = (Some(key("All-Opens")), When::Silent(900));
    let alert = Alert { view, when, to: keys(to), cooldown_s: 300, between: None, enabled: true, note: None, then, events: Events::ALL };
    Thing::Alert { name: "Quiet".to_owned(), alert: Box::new(alert) }
}

fn channel() -> Thing {
    let url = Some("https://hooks.example/".to_owned());
    let channel = Channel { kind: ChannelKind::Webhook, url, to: Vec::new(), routing_key: None, body: None };
    Thing::Channel { name: "Duty".to_owned(), channel: Box::new(channel) }
}

async fn put(subject: &Subject, at: &str, thing: Thing) -> Outcome {
    let at = At::top(subject.workspace, key(at));
    let change = Change::Put { at, thing, condition: Condition::None, by: Actor::Server };
    subject.commit(vec![change]).await.outcomes.pop().expect("an outcome")
}

async fn remove(subject: &Subject, kind: NamedKind, at: &str) -> Outcome {
    let at = At::top(subject.workspace, key(at));
    let change = Change::Remove { at, kind, condition: Condition::None, by: Actor::Server };
    subject.commit(vec![change]).await.outcomes.pop().expect("an outcome")
}

pub(crate) async fn what_an_alert_names_is_there_and_stays(open: Open) {
    let subject = Subject::fresh(open, Bounds::Usual).await;
    let missing = |key: &str| MissingThing { kind: NamedKind::Channel, key: key.to_owned() };
    assert_eq!(put(&subject, "quiet", alert(&["duty"], &["lead", "duty"])).await, Outcome::Missing(vec![missing("duty"), missing("lead")]));
    for name in ["duty", "lead"] {
        assert!(matches!(put(&subject, name, channel()).await, Outcome::Put { created: true, .. }));
    }
    let Outcome::Put { created: true, record } = put(&subject, "Quiet", alert(&["DUTY"], &["lead"])).await else { panic!("put") };
    assert_eq!(record.thing, alert(&["DUTY"], &["lead"]));
    for (kind, name) in [(NamedKind::View, "all-opens"), (NamedKind::Channel, "duty"), (NamedKind::Channel, "Lead")] {
        let Outcome::InUse { by, .. } = remove(&subject, kind, name).await else { panic!("{name}") };
        assert!(by.starts_with("the alert Quiet"), "{by}");
    }
    assert_eq!(remove(&subject, NamedKind::Alert, "quiet").await, Outcome::Removed);
    assert_eq!(remove(&subject, NamedKind::View, "all-opens").await, Outcome::Removed);
    // So many and no more, but for those that are there.
    for at in 2..CHANNELS_MAX {
        assert!(matches!(put(&subject, &format!("c{at}"), channel()).await, Outcome::Put { .. }), "{at}");
    }
    assert_eq!(put(&subject, "one-more", channel()).await, Outcome::Full { kind: NamedKind::Channel, most: CHANNELS_MAX });
    assert!(matches!(put(&subject, "duty", channel()).await, Outcome::Put { created: false, .. }));
}

pub(crate) async fn alerts_stand_as_they_were_kept(open: Open) {
    let subject = Subject::fresh(open, Bounds::Usual).await;
    let (alerting, workspace, operator) = (&subject.store.alerting, subject.workspace, Operator::assume());
    assert!(alerting.alerted(operator).await.expect("read").is_empty());
    put(&subject, "duty", channel()).await;
    put(&subject, "quiet", alert(&["duty"], &[])).await;
    assert_eq!(alerting.alerted(operator).await.expect("read"), [workspace]);
    let board = alerting.board(workspace).await.expect("read");
    assert_eq!((board.cursor, board.mute.as_ref(), board.waiting.len()), (None, None, 0));
    assert_eq!((&board.alerts[0].state, &board.channels[0].secret), (&None, &None));
    let number = board.alerts[0].number;

    let line = |n: u128, turned| AlertLine {
        id: Uuid::from_u128(n),
        alert: number,
        at: UnixMs(NOW.0 + i64::try_from(n).expect("small")),
        turned,
        by: None,
        text: format!("line {n}"),
    };
    let notice = |n: u128, done, fault: Option<&str>| NoticeRecord {
        line: Uuid::from_u128(n),
        alert: number,
        channel: key("duty"),
        body: "{}".to_owned(),
        attempts: u32::from(fault.is_some()),
        tried_at: fault.map(|_| NOW),
        done,
        fault: fault.map(str::to_owned),
    };
    let state =
        AlertState { firing: Some(Uuid::from_u128(1)), since_ms: 7, reason: "quiet".to_owned(), is_told: true, ..AlertState::default() };
    let mute = Mute { until_ms: 9, why: "a rehearsal".to_owned(), by: "Ada".to_owned() };
    let kept = AlertsKept {
        cursor: 5,
        mute: Some(mute.clone()),
        states: vec![(number, state.clone())],
        lines: vec![line(1, Turned::Fired)],
        notices: vec![notice(1, false, None)],
    };
    alerting.keep_alerts(workspace, kept.clone()).await.expect("kept");
    // An answer that was lost: the same again is the same.
    alerting.keep_alerts(workspace, kept).await.expect("kept");
    let board = alerting.board(workspace).await.expect("read");
    assert_eq!((board.cursor, &board.mute, &board.alerts[0].state), (Some(5), &Some(mute), &Some(state)));
    assert_eq!(board.waiting, [notice(1, false, None)]);
    let history = async || alerting.alert_history(workspace, key("QUIET"), 9).await.expect("read");
    assert_eq!(history().await, [(line(1, Turned::Fired), vec![notice(1, false, None)])]);
    let tried = AlertsKept {
        cursor: 6,
        notices: vec![notice(1, true, Some("refused"))],
        lines: vec![line(2, Turned::Resolved)],
        ..AlertsKept::default()
    };
    alerting.keep_alerts(workspace, tried).await.expect("kept");
    let board = alerting.board(workspace).await.expect("read");
    assert_eq!((board.cursor, board.mute, board.waiting.len()), (Some(6), None, 0));
    assert_eq!(
        history().await,
        [(line(2, Turned::Resolved), Vec::new()), (line(1, Turned::Fired), vec![notice(1, true, Some("refused"))])]
    );

    for (secret, only_new, given) in [("one", true, true), ("two", true, false), ("three", false, true)] {
        assert_eq!(alerting.channel_secret(workspace, key("Duty"), secret.to_owned(), only_new).await.expect("kept"), given, "{secret}");
    }
    assert_eq!(alerting.board(workspace).await.expect("read").channels[0].secret.as_deref(), Some("three"));

    // The oldest lines go, and what was told of them.
    let lines = (3..=HISTORY_MAX as u128 + 1).map(|n| line(n, Turned::Tested)).collect();
    alerting.keep_alerts(workspace, AlertsKept { cursor: 6, lines, ..AlertsKept::default() }).await.expect("kept");
    let all = alerting.alert_history(workspace, key("quiet"), 2 * HISTORY_MAX).await.expect("read");
    assert_eq!((all.len(), all.last().map(|(line, _)| line.id)), (HISTORY_MAX, Some(Uuid::from_u128(2))));
    let stranger = operator.workspace(workspace.number() + 1_000);
    assert!(alerting.alert_history(stranger, key("quiet"), 9).await.expect("read").is_empty());
}
