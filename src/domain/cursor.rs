//! Places in the log of a workspace.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};

/// An entry's place in the log: 1, 2, 3 with no hole, in commit order. 0 is the gap before the first.
pub type Seq = u64;

/// Identity of a workspace's log; new after a restore.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Epoch(pub u64);

/// The gap after `seq` in the log of `epoch`. Opaque text outside: base64url of epoch, seq and two check
/// bytes, which tell a mangled cursor from one of another log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Cursor {
    /// Which log.
    pub epoch: Epoch,
    /// The last seq before the gap.
    pub seq: Seq,
}

/// The text is no cursor of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("is not a cursor; use one as the server gave it, unchanged")]
pub struct CursorError;

const PLACE_BYTES: usize = 16;
const CHECK_BYTES: usize = 2;

impl Cursor {
    /// Reads the opaque text.
    ///
    /// # Errors
    /// [`CursorError`] when it is no cursor that this server could have made.
    pub fn parse(text: &str) -> Result<Self, CursorError> {
        let mut bytes = [0u8; PLACE_BYTES + CHECK_BYTES];
        // The slice decoder wants room for its estimate, which is a little more than the result.
        let decoded = URL_SAFE_NO_PAD.decode(text).map_err(|_| CursorError)?;
        if decoded.len() != bytes.len() {
            return Err(CursorError);
        }
        bytes.copy_from_slice(&decoded);
        let (place, check) = bytes.split_at(PLACE_BYTES);
        if check != check_of(place) {
            return Err(CursorError);
        }
        let (epoch, seq) = place.split_at(8);
        let number = |part: &[u8]| part.iter().fold(0u64, |n, b| n << 8 | u64::from(*b));
        Ok(Self { epoch: Epoch(number(epoch)), seq: number(seq) })
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut bytes = [0u8; PLACE_BYTES + CHECK_BYTES];
        bytes[..8].copy_from_slice(&self.epoch.0.to_be_bytes());
        bytes[8..PLACE_BYTES].copy_from_slice(&self.seq.to_be_bytes());
        let check = check_of(&bytes[..PLACE_BYTES]);
        bytes[PLACE_BYTES..].copy_from_slice(&check);
        let mut text = [0u8; 24];
        let written = URL_SAFE_NO_PAD.encode_slice(bytes, &mut text).map_err(|_| fmt::Error)?;
        f.write_str(std::str::from_utf8(&text[..written]).map_err(|_| fmt::Error)?)
    }
}

fn check_of(place: &[u8]) -> [u8; CHECK_BYTES] {
    let digest = Sha256::digest(place);
    [digest[0], digest[1]]
}

#[cfg(test)]
mod tests {
    use super::{Cursor, Epoch};

    proptest::proptest! {
        #[test]
        fn reads_what_it_wrote(epoch: u64, seq: u64) {
            let cursor = Cursor { epoch: Epoch(epoch), seq };
            proptest::prop_assert_eq!(Cursor::parse(&cursor.to_string()), Ok(cursor));
        }

        #[test]
        fn never_panics(text in "\\PC{0,40}") {
            let _ = Cursor::parse(&text);
        }
    }

    #[test]
    fn refuses_a_changed_one() {
        let text = Cursor { epoch: Epoch(7), seq: 42 }.to_string();
        for at in 0..text.len() {
            let mut bytes = text.clone().into_bytes();
            bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(bytes).expect("ascii");
            assert!(Cursor::parse(&changed).is_err(), "{changed}");
        }
    }
}
