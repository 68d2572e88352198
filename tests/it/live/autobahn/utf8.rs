//! Chapter 6: text that is UTF-8, and text that is not.

use super::{Case, FIN, TEXT, Want, chopped, echo, fragments, frame, judge, word};

const HELLO: &str = "Hello-µ@ßöäüàá-UTF-8!!";
const COSMOS: &str = "κόσμε";

#[tokio::test]
async fn fragments_and_pieces_of_text() {
    let whole = echo(HELLO);
    let bytes: Vec<&[u8]> = whole.chunks(1).collect();
    let begins = word(b"");
    let (begin, end) = begins.split_at(begins.len() - 2);
    let bad = [begin, COSMOS.as_bytes(), b"\xed\xa0\x80edited", end].concat();
    let (first, rest) = bad.split_at(begin.len() + COSMOS.len() + 3);
    judge(vec![
        Case::new("6.1.1", vec![frame(FIN | TEXT, &echo(""))], vec![Want::Echo(String::new())]),
        Case::new("6.1.2", fragments(TEXT, &[b"", b"", &echo("")]), vec![Want::Echo(String::new())]),
        Case::new("6.1.3", fragments(TEXT, &[b"", &echo("middle"), b""]), vec![Want::Echo("middle".into())]),
        Case::new("6.1.0", vec![frame(FIN | TEXT, b"")], vec![Want::Fault("bad_frame")]),
        Case::new("6.2.1", vec![frame(FIN | TEXT, &whole)], vec![Want::Echo(HELLO.into())]),
        Case::new("6.2.2", fragments(TEXT, &[&whole[..29], &whole[29..]]), vec![Want::Echo(HELLO.into())]),
        Case::new("6.2.3", fragments(TEXT, &bytes), vec![Want::Echo(HELLO.into())]),
        Case::new("6.2.4", fragments(TEXT, &bytes), vec![Want::Echo(HELLO.into())]),
        Case::new("6.3.1", vec![frame(FIN | TEXT, &bad)], vec![Want::Close(1007)]),
        Case::new("6.3.2", fragments(TEXT, &bad.chunks(1).collect::<Vec<_>>()), vec![Want::Close(1007)]),
        // The close comes before the rest of the message does.
        Case::new("6.4.1", vec![frame(TEXT, first)], vec![Want::Close(1007)]),
        Case::new("6.4.2", vec![frame(TEXT, &first[..first.len() - 2]), frame(0, &first[first.len() - 2..])], vec![Want::Close(1007)]),
        // Within a frame the suite asks for an answer before its last byte; ours comes after it: non-strict.
        Case::new("6.4.3", chopped(&frame(FIN | TEXT, &[first, rest].concat())), vec![Want::Close(1007)]).late(),
    ])
    .await;
}

#[tokio::test]
async fn every_kind_of_sequence() {
    let mut cases = Vec::new();
    let mut check = |number: String, text: &[u8]| {
        let want = match std::str::from_utf8(text) {
            Ok(text) => Want::Echo(text.to_owned()),
            Err(_) => Want::Close(1007),
        };
        cases.push(Case::new(number, vec![frame(FIN | TEXT, &word(text))], vec![want]));
    };
    // 6.5 and 6.6: a valid word, and each of its beginnings.
    check("6.5.1".into(), COSMOS.as_bytes());
    for cut in 1..=COSMOS.len() {
        check(format!("6.6.{cut}"), &COSMOS.as_bytes()[..cut]);
    }
    // 6.7 to 6.11: the first and the last of each length, and beside the borders.
    let points = ["\u{80}", "\u{800}", "\u{10000}", "\u{7f}", "\u{7ff}", "\u{ffff}", "\u{10ffff}", "\u{d7ff}", "\u{e000}", "\u{fffd}"];
    for (n, point) in points.into_iter().enumerate() {
        check(format!("6.7.{}", n + 1), point.as_bytes());
    }
    let wrong: &[(&str, &[&[u8]])] = &[
        ("6.8", &[b"\xf8\x88\x80\x80\x80", b"\xfc\x84\x80\x80\x80\x80"]),
        ("6.10", &[b"\xf7\xbf\xbf\xbf", b"\xfb\xbf\xbf\xbf\xbf", b"\xfd\xbf\xbf\xbf\xbf\xbf"]),
        ("6.11", &[b"\xf4\x90\x80\x80"]),
        (
            "6.12",
            &[
                b"\x80",
                b"\xbf",
                b"\x80\xbf",
                b"\x80\xbf\x80",
                b"\x80\xbf\x80\xbf",
                b"\x80\xbf\x80\xbf\x80",
                b"\x81\x82\x83\x84\x85\x86\x87",
            ],
        ),
        ("6.13", &[b"\xc0 \xc1 \xc2 \xdf ", b"\xe0 \xe1 \xef ", b"\xf0 \xf1 \xf7 ", b"\xf8 \xfb ", b"\xfc \xfd "]),
        ("6.14", &[b"\xc0", b"\xe0\x80", b"\xf0\x80\x80", b"\xf8\x80\x80\x80", b"\xdf", b"\xef\xbf", b"\xf7\xbf\xbf"]),
        ("6.15", &[b"\xc0\xe0\x80\xf0\x80\x80\xf8\x80\x80\x80"]),
        ("6.16", &[b"\xfe", b"\xff", b"\xfe\xfe\xff\xff"]),
        ("6.17", &[b"\xc0\xaf", b"\xe0\x80\xaf", b"\xf0\x80\x80\xaf", b"\xf8\x80\x80\x80\xaf", b"\xfc\x80\x80\x80\x80\xaf"]),
        ("6.18", &[b"\xc1\xbf", b"\xe0\x9f\xbf", b"\xf0\x8f\xbf\xbf", b"\xf8\x87\xbf\xbf\xbf", b"\xfc\x83\xbf\xbf\xbf\xbf"]),
        ("6.19", &[b"\xc0\x80", b"\xe0\x80\x80", b"\xf0\x80\x80\x80", b"\xf8\x80\x80\x80\x80", b"\xfc\x80\x80\x80\x80\x80"]),
        ("6.20", &[b"\xed\xa0\x80", b"\xed\xad\xbf", b"\xed\xae\x80", b"\xed\xaf\xbf", b"\xed\xb0\x80", b"\xed\xbe\x80", b"\xed\xbf\xbf"]),
        ("6.21", &[b"\xed\xa0\x80\xed\xb0\x80", b"\xed\xad\xbf\xed\xbf\xbf", b"\xed\xaf\xbf\xed\xb0\x80"]),
    ];
    for (chapter, texts) in wrong {
        for (n, text) in texts.iter().enumerate() {
            assert!(std::str::from_utf8(text).is_err(), "{chapter}.{}", n + 1);
            check(format!("{chapter}.{}", n + 1), text);
        }
    }
    // 6.22 and 6.23: what is no character of anybody's is text nevertheless.
    let planes = (0..=16u32).flat_map(|plane| [0xfffe, 0xffff].map(|low| char::from_u32(plane << 16 | low).expect("a character")));
    for (n, character) in planes.chain(['\u{fdd0}', '\u{fdef}', '\u{feff}']).enumerate() {
        check(format!("6.22.{}", n + 1), character.to_string().as_bytes());
    }
    for (n, character) in ('\u{fff9}'..='\u{fffd}').enumerate() {
        check(format!("6.23.{}", n + 1), character.to_string().as_bytes());
    }
    judge(cases).await;
}
