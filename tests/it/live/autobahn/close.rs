//! Chapter 7: closing. A close is answered with a close before the connection ends.

use super::{CLOSE, CONTINUATION, Case, FIN, PING, TEXT, Want, close_frame, echo, frame, judge};

fn bare(payload: &[u8]) -> Vec<u8> {
    frame(FIN | CLOSE, payload)
}

#[tokio::test]
async fn a_close_is_answered() {
    let text = |t: &str| frame(FIN | TEXT, &echo(t));
    let done = |reason: &str| close_frame(1000, reason);
    let ok = || Want::Close(1000);
    let large = "*".repeat(60_000);
    judge(vec![
        Case::new("7.1.1", vec![text("a"), done("")], vec![Want::Echo("a".into()), ok()]),
        Case::new("7.1.2", vec![done(""), done("")], vec![ok()]),
        Case::new("7.1.3", vec![done(""), frame(FIN | PING, b"p")], vec![ok()]),
        Case::new("7.1.4", vec![done(""), text("b")], vec![ok()]),
        Case::new("7.1.5", vec![frame(TEXT, b"{"), done(""), frame(FIN | CONTINUATION, b"}")], vec![ok()]),
        Case::new("7.1.6", vec![text(&large), done(""), frame(FIN | PING, b"")], vec![Want::Echo(large.clone()), ok()]),
        Case::new("7.3.1", vec![bare(b"")], vec![Want::CloseBare]),
        Case::new("7.3.2", vec![bare(b"a")], vec![Want::Close(1002)]),
        Case::new("7.3.3", vec![done("")], vec![ok()]),
        Case::new("7.3.4", vec![done("Hello World!")], vec![ok()]),
        Case::new("7.3.5", vec![done(&"*".repeat(123))], vec![ok()]),
        Case::new("7.3.6", vec![done(&"*".repeat(124))], vec![Want::Close(1002)]),
        Case::new("7.5.1", vec![bare(b"\x03\xe8\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5\xed\xa0\x80edited")], vec![Want::Close(1007)]),
    ])
    .await;
}

#[tokio::test]
async fn codes_are_answered_in_kind_or_refused() {
    let good = [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 3000, 3001, 3999, 4000, 4999];
    let bad = [0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65_535];
    let good = good.into_iter().enumerate().map(|(n, code)| (format!("7.7.{}", n + 1), code, code));
    let bad = bad.into_iter().enumerate().map(|(n, code)| (format!("7.9.{}", n + 1), code, 1002));
    let mut cases = Vec::new();
    for (number, code, want) in good.chain(bad) {
        cases.push(Case::new(number.clone(), vec![close_frame(code, "")], vec![Want::Close(want)]));
        cases.push(Case::new(format!("{number} why"), vec![close_frame(code, "Goodbye")], vec![Want::Close(want)]));
    }
    judge(cases).await;
}
