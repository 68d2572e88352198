//! Partner lists of other programs' making: looked at, imported, and taken back.

use hyper::Method;
use rust_xlsxwriter::{ExcelDateTime, Format, Formula, Workbook};
use serde_json::{Value, json};

use crate::app::{Answer, TestApp};

const CSV: &str = "text/csv";
const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

async fn send(app: &TestApp, key: &str, query: &str, kind: &str, body: impl Into<bytes::Bytes>) -> Answer {
    let bearer = format!("Bearer {key}");
    let headers = [("authorization", bearer.as_str()), ("content-type", kind)];
    app.request(Method::POST, &format!("/v1/events/expo/partners:import{query}"), &headers, body).await
}

async fn begun() -> (TestApp, String) {
    let app = TestApp::start().await;
    let key = app.key("ingest,read,admin").await;
    assert_eq!(app.put(&key, "/v1/events/expo", r#"{"name":"Expo"}"#).await.status, 201);
    (app, key)
}

async fn partner(app: &TestApp, key: &str, partner: &str) -> Value {
    app.get(key, &format!("/v1/events/expo/partners/{partner}")).await.json()
}

fn counts(answer: &Answer) -> [u64; 6] {
    let told = answer.json();
    ["new", "changed", "same", "faulty", "doubled", "gone"].map(|name| told[name].as_u64().unwrap_or_else(|| panic!("{name} of {told}")))
}

/// Lists as programs write them, each of Acme Inc and Globex with their addresses.
fn lists() -> Vec<(&'static str, &'static str, Vec<u8>)> {
    let utf16: Vec<u8> = "\u{feff}Name\tEmail\r\nAcme Inc\thello@acme.example\r\nGlobex\tg@globex.example\r\n"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    let mut book = Workbook::new();
    let sheet = book.add_worksheet();
    let day = || ExcelDateTime::from_ymd(2026, 5, 4).expect("a day");
    sheet.write_row(0, 0, ["Company Name", "Primary Email", "Signed", "Seats"]).expect("written");
    for (row, (name, email)) in [("Acme Inc", "hello@acme.example"), ("Globex", "g@globex.example")].into_iter().enumerate() {
        let row = u32::try_from(row + 1).expect("small");
        sheet.write_row(row, 0, [name, email]).expect("written");
        sheet.write_datetime_with_format(row, 2, day(), &Format::new().set_num_format("yyyy-mm-dd")).expect("written");
        sheet.write_formula(row, 3, Formula::new("=1+1").set_result("2")).expect("written");
    }
    vec![
        ("a spreadsheet's csv", CSV, b"Name,Email\r\nAcme Inc,hello@acme.example\r\nGlobex,g@globex.example\r\n".to_vec()),
        ("Excel in German, Windows-1252", CSV, b"Firma;E-Mail;Stra\xdfe\r\nAcme Inc;hello@acme.example;H\xf6he 1\r\nGlobex;g@globex.example;\r\n".to_vec()),
        ("Excel's text, UTF-16", "text/tab-separated-values", utf16),
        ("with a mark", CSV, "\u{feff}name,email address\nAcme Inc,hello@acme.example\nGlobex,g@globex.example\n".into()),
        ("a CRM", CSV, b"\"Record ID\",\"Company name\",\"Email\",\"Create Date\"\n\"501\",\"Acme Inc\",\"hello@acme.example\",\"2026-01-02 10:00\"\n\"502\",\"Globex\",\"g@globex.example\",\"\"\n".to_vec()),
        ("a mailing tool", CSV, b"\"Email Address\",\"First Name\",\"Last Name\",MEMBER_RATING\nhello@acme.example,Acme,Inc,2\ng@globex.example,Globex,,2\n".to_vec()),
        ("an event tool", CSV, b"Exhibitor Name,Booth,Primary Contact Email,Notes\nAcme Inc,A1,hello@acme.example,\"two\nlines\"\nGlobex,A2,g@globex.example,\n".to_vec()),
        ("an old Mac", CSV, b"Name;Email\rAcme Inc;hello@acme.example\rGlobex;g@globex.example\r".to_vec()),
        ("with a heading", CSV, b"Exhibitors 2026,\n,\nName,Email\nAcme Inc,hello@acme.example\nGlobex,g@globex.example\n".to_vec()),
        ("without titles", CSV, b"Acme Inc,hello@acme.example\nGlobex,g@globex.example\n".to_vec()),
        ("from a mail program", "text/plain", b"Acme Inc <hello@acme.example>\nGlobex <g@globex.example>\n".to_vec()),
        ("said to be semicolons", CSV, b"sep=;\r\nName;Email\r\nAcme Inc;hello@acme.example\r\nGlobex;g@globex.example\r\n".to_vec()),
        ("a workbook with dates and formulas", XLSX, book.save_to_buffer().expect("a workbook")),
    ]
}

#[tokio::test]
async fn lists_of_other_programs_are_read_rightly() {
    let (app, key) = begun().await;
    for (what, kind, bytes) in lists() {
        let looked = send(&app, &key, "?dry_run=true", kind, bytes.clone()).await;
        assert_eq!((looked.status.as_u16(), counts(&looked)[0]), (200, 2), "{what}: {}", looked.text());
        assert_eq!(looked.json()["import_id"], Value::Null, "{what}");
        let new = looked.json()["new_lines"].clone();
        let said: Vec<_> = new.as_array().expect("lines").iter().map(|line| (line["name"].clone(), line["email"].clone())).collect();
        let want = [("Acme Inc", "hello@acme.example"), ("Globex", "g@globex.example")];
        assert_eq!(said, want.map(|(name, email)| (json!(name), json!(email))), "{what}");
    }
    assert_eq!(app.get(&key, "/v1/events/expo/partners").await.json()["items"], json!([]), "nothing was stored by looking");
    app.finish().await;
}

#[tokio::test]
async fn a_list_is_imported_once_and_the_next_changes_what_differs() {
    let (app, key) = begun().await;
    let first =
        send(&app, &key, "", CSV, "Name,Email,Company\nAcme Inc,hello@acme.example,Acme\nGlobex,g@globex.example,\nHooli,,\n").await;
    assert_eq!((first.status.as_u16(), counts(&first)), (200, [3, 0, 0, 0, 0, 0]), "{}", first.text());
    let tag = first.json()["tag"].as_str().expect("a tag").to_owned();
    assert!(tag.starts_with("import-20"), "{tag}");
    assert_eq!(partner(&app, &key, "acme-inc").await["tags"], json!([tag]));
    let again = send(
        &app,
        &key,
        "",
        CSV,
        "Name,Email\nAcme Inc,HELLO@acme.example\nGlobex Ltd,g@globex.example\nacme inc,\nInitech,i@initech.example\n",
    )
    .await;
    assert_eq!(counts(&again), [1, 1, 1, 0, 1, 1], "{}", again.text());
    let told = again.json();
    assert_eq!(told["changed_lines"][0]["becomes"], json!({"name": "Globex Ltd"}), "{told}");
    assert_eq!((&told["doubled_lines"][0], &told["gone_partners"][0]["key"]), (&json!({"line": 4, "first": 2}), &json!("hooli")), "{told}");
    assert_eq!(partner(&app, &key, "globex").await["name"], "Globex Ltd");
    assert_eq!(partner(&app, &key, "acme-inc").await["company"], "Acme", "what a line leaves out stays");
    assert_ne!(told["tag"], json!(tag));
    let nothing = send(&app, &key, "", CSV, "Name\nAcme Inc\n").await;
    assert_eq!((counts(&nothing)[2], &nothing.json()["import_id"]), (1, &Value::Null), "what changes nothing is no import");
    app.finish().await;
}

#[tokio::test]
async fn one_faulty_line_keeps_all_out_unless_the_good_ones_are_wanted() {
    let (app, key) = begun().await;
    let list = "Name,Email\nAcme,hello@acme.example\nGlobex,not an address\n,\n=HYPERLINK(1),x@y.example\n";
    let refused = send(&app, &key, "", CSV, list).await;
    assert_eq!(refused.code(), (422, "import_faulty".to_owned()));
    let places: Vec<_> =
        refused.json()["errors"].as_array().expect("faults").iter().map(|fault| (fault["path"].clone(), fault["code"].clone())).collect();
    assert_eq!(places, [("line[3].Email", "email_form"), ("line[5].Name", "formula")].map(|(path, code)| (json!(path), json!(code))));
    assert_eq!(app.get(&key, "/v1/events/expo/partners").await.json()["items"], json!([]), "all or nothing");
    let good = send(&app, &key, "?mode=good", CSV, list).await;
    assert_eq!((counts(&good), &good.json()["errors"][0]["line"]), ([1, 0, 0, 2, 0, 0], &json!(3)), "{}", good.text());
    assert_eq!(partner(&app, &key, "acme").await["name"], "Acme");
    app.finish().await;
}

#[tokio::test]
async fn what_cannot_be_read_is_refused_in_words() {
    let (app, key) = begun().await;
    for (kind, body, code, says) in [
        (CSV, b"".to_vec(), "empty", "nothing to import"),
        (CSV, b"Name\n\"Acme\n".to_vec(), "open_quote", "never closed"),
        (CSV, b"Name\nAc\0me\n".to_vec(), "nul", "zero byte"),
        (CSV, format!("Name{}\nx\n", ",y".repeat(10_000)).into_bytes(), "too_many_columns", "10001 columns"),
        (XLSX, b"Name\nAcme\n".to_vec(), "not_xlsx", "save it as .xlsx or .csv"),
        (XLSX, b"PK\x03\x04nonsense".to_vec(), "not_xlsx", "no .xlsx workbook"),
    ] {
        let refused = send(&app, &key, "?dry_run=true", kind, body).await;
        let fault = refused.json()["errors"][0].clone();
        assert_eq!((refused.code(), &fault["code"]), ((422, "import_faulty".to_owned()), &json!(code)), "{}", refused.text());
        assert!(fault["message"].as_str().is_some_and(|told| told.contains(says)), "{fault}");
    }
    assert_eq!(send(&app, &key, "", "application/json", "{}").await.code(), (415, "media_type_unsupported".to_owned()));
    let large = vec![b'x'; tidings::import::LIST_BYTES_MAX + 1];
    assert_eq!(send(&app, &key, "", CSV, large).await.code(), (413, "body_too_large".to_owned()));
    for (query, path) in [("?mode=some", "mode"), ("?mapping=x", "mapping"), ("?mapping=%7B%22Nowhere%22%3A%22name%22%7D", "mapping")] {
        let refused = send(&app, &key, query, CSV, "Name\nAcme\n").await;
        assert_eq!((refused.status.as_u16(), &refused.json()["errors"][0]["path"]), (400, &json!(path)), "{}", refused.text());
    }
    app.finish().await;
}

#[tokio::test]
async fn a_layout_that_was_chosen_is_remembered() {
    let (app, key) = begun().await;
    let list = "Stand,Wer,Wohin\nA1,Acme,hello@acme.example\nA2,Globex,g@globex.example\n";
    let mapping = "?mapping=%7B%22Wer%22%3A%22name%22%2C%22Stand%22%3Anull%7D";
    let told = send(&app, &key, &format!("{mapping}&dry_run=true"), CSV, list).await.json();
    let fields: Vec<_> = told["columns"].as_array().expect("columns").iter().map(|column| column["field"].clone()).collect();
    assert_eq!(fields, [Value::Null, json!("name"), json!("email")], "{told}");
    assert_eq!(counts(&send(&app, &key, mapping, CSV, list).await)[0], 2);
    let next = send(&app, &key, "", CSV, "Stand,Wer,Wohin\nA3,Initech,i@initech.example\n").await;
    assert_eq!((counts(&next)[0], &next.json()["new_lines"][0]["name"]), (1, &json!("Initech")), "{}", next.text());
    app.finish().await;
}

#[tokio::test]
async fn a_wrong_list_is_taken_back_but_for_who_has_acted() {
    let (app, key) = begun().await;
    let before = r#"{"name":"Acme","email":"hello@acme.example","tags":["gold"]}"#;
    assert_eq!(app.put(&key, "/v1/events/expo/partners/acme", before).await.status, 201);
    let list = "Name,Email\nWrong name,hello@acme.example\nGlobex,g@globex.example\nHooli,h@hooli.example\nInitech,i@initech.example\n";
    let imported = send(&app, &key, "", CSV, list).await;
    assert_eq!(counts(&imported), [3, 1, 0, 0, 0, 0], "{}", imported.text());
    let id = imported.json()["import_id"].to_string();
    let sent = app.post(&key, "/v1/activities", r#"{"flavor":"page.viewed","event":"expo","partner":"hooli"}"#).await;
    assert_eq!(sent.status, 201);
    let edited = r#"{"name":"Initech","company":"By hand"}"#;
    assert_eq!(app.put(&key, "/v1/events/expo/partners/initech", edited).await.status, 200);
    let listed = app.get(&key, "/v1/events/expo/imports").await.json();
    assert_eq!((&listed["items"][0]["state"], &listed["items"][0]["new"]), (&json!("done"), &json!(3)), "{listed}");
    let want = json!({"removed": 1, "restored": 1, "kept": ["hooli", "initech"]});
    assert_eq!(app.get(&key, &format!("/v1/imports/{id}")).await.json(), want, "told before");
    let undone = app.call(Method::DELETE, &key, &format!("/v1/imports/{id}"), "").await;
    assert_eq!((undone.status.as_u16(), undone.json()), (200, want));
    let acme = partner(&app, &key, "acme").await;
    assert_eq!((&acme["name"], &acme["tags"]), (&json!("Acme"), &json!(["gold"])));
    assert_eq!(app.get(&key, "/v1/events/expo/partners/globex").await.status, 404);
    assert_eq!(partner(&app, &key, "hooli").await["name"], "Hooli");
    assert_eq!(app.call(Method::DELETE, &key, &format!("/v1/imports/{id}"), "").await.code(), (410, "import_over".to_owned()));
    app.finish().await;
}
