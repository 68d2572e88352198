//! What stands in front: nothing held back, nothing taken on trust.

use super::{read, seconds};

/// The first value of a directive of nginx.
fn directive<'a>(text: &'a str, name: &str) -> &'a str {
    let lines = text.lines().map(str::trim).filter(|line| !line.starts_with('#'));
    let found = lines.filter_map(|line| line.strip_prefix(name)).find(|rest| rest.starts_with(' '));
    found.unwrap_or_else(|| panic!("{name} is missing")).trim().trim_end_matches(';')
}

#[test]
fn nginx_holds_nothing_back() {
    let text = read("deploy/nginx.conf");
    assert_eq!(text.matches('{').count(), text.matches('}').count());
    assert_eq!((directive(&text, "proxy_buffering"), directive(&text, "proxy_http_version")), ("off", "1.1"));
    assert!(seconds(directive(&text, "proxy_read_timeout")) > 25, "a reader is pinged every 25 s");
    let body: u64 = directive(&text, "client_max_body_size").trim_end_matches('m').parse().expect("MiB");
    assert!(body >= 5, "a request holds 5 MiB");
    for header in [
        "Host $http_host",
        "X-Forwarded-Proto $scheme",
        "X-Forwarded-For $remote_addr",
        "Forwarded \"\"",
        "Upgrade $http_upgrade",
        "Connection $tidings_connection",
    ] {
        assert!(text.contains(&format!("proxy_set_header {header};")), "{header}");
    }
    assert!(text.contains("server 127.0.0.1:8080;") && text.contains("listen 443 ssl"));
}

#[test]
fn caddy_holds_nothing_back() {
    let text = read("deploy/Caddyfile");
    assert!(text.contains("flush_interval -1") && text.contains("{$TIDINGS_UPSTREAM:127.0.0.1:8080}"), "{text}");
    let body: u64 = text.split_once("max_size ").expect("a limit").1.split("MB").next().expect("MB").parse().expect("a number");
    assert!(body >= 6, "a request holds 5 MiB");
    assert!(!text.contains("encode"), "files are compressed already, and streams must not be");
}
