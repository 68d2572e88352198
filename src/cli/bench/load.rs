//! Drafts to measure with: of the size of real ones, with ids of their own.

use std::fmt::Write as _;

use uuid::Uuid;

/// Puts one draft of about 400 bytes behind `body`.
pub fn push_draft(body: &mut String, event: &str, number: u64) {
    let id = Uuid::now_v7();
    let partner = number % 40;
    let page = number % 1_000;
    // Writing to text cannot fail.
    _ = write!(
        body,
        r#"{{"id":"{id}","flavor":"page.viewed","event":"{event}","partner":"partner-{partner}","source_url":"https://expo.example.com/exhibitors/{page}","referrer_url":"https://www.example.net/","user_agent":"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36","properties":{{"step":{page}}}}}"#
    );
}

/// NDJSON of `count` drafts.
pub fn batch(event: &str, first: u64, count: usize) -> String {
    let mut body = String::with_capacity(count * 420);
    for number in first..first + count as u64 {
        push_draft(&mut body, event, number);
        body.push('\n');
    }
    body
}

#[cfg(test)]
mod tests {
    #[test]
    fn drafts_are_json_of_real_size() {
        let body = super::batch("bench", 7, 3);
        assert_eq!(body.lines().count(), 3);
        for line in body.lines() {
            assert!(serde_json::from_str::<serde_json::Value>(line).is_ok(), "{line}");
            assert!((300..500).contains(&line.len()), "{}", line.len());
        }
    }
}
