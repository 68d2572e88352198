//! What is not JSON: the page, the reference, and the headers of every answer.

use hyper::Method;

use crate::app::{TestApp, request};

#[tokio::test]
async fn every_answer_has_its_headers() {
    let app = TestApp::start().await;
    let key = app.key("read").await;
    for (method, path) in [
        (Method::GET, "/"),
        (Method::GET, "/events/expo/activity"),
        (Method::GET, "/docs"),
        (Method::GET, "/docs/style.css"),
        (Method::GET, "/docs/script.js"),
        (Method::GET, "/v1/openapi.json"),
        (Method::GET, "/v1/activities"),
        (Method::GET, "/v1/nothing"),
        (Method::DELETE, "/v1/activities"),
        (Method::POST, "/nowhere"),
        (Method::GET, "/assets/nothing.js"),
    ] {
        let answer = app.call(method.clone(), &key, path, "").await;
        let case = format!("{method} {path} {}", answer.status);
        assert!(answer.header("content-security-policy").contains("frame-ancestors 'none'"), "{case}");
        assert!(!answer.header("content-security-policy").contains("unsafe"), "{case}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{case}");
        assert_eq!(answer.header("referrer-policy"), "no-referrer", "{case}");
        assert!(!answer.header("cache-control").is_empty(), "{case}");
        assert!(!path.starts_with("/v1/activities") || answer.header("cache-control") == "no-store", "{case}");
    }
    app.finish().await;
}

#[tokio::test]
async fn unknown_paths_and_methods() {
    let app = TestApp::start().await;
    let key = app.key("read").await;
    let unknown = app.get(&key, "/v1/nothing").await;
    assert_eq!((unknown.code(), unknown.header("content-type")), ((404, "not_found".to_owned()), "application/problem+json"));
    let method = app.call(Method::PATCH, &key, "/v1/activities", "").await;
    assert_eq!(method.code(), (405, "method_not_allowed".to_owned()));
    assert!(method.header("allow").contains("GET") && method.header("allow").contains("POST"), "{}", method.header("allow"));
    assert_eq!(app.get(&key, "/assets/nothing.js").await.status, 404);
    let head = app.call(Method::HEAD, &key, "/v1/activities", "").await;
    assert_eq!((head.status.as_u16(), head.body.len()), (200, 0));
    app.finish().await;
}

#[tokio::test]
async fn the_page_answers_navigations_on_its_own_places_and_nothing_else() {
    const HTML: &str = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
    let app = TestApp::start().await;
    for (path, accept, status, is_page) in [
        ("/", HTML, 200, true),
        ("/", "*/*", 200, true),
        ("/events", HTML, 200, true),
        ("/events/expo/activity", HTML, 200, true),
        ("/events/expo/messages/v1.2", HTML, 200, true),
        ("/events/expo", "application/json", 404, false),
        ("/activities", HTML, 404, true),
        ("/activities", "*/*", 404, false),
        ("/api/v1/activities", "application/json", 404, false),
        ("/v1", HTML, 404, false),
        ("/assets/nothing.js", HTML, 404, false),
        ("/favicon.ico", HTML, 404, false),
        ("/ready", "*/*", 404, false),
        ("/ready", HTML, 404, false),
        ("/live", "application/json", 404, false),
        ("/metrics", "*/*", 404, false),
        ("/health", "*/*", 404, false),
        ("/healthz", "*/*", 404, false),
    ] {
        let answer = request(app.address(), Method::GET, path, &[("accept", accept)], "").await;
        let kind = if is_page { "text/html; charset=utf-8" } else { "application/problem+json" };
        assert_eq!((answer.status.as_u16(), answer.header("content-type")), (status, kind), "{path} {accept}");
        if ["/ready", "/live", "/metrics", "/health", "/healthz"].contains(&path) {
            assert!(answer.text().contains("--ops-listen"), "{path}: {}", answer.text());
        }
    }
    assert_eq!(app.call(Method::POST, "", "/events", "").await.status, 404, "no navigation");
    assert_eq!(app.call(Method::POST, "", "/", "").await.status, 405);
    app.finish().await;
}
