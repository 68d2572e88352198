//! WebSocket frames as bytes: how many activities went by, and whether the server pinged.

use memchr::memmem;

/// Every activity has it exactly once, and nothing else in a frame does.
const MARK: &[u8] = b"\"seq\":";
/// Bytes of a mark that can be cut off.
const SEAM_BYTES: usize = MARK.len() - 1;
const OPCODE_CLOSE: u8 = 8;
const OPCODE_PING: u8 = 9;
/// Bytes of a frame's head at most.
const HEAD_BYTES_MAX: usize = 10;

/// Counts activities in the bytes of one connection, in whatever pieces they come.
#[derive(Debug, Default)]
pub struct Frames {
    /// Bytes of the present frame's body that are still to come.
    rest: u64,
    opcode: u8,
    /// The end of the last piece, where a head or a mark may have been cut.
    carry: Vec<u8>,
    /// Activities so far.
    pub activities: u64,
    /// Frames so far.
    pub frames: u64,
    /// Pings that are not answered yet.
    pub pings: u32,
    /// True when the server said that it closes.
    pub closed: bool,
}

impl Frames {
    /// Takes what was read.
    pub fn take(&mut self, mut piece: &[u8]) {
        while !piece.is_empty() {
            piece = if self.rest == 0 { self.head(piece) } else { self.body(piece) };
        }
    }

    fn head<'a>(&mut self, piece: &'a [u8]) -> &'a [u8] {
        let held = self.carry.len();
        self.carry.extend_from_slice(&piece[..piece.len().min(HEAD_BYTES_MAX - held)]);
        let Some((opcode, length, head)) = parse(&self.carry) else {
            // Not whole yet: all of the piece was taken, since a head never has more.
            return &[];
        };
        self.opcode = opcode;
        self.rest = length;
        self.carry.clear();
        self.frames += 1;
        self.pings += u32::from(opcode == OPCODE_PING);
        self.closed |= opcode == OPCODE_CLOSE;
        &piece[head - held..]
    }

    fn body<'a>(&mut self, piece: &'a [u8]) -> &'a [u8] {
        let length = piece.len().min(usize::try_from(self.rest).unwrap_or(usize::MAX));
        let (body, after) = piece.split_at(length);
        self.rest -= length as u64;
        // A mark may lie across pieces: the end of what came before and the begin of this are looked at together. Both
        // are shorter than a mark, so it is counted once.
        let mut seam = std::mem::take(&mut self.carry);
        seam.extend_from_slice(&body[..body.len().min(SEAM_BYTES)]);
        self.activities += u64::from(memmem::find(&seam, MARK).is_some());
        self.activities += memmem::find_iter(body, MARK).count() as u64;
        if self.rest > 0 {
            let end = if body.len() < SEAM_BYTES { seam.as_slice() } else { body };
            self.carry = end[end.len().saturating_sub(SEAM_BYTES)..].to_vec();
        }
        after
    }
}

/// Opcode, length of the body and of the head, once the head is whole.
fn parse(head: &[u8]) -> Option<(u8, u64, usize)> {
    let opcode = head.first()? & 0x0f;
    let number = |bytes: &[u8]| bytes.iter().fold(0u64, |n, b| n << 8 | u64::from(*b));
    match head.get(1)? & 0x7f {
        126 => Some((opcode, number(head.get(2..4)?), 4)),
        127 => Some((opcode, number(head.get(2..10)?), 10)),
        short => Some((opcode, u64::from(short), 2)),
    }
}

/// A frame from a client: text or pong, masked with zeros, which is a mask like any other.
pub fn client_frame(opcode: u8, body: &[u8]) -> Vec<u8> {
    let mut frame = vec![0x80 | opcode];
    match u16::try_from(body.len()) {
        Ok(short @ 0..126) => frame.push(0x80 | short.to_be_bytes()[1]),
        Ok(medium) => {
            frame.push(0x80 | 126);
            frame.extend_from_slice(&medium.to_be_bytes());
        }
        Err(_) => {
            frame.push(0x80 | 127);
            frame.extend_from_slice(&(body.len() as u64).to_be_bytes());
        }
    }
    frame.extend_from_slice(&[0; 4]);
    frame.extend_from_slice(body);
    frame
}

#[cfg(test)]
mod tests {
    use super::{Frames, client_frame};

    fn server_frame(opcode: u8, body: &[u8]) -> Vec<u8> {
        let mut frame = client_frame(opcode, body);
        let head = frame.len() - body.len();
        frame[1] &= 0x7f;
        frame.drain(head - 4..head);
        frame
    }

    #[test]
    fn counts_in_whatever_pieces() {
        let item = r#"{"id":"0198c7a2","seq":1042,"flavor":"a.b"}"#;
        let mut bytes = Vec::new();
        for count in [0usize, 1, 2, 40, 3_000] {
            bytes.extend(server_frame(1, format!("{{\"items\":[{}]}}", vec![item; count].join(",")).as_bytes()));
        }
        bytes.extend(server_frame(9, b""));
        bytes.extend(server_frame(1, item.as_bytes()));
        for piece in [1, 2, 3, 4, 5, 6, 7, 11, 127, 4_096, bytes.len()] {
            let mut frames = Frames::default();
            for part in bytes.chunks(piece) {
                frames.take(part);
            }
            assert_eq!((frames.activities, frames.frames, frames.pings, frames.closed), (3_044, 7, 1, false), "pieces of {piece}");
        }
    }

    #[test]
    fn sees_a_close() {
        let mut frames = Frames::default();
        frames.take(&server_frame(8, &[3, 232]));
        assert!(frames.closed);
    }
}
