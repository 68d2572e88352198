//! Numbers of variable length as bytes, and reading them back.

/// Bytes of one number at most.
const NUMBER_BYTES_MAX: usize = 10;

/// Adds a text behind its length.
pub(crate) fn put_text(to: &mut Vec<u8>, text: &str) {
    put(to, text.len() as u64);
    to.extend_from_slice(text.as_bytes());
}

pub(crate) fn put(to: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        to.push(number.to_le_bytes()[0] | 0x80);
        number >>= 7;
    }
    to.push(number.to_le_bytes()[0]);
}

pub(crate) fn put_signed(to: &mut Vec<u8>, number: i64) {
    put(to, (number << 1 ^ number >> 63).cast_unsigned());
}

/// Bytes that are not read yet.
pub(crate) struct Reader<'a>(pub &'a [u8]);

impl<'a> Reader<'a> {
    pub(crate) fn number(&mut self) -> Option<u64> {
        let mut number = 0u64;
        for at in 0..NUMBER_BYTES_MAX {
            let (byte, rest) = self.0.split_first()?;
            self.0 = rest;
            number |= u64::from(byte & 0x7f) << (7 * at);
            if byte & 0x80 == 0 {
                return Some(number);
            }
        }
        None
    }

    pub(crate) fn signed(&mut self) -> Option<i64> {
        let number = self.number()?;
        Some((number >> 1).cast_signed() ^ -(number & 1).cast_signed())
    }

    /// A number that counts things.
    pub(crate) fn size(&mut self) -> Option<usize> {
        usize::try_from(self.number()?).ok()
    }

    /// A text behind its length.
    pub(crate) fn text(&mut self) -> Option<&'a str> {
        let length = self.size()?;
        std::str::from_utf8(self.take(length)?).ok()
    }

    pub(crate) fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }
}

#[cfg(test)]
mod tests {
    use super::{Reader, put, put_signed};

    #[test]
    fn numbers_come_back() {
        let (unsigned, signed) = ([0, 1, 127, 128, 300, u64::MAX], [0, -1, 1, i64::MIN, i64::MAX, -64, 64]);
        let mut bytes = Vec::new();
        unsigned.iter().for_each(|n| put(&mut bytes, *n));
        signed.iter().for_each(|n| put_signed(&mut bytes, *n));
        let from = &mut Reader(&bytes);
        assert_eq!(unsigned.map(|_| from.number()), unsigned.map(Some));
        assert_eq!(signed.map(|_| from.signed()), signed.map(Some));
        assert_eq!((from.number(), Reader(&[0xff; 11]).number()), (None, None));
    }
}
