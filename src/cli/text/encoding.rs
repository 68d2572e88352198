//! What the first bytes of an input say of the rest, and the rest as UTF-8.

use std::io::{self, BufReader, Cursor, Read};

use flate2::read::MultiGzDecoder;

/// Bytes at the beginning that tell how it goes on.
const HEAD_BYTES: usize = 4;
/// Bytes of UTF-16 decoded at a time.
const UNITS_BYTES: usize = 8 * 1024;

/// What is packed in a way that is not undone here, by its first bytes.
const PACKED: [(&[u8], &str); 4] =
    [(b"PK\x03\x04", "a zip archive"), (b"BZh", "packed by bzip2"), (b"\xfd7zX", "packed by xz"), (b"\x28\xb5\x2f\xfd", "packed by zstd")];

/// The input as UTF-8 without a byte order mark, unpacked where it is gzip.
///
/// # Errors
/// What it is, where that is not read.
pub(super) fn decoded(mut input: Box<dyn Read + Send>) -> io::Result<Box<dyn Read + Send>> {
    let head = head_of(&mut input)?;
    let whole = Box::new(Cursor::new(head.clone()).chain(input));
    if !head.starts_with(&[0x1f, 0x8b]) {
        return text(&head, whole);
    }
    let mut inside: Box<dyn Read + Send> = Box::new(Unpacked(MultiGzDecoder::new(BufReader::new(whole))));
    let head = head_of(&mut inside)?;
    if head.starts_with(&[0x1f, 0x8b]) {
        return refused("this is gzip within gzip; unpack it with zcat, and give the rest to -");
    }
    text(&head, Box::new(Cursor::new(head.clone()).chain(inside)))
}

fn text(head: &[u8], whole: Box<dyn Read + Send>) -> io::Result<Box<dyn Read + Send>> {
    if let Some((_, what)) = PACKED.iter().find(|(first, _)| head.starts_with(first)) {
        return refused(&format!("this is {what}; unpack it first, and give what comes out to -"));
    }
    match head {
        [0xff, 0xfe, 0, 0] | [0, 0, 0xfe, 0xff] => refused("this is UTF-32; save it as UTF-8"),
        [0xef, 0xbb, 0xbf, ..] => skipped(whole, 3),
        [0xff, 0xfe, ..] => Ok(Box::new(Utf16::new(skipped(whole, 2)?, u16::from_le_bytes))),
        [0xfe, 0xff, ..] => Ok(Box::new(Utf16::new(skipped(whole, 2)?, u16::from_be_bytes))),
        [1..=u8::MAX, 0, 1..=u8::MAX, 0] | [b'\n' | b'\r', 0, ..] => Ok(Box::new(Utf16::new(whole, u16::from_le_bytes))),
        [0, 1..=u8::MAX, 0, 1..=u8::MAX] => Ok(Box::new(Utf16::new(whole, u16::from_be_bytes))),
        _ => Ok(whole),
    }
}

fn refused(what: &str) -> io::Result<Box<dyn Read + Send>> {
    Err(io::Error::new(io::ErrorKind::InvalidData, what.to_owned()))
}

/// The first bytes, or all of a first line that is shorter: a line that somebody types is not kept waiting.
fn head_of(input: &mut impl Read) -> io::Result<Vec<u8>> {
    let mut head = Vec::with_capacity(HEAD_BYTES);
    let mut byte = [0];
    while head.len() < HEAD_BYTES && !head.ends_with(b"\n") {
        match input.read(&mut byte) {
            Ok(0) => break,
            Ok(_) => head.push(byte[0]),
            Err(fault) if fault.kind() == io::ErrorKind::Interrupted => {}
            Err(fault) => return Err(fault),
        }
    }
    Ok(head)
}

fn skipped(mut input: Box<dyn Read + Send>, bytes: usize) -> io::Result<Box<dyn Read + Send>> {
    input.read_exact(&mut vec![0; bytes])?;
    Ok(input)
}

/// Says gzip where gzip is at fault.
struct Unpacked<R>(R);

impl<R: Read> Read for Unpacked<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer).map_err(|fault| match fault.kind() {
            io::ErrorKind::Interrupted => fault,
            kind => io::Error::new(kind, format!("the gzip data is damaged or cut off: {fault}")),
        })
    }
}

/// UTF-16 as UTF-8; halves of surrogate pairs become U+FFFD.
struct Utf16<R> {
    input: R,
    unit: fn([u8; 2]) -> u16,
    /// Bytes and a unit that are not whole yet.
    odd: Option<u8>,
    high: Option<u16>,
    decoded: Cursor<String>,
}

impl<R: Read> Utf16<R> {
    fn new(input: R, unit: fn([u8; 2]) -> u16) -> Self {
        Self { input, unit, odd: None, high: None, decoded: Cursor::new(String::new()) }
    }

    /// Decodes the next piece. False at the end.
    fn fill(&mut self) -> io::Result<bool> {
        let mut bytes = [0; UNITS_BYTES];
        let read = self.input.read(&mut bytes)?;
        let mut units: Vec<u16> = self.high.take().into_iter().collect();
        for byte in &bytes[..read] {
            match self.odd.take() {
                None => self.odd = Some(*byte),
                Some(first) => units.push((self.unit)([first, *byte])),
            }
        }
        if read > 0 && units.last().is_some_and(|unit| matches!(unit, 0xd800..=0xdbff)) {
            self.high = units.pop();
        }
        let mut text = String::from_utf16_lossy(&units);
        if read == 0 && self.odd.take().is_some() {
            text.push(char::REPLACEMENT_CHARACTER);
        }
        let more = read > 0 || !text.is_empty();
        self.decoded = Cursor::new(text);
        Ok(more)
    }
}

impl<R: Read> Read for Utf16<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let read = self.decoded.read(buffer)?;
            if read > 0 || buffer.is_empty() || !self.fill()? {
                return Ok(read);
            }
        }
    }
}
