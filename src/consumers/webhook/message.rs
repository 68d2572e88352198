//! What a webhook sends: a batch as JSON, its identity, and its signature (Standard Webhooks 1.0).

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use bytes::{BufMut as _, Bytes, BytesMut};
use hmac::{Hmac, Mac as _};
use sha2::{Digest as _, Sha256};

use super::position;
use crate::domain::Seq;
use crate::store::{Page, Webhook};

/// What every secret begins with.
pub const SECRET_PREFIX: &str = "whsec_";

/// A batch as it is sent.
pub struct Message {
    /// The same for the same batch, however often it is sent.
    pub id: String,
    /// Its JSON.
    pub body: Bytes,
}

impl Message {
    /// The batch of a page, after `from`.
    pub fn of(hook: &Webhook, from: Seq, page: &Page, pruned: bool) -> Self {
        let mut hash = Sha256::new();
        for part in [page.head.epoch.0, hook.number.unsigned_abs(), from, page.reached] {
            hash.update(part.to_be_bytes());
        }
        let id = format!("msg_{}", URL_SAFE_NO_PAD.encode(&hash.finalize()[..18]));
        let view = serde_json::to_string(hook.terms.view.as_str()).unwrap_or_default();
        let mut body = BytesMut::from(format!("{{\"type\":\"activities\",\"view\":{view},").as_bytes());
        let list = |body: &mut BytesMut, name: &str, items: &mut dyn Iterator<Item = &Bytes>| {
            body.put_slice(format!("\"{name}\":[").as_bytes());
            for (at, item) in items.enumerate() {
                if at > 0 {
                    body.put_u8(b',');
                }
                body.put_slice(item);
            }
            body.put_slice(b"],");
        };
        list(&mut body, "items", &mut page.items.iter().map(|item| &item.body));
        for (name, erases) in [("amended", false), ("erased", true)] {
            let mut told = page.corrections.iter().filter(|told| told.erases == erases).map(|told| &told.json).peekable();
            if told.peek().is_some() {
                list(&mut body, name, &mut told);
            }
        }
        if pruned {
            body.put_slice(b"\"pruned\":true,");
        }
        body.put_slice(format!("\"position\":\"{}\"}}", position(page)).as_bytes());
        Self { id, body: body.freeze() }
    }
}

/// `v1,` and the HMAC-SHA256 of identity, time and body, under the bytes that the secret stands for.
pub fn signature(secret: &str, id: &str, at_s: i64, body: &[u8]) -> String {
    let key = STANDARD.decode(secret.trim_start_matches(SECRET_PREFIX)).unwrap_or_default();
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&key) else { unreachable!("a key of any length is taken") };
    mac.update(format!("{id}.{at_s}.").as_bytes());
    mac.update(body);
    format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
}

/// A new secret: 24 random bytes.
///
/// # Errors
/// When the machine has no randomness to give.
pub fn new_secret() -> Result<String, getrandom::Error> {
    let mut bytes = [0u8; 24];
    getrandom::fill(&mut bytes)?;
    Ok(format!("{SECRET_PREFIX}{}", STANDARD.encode(bytes)))
}

#[cfg(test)]
mod tests {
    use super::signature;

    /// The example of the specification.
    #[test]
    fn signs_as_the_specification_does() {
        let signed =
            signature("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, b"{\"test\": 2432232314}");
        assert_eq!(signed, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }
}
