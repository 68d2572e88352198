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

/// Bytes of a [`Mark`].
pub const MARK_BYTES: usize = 6;

/// The first bytes of the hash that runs over a log, up to a place: another history of it has another one there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Mark(pub [u8; MARK_BYTES]);

/// The gap after `seq` in the log of `epoch`. Opaque text outside: base64url of epoch, seq, mark and two check
/// bytes, which tell a mangled cursor from one of another log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Cursor {
    /// Which log.
    pub epoch: Epoch,
    /// The last seq before the gap.
    pub seq: Seq,
    /// Which history of the log; absent in cursors of versions before 0.2, and where the mark is not at hand.
    pub mark: Option<Mark>,
}

/// The text is no cursor of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("is not a cursor; use one as the server gave it, unchanged")]
pub struct CursorError;

const PLACE_BYTES: usize = 16;
const CHECK_BYTES: usize = 2;
const UNMARKED_BYTES: usize = PLACE_BYTES + CHECK_BYTES;
const MARKED_BYTES: usize = UNMARKED_BYTES + MARK_BYTES;

impl Cursor {
    /// Reads the opaque text.
    ///
    /// # Errors
    /// [`CursorError`] when it is no cursor that this server could have made.
    pub fn parse(text: &str) -> Result<Self, CursorError> {
        let decoded = URL_SAFE_NO_PAD.decode(text).map_err(|_| CursorError)?;
        let mark = match decoded.len() {
            UNMARKED_BYTES => None,
            MARKED_BYTES => decoded[PLACE_BYTES..PLACE_BYTES + MARK_BYTES].try_into().ok().map(Mark),
            _ => return Err(CursorError),
        };
        let (told, check) = decoded.split_at(decoded.len() - CHECK_BYTES);
        if check != check_of(told) {
            return Err(CursorError);
        }
        let (epoch, seq) = told[..PLACE_BYTES].split_at(8);
        let number = |part: &[u8]| part.iter().fold(0u64, |n, b| n << 8 | u64::from(*b));
        Ok(Self { epoch: Epoch(number(epoch)), seq: number(seq), mark })
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut bytes = [0u8; MARKED_BYTES];
        bytes[..8].copy_from_slice(&self.epoch.0.to_be_bytes());
        bytes[8..PLACE_BYTES].copy_from_slice(&self.seq.to_be_bytes());
        let mut end = PLACE_BYTES;
        if let Some(Mark(mark)) = self.mark {
            bytes[end..end + MARK_BYTES].copy_from_slice(&mark);
            end += MARK_BYTES;
        }
        let check = check_of(&bytes[..end]);
        bytes[end..end + CHECK_BYTES].copy_from_slice(&check);
        let bytes = &bytes[..end + CHECK_BYTES];
        let mut text = [0u8; MARKED_BYTES.div_ceil(3) * 4];
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
    use super::{Cursor, Epoch, Mark};

    proptest::proptest! {
        #[test]
        fn reads_what_it_wrote(epoch: u64, seq: u64, mark: Option<[u8; 6]>) {
            let cursor = Cursor { epoch: Epoch(epoch), seq, mark: mark.map(Mark) };
            proptest::prop_assert_eq!(Cursor::parse(&cursor.to_string()), Ok(cursor));
        }

        #[test]
        fn never_panics(text in "\\PC{0,40}") {
            let _ = Cursor::parse(&text);
        }
    }

    /// As versions before 0.2 gave it: readers that kept one go on.
    #[test]
    fn reads_one_without_a_mark() {
        let cursor = Cursor { epoch: Epoch(7), seq: 42, mark: None };
        assert_eq!(
            (cursor.to_string().len(), Cursor::parse("AAAAAAAAAAcAAAAAAAAAKqQ4").is_ok()),
            (24, cursor.to_string() == "AAAAAAAAAAcAAAAAAAAAKqQ4")
        );
        assert_eq!(Cursor::parse(&cursor.to_string()), Ok(cursor));
    }

    #[test]
    fn refuses_a_changed_one() {
        let text = Cursor { epoch: Epoch(7), seq: 42, mark: Some(Mark([1, 2, 3, 4, 5, 6])) }.to_string();
        for at in 0..text.len() {
            let mut bytes = text.clone().into_bytes();
            bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(bytes).expect("ascii");
            assert!(Cursor::parse(&changed).is_err(), "{changed}");
        }
    }
}
