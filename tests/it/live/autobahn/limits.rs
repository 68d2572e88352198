//! Chapter 9: sizes. The server takes 64 KiB; what is larger is refused with 1009, however it comes.

use super::{Case, FIN, TEXT, Want, echo, fragments, frame, judge};

/// Bytes of a message at most.
const LIMIT: usize = 64 * 1024;

#[tokio::test]
async fn sizes_up_to_the_limit_and_beyond() {
    let beside = echo("").len();
    let text = |bytes: usize| "*".repeat(bytes - beside);
    let whole = |bytes: usize| echo(&text(bytes));
    let parts = |bytes: usize, size: usize| fragments(TEXT, &whole(bytes).chunks(size).collect::<Vec<_>>());
    let back = || vec![Want::Echo(text(LIMIT))];
    let refused = || vec![Want::Close(1009)];
    let mut cases = vec![
        Case::new("9.1.1", vec![frame(FIN | TEXT, &whole(LIMIT))], back()),
        Case::new("9.1.1+1", vec![frame(FIN | TEXT, &whole(LIMIT + 1))], refused()),
        Case::new("9.1.2", vec![frame(FIN | TEXT, &whole(4 * LIMIT))], refused()),
        Case::new("9.1.3", vec![frame(FIN | TEXT, &whole(16 * LIMIT))], refused()),
    ];
    for (n, size) in [64, 256, 1_024, 4_096, 16_384, 65_536].into_iter().enumerate() {
        cases.push(Case::new(format!("9.3.{}", n + 1), parts(LIMIT, size), back()));
    }
    cases.push(Case::new("9.3.7", parts(LIMIT + 1, 4_096), refused()));
    cases.push(Case::new("9.3.8", parts(16 * LIMIT, 4_096), refused()));
    for (n, size) in [64, 128, 256, 512, 1_024, 2_048].into_iter().enumerate() {
        let pieces = frame(FIN | TEXT, &whole(LIMIT)).chunks(size).map(<[u8]>::to_vec).collect();
        cases.push(Case::new(format!("9.5.{}", n + 1), pieces, back()));
    }
    for (n, bytes) in [16, 64, 256, 1_024].into_iter().enumerate() {
        let many = 200;
        let text = "*".repeat(bytes);
        let send = vec![frame(FIN | TEXT, &echo(&text)); many];
        cases.push(Case::new(format!("9.7.{}", n + 2), send, vec![Want::Echo(text); many]));
    }
    judge(cases).await;
}
