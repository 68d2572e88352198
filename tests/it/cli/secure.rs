//! The command line by TLS: who is trusted, and who is not. The certificates of `sample/tls` are for tests alone.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use super::numbered;
use crate::child::{Ended, Process, ServerProcess, new_key};

fn sample(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/it/sample/tls").join(name)
}

/// A proxy that speaks TLS, with the certificate of this name; its port.
async fn proxy(certificate: &str, to: SocketAddr) -> u16 {
    let chain = CertificateDer::from_pem_file(sample(&format!("{certificate}.pem"))).expect("a certificate");
    let key = PrivateKeyDer::from_pem_file(sample(&format!("{certificate}.key"))).expect("a key");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().expect("versions");
    let config = config.with_no_client_auth().with_single_cert(vec![chain], key).expect("they belong together");
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("0.0.0.0:0").await.expect("bound");
    let port = listener.local_addr().expect("an address").port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                let Ok(mut stream) = acceptor.accept(stream).await else { return };
                let mut server = TcpStream::connect(to).await.expect("connects");
                let _ = copy_bidirectional(&mut stream, &mut server).await;
            });
        }
    });
    port
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn https_is_spoken_with_who_is_trusted() {
    let folder = tempfile::tempdir().expect("folder");
    let server = ServerProcess::serve(folder.path(), 0);
    let key = new_key(folder.path(), "ingest,read");
    let (signed, own) = (proxy("signed", server.address).await, proxy("own", server.address).await);
    let at = |host: &str, port: u16| format!("https://{host}:{port}");
    let post = |url: String, file: Option<&str>, variable: Option<(&str, &str)>| -> Ended {
        let file = file.map(|name| sample(name).to_str().expect("utf-8").to_owned());
        let mut args = vec!["post", "--url", &url, "--key", &key, "--partner", "acme", "--flavor", "a.b", "--event", "e"];
        args.extend(file.iter().flat_map(|file| ["--ca-file", file.as_str()]));
        let variable = variable.map(|(name, file)| (name, sample(file).to_str().expect("utf-8").to_owned()));
        let variables: Vec<_> = variable.iter().map(|(name, file)| (*name, file.as_str())).collect();
        tokio::task::block_in_place(|| Process::start_with(folder.path(), &args, &variables).finish())
    };
    for (url, file, variable) in [
        (at("localhost", signed), Some("authority.pem"), None),
        (at("127.0.0.1", signed), Some("authority.pem"), None),
        (at("localhost", signed), None, Some(("TIDINGS_CA_FILE", "authority.pem"))),
        (at("localhost", signed), None, Some(("SSL_CERT_FILE", "authority.pem"))),
        (at("localhost", own), Some("own.pem"), None),
    ] {
        let ended = post(url.clone(), file, variable);
        assert_eq!(ended.code, Some(0), "{url} {file:?} {variable:?}: {ended:?}");
    }
    for (url, file, code, words) in [
        (at("localhost", signed), None, 1, ["not trusted", "--ca-file"]),
        (at("localhost", own), Some("authority.pem"), 1, ["not trusted", "--ca-file"]),
        // Nobody but this host has the certificate.
        (at("127.0.0.2", signed), Some("authority.pem"), 1, ["not trusted", "127.0.0.2"]),
        (at("127.0.0.2", own), Some("own.pem"), 1, ["not trusted", "127.0.0.2"]),
        (server.url().replace("http:", "https:"), Some("own.pem"), 1, ["unexpected", "127.0.0.1"]),
        (at("localhost", signed), Some("own.key"), 2, ["ca-file", "no certificate"]),
        (at("localhost", signed), Some("none.pem"), 2, ["ca-file", "none.pem"]),
    ] {
        let ended = post(url.clone(), file, None);
        assert_eq!(ended.code, Some(code), "{url} {file:?}: {ended:?}");
        assert!(words.iter().all(|word| ended.stderr.contains(word)), "{url} {file:?}: {}", ended.stderr);
        assert_eq!(ended.stderr.lines().count(), 1, "it is not tried again: {}", ended.stderr);
    }

    let url = at("localhost", signed);
    let authority = sample("authority.pem");
    let args = ["tail", "--json", "--url", &url, "--key", &key, "--ca-file", authority.to_str().expect("utf-8")];
    let mut tail = Process::start(folder.path(), &args);
    let first = tokio::task::block_in_place(|| tail.line());
    assert!(first.contains("\"acme\""), "what was sent before: {first}");
    let drafts = numbered("globex", 1);
    let sent = ["post", "--url", &url, "--key", &key, "--ca-file", authority.to_str().expect("utf-8"), "-"];
    let sent = tokio::task::block_in_place(|| crate::child::run_with_input(folder.path(), &sent, &drafts));
    assert_eq!(sent.code, Some(0), "{}", sent.stderr);
    tokio::task::block_in_place(|| while !tail.line().contains("globex") {});
    let refused =
        tokio::task::block_in_place(|| crate::child::run(folder.path(), &["tail", "--url", &at("localhost", own), "--key", &key]));
    assert!(refused.code == Some(1) && refused.stderr.contains("not trusted"), "{refused:?}");
    let refused = tokio::task::block_in_place(|| {
        crate::child::run(folder.path(), &["bench", "idle", "--url", &url, "--ca-file", authority.to_str().expect("utf-8")])
    });
    assert!(refused.code == Some(2) && refused.stderr.contains("http://"), "{refused:?}");
}
