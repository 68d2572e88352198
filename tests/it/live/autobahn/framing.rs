//! Chapters 1 to 5: framing, pings and pongs, reserved bits, opcodes, fragmentation.

use super::{BINARY, CONTINUATION, Case, FIN, PING, PONG, TEXT, Want, chopped, echo, fragments, frame, judge};

#[tokio::test]
async fn messages_of_every_length() {
    let mut cases = Vec::new();
    for (n, length) in [0, 125, 126, 127, 128, 65_500 - 36].into_iter().enumerate() {
        let text = "*".repeat(length);
        let whole = frame(FIN | TEXT, &echo(&text));
        cases.push(Case::new(format!("1.1.{}", n + 1), vec![whole.clone()], vec![Want::Echo(text)]));
        cases.push(Case::new(format!("1.2.{}", n + 1), vec![frame(FIN | BINARY, &vec![0xfe; length])], vec![Want::Close(1008)]));
    }
    // In pieces, as a slow network brings them.
    let text = "*".repeat(1_000);
    let pieces = frame(FIN | TEXT, &echo(&text)).chunks(997).map(<[u8]>::to_vec).collect();
    cases.push(Case::new("1.1.8", pieces, vec![Want::Echo(text)]));
    judge(cases).await;
}

#[tokio::test]
async fn pings_and_pongs() {
    let ping = |payload: &[u8]| frame(FIN | PING, payload);
    let pong = |payload: &[u8]| frame(FIN | PONG, payload);
    let binary = [0x00, 0xff, 0xfe, 0xfd, 0xfc, 0xfb, 0x00, 0xff];
    let back = |payload: &[u8]| Want::Pong(payload.to_vec());
    let ten = || (0..10).map(|n| format!("payload-{n}"));
    let text = || frame(FIN | TEXT, &echo("x"));
    judge(vec![
        Case::new("2.1", vec![ping(b"")], vec![back(b"")]),
        Case::new("2.2", vec![ping(b"Hello, world!")], vec![back(b"Hello, world!")]),
        Case::new("2.3", vec![ping(&binary)], vec![back(&binary)]),
        Case::new("2.4", vec![ping(&[0xfe; 125])], vec![back(&[0xfe; 125])]),
        Case::new("2.5", vec![ping(&[0xfe; 126])], vec![Want::Close(1002)]),
        Case::new("2.6", chopped(&ping(&[0xfe; 125])), vec![back(&[0xfe; 125])]),
        Case::new("2.7", vec![pong(b""), text()], vec![Want::Echo("x".into())]),
        Case::new("2.8", vec![pong(b"unsolicited"), text()], vec![Want::Echo("x".into())]),
        Case::new("2.9", vec![pong(b"unsolicited"), ping(b"ping")], vec![back(b"ping")]),
        Case::new("2.10", ten().map(|p| ping(p.as_bytes())).collect(), ten().map(|p| back(p.as_bytes())).collect()),
        Case::new("2.11", ten().flat_map(|p| chopped(&ping(p.as_bytes()))).collect(), ten().map(|p| back(p.as_bytes())).collect()),
    ])
    .await;
}

