//! Pairing: a screen shows a code, somebody at the desk enters it, and the screen is told its secret. Codes live in memory: a
//! server that restarts forgets them, and each screen asks for another.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use tokio::sync::watch;
use tokio::time::Instant;

/// How long a code lasts.
pub const CODE_LASTS: Duration = Duration::from_secs(600);
/// Signs of a code.
pub const CODE_SIGNS: usize = 6;
/// What a code is made of: nothing that looks like another from a ladder, in no type face.
pub const CODE_LETTERS: &str = "ACDEFGHJKMNPQRTWXY34679";
/// Codes that wait at once: more are refused until one is over.
const WAITING_MAX: usize = 2_000;
/// Codes that wait for screens of one address: a hall is behind one, and nobody takes all there are.
const WAITING_OF_ONE_MAX: usize = 100;

/// What a screen that waits is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stage {
    /// Nobody has entered its code.
    Waiting,
    /// It was paired: its secret, and what it is.
    Paired {
        /// What it comes with from now on.
        secret: String,
        /// Its name.
        name: String,
        /// Key of its wall.
        wall: String,
    },
}

/// A code that was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Begun {
    /// What the screen shows.
    pub code: String,
    /// What it waits by: nobody else knows it.
    pub poll: String,
}

#[derive(Debug)]
struct Pairing {
    code: String,
    from: IpAddr,
    until: Instant,
    stage: watch::Sender<Stage>,
}

/// Codes that wait, by what their screens wait by.
#[derive(Debug, Default)]
pub struct Pairings {
    by_poll: Mutex<HashMap<String, Pairing>>,
}

impl Pairings {
    /// Makes a code for a screen at this address; `None` when too many wait.
    ///
    /// # Errors
    /// When the machine has no randomness to give.
    pub fn begin(&self, from: IpAddr) -> Result<Option<Begun>, getrandom::Error> {
        let mut pairings = self.lock();
        let of_one = pairings.values().filter(|pairing| pairing.from == from).count();
        if pairings.len() >= WAITING_MAX || of_one >= WAITING_OF_ONE_MAX {
            return Ok(None);
        }
        let mut secret = [0; 24];
        getrandom::fill(&mut secret)?;
        let poll = URL_SAFE_NO_PAD.encode(secret);
        let code = loop {
            let code = random_code()?;
            if pairings.values().all(|pairing| pairing.code != code) {
                break code;
            }
        };
        let pairing = Pairing { code: code.clone(), from, until: Instant::now() + CODE_LASTS, stage: watch::Sender::new(Stage::Waiting) };
        pairings.insert(poll.clone(), pairing);
        Ok(Some(Begun { code, poll }))
    }

    /// What becomes of it, for the screen that waits by this; `None` when there is no such, or no longer.
    pub fn wait(&self, poll: &str) -> Option<(watch::Receiver<Stage>, Instant)> {
        self.lock().get(poll).map(|pairing| (pairing.stage.subscribe(), pairing.until))
    }

    /// True while a code waits to be entered.
    pub fn waits(&self, code: &str) -> bool {
        let code = normal(code);
        self.lock().values().any(|pairing| pairing.code == code && *pairing.stage.borrow() == Stage::Waiting)
    }

    /// Pairs whoever shows a code: once. False when nobody does, or somebody was quicker.
    pub fn pair(&self, code: &str, paired: Stage) -> bool {
        let code = normal(code);
        let pairings = self.lock();
        let Some(pairing) = pairings.values().find(|pairing| pairing.code == code) else { return false };
        pairing.stage.send_if_modified(|stage| {
            let waits = *stage == Stage::Waiting;
            if waits {
                *stage = paired;
            }
            waits
        })
    }

    /// Those that wait, without what is over.
    fn lock(&self) -> MutexGuard<'_, HashMap<String, Pairing>> {
        let mut pairings = self.by_poll.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        pairings.retain(|_, pairing| pairing.until > now);
        pairings
    }
}

/// A code as people may write it: small letters, in groups.
fn normal(code: &str) -> String {
    code.chars().filter(|c| !c.is_whitespace() && *c != '-').map(|c| c.to_ascii_uppercase()).collect()
}

fn random_code() -> Result<String, getrandom::Error> {
    let letters = CODE_LETTERS.as_bytes();
    // A byte above the last whole round would make some letters likelier.
    let round = u8::try_from(256 / letters.len() * letters.len()).unwrap_or(u8::MAX);
    let mut code = String::with_capacity(CODE_SIGNS);
    while code.len() < CODE_SIGNS {
        let mut byte = [0];
        getrandom::fill(&mut byte)?;
        if byte[0] < round {
            code.push(char::from(letters[usize::from(byte[0]) % letters.len()]));
        }
    }
    Ok(code)
}

#[cfg(test)]
mod tests {
    use super::{Begun, CODE_LASTS, CODE_LETTERS, CODE_SIGNS, Pairings, Stage, WAITING_MAX, WAITING_OF_ONE_MAX};

    fn address(last: u32) -> std::net::IpAddr {
        std::net::Ipv4Addr::from(0x0a00_0000 + last).into()
    }

    fn paired(secret: &str) -> Stage {
        Stage::Paired { secret: secret.to_owned(), name: "Hall".to_owned(), wall: "feed".to_owned() }
    }

    #[tokio::test(start_paused = true)]
    async fn a_code_pairs_once_in_its_time() {
        let pairings = Pairings::default();
        let Begun { code, poll } = pairings.begin(address(1)).expect("randomness").expect("room");
        assert!(code.len() == CODE_SIGNS && code.chars().all(|c| CODE_LETTERS.contains(c)), "{code}");
        let (stage, _) = pairings.wait(&poll).expect("waits");
        assert!(pairings.wait("other").is_none() && !pairings.waits("ACDEF") && !pairings.pair("", paired("x")));
        let written = format!("{} {}", code[..3].to_ascii_lowercase(), &code[3..]);
        assert!(pairings.waits(&written) && pairings.pair(&written, paired("one")));
        assert!(!pairings.waits(&code) && !pairings.pair(&code, paired("two")));
        assert_eq!(*stage.borrow(), paired("one"));
        let over = pairings.begin(address(1)).expect("randomness").expect("room");
        tokio::time::advance(CODE_LASTS).await;
        assert!(pairings.wait(&over.poll).is_none() && !pairings.pair(&over.code, paired("late")));
    }

    #[tokio::test(start_paused = true)]
    async fn codes_that_wait_are_bounded_and_all_different() {
        let pairings = Pairings::default();
        let mut codes = std::collections::HashSet::new();
        for one in 0..WAITING_MAX / WAITING_OF_ONE_MAX {
            let from = address(u32::try_from(one).expect("small"));
            codes.extend((0..WAITING_OF_ONE_MAX).map(|_| pairings.begin(from).expect("randomness").expect("room").code));
            assert_eq!(pairings.begin(from), Ok(None), "one has as many as it may");
        }
        assert_eq!(codes.len(), WAITING_MAX);
        assert_eq!(pairings.begin(address(9_999)), Ok(None), "all have");
        tokio::time::advance(CODE_LASTS).await;
        assert!(pairings.begin(address(9_999)).expect("randomness").is_some());
    }
}
