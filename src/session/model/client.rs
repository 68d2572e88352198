//! The clients of the model: what they say, and what they hold every frame to.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::{Value, json};

use super::super::machine::Session;
use super::super::read::Question;
use super::Fault;
use super::laws::{Told, seq_of};
use super::world::{Dice, EPOCH, Flag, World};
use crate::auth::Grant;
use crate::domain::{Cursor, Seq};
use crate::hub::outbox::Outbox;
use crate::hub::shard::Command;

/// A connection, from both ends.
pub struct Connection {
    pub session: Session,
    pub outbox: Arc<Outbox>,
    pub number: u64,
    pub awake: Arc<Flag>,
    /// The frame that the socket has no room for.
    pub blocked: Option<String>,
    pub in_flight: VecDeque<String>,
    pub words: VecDeque<String>,
    pub read: Option<(u64, Question)>,
    /// When names were last told.
    pub changed_ms: Option<u64>,
}

/// What a client knows.
pub struct Client {
    pub connection: Option<Connection>,
    pub view: View,
    pub refs: u64,
}

/// Its view.
#[derive(Default, Clone)]
pub struct View {
    pub filter: Value,
    /// What the server was last asked for, by ref.
    pub asked: HashMap<String, Value>,
    pub pending: usize,
    pub rev: u64,
    pub base: Seq,
    pub position: Option<Seq>,
    /// The same, as it was told.
    pub cursor: Option<Cursor>,
    /// What was durable when something was last heard.
    pub read_at: Seq,
    /// True when the log does not know any more what was read: it must be told so.
    pub lost: bool,
    /// By place, each with its grade.
    pub rows: BTreeMap<Seq, String>,
    /// True when it is by the view of the world, within which its own filter narrows.
    pub by_view: bool,
    /// A filter that asks for memberships, or stands within a view, is held to the store only when all is quiet.
    pub exact: bool,
}

const FILTERS: usize = 10;
/// Key of the one view.
const VIEW: &str = "v";

impl View {
    fn is_exact(&self) -> bool {
        !self.by_view && !asks_membership(&self.filter)
    }
}

pub fn filter_number(n: usize) -> Value {
    match n {
        0 => json!({}),
        1 => json!({"partner":["p0"]}),
        2 => json!({"partner":["p1","p2"],"flavor":["a.*"]}),
        3 => json!({"flavor":["b.x"]}),
        4 => json!({"message":["m0"]}),
        5 => json!({"not":{"partner":["p0","p1","p2"]}}),
        6 => json!({"grade":["human"]}),
        7 => json!({"not":{"grade":["machine"]},"event":["e"]}),
        8 => json!({"event":["f"]}),
        _ => json!({"partner":["nobody"]}),
    }
}

pub fn asks_membership(filter: &Value) -> bool {
    filter.get("message").is_some()
}

impl World {
    pub fn client_acts(&mut self, client: usize) {
        if self.clients[client].connection.is_none() {
            return self.connect(client);
        }
        let filter = filter_number(self.dice.below(FILTERS));
        let act = self.dice.below(8);
        let c = &mut self.clients[client];
        c.refs += 1;
        let reference = format!("r{}", c.refs);
        let connection = c.connection.as_mut().expect("connected");
        match act {
            0..=3 => {
                c.view.asked.insert(reference.clone(), filter.clone());
                c.view.pending += 1;
                // All of it at times: then the next filter begins where this one did, and so does its seal.
                let backfill = [0, 1, 3, 4, 1_000][(c.refs % 5) as usize];
                let word = json!({"type":"refilter","sub":"s","ref":reference,"filter":filter,"backfill":backfill});
                connection.words.push_back(word.to_string());
            }
            4 | 5 => {
                // Nearly always from where the view begins; else from the end of the log, or from beyond it.
                let seq = [c.view.base, self.committed as Seq, self.committed as Seq + 3][(c.refs % 7).saturating_sub(4) as usize];
                let from = Cursor { epoch: EPOCH, seq, mark: None }.to_string();
                connection.words.push_back(json!({"type":"seal","sub":"s","from":from}).to_string());
            }
            6 => {
                // Gone without a word, with frames still on their way.
                let number = connection.number;
                c.connection = None;
                self.tell(Command::Exit { session: number });
            }
            _ => {}
        }
    }

