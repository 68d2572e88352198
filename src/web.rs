//! The dashboard, as `make` built it, inside the binary.
//!
//! Files whose name holds a hash never change and are kept by browsers for good; everything else is asked for again and
//! answered by ETag. Where the build left a compressed sibling, that is sent. Never touches anybody's data.

use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse as _, Response};
use rust_embed::{EmbeddedFile, RustEmbed};

use crate::api::error::{METHOD_NOT_ALLOWED, NOT_FOUND, Problem};

#[derive(RustEmbed)]
#[folder = "$CARGO_MANIFEST_DIR/web/dist"]
#[allow_missing = true]
struct Dist;

const INDEX: &str = "index.html";
const NOT_BUILT: &str = "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>Tidings</title></head><body>\
    <h1>Tidings is running</h1><p>This binary was built without its page. Build it whole with <code>make</code>. \
    The API is at <a href=\"/docs\">/docs</a>.</p></body></html>";

/// Compressed siblings, the smallest first.
const ENCODINGS: [(&str, &str); 2] = [("br", ".br"), ("gzip", ".gz")];

/// First parts of the page's own addresses, the root aside.
const PLACES: &[&str] = &["events", "signin", "s", "walls", "alerts", "screens", "system", "webhooks"];
/// The page of a wall: a build of its own, for browsers of television sets.
const WALL: &str = "wall.html";
/// What belongs to the operations port, and what probes commonly ask for in its stead.
const PROBES: &[&str] = &["ready", "live", "metrics", "health", "healthz", "livez", "readyz"];

/// Serves a file of the page; a navigation gets the page. A path that is neither has nothing here: a fallback that answered
/// for what is not its own would keep a probe green for ever.
pub async fn serve(method: Method, uri: Uri, headers: HeaderMap) -> Response {
    let path = uri.path().trim_matches('/');
    let first = path.split('/').next().unwrap_or("");
    // The compressed siblings are not paths of their own.
    let is_sibling = ENCODINGS.iter().any(|(_, suffix)| path.ends_with(suffix));
    let is_file = !path.is_empty() && !is_sibling && Dist::get(path).is_some();
    let is_place = path.is_empty() || PLACES.contains(&first) && wants_html(&headers);
    if (is_file || is_place) && method != Method::GET && method != Method::HEAD {
        let mut response = Problem::new(METHOD_NOT_ALLOWED, METHOD_NOT_ALLOWED.cure).into_response();
        response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("GET, HEAD"));
        return response;
    }
    if is_file {
        return file(path, &headers);
    }
    if is_place {
        return page(&headers);
    }
    if path == "wall" && (method == Method::GET || method == Method::HEAD) {
        return file(WALL, &headers);
    }
    if PROBES.contains(&first) {
        let detail = format!("there is no /{first} here; /live, /ready and /metrics are served on the address of --ops-listen");
        return Problem::new(NOT_FOUND, detail).into_response();
    }
    let is_navigation = wants_html(&headers) && !path.rsplit('/').next().is_some_and(|name| name.contains('.'));
    if is_navigation && first != "v1" && first != "assets" && (method == Method::GET || method == Method::HEAD) {
        // A person who followed a wrong link is told so by the page, a program by the status.
        let mut response = page(&headers);
        *response.status_mut() = StatusCode::NOT_FOUND;
        return response;
    }
    let shown: String = uri.path().chars().take(200).collect();
    Problem::new(NOT_FOUND, format!("there is no {shown}; the API is below /v1, its reference at /docs")).into_response()
}

/// The page itself.
pub fn page(headers: &HeaderMap) -> Response {
    match Dist::get(INDEX) {
        Some(_) => file(INDEX, headers),
        None => ([(header::CONTENT_TYPE, "text/html; charset=utf-8"), (header::CACHE_CONTROL, "no-cache")], NOT_BUILT).into_response(),
    }
}

/// Which build of the page of a wall there is: as its script is named.
pub fn wall_build() -> String {
    let page = Dist::get(WALL).map(|file| String::from_utf8_lossy(&file.data).into_owned()).unwrap_or_default();
    build_of(&page).unwrap_or("none").to_owned()
}

/// The hash in the name of a page's script.
fn build_of(page: &str) -> Option<&str> {
    let rest = page.split_once("/assets/wall-")?.1;
    rest.split_once(".js").map(|(hash, _)| hash)
}

fn wants_html(headers: &HeaderMap) -> bool {
    headers.get(header::ACCEPT).and_then(|a| a.to_str().ok()).is_some_and(|a| a.contains("text/html"))
}

