//! Activities as a file: the same ones as on the pages, every column in its place.

use std::io::Cursor;

use calamine::{Data, Reader as _, Xlsx};
use serde_json::{Value, json};

use crate::app::TestApp;

async fn filled(app: &TestApp, count: usize) -> String {
    let key = app.key("ingest,read,admin").await;
    app.put(&key, "/v1/events/expo", r#"{"name":"Expo"}"#).await;
    app.put(&key, "/v1/events/expo/partners/acme", r#"{"name":"=Acme, \"the\" best","company":"+49 30 1234"}"#).await;
    let draft = |n: usize| {
        json!({"flavor": if n.is_multiple_of(3) { "message.opened" } else { "page.viewed" }, "event": "expo", "partner": if n.is_multiple_of(2) { "acme" } else { "globex" },
            "occurred_at": format!("2026-03-29T00:{:02}:00.250Z", n % 60), "source_url": "https://www.example.org/p?a=1",
            "properties": if n == 1 { json!({"note": "-1+2"}) } else { json!({}) }})
    };
    let drafts: Vec<Value> = (0..count).map(draft).collect();
    for drafts in drafts.chunks(5_000) {
        assert_eq!(app.post(&key, "/v1/activities", &json!(drafts).to_string()).await.status, 200);
    }
    key
}

async fn paged(app: &TestApp, key: &str, query: &str) -> Vec<Value> {
    let (mut all, mut before) = (Vec::new(), String::new());
    loop {
        let page = app.get(key, &format!("/v1/activities?limit=1000&{query}{before}")).await.json();
        all.extend(page["items"].as_array().expect("items").clone());
        match page["older"].as_str() {
            Some(older) => before = format!("&before={older}"),
            None => return all,
        }
    }
}

fn read_csv(bytes: &[u8], separator: u8) -> Vec<Vec<String>> {
    let text = bytes.strip_prefix("\u{feff}".as_bytes()).expect("a byte order mark");
    let mut reader = csv::ReaderBuilder::new().has_headers(false).delimiter(separator).from_reader(text);
    reader.records().map(|row| row.expect("a row").iter().map(str::to_owned).collect()).collect()
}

#[tokio::test]
async fn a_file_holds_what_the_pages_hold() {
    let app = TestApp::start().await;
    let key = filled(&app, 5_300).await;
    for query in
        ["", "flavor=message.opened", "partner=globex&not.flavor=message.*", "since=2026-03-29T00:30:00Z", "view=all-opens&partner=acme"]
    {
        let want = paged(&app, &key, query).await;
        let lines = app.get(&key, &format!("/v1/activities/export?format=ndjson&{query}")).await;
        let got: Vec<Value> = lines.text().lines().map(|line| serde_json::from_str(line).expect("json")).collect();
        assert_eq!(got, want, "{query}");
        let ids: Vec<String> = want.iter().map(|item| item["id"].as_str().expect("id").to_owned()).collect();
        let table = read_csv(&app.get(&key, &format!("/v1/activities/export?columns=id&{query}")).await.body, b',');
        assert_eq!(table.concat().split_first().map(|(head, ids)| (head.as_str(), ids)), Some(("id", &ids[..])), "{query}");
    }
    app.finish().await;
}

#[tokio::test]
async fn a_csv_opens_as_it_was_meant() {
    let app = TestApp::start().await;
    let key = filled(&app, 2).await;
    let view = r#"{"name":"Ours","columns":["occurred_at","partner","company","properties","source_url"],"zone":"Europe/Berlin"}"#;
    app.put(&key, "/v1/views/ours", view).await;
    let file = app.get(&key, "/v1/activities/export?view=ours&separator=;").await;
    assert_eq!(file.header("content-type"), "text/csv; charset=utf-8; header=present");
    assert!(file.header("content-disposition").starts_with("attachment; filename=\"tidings-ours-"), "{:?}", file.headers);
    let table = read_csv(&file.body, b';');
    assert_eq!(table[0], ["occurred_at", "partner", "partner_name", "company", "properties", "source_url"]);
    assert_eq!(table[1], ["2026-03-29T01:01:00.250+01:00", "globex", "globex", "", r#"{"note":"-1+2"}"#, "https://www.example.org/p?a=1"]);
    assert_eq!(table[2][1..4], ["acme", "'=Acme, \"the\" best", "+49 30 1234"]);
    for (query, code, path) in [
        ("format=pdf", "parameter_invalid", "format"),
        ("separator=x", "parameter_invalid", "separator"),
        ("columns=id,colour", "parameter_invalid", "columns"),
        ("columns=", "parameter_invalid", "columns"),
        ("zone=Mars", "parameter_invalid", "zone"),
        ("before=x", "cursor_invalid", "before"),
        ("limit=3", "parameter_unknown", "limit"),
    ] {
        let answer = app.get(&key, &format!("/v1/activities/export?{query}")).await;
        assert_eq!((answer.code(), answer.json()["errors"][0]["path"].as_str()), ((400, code.to_owned()), Some(path)), "{query}");
    }
    assert_eq!(app.get(&key, "/v1/activities/export?view=none").await.code(), (404, "view_unknown".to_owned()));
    app.finish().await;
}

#[tokio::test]
async fn a_workbook_has_every_column_in_its_place() {
    let app = TestApp::start().await;
    let key = filled(&app, 1_500).await;
    let file = app.get(&key, "/v1/activities/export?format=xlsx&view=all-opens&zone=Europe/Berlin").await;
    assert_eq!(file.status, 200, "{}", file.text());
    let mut book = Xlsx::new(Cursor::new(file.body.to_vec())).expect("a workbook");
    assert_eq!(book.sheet_names(), ["About", "Activities"]);
    let about = book.worksheet_range("About").expect("a sheet");
    let said: Vec<(String, String)> = about.rows().map(|row| (row[0].to_string(), row[1].to_string())).collect();
    assert_eq!(said[0], ("View".to_owned(), "All opens".to_owned()));
    assert!(said.contains(&("Position".to_owned(), file.header("tidings-position").to_owned())), "{said:?}");
    let want = paged(&app, &key, "view=all-opens").await;
    let sheet = book.worksheet_range("Activities").expect("a sheet");
    let mut rows = sheet.rows();
    let headings: Vec<String> = rows.next().expect("headings").iter().map(ToString::to_string).collect();
    let at = |name: &str| headings.iter().position(|heading| heading == name).unwrap_or_else(|| panic!("{name} of {headings:?}"));
    let mut seen = 0;
    for (row, want) in rows.zip(&want) {
        for (name, value) in [
            ("flavor", &want["flavor"]["key"]),
            ("flavor_label", &want["flavor"]["label"]),
            ("event_name", &want["event"]["name"]),
            ("partner", &want["partner"]["key"]),
            ("source_url", &want["source_url"]),
            ("grade", &want["grade"]),
            ("id", &want["id"]),
        ] {
            assert_eq!(row[at(name)].to_string(), value.as_str().expect("text"), "{name}");
        }
        let Data::DateTime(date) = &row[at("occurred_at")] else { panic!("no date: {:?}", row[at("occurred_at")]) };
        let minute: u32 = want["occurred_at"].as_str().expect("text")[14..16].parse().expect("a minute");
        let (year, month, day, hour, got, second, ms) = date.to_ymd_hms_milli();
        assert_eq!((year, month, day, hour, u32::from(got), second, ms), (2026, 3, 29, 1, minute, 0, 250));
        seen += 1;
    }
    assert_eq!((seen, sheet.height()), (want.len(), want.len() + 1));
    app.finish().await;
}

#[tokio::test]
async fn a_file_is_bound_to_one_position() {
    let app = TestApp::start().await;
    let key = filled(&app, 3).await;
    let first = app.get(&key, "/v1/activities/export?format=ndjson").await;
    let position = first.header("tidings-position").to_owned();
    filled(&app, 2).await;
    let again = app.get(&key, &format!("/v1/activities/export?format=ndjson&before={position}")).await;
    assert_eq!((again.text(), again.header("tidings-position")), (first.text(), position.as_str()));
    assert_eq!(first.text().lines().count(), 3);
    let empty = app.get(&key, "/v1/activities/export?partner=nobody&columns=id").await;
    assert_eq!(empty.text(), "\u{feff}id\r\n");
    let only_sends = app.key("ingest").await;
    assert_eq!(app.get(&only_sends, "/v1/activities/export").await.code(), (403, "scope_missing".to_owned()));
    app.finish().await;
}