    pub fn connect(&mut self, client: usize) {
        let number = self.next_session;
        self.next_session += 1;
        let outbox = Arc::new(Outbox::new(self.outbox_bytes_max));
        outbox.lose_wakeups.store(self.fault == Some(Fault::LostWakeUp), Ordering::Relaxed);
        self.tell(Command::Enter { session: number, workspace: self.workspace, outbox: outbox.clone() });
        let mut session = Session::new(number, self.room.clone(), outbox.clone(), &Grant::default());
        session.planted = match self.fault {
            Some(Fault::Session(planted)) => Some(planted),
            _ => None,
        };
        let (seam, mut dice) = (self.seam.clone(), Dice(self.dice.next()));
        session.between.0 = Some(Box::new(move || {
            for _ in 0..dice.below(6).saturating_sub(3) {
                seam.lock().expect("whole").step();
            }
        }));
        let fresh = self.dice.one_in(4);
        let filter = filter_number(self.dice.below(FILTERS));
        let by_view = self.dice.one_in(3);
        let view = &mut self.clients[client].view;
        // What was asked and not answered is asked afresh: a changed filter begins afresh too.
        let resume = view.cursor.filter(|_| view.pending == 0 && !fresh);
        if resume.is_none() {
            *view = View { filter: filter.clone(), by_view, ..View::default() };
        }
        view.rev = 0;
        view.pending = 0;
        view.asked.clear();
        let mut word = json!({"type":"subscribe","sub":"s","filter":view.filter,"backfill":4});
        if view.by_view {
            word["view"] = json!(VIEW);
        }
        if let Some(after) = resume {
            word["after"] = json!(after.to_string());
        }
        self.clients[client].connection = Some(Connection {
            session,
            outbox,
            number,
            awake: Arc::new(Flag(AtomicBool::new(true))),
            blocked: None,
            in_flight: VecDeque::new(),
            words: [word.to_string()].into(),
            read: None,
            changed_ms: None,
        });
    }

    pub fn client_reads(&mut self, client: usize) {
        let Some(text) = self.clients[client].connection.as_mut().and_then(|c| c.in_flight.pop_front()) else { return };
        let frame: Value = serde_json::from_str(&text).expect("frames are JSON");
        let mut view = std::mem::take(&mut self.clients[client].view);
        let stays = self.heard(&mut view, &frame);
        self.clients[client].view = view;
        self.hold_at_head(client);
        if !stays && let Some(connection) = self.clients[client].connection.take() {
            self.tell(Command::Exit { session: connection.number });
        }
    }