#[tokio::test]
async fn reserved_bits_and_opcodes() {
    let text = || frame(FIN | TEXT, &echo("first"));
    let first = || Want::Echo("first".into());
    let mut cases = vec![
        Case::new("3.1", vec![frame(FIN | 0x40 | TEXT, &echo("x"))], vec![Want::Close(1002)]),
        Case::new("3.2", vec![text(), frame(FIN | 0x20 | TEXT, &echo("x"))], vec![first(), Want::Close(1002)]),
        Case::new("3.3", vec![text(), frame(FIN | 0x30 | TEXT, &echo("x"))], vec![first(), Want::Close(1002)]),
        Case::new("3.4", [vec![text()], chopped(&frame(FIN | 0x40 | TEXT, &echo("x")))].concat(), vec![first(), Want::Close(1002)]),
        Case::new("3.5", vec![frame(FIN | 0x50 | BINARY, &[0xff; 8])], vec![Want::Close(1002)]),
        Case::new("3.6", vec![frame(FIN | 0x60 | PING, b"x")], vec![Want::Close(1002)]),
        Case::new("3.7", vec![frame(FIN | 0x70 | 8, &[])], vec![Want::Close(1002)]),
    ];
    for (chapter, opcodes) in [(1, [3, 4, 5, 6, 7]), (2, [11, 12, 13, 14, 15])] {
        for (n, opcode) in opcodes.into_iter().enumerate() {
            let payload: &[u8] = if n % 2 == 0 { b"" } else { b"reserved opcode payload" };
            let (number, wrong) = (format!("4.{chapter}.{}", n + 1), frame(FIN | opcode, payload));
            match n {
                0 | 1 => cases.push(Case::new(number, vec![wrong], vec![Want::Close(1002)])),
                2 | 3 => cases.push(Case::new(number, vec![text(), wrong], vec![first(), Want::Close(1002)])),
                _ => cases.push(Case::new(number, [vec![text()], chopped(&wrong)].concat(), vec![first(), Want::Close(1002)])),
            }
        }
    }
    // What the suite leaves out: a frame of a client is masked (RFC 6455, 5.1).
    cases.push(Case::new("unmasked", vec![vec![FIN | TEXT, 2, b'{', b'}']], vec![Want::Close(1002)]));
    judge(cases).await;
}

#[tokio::test]
async fn fragments_of_a_message() {
    let whole = echo("fragment1fragment2");
    let (one, two) = whole.split_at(whole.len() / 2);
    let both = || Want::Echo("fragment1fragment2".into());
    let parts = || fragments(TEXT, &[one, two]);
    let between = |middle: Vec<u8>| vec![parts()[0].clone(), middle, parts()[1].clone()];
    let ping = || frame(FIN | PING, b"ping payload");
    let pong = || Want::Pong(b"ping payload".to_vec());
    let lone = |first: u8| frame(first | CONTINUATION, b"non-continuation payload");
    let text = || frame(FIN | TEXT, &echo("x"));
    let broken = || vec![Want::Close(1002)];
    let then = |wrong: Vec<u8>| [vec![wrong], vec![text()]].concat();
    let five = |at: usize| -> Vec<Vec<u8>> {
        let chunks: Vec<&[u8]> = whole.chunks(whole.len().div_ceil(5)).collect();
        let mut frames = fragments(TEXT, &chunks);
        frames.insert(at, ping());
        frames
    };
    let late = |middle: Vec<u8>| [parts(), vec![middle, text()]].concat();
    judge(vec![
        Case::new("5.1", vec![frame(PING, b"fragment1"), frame(FIN | CONTINUATION, b"fragment2")], broken()),
        Case::new("5.2", vec![frame(PONG, b"fragment1"), frame(FIN | CONTINUATION, b"fragment2")], broken()),
        Case::new("5.3", parts(), vec![both()]),
        Case::new("5.4", vec![parts().concat()], vec![both()]),
        Case::new("5.5", chopped(&parts().concat()), vec![both()]),
        Case::new("5.6", between(ping()), vec![pong(), both()]),
        Case::new("5.7", vec![between(ping()).concat()], vec![pong(), both()]),
        Case::new("5.8", chopped(&between(ping()).concat()), vec![pong(), both()]),
        Case::new("5.9", then(lone(FIN)), broken()),
        Case::new("5.10", vec![then(lone(FIN)).concat()], broken()),
        Case::new("5.11", chopped(&then(lone(FIN)).concat()), broken()),
        Case::new("5.12", then(lone(0)), broken()),
        Case::new("5.13", vec![then(lone(0)).concat()], broken()),
        Case::new("5.14", chopped(&then(lone(0)).concat()), broken()),
        Case::new("5.15", late(frame(FIN | CONTINUATION, b"fragment3")), vec![both(), Want::Close(1002)]),
        Case::new("5.16", vec![lone(0), parts().concat()], broken()),
        Case::new("5.17", vec![lone(FIN), parts().concat()], broken()),
        Case::new("5.18", vec![frame(TEXT, one), frame(FIN | TEXT, two)], broken()),
        Case::new("5.19", five(3), vec![pong(), Want::Echo("fragment1fragment2".into())]),
        Case::new("5.20", chopped(&five(2).concat()), vec![pong(), Want::Echo("fragment1fragment2".into())]),
    ])
    .await;
}
