//! Numbers of JSON as they are kept: only those that read back as the value that was sent.

use serde_json::Number;

/// Significant digits that any binary fraction is told apart by; some programs always write so many.
const DIGITS_OF_A_FRACTION: usize = 17;

/// The number of a JSON literal; `None` where what is kept of it would read back as another value.
pub(super) fn exact(literal: &str) -> Option<Number> {
    if let Ok(integer) = literal.parse::<i64>()
        && literal != "-0"
    {
        return Some(integer.into());
    }
    // Whole numbers up to 64 bits are kept digit by digit.
    if let Ok(integer) = literal.parse::<u64>() {
        return Some(integer.into());
    }
    // Not by the JSON reader, which is quick and now and then one bit off.
    let fraction: f64 = literal.parse().ok()?;
    let number = Number::from_f64(fraction)?;
    let shown = number.to_string();
    if shown == literal {
        return Some(number);
    }
    let value = Decimal::read(literal)?;
    let full = || format!("{:.*e}", DIGITS_OF_A_FRACTION - 1, fraction);
    let same = |text: &str| Decimal::read(text).is_some_and(|read| read == value);
    // Where two of the shortest texts are as near, some write the one and some the other.
    let other = || format!("{fraction:e}");
    (same(&shown) || same(&full()) || same(&other())).then_some(number)
}

/// A decimal number as the digits behind `0.`, without zeros at either end, and the power of ten that they stand for.
#[derive(Debug, PartialEq, Eq)]
struct Decimal {
    negative: bool,
    digits: Vec<u8>,
    exponent: i64,
}

impl Decimal {
    fn read(text: &str) -> Option<Self> {
        let (negative, text) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
        let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let all: Vec<u8> = whole.bytes().chain(fraction.bytes()).collect();
        let zeros = all.iter().take_while(|digit| **digit == b'0').count();
        let end = all.iter().rposition(|digit| *digit != b'0').map_or(zeros, |at| at + 1);
        if zeros == end {
            return Some(Self { negative: false, digits: Vec::new(), exponent: 0 });
        }
        let exponent = exponent.parse::<i64>().ok()?.checked_add(i64::try_from(whole.len()).ok()? - i64::try_from(zeros).ok()?)?;
        Some(Self { negative, digits: all[zeros..end].to_vec(), exponent })
    }
}

#[cfg(test)]
mod tests {
    use super::exact;

    #[test]
    fn keeps_what_reads_back_as_the_same_value() {
        for (literal, want) in [
            ("12", "12"),
            ("-7", "-7"),
            ("18446744073709551615", "18446744073709551615"),
            ("-9223372036854775808", "-9223372036854775808"),
            ("0.1", "0.1"),
            ("1.10", "1.1"),
            ("1e2", "100.0"),
            ("1E+2", "100.0"),
            ("0.30000000000000004", "0.30000000000000004"),
            // As programs write it that always give seventeen digits.
            ("0.10000000000000001", "0.1"),
            // Halfway between two of the shortest: both are written.
            ("1562039917985038.2", "1562039917985038.2"),
            ("1562039917985038.3", "1562039917985038.2"),
            ("1e22", "1e+22"),
            ("10000000000000000000000", "1e+22"),
            ("9007199254740993", "9007199254740993"),
            ("0e99999999999999999999", "0.0"),
            ("-0", "-0.0"),
            ("5e-324", "5e-324"),
        ] {
            assert_eq!(exact(literal).map(|number| number.to_string()).as_deref(), Some(want), "{literal}");
        }
    }

    #[test]
    fn refuses_what_would_be_another_value() {
        for literal in [
            "12345678901234567890123",
            "18446744073709551616",
            "-9223372036854775809",
            "100000000000000000000.5",
            "0.1000000000000000055511151231257827",
            "0.123456789012345678901",
            "9007199254740993.0",
            "1e400",
            "-1e400",
            "1e-400",
            "1e99999999999999999999",
        ] {
            assert_eq!(exact(literal), None, "{literal}");
        }
    }

    proptest::proptest! {
        #[test]
        fn every_fraction_is_kept_as_it_is_written(value in proptest::num::f64::NORMAL) {
            for text in [value.to_string(), format!("{value:e}"), format!("{value:.16e}")] {
                let kept = exact(&text).and_then(|number| number.as_f64());
                proptest::prop_assert_eq!(kept, Some(value), "{}", text);
            }
        }
    }
}
