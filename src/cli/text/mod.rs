//! Text that is sent: the one reader of files and of standard input, whatever program wrote them.
//!
//! A byte order mark at the beginning is skipped, UTF-16 and gzip are read, lines may end in LF, CRLF or CR alone. What
//! cannot be read as text is refused in words. Reading is done on a thread of its own, since a read of a terminal cannot be
//! taken back; so few lines wait that a fast file takes no memory.

mod encoding;
mod unread;

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::mpsc::{Receiver, Sender, channel};

pub use unread::{Unread, Wanted};

/// Bytes of one line; what is longer is told as such and skipped. A draft is at most 16 KiB.
pub const LINE_BYTES_MAX: usize = 256 * 1024;
/// Lines that wait to be taken; the reader waits beyond that.
const LINES_WAITING_MAX: usize = 64;

/// What stands for standard input where a file is asked for.
pub const STANDARD_INPUT: &str = "-";

/// One line, without its end.
#[derive(Debug, PartialEq, Eq)]
pub struct Line {
    /// Its number, from 1.
    pub number: u64,
    /// Its bytes; `None` where there were more than [`LINE_BYTES_MAX`].
    pub bytes: Option<Vec<u8>>,
}

/// Lines of a text as they come.
pub struct TextReader {
    lines: Receiver<io::Result<Line>>,
    read: Arc<AtomicU64>,
    length: Option<u64>,
}

impl TextReader {
    /// Opens a file, or standard input at `-`.
    ///
    /// # Errors
    /// When the file cannot be opened.
    pub fn open(path: &Path) -> io::Result<Self> {
        if path == Path::new(STANDARD_INPUT) {
            return Ok(Self::of(io::stdin(), None));
        }
        let file = File::open(path)?;
        let length = file.metadata().ok().filter(std::fs::Metadata::is_file).map(|about| about.len());
        Ok(Self::of(file, length))
    }

    fn of(input: impl Read + Send + 'static, length: Option<u64>) -> Self {
        let (sender, lines) = channel(LINES_WAITING_MAX);
        let read = Arc::new(AtomicU64::new(0));
        let counted = Counted { input, read: read.clone() };
        std::thread::spawn(move || pump(Box::new(counted), &sender));
        Self { lines, read, length }
    }

    /// The next line; `None` at the end. It may be dropped and asked for again.
    ///
    /// # Errors
    /// When reading fails, or the bytes are no text.
    pub async fn next(&mut self) -> io::Result<Option<Line>> {
        self.lines.recv().await.transpose()
    }

    /// Bytes of the file, where it is one.
    pub fn length(&self) -> Option<u64> {
        self.length
    }

    /// Bytes read so far, as they stand in the file.
    pub fn read_bytes(&self) -> u64 {
        self.read.load(Ordering::Relaxed)
    }
}

/// Counts what is read.
struct Counted<R> {
    input: R,
    read: Arc<AtomicU64>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.input.read(buffer)?;
        self.read.fetch_add(read as u64, Ordering::Relaxed);
        Ok(read)
    }
}

/// Reads to the end, or until nobody takes lines any more.
fn pump(input: Box<dyn Read + Send>, sender: &Sender<io::Result<Line>>) {
    let ended = encoding::decoded(input).and_then(|text| split(BufReader::new(text), |line| sender.blocking_send(Ok(line)).is_ok()));
    if let Err(fault) = ended {
        let _ = sender.blocking_send(Err(fault));
    }
}

/// Splits at LF, CRLF and CR alone; ends early when `take` says so.
fn split(mut text: impl BufRead, mut take: impl FnMut(Line) -> bool) -> io::Result<()> {
    let (mut line, mut number, mut too_long, mut after_cr) = (Vec::new(), 1, false, false);
    loop {
        let buffer = match text.fill_buf() {
            Err(fault) if fault.kind() == io::ErrorKind::Interrupted => continue,
            other => other?,
        };
        if buffer.is_empty() {
            if too_long || !line.is_empty() {
                take(Line { number, bytes: (!too_long).then_some(line) });
            }
            return Ok(());
        }
        if std::mem::take(&mut after_cr) && buffer[0] == b'\n' {
            text.consume(1);
            continue;
        }
        let end = memchr::memchr2(b'\n', b'\r', buffer);
        let part = &buffer[..end.unwrap_or(buffer.len())];
        too_long |= line.len() + part.len() > LINE_BYTES_MAX;
        if too_long {
            line = Vec::new()
        } else {
            line.extend_from_slice(part)
        }
        let Some(end) = end else {
            let all = buffer.len();
            text.consume(all);
            continue;
        };
        after_cr = buffer[end] == b'\r';
        text.consume(end + 1);
        let bytes = (!std::mem::take(&mut too_long)).then(|| std::mem::take(&mut line));
        if !take(Line { number, bytes }) {
            return Ok(());
        }
        number += 1;
    }
}

