//! Passwords: what may be one, and its Argon2id hash (RFC 9106).

use std::sync::LazyLock;

use argon2::password_hash::{PasswordHash, PasswordHasher as _, PasswordVerifier as _, SaltString};
use argon2::{Algorithm, Argon2, Params, Version};

use crate::domain::{Invalid, fold};

/// Characters of the shortest password.
pub const CHARS_MIN: usize = 12;
/// Bytes of the longest: whoever sends more makes the server hash for nothing.
pub const BYTES_MAX: usize = 1_024;
/// KiB of memory of one hashing, passes over it and lanes: the least that the field recommends (OWASP, 19 MiB).
const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;
const SALT_BYTES: usize = 16;
/// Characters of a password that are not of common pieces: with fewer it is one that others try.
const OWN_CHARS_MIN: usize = 5;

/// Words that passwords are made of all over the world, as lists of broken ones show; folded.
const COMMON: &[&str] = &[
    "password",
    "passwort",
    "passw0rd",
    "p@ssw0rd",
    "p@ssword",
    "qwerty",
    "qwertz",
    "qwertyuiop",
    "qwertzuiop",
    "azerty",
    "asdfgh",
    "asdfghjkl",
    "zxcvbn",
    "zxcvbnm",
    "yxcvbnm",
    "1q2w3e4r",
    "q1w2e3r4",
    "qazwsx",
    "letmein",
    "welcome",
    "willkommen",
    "bienvenue",
    "iloveyou",
    "ichliebedich",
    "admin",
    "administrator",
    "root",
    "user",
    "test",
    "changeme",
    "secret",
    "geheim",
    "master",
    "login",
    "hello",
    "hallo",
    "monkey",
    "dragon",
    "football",
    "fussball",
    "baseball",
    "superman",
    "batman",
    "princess",
    "sunshine",
    "shadow",
    "michael",
    "jennifer",
    "charlie",
    "summer",
    "winter",
    "spring",
    "autumn",
    "sommer",
    "fruehling",
    "herbst",
    "january",
    "february",
    "march",
    "april",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
    "januar",
    "februar",
    "monday",
    "friday",
    "sunday",
    "computer",
    "internet",
    "company",
    "firma",
    "berlin",
    "london",
    "paris",
    "google",
    "apple",
    "samsung",
    "pokemon",
    "starwars",
    "whatever",
    "trustno1",
    "access",
    "pass",
    "word",
    "abcdef",
    "abc",
    "love",
    "liebe",
    "schatz",
    "hunter",
    "killer",
    "flower",
    "cheese",
    "event",
    "expo",
    "tidings",
];

/// What may be a password, for somebody of an email.
///
/// # Errors
/// Which rule it breaks, and the cure; the path is empty.
pub fn check(password: &str, email: &str) -> Result<(), Invalid> {
    if password.len() > BYTES_MAX {
        return Err(Invalid::one("", "too_long", format!("is {} bytes; at most {BYTES_MAX}", password.len())));
    }
    let chars = password.chars().count();
    if chars < CHARS_MIN {
        let message =
            format!("is {chars} characters; give {CHARS_MIN} or more: four words that have nothing to do with each other are easy to keep");
        return Err(Invalid::one("", "too_short", message));
    }
    let folded = fold(password);
    let mut own: Vec<String> = email.split(['@', '.', '+', '-', '_']).map(|part| fold(part).into_owned()).collect();
    own.retain(|part| part.len() >= 3);
    if own_chars(&folded, &own) < OWN_CHARS_MIN {
        let message = "is made of what others try first (common words, runs of keys, your own address); take words that nobody expects";
        return Err(Invalid::one("", "too_common", message));
    }
    Ok(())
}

