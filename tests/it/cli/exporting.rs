//! `export`: all of it in a file, or nothing.

use crate::child::{ServerProcess, free_port, new_key, output, run, run_with_input};

#[test]
fn a_file_is_there_when_it_is_whole() {
    let folder = tempfile::tempdir().expect("folder");
    let server = ServerProcess::serve(folder.path(), 0);
    let (key, url) = (new_key(folder.path(), "ingest,read"), server.url());
    let to = ["--url", &url, "--key", &key];
    let lines: Vec<String> =
        (0..1_500).map(|n| format!(r#"{{"flavor":"page.viewed","event":"expo","partner":"{}"}}"#, if n % 2 == 0 { "acme" } else { "globex" })).collect();
    let sent = run_with_input(folder.path(), &[&["post"], &to[..], &["-"]].concat(), &lines.join("\n"));
    assert_eq!(sent.code, Some(0), "{sent:?}");
    let all = output(folder.path(), &[&["export"], &to[..]].concat());
    assert_eq!(all.lines().count(), 1_500);
    assert!(all.lines().all(|line| line.starts_with("{\"id\":")), "lines of JSON without more words");
    let file = |name: &str| folder.path().join(name);
    let csv = file("acme.csv");
    let args = ["export", "--partner", "acme", "--columns", "id,partner", "--separator", ";", "--out", csv.to_str().expect("text")];
    assert_eq!(run(folder.path(), &[&args[..], &to].concat()).code, Some(0));
    let text = std::fs::read_to_string(&csv).expect("read");
    assert_eq!((text.lines().count(), text.lines().next()), (751, Some("\u{feff}id;partner;partner_name")));
    let book = file("all.xlsx");
    let args = ["export", "--view", "all-activities", "--out", book.to_str().expect("text")];
    assert_eq!(run(folder.path(), &[&args[..], &to].concat()).code, Some(0));
    assert!(std::fs::read(&book).expect("read").starts_with(b"PK"));
    // What is refused leaves no file, and says why.
    let (none, nobody) = (file("none.csv"), format!("http://127.0.0.1:{}", free_port()));
    for (more, says) in [
        (["--view", "nothing", "--url", url.as_str()], "there is no view nothing"),
        (["--columns", "colour", "--url", url.as_str()], "is no column"),
        (["--zone", "UTC", "--url", nobody.as_str()], "nothing answers"),
    ] {
        let refused = run(folder.path(), &[&["export", "--key", &key, "--out", none.to_str().expect("text")], &more[..]].concat());
        assert!(refused.code == Some(1) && refused.stderr.contains(says), "{more:?}: {refused:?}");
        assert!(!none.exists() && !file("none.csv.part").exists(), "{more:?}");
    }
}