#[cfg(test)]
mod tests {
    use std::io::{BufReader, Cursor, Write as _};

    use super::{LINE_BYTES_MAX, TextReader};

    /// The lines of some bytes, read in pieces of `piece`; or why not.
    fn lines(bytes: &[u8], piece: usize) -> Result<Vec<Option<String>>, String> {
        let text = super::encoding::decoded(Box::new(Cursor::new(bytes.to_vec()))).map_err(|e| e.to_string())?;
        let mut found = Vec::new();
        super::split(BufReader::with_capacity(piece, text), |line| {
            assert_eq!(line.number, found.len() as u64 + 1);
            found.push(line.bytes.map(|bytes| String::from_utf8(bytes).expect("utf-8")));
            true
        })
        .map_err(|e| e.to_string())?;
        Ok(found)
    }

    fn utf16(text: &str, big: bool) -> Vec<u8> {
        text.encode_utf16().flat_map(|unit| if big { unit.to_be_bytes() } else { unit.to_le_bytes() }).collect()
    }

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(bytes).expect("memory");
        encoder.finish().expect("memory")
    }

    #[test]
    fn every_writer_of_text_is_read() {
        let text = "one\n\u{e4}\u{1f600}\n\nlast";
        let want: Vec<_> = ["one", "\u{e4}\u{1f600}", "", "last"].map(|line| Some(line.to_owned())).to_vec();
        for (name, bytes) in [
            ("plain", text.into()),
            ("an end at the end", format!("{text}\n").into_bytes()),
            ("crlf", text.replace('\n', "\r\n").into_bytes()),
            ("cr", text.replace('\n', "\r").into_bytes()),
            ("mixed", "one\r\n\u{e4}\u{1f600}\r\rlast\n".into()),
            ("mark", format!("\u{feff}{text}").into_bytes()),
            ("utf-16", utf16(&format!("\u{feff}{text}"), false)),
            ("utf-16, big", utf16(&format!("\u{feff}{text}\r\n"), true)),
            ("utf-16, no mark", utf16(text, false)),
            ("utf-16, big, no mark", utf16(text, true)),
            ("gzip", gzip(text.as_bytes())),
            ("gzip, mark, crlf", gzip(format!("\u{feff}{}", text.replace('\n', "\r\n")).as_bytes())),
            ("two of gzip", [gzip(b"one\n\xc3"), gzip(&text.as_bytes()[5..])].concat()),
        ] {
            for piece in [1, 2, 3, 4_096] {
                assert_eq!(lines(&bytes, piece).as_deref(), Ok(&*want), "{name} by {piece}");
            }
        }
        assert_eq!(lines(b"", 8), Ok(Vec::new()));
        assert_eq!(lines(b"\n", 8), Ok(vec![Some(String::new())]));
    }

    #[test]
    fn what_is_no_text_is_refused_in_words() {
        for (bytes, word) in [
            (&b"PK\x03\x04x"[..], "zip"),
            (b"BZh91AY", "bzip2"),
            (b"\xfd7zXZ\0", "xz"),
            (b"\x28\xb5\x2f\xfdx", "zstd"),
            (b"\xff\xfe\0\0x\0\0\0", "UTF-32"),
            (&gzip(&gzip(b"x")), "gzip"),
            (&gzip(b"whole")[..12], "gzip"),
        ] {
            let told = lines(bytes, 64).expect_err(word);
            assert!(told.contains(word), "{told}");
        }
    }

    #[test]
    fn a_line_is_bounded() {
        let long = "x".repeat(LINE_BYTES_MAX + 1);
        let text = format!("a\n{long}\nb\n{}\n{long}", &long[1..]);
        let found = lines(text.as_bytes(), 4_096).expect("read");
        assert_eq!(
            found.iter().map(|line| line.as_ref().map(String::len)).collect::<Vec<_>>(),
            [Some(1), None, Some(1), Some(LINE_BYTES_MAX), None]
        );
    }

    #[tokio::test]
    async fn lines_come_through_the_thread() {
        let text: String = (0..1_000).map(|n| format!("{n}\n")).collect();
        let mut reader = TextReader::of(Cursor::new(text.clone()), None);
        for n in 0..1_000_u64 {
            let line = reader.next().await.expect("read").expect("a line");
            assert_eq!((line.number, line.bytes), (n + 1, Some(n.to_string().into_bytes())));
        }
        assert_eq!(reader.next().await.expect("read"), None);
        assert_eq!(reader.read_bytes(), text.len() as u64);
    }
}