    /// Takes a frame. False when the client is to come again: what it had asked for has ended.
    pub fn heard(&mut self, view: &mut View, frame: &Value) -> bool {
        let word = frame["type"].as_str().expect("a word");
        let position = seq_of(&frame["position"]);
        let older = seq_of(&frame["older"]).unwrap_or(0);
        let item = |i: &Value| (i["seq"].as_u64().expect("seq"), i["grade"].as_str().expect("a grade").to_owned());
        let items: Vec<(Seq, String)> = frame["items"].as_array().map_or_else(Vec::new, |a| a.iter().map(item).collect());
        let (told, nothing) = (Told::of(frame), Told::default());
        if let Some(position) = position {
            assert!(position <= self.committed as Seq, "{word}: position {position} is not durable");
            if view.position.is_some() && word != "sealed" {
                assert!(Some(position) >= view.position, "{word}: position goes back");
            }
        }
        if let Some(remaining) = frame["remaining"].as_u64() {
            let reach = position.expect("a position") + remaining;
            assert!(reach <= self.committed as Seq, "{word}: {remaining} remain after {position:?} of {}", self.committed);
        }
        assert!(items.is_sorted_by(|a, b| a.0 < b.0), "{word}: order {items:?}");
        assert!(items.last().is_none_or(|l| l.0 <= self.committed as Seq), "{word}: an item is not durable");
        if let Some(cursor) = frame["position"].as_str().map(|text| Cursor::parse(text).expect("a cursor")) {
            let marked = cursor.mark.is_some() || cursor.seq <= self.pruned;
            assert!(
                marked && self.mark(cursor.seq).is_none_or(|mark| cursor.mark == Some(mark)),
                "{word}: the mark of {cursor:?}: {frame}, pruned {}, committed {}, resumed from {:?}",
                self.pruned,
                self.committed,
                view.cursor
            );
            (view.cursor, view.read_at) = (Some(cursor), self.committed as Seq);
        }
        let before = view.position;
        match word {
            "subscribed" => {
                view.exact = view.is_exact();
                view.rev = 1;
                let from = if frame["mode"] == "fresh" {
                    view.rows.clear();
                    view.base = older;
                    older
                } else {
                    self.verdicts.resumed += 1;
                    assert!(!view.lost, "it goes on in another history than it has read");
                    before.expect("a position")
                };
                self.hold(view, (from, position.expect("a position")), &items, &nothing, word);
            }
            "activities" => {
                assert_eq!(frame["rev"].as_u64(), Some(view.rev), "rev");
                self.hold(view, (before.expect("a position"), position.expect("a position")), &items, &told, word);
            }
            "refiltered" => {
                self.verdicts.refiltered += 1;
                // Up to the switch the old filter holds, and all of that has been sent before.
                self.hold(view, (before.expect("a position"), position.expect("a position")), &[], &nothing, word);
                view.rev += 1;
                assert_eq!(frame["rev"].as_u64(), Some(view.rev), "rev");
                match frame["ref"].as_str() {
                    Some(reference) => {
                        view.filter = view.asked.remove(reference).expect("one answer to each");
                        view.pending -= 1;
                    }
                    None if view.by_view => self.verdicts.viewed += 1,
                    None => self.verdicts.accord += 1,
                }
                let switched = position.expect("a position");
                view.exact = view.is_exact();
                view.rows.clear();
                view.base = older;
                self.hold(view, (older, switched), &items, &nothing, word);
            }
            "position" | "caught_up" | "lagging" => {
                self.verdicts.lagged += usize::from(word == "lagging");
                self.hold(view, (before.expect("a position"), position.expect("a position")), &[], &nothing, word);
            }
            "sealed" => {
                self.verdicts.sealed += 1;
                let (from, to) = (Cursor::parse(frame["from"].as_str().expect("from")).expect("a cursor").seq, position.expect("one"));
                self.hold(view, (before.expect("a position"), to), &[], &nothing, word);
                assert!(from <= to, "a seal from ({from}, {to}]");
                // What is gone by now was there when it was counted, or it is told from further up.
                if from >= view.base {
                    let shown = view.rows.keys().filter(|seq| **seq > from && **seq <= to).count() as u64;
                    assert_eq!(frame["stored"].as_u64(), Some(shown), "shown and stored in ({from}, {to}] of {}", view.filter);
                }
            }
            "changed" => self.verdicts.changed += 1,
            "reset" => {
                self.verdicts.reset += 1;
                let reason = frame["reason"].as_str().expect("a reason");
                // Of what is pruned since, either may be known.
                let is_pruned = view.cursor.is_none_or(|cursor| cursor.seq <= self.pruned);
                assert!(if view.lost { reason == "epoch" || is_pruned } else { reason == "pruned" }, "{frame}");
                self.verdicts.lost += usize::from(reason == "epoch");
                (view.position, view.cursor, view.rev, view.lost) = (None, None, 0, false);
                view.rows.clear();
            }
            "unsubscribed" => return false,
            "error" => {
                let code = frame["code"].as_str().expect("a code");
                assert!(["seal_busy", "unavailable", "cursor_invalid", "view_unknown"].contains(&code), "{frame}");
                if code == "view_unknown" {
                    assert!(view.by_view, "{frame}");
                    *view = View::default();
                    return false;
                }
                return view.rev > 0 || code != "unavailable";
            }
            other => panic!("unexpected {other}"),
        }
        true
    }
}
