//! From bytes to text: UTF-8 with or without a mark, UTF-16, else Windows-1252, which is told.

use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};

use super::Unreadable;

/// Bytes that are looked at to tell UTF-16 without a mark.
const LOOKED_AT: usize = 4 * 1024;

/// A list as text, and what it was written in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text {
    /// The text, without a mark at its beginning.
    pub text: String,
    /// Name of the encoding, as in `UTF-8`.
    pub encoding: &'static str,
}

/// Decodes what came.
///
/// # Errors
/// [`Unreadable`] where it holds a zero byte: then it is no text.
pub fn decode(bytes: &[u8]) -> Result<Text, Unreadable> {
    let (encoding, rest) = match Encoding::for_bom(bytes) {
        Some((encoding, mark)) => (encoding, &bytes[mark..]),
        None => (told_by_content(bytes), bytes),
    };
    let (text, _) = encoding.decode_without_bom_handling(rest);
    if let Some(at) = text.find('\0') {
        let line = text[..at].matches('\n').count() + 1;
        return Err(Unreadable::at("nul", line, "holds a zero byte, which no text has: is it another kind of file?"));
    }
    Ok(Text { text: text.into_owned(), encoding: encoding.name() })
}

fn told_by_content(bytes: &[u8]) -> &'static Encoding {
    let head = &bytes[..bytes.len().min(LOOKED_AT)];
    let zeros = |odd: usize| head.iter().skip(odd).step_by(2).filter(|byte| **byte == 0).count();
    let half = head.len() / 2;
    // Of letters of the west every other byte is zero.
    match (zeros(0), zeros(1)) {
        (0, odd) if half > 1 && odd * 2 > half => UTF_16LE,
        (even, 0) if half > 1 && even * 2 > half => UTF_16BE,
        _ if std::str::from_utf8(bytes).is_ok() => UTF_8,
        _ => WINDOWS_1252,
    }
}

#[cfg(test)]
mod tests {
    use super::decode;

    #[test]
    fn encodings_are_told() {
        let utf16 = |mark: bool, big: bool| -> Vec<u8> {
            let units: Vec<u16> = "Name;Größe\n".encode_utf16().collect();
            let marked = mark.then_some(0xfeff).into_iter().chain(units);
            marked.flat_map(|unit| if big { unit.to_be_bytes() } else { unit.to_le_bytes() }).collect()
        };
        let with_mark = ["\u{feff}".as_bytes(), "Name;Größe\n".as_bytes()].concat();
        for (bytes, encoding) in [
            ("Name;Größe\n".as_bytes().to_vec(), "UTF-8"),
            (with_mark, "UTF-8"),
            (b"Name;Gr\xf6\xdfe\n".to_vec(), "windows-1252"),
            (utf16(true, false), "UTF-16LE"),
            (utf16(true, true), "UTF-16BE"),
            (utf16(false, false), "UTF-16LE"),
            (utf16(false, true), "UTF-16BE"),
        ] {
            let got = decode(&bytes).expect("text");
            assert_eq!((got.text.as_str(), got.encoding), ("Name;Größe\n", encoding));
        }
        let refused = decode(b"Name\nAcme\0\n").expect_err("no text");
        assert_eq!((refused.code, refused.line), ("nul", 2));
    }
}
