//! Cursors of consumers, and what they were brought past.

use std::sync::Arc;

use super::{Bounds, NOW, Open, Subject};
use crate::auth::{Operator, WorkspaceId};
use crate::domain::{Seq, UnixMs};
use crate::store::{Change, Consumed, DEAD_LETTERS_MAX, DeadLetter, Outcome, REASON_BYTES_MAX};

impl Subject {
    async fn consumed(&self, workspace: WorkspaceId, name: &str, from: Option<Seq>, to: Seq, letter: Option<DeadLetter>) -> Outcome {
        let change = Change::Consumed(Consumed { workspace, consumer: name.into(), from, to, letter });
        let mut outcomes = self.commit(vec![change]).await.outcomes;
        outcomes.pop().expect("an outcome")
    }

    async fn stands(&self, workspace: WorkspaceId, name: &str) -> Option<Seq> {
        self.store.cursors.cursor(workspace, name.into()).await.expect("read").map(|cursor| cursor.seq)
    }
}

fn letter(first: Seq, last: Seq, reason: &str) -> Option<DeadLetter> {
    Some(DeadLetter { first, last, reason: reason.to_owned(), at: NOW })
}

pub(crate) async fn cursors_move_from_where_they_stand(open: Open) {
    let subject = Subject::fresh(open, Bounds::Usual).await;
    let (mine, other) = (subject.workspace, Operator::assume().workspace(77));
    assert_eq!(subject.stands(mine, "alerts").await, None);
    for (from, to, want, stands) in [
        (Some(3), 4, Outcome::CursorElsewhere { at: None }, None),
        (None, 0, Outcome::Consumed, Some(0)),
        (None, 9, Outcome::CursorElsewhere { at: Some(0) }, Some(0)),
        (Some(0), 7, Outcome::Consumed, Some(7)),
        // Another process, or an answer that was lost.
        (Some(0), 7, Outcome::CursorElsewhere { at: Some(7) }, Some(7)),
        (Some(7), 7, Outcome::Consumed, Some(7)),
    ] {
        assert_eq!(subject.consumed(mine, "alerts", from, to, None).await, want, "{from:?} {to}");
        assert_eq!(subject.stands(mine, "alerts").await, stands);
    }
    subject.clock.set(UnixMs(NOW.0 + 5));
    assert_eq!(subject.consumed(mine, "webhook/1", None, 3, None).await, Outcome::Consumed, "each has a cursor of its own");
    assert_eq!(subject.stands(mine, "alerts").await, Some(7));
    assert_eq!(subject.stands(other, "alerts").await, None, "in each log");
    let cursor = subject.store.cursors.cursor(mine, "webhook/1".into()).await.expect("read").expect("there");
    assert_eq!((cursor.moved_at, cursor.forgotten), (UnixMs(NOW.0 + 5), 0));
    let back = Change::Consumed(Consumed { workspace: mine, consumer: "alerts".into(), from: Some(7), to: 6, letter: None });
    assert!(subject.store.log.commit(vec![back]).await.is_err(), "a cursor never goes back");
    assert_eq!((subject.stands(mine, "alerts").await, subject.head().await), (Some(7), 0), "and no log grows by it");
}

pub(crate) async fn dead_letters_come_with_the_cursor(open: Open) {
    let subject = Subject::fresh(open, Bounds::Usual).await;
    let mine = subject.workspace;
    let letters = |limit| {
        let (cursors, consumer) = (subject.store.cursors.clone(), Arc::from("alerts"));
        async move { cursors.dead_letters(mine, consumer, limit).await.expect("read") }
    };
    let long = "ü".repeat(REASON_BYTES_MAX);
    subject.consumed(mine, "alerts", None, 4, letter(1, 4, "pruned")).await;
    subject.consumed(mine, "alerts", Some(4), 5, letter(5, 5, &long)).await;
    subject.consumed(mine, "alerts", Some(4), 6, letter(6, 6, "of nobody")).await;
    subject.consumed(mine, "webhook/1", None, 1, letter(1, 1, "of another")).await;
    let kept = letters(10).await;
    assert_eq!(kept.iter().map(|l| (l.first, l.last, l.at)).collect::<Vec<_>>(), [(5, 5, NOW), (1, 4, NOW)], "newest first");
    assert!(kept[0].reason.len() <= REASON_BYTES_MAX && long.starts_with(&kept[0].reason), "cut between letters");
    assert_eq!(letters(1).await.len(), 1);
    let more = DEAD_LETTERS_MAX as Seq + 1;
    let changes = (0..more).map(|n| {
        let (workspace, consumer) = (mine, Arc::from("alerts"));
        Change::Consumed(Consumed { workspace, consumer, from: Some(5 + n), to: 6 + n, letter: letter(6 + n, 6 + n, "no") })
    });
    subject.commit(changes.collect()).await;
    let kept = letters(usize::MAX).await;
    assert_eq!((kept.len(), kept[0].first), (DEAD_LETTERS_MAX, 5 + more), "the oldest make room");
    let cursor = subject.store.cursors.cursor(mine, "alerts".into()).await.expect("read").expect("there");
    assert_eq!(cursor.forgotten, 3, "and are counted");
}
