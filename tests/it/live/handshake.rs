//! The handshake of RFC 6455: what is refused, and by which header a program recovers.

use crate::app::TestApp;

const GOOD: &[(&str, &str)] = &[
    ("connection", "keep-alive, Upgrade"),
    ("upgrade", "WebSocket"),
    ("sec-websocket-version", "13"),
    ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
];

#[tokio::test]
async fn a_handshake_is_whole_or_refused_with_the_version() {
    let app = TestApp::start().await;
    let key = app.key("read").await;
    let change = |name: &str, value: Option<&str>| -> String {
        let line = |(n, v): (&str, &str)| format!("{n}: {v}\r\n");
        let kept = GOOD.iter().filter(|(n, _)| *n != name).map(|pair| line(*pair));
        kept.chain(value.map(|value| line((name, value)))).collect()
    };
    let cases: &[(&str, &str, String, u16)] = &[
        ("GET", "1.1", change("", None), 101),
        ("GET", "1.1", change("sec-websocket-version", Some("12")), 426),
        ("GET", "1.1", change("sec-websocket-version", Some("8, 13")), 426),
        ("GET", "1.1", change("sec-websocket-version", Some("")), 426),
        ("GET", "1.1", change("sec-websocket-version", None), 426),
        ("GET", "1.1", change("sec-websocket-version", Some("13\r\nsec-websocket-version: 12")), 426),
        ("GET", "1.1", change("upgrade", None), 426),
        ("GET", "1.1", change("upgrade", Some("h2c")), 426),
        ("GET", "1.1", change("connection", None), 426),
        ("GET", "1.1", change("connection", Some("keep-alive")), 426),
        ("GET", "1.1", change("sec-websocket-key", None), 400),
        ("GET", "1.1", change("sec-websocket-key", Some("")), 400),
        ("GET", "1.1", change("sec-websocket-key", Some("short")), 400),
        ("GET", "1.1", change("sec-websocket-key", Some("dGhlIHNhbXBsZSBub25jZQ")), 400),
        ("GET", "1.1", change("sec-websocket-key", Some("dGhlIHNhbXBsZSBub25jZSE=")), 400),
        ("GET", "1.1", change("sec-websocket-key", Some("dGhlIHNhbXBsZSBub25jZQ==\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==")), 400),
        ("GET", "1.0", change("", None), 400),
        ("POST", "1.1", change("", None), 405),
    ];
    for (method, version, headers, want) in cases {
        let length = if *method == "POST" { "content-length: 0\r\n" } else { "" };
        let request = format!("{method} /v1/ws HTTP/{version}\r\nhost: x\r\nauthorization: Bearer {key}\r\n{length}{headers}\r\n");
        let answer = app.head(request.as_bytes()).await;
        let head = answer.split("\r\n\r\n").next().expect("a head").to_ascii_lowercase();
        let status = head.split(' ').nth(1).expect("a status");
        assert_eq!(status, want.to_string(), "{request}{answer}");
        let told = head.contains("sec-websocket-version: 13");
        assert_eq!(told, matches!(want, 400 | 426), "{request}{answer}");
        assert_eq!(head.contains("upgrade: websocket"), matches!(want, 101 | 426), "{request}{answer}");
    }
    app.finish().await;
}