/// How many characters of a password are of no common piece, at least, however it is cut up.
fn own_chars(password: &str, own: &[String]) -> usize {
    let chars: Vec<char> = password.chars().collect();
    let mut least = vec![usize::MAX; chars.len() + 1];
    least[0] = 0;
    for at in 0..chars.len() {
        let so_far = least[at];
        let mut reach = |length: usize, cost: usize| least[at + length] = least[at + length].min(so_far + cost);
        reach(1, 1);
        let rest: String = chars[at..].iter().collect();
        for word in COMMON.iter().copied().chain(own.iter().map(String::as_str)).filter(|word| rest.starts_with(word)) {
            reach(word.chars().count(), 0);
        }
        // The same again, one up or one down: `aaaa`, `1234`, `dcba`.
        for step in [0, 1, -1] {
            let run = chars[at..].windows(2).take_while(|pair| i64::from(pair[1] as u32) - i64::from(pair[0] as u32) == step).count() + 1;
            if run >= 3 {
                reach(run, 0);
            }
        }
        let digits = chars[at..].iter().take_while(|c| c.is_ascii_digit()).count();
        if digits >= 4 && matches!(&chars[at..at + 2], ['1', '9'] | ['2', '0']) {
            reach(4, 0);
        }
        if chars[at].is_ascii_punctuation() || chars[at] == ' ' {
            reach(1, 0);
        }
    }
    least[chars.len()]
}

fn argon() -> Argon2<'static> {
    // The figures above are within what it takes.
    let params = Params::new(MEMORY_KIB, PASSES, LANES, None).unwrap_or_default();
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

/// The hash of a password, as a PHC string. Takes tens of milliseconds: not for a task that serves others.
///
/// # Errors
/// When the machine has no randomness to give, or too little memory; for people.
pub fn hash(password: &str) -> Result<String, String> {
    let mut salt = [0u8; SALT_BYTES];
    getrandom::fill(&mut salt).map_err(|fault| format!("the machine has no randomness to give: {fault}"))?;
    let salt = SaltString::encode_b64(&salt).map_err(|fault| fault.to_string())?;
    argon().hash_password(password.as_bytes(), &salt).map(|hash| hash.to_string()).map_err(|fault| fault.to_string())
}

/// Whether a password is the one of a hash. Without a hash it takes as long and is never: nobody learns by the clock whether
/// somebody is known.
pub fn verify(password: &str, hash: Option<&str>) -> bool {
    static NOBODYS: LazyLock<Option<String>> = LazyLock::new(|| self::hash("nobody has this one").ok());
    let Some(text) = hash.or(NOBODYS.as_deref()) else { return false };
    let is_right = PasswordHash::new(text).is_ok_and(|parsed| argon().verify_password(password.as_bytes(), &parsed).is_ok());
    is_right && hash.is_some()
}

#[cfg(test)]
mod tests {
    use super::{check, hash, verify};

    #[test]
    fn a_password_is_told_from_others() {
        let kept = hash("four unlike words here").expect("hashed");
        assert!(kept.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{kept}");
        assert!(verify("four unlike words here", Some(&kept)) && !verify("four unlike words there", Some(&kept)));
        assert!(!verify("nobody has this one", None), "nobody has no password");
        assert_ne!(hash("four unlike words here").expect("hashed"), kept, "salted");
    }

    #[test]
    fn what_others_try_first_is_refused() {
        let code = |password: &str| check(password, "ada.lovelace@engines.example").err().map(|told| told.faults[0].code);
        for (password, want) in [
            ("short", Some("too_short")),
            ("password1234", Some("too_common")),
            ("Passwort2026!!", Some("too_common")),
            ("aaaaaaaaaaaaaaaa", Some("too_common")),
            ("123456789012", Some("too_common")),
            ("Qwertyuiop123", Some("too_common")),
            ("welcomewelcome", Some("too_common")),
            ("lovelace-engines1", Some("too_common")),
            ("summer winter 99", Some("too_common")),
            ("horse quiet lamp twelve", None),
            ("kV9#tuR2!pQx", None),
            ("Ich esse gern Pfannkuchen", None),
            ("中文密码真的很长没人会猜", None),
        ] {
            assert_eq!(code(password), want, "{password}");
        }
        assert_eq!(code(&"x1y".repeat(400)), Some("too_long"));
    }
}
