//! What is not JSON: the page, the reference, and the headers of every answer.

use hyper::Method;

use crate::app::TestApp;

#[tokio::test]
async fn every_answer_has_its_headers() {
    let app = TestApp::start().await;
    let key = app.key("read").await;
    for (method, path) in [
        (Method::GET, "/"),
        (Method::GET, "/events/expo/activity"),
        (Method::GET, "/docs"),
        (Method::GET, "/docs/style.css"),
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
    assert_eq!(app.get("", "/events/expo").await.header("content-type"), "text/html; charset=utf-8", "a place in the page");
    let head = app.call(Method::HEAD, &key, "/v1/activities", "").await;
    assert_eq!((head.status.as_u16(), head.body.len()), (200, 0));
    app.finish().await;
}
