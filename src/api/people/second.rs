//! The second factor: codes of 6 digits that change each 30 s (RFC 6238), and recovery codes.

use sha2::{Digest as _, Sha256};
use totp_rs::{Algorithm, TOTP};

use crate::store::Second;

/// Seconds of one step.
const STEP_S: i64 = 30;
/// Steps before and after now that are taken: clocks differ.
const SKEW: i64 = 1;
/// Recovery codes of one person.
pub const RECOVERY_CODES: usize = 10;
/// Bytes of a secret, as RFC 4226 recommends.
const SECRET_BYTES: usize = 20;

/// A new secret.
///
/// # Errors
/// When the machine has no randomness to give.
pub fn new_secret() -> Result<Vec<u8>, getrandom::Error> {
    let mut secret = vec![0u8; SECRET_BYTES];
    getrandom::fill(&mut secret)?;
    Ok(secret)
}

/// New recovery codes, to be shown once.
///
/// # Errors
/// When the machine has no randomness to give.
pub fn new_recovery() -> Result<Vec<String>, getrandom::Error> {
    const SIGNS: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
    let mut codes = Vec::with_capacity(RECOVERY_CODES);
    for _ in 0..RECOVERY_CODES {
        let mut random = [0u8; 10];
        getrandom::fill(&mut random)?;
        let signs: String = random.iter().map(|byte| char::from(SIGNS[usize::from(byte % 32)])).collect();
        codes.push(format!("{}-{}", &signs[..5], &signs[5..]));
    }
    Ok(codes)
}

/// A recovery code as it is kept: however it was typed.
pub fn kept(code: &str) -> String {
    let plain: String = code.chars().filter(char::is_ascii_alphanumeric).map(|sign| sign.to_ascii_lowercase()).collect();
    Sha256::digest(plain.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn totp(secret: &[u8]) -> Option<TOTP> {
    TOTP::new(Algorithm::SHA1, 6, 0, 30, secret.to_vec()).ok()
}

/// A secret as people type it into an app.
pub fn spelled(secret: &[u8]) -> String {
    totp(secret).map(|totp| totp.get_secret_base32()).unwrap_or_default()
}

/// What a code leaves of a second factor, at a time in seconds; `None` where it is no code of it, or one that was used.
pub fn spent(second: &Second, code: &str, now_s: i64) -> Option<Second> {
    let digits: String = code.chars().filter(char::is_ascii_digit).collect();
    let totp = totp(&second.secret)?;
    let step = now_s / STEP_S;
    let fresh = (step - SKEW..=step + SKEW).filter(|at| *at > second.used);
    let found = fresh.into_iter().find(|at| digits.len() == 6 && totp.generate(u64::try_from(at * STEP_S).unwrap_or(0)) == digits);
    if let Some(used) = found {
        return Some(Second { used, ..second.clone() });
    }
    let hash = kept(code);
    let at = second.recovery.iter().position(|one| *one == hash)?;
    let mut left = second.clone();
    left.recovery.remove(at);
    Some(left)
}

#[cfg(test)]
mod tests {
    use super::{kept, spent};
    use crate::store::Second;

    /// The values of RFC 6238, appendix B, cut to six digits.
    #[test]
    fn codes_are_those_of_the_standard() {
        let second = Second { secret: b"12345678901234567890".to_vec(), used: 0, recovery: Vec::new() };
        for (at, code) in [(59, "287082"), (1_111_111_109, "081804"), (1_234_567_890, "005924"), (2_000_000_000, "279037")] {
            assert!(spent(&second, code, at).is_some(), "{at}");
            assert!(
                spent(&second, code, at + 30).is_some() && spent(&second, code, at + 90).is_none(),
                "{at}: a clock may differ by a step"
            );
        }
    }

    #[test]
    fn no_code_is_good_twice() {
        let second = Second { secret: b"12345678901234567890".to_vec(), used: 0, recovery: vec![kept("abcde-23456")] };
        let left = spent(&second, "287082", 59).expect("good");
        assert_eq!(spent(&left, "287082", 59), None);
        let left = spent(&second, "ABCDE 23456", 59).expect("a recovery code, however typed");
        assert!(left.recovery.is_empty() && spent(&left, "abcde-23456", 59).is_none());
        assert_eq!(spent(&second, "", 59), None);
    }
}