fn file(path: &str, headers: &HeaderMap) -> Response {
    let Some((file, encoding)) = best(path, headers) else { return Problem::new(NOT_FOUND, NOT_FOUND.cure).into_response() };
    let etag = etag(&file);
    let mut base = vec![
        (header::CACHE_CONTROL, HeaderValue::from_static(if is_hashed(path) { "public, max-age=31536000, immutable" } else { "no-cache" })),
        (header::VARY, HeaderValue::from_static("accept-encoding")),
        (header::ETAG, etag.clone()),
    ];
    let known = headers.get(header::IF_NONE_MATCH).and_then(|v| v.to_str().ok()).unwrap_or("");
    if known.split(',').any(|tag| tag.trim().trim_start_matches("W/") == etag.to_str().unwrap_or("?") || tag.trim() == "*") {
        return with_headers(StatusCode::NOT_MODIFIED.into_response(), base);
    }
    // The type of what is compressed, not of the compression.
    let told = Dist::get(path).and_then(|plain| content_type(plain.metadata.mimetype()));
    base.push((header::CONTENT_TYPE, told.unwrap_or(HeaderValue::from_static("application/octet-stream"))));
    if let Some(encoding) = encoding {
        base.push((header::CONTENT_ENCODING, HeaderValue::from_static(encoding)));
    }
    let body: axum::body::Body = match file.data {
        std::borrow::Cow::Borrowed(bytes) => bytes.into(),
        std::borrow::Cow::Owned(bytes) => bytes.into(),
    };
    let mut response = Response::new(body);
    *response.status_mut() = StatusCode::OK;
    with_headers(response, base)
}

fn with_headers(mut response: Response, headers: Vec<(HeaderName, HeaderValue)>) -> Response {
    for (name, value) in headers {
        response.headers_mut().insert(name, value);
    }
    response
}

/// The file in the smallest form that the client takes.
fn best(path: &str, headers: &HeaderMap) -> Option<(EmbeddedFile, Option<&'static str>)> {
    let accepted = headers.get(header::ACCEPT_ENCODING).and_then(|v| v.to_str().ok()).unwrap_or("");
    let compressed = ENCODINGS.iter().filter(|(name, _)| accepts(accepted, name));
    let found = compressed.filter_map(|(name, suffix)| Some((Dist::get(&format!("{path}{suffix}"))?, Some(*name)))).next();
    found.or_else(|| Some((Dist::get(path)?, None)))
}

/// True when an `Accept-Encoding` names the encoding and does not forbid it.
fn accepts(accepted: &str, encoding: &str) -> bool {
    accepted.split(',').any(|one| {
        let mut parts = one.split(';').map(str::trim);
        let named = parts.next().is_some_and(|name| name.eq_ignore_ascii_case(encoding));
        let quality = parts.find_map(|p| p.strip_prefix("q=")).map_or(1.0, |q| q.parse::<f32>().unwrap_or(0.0));
        named && quality > 0.0
    })
}

/// True for `assets/NAME-HASH.EXT`, as the build names what it hashes.
fn is_hashed(path: &str) -> bool {
    path.starts_with("assets/")
}

fn etag(file: &EmbeddedFile) -> HeaderValue {
    let hash: String = file.metadata.sha256_hash()[..12].iter().map(|b| format!("{b:02x}")).collect();
    HeaderValue::from_str(&format!("\"{hash}\"")).unwrap_or(HeaderValue::from_static("\"\""))
}

/// What a browser is told of a file, by its name as the build knew it; text says how it is written.
fn content_type(told: &str) -> Option<HeaderValue> {
    let is_text = told.starts_with("text/") || told == "image/svg+xml";
    HeaderValue::from_str(&if is_text { format!("{told}; charset=utf-8") } else { told.to_owned() }).ok()
}

#[cfg(test)]
mod tests {
    use super::{accepts, content_type, is_hashed};

    #[test]
    fn encodings_by_quality() {
        for (accepted, encoding, yes) in [
            ("gzip, deflate, br", "br", true),
            ("gzip;q=0.5", "gzip", true),
            ("br;q=0, gzip", "br", false),
            ("GZIP", "gzip", true),
            ("", "gzip", false),
            ("gzipped", "gzip", false),
        ] {
            assert_eq!(accepts(accepted, encoding), yes, "{accepted:?} {encoding}");
        }
    }

    #[test]
    fn only_hashed_names_are_kept_for_good() {
        assert!(is_hashed("assets/index-B2x.js"));
        assert!(!is_hashed("index.html"));
        for (told, want) in
            [("text/javascript", "text/javascript; charset=utf-8"), ("font/woff2", "font/woff2"), ("text/html", "text/html; charset=utf-8")]
        {
            assert_eq!(content_type(told).expect("a header"), want);
        }
    }
}
