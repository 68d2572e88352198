//! Encodings, and bodies that try to be larger than they look.

use std::io::Write as _;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;

use super::inflate;
use crate::domain::limits::REQUEST_BYTES_MAX;

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).expect("memory");
    encoder.finish().expect("memory")
}

#[test]
fn inflates_what_is_whole() {
    let body = b"{\"flavor\":\"a.b\"}".repeat(10_000);
    for (encoding, bytes) in [
        (None, body.clone()),
        (Some(""), body.clone()),
        (Some("identity"), body.clone()),
        (Some("gzip"), gzip(&body)),
        (Some(" GZIP "), gzip(&body)),
        (Some("x-gzip"), gzip(&body)),
        // Two members one behind the other are one stream, as `cat a.gz b.gz` makes it.
        (Some("gzip"), [gzip(&body[..7]), gzip(&body[7..])].concat()),
    ] {
        assert_eq!(inflate(encoding, bytes.into()).expect("whole"), body, "{encoding:?}");
    }
}

#[test]
fn holds_to_the_limit() {
    let most = vec![b' '; REQUEST_BYTES_MAX];
    let whole = inflate(Some("gzip"), gzip(&most).into()).expect("as large as may be");
    assert_eq!(whole.len(), REQUEST_BYTES_MAX);
    let bomb = gzip(&vec![b' '; REQUEST_BYTES_MAX * 8]);
    assert!(bomb.len() < REQUEST_BYTES_MAX / 20);
    for (encoding, bytes, want) in [
        (None, vec![b' '; REQUEST_BYTES_MAX + 1], "body_too_large"),
        (Some("gzip"), gzip(&vec![b' '; REQUEST_BYTES_MAX + 1]), "body_too_large"),
        (Some("gzip"), bomb, "body_too_large"),
        (Some("gzip"), gzip(&most)[..1_000].to_vec(), "bad_encoding"),
        (Some("gzip"), b"{}".to_vec(), "bad_encoding"),
        (Some("gzip"), Vec::new(), "bad_encoding"),
        (Some("br"), b"{}".to_vec(), "unsupported_encoding"),
        (Some("gzip, gzip"), gzip(&gzip(b"{}")), "unsupported_encoding"),
    ] {
        assert_eq!(inflate(encoding, Bytes::from(bytes)).expect_err(want).code(), want, "{encoding:?}");
    }
}
