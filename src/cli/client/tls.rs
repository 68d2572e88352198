//! Whom the command line trusts when it speaks TLS: what the system trusts, and what `--ca-file` names.
//!
//! A file may hold an authority, or the very certificate of the server, as people make one for themselves: that is trusted for
//! the names that it is for, and for nothing else. Never is a certificate taken unchecked.

use std::error::Error;
use std::path::Path;
use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};

use super::ClientError;

/// How TLS is spoken where nothing is: no request by `https` gets through.
pub(super) fn nobody_trusted() -> Result<Arc<ClientConfig>, ClientError> {
    let builder = ClientConfig::builder_with_provider(provider()).with_safe_default_protocol_versions();
    Ok(Arc::new(builder.map_err(unusable)?.with_root_certificates(RootCertStore::empty()).with_no_client_auth()))
}

/// How it is spoken with a server: `SSL_CERT_FILE` and `SSL_CERT_DIR` stand for what the system trusts where they are set.
///
/// # Errors
/// [`ClientError::CaFile`] when the file cannot be read or holds no certificate; [`ClientError::Url`] when nobody is trusted.
pub(super) fn trusting(ca_file: Option<&Path>) -> Result<Arc<ClientConfig>, ClientError> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    let own = ca_file.map(certificates).transpose()?.unwrap_or_default();
    for certificate in &own {
        roots.add(certificate.clone()).map_err(|fault| ClientError::CaFile(format!("holds what is no certificate: {fault}")))?;
    }
    if roots.is_empty() {
        return Err(ClientError::Url("this machine trusts nobody, so https is not possible; name a file with --ca-file".to_owned()));
    }
    let usual = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider()).build().map_err(unusable)?;
    let builder = ClientConfig::builder_with_provider(provider()).with_safe_default_protocol_versions().map_err(unusable)?;
    let verifier = Arc::new(Verifier { usual, own });
    Ok(Arc::new(builder.dangerous().with_custom_certificate_verifier(verifier).with_no_client_auth()))
}

/// What a fault is where TLS is at fault: then the same does not work a little later.
pub(super) fn refusal(fault: &(dyn Error + 'static), url: &str) -> Option<ClientError> {
    let mut next = Some(fault);
    while let Some(fault) = next {
        match fault.downcast_ref::<rustls::Error>() {
            Some(rustls::Error::InvalidCertificate(why)) => {
                return Some(ClientError::Untrusted { url: url.to_owned(), why: why.to_string() });
            }
            Some(other) => return Some(ClientError::Unexpected { url: url.to_owned(), why: other.to_string() }),
            None => {}
        }
        // What an error of the system holds is not named as its source.
        let held = fault.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        next = match held {
            Some(held) => Some(held),
            None => fault.source(),
        };
    }
    None
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

fn unusable(fault: impl std::fmt::Display) -> ClientError {
    ClientError::Url(format!("https is not possible: {fault}"))
}

fn certificates(file: &Path) -> Result<Vec<CertificateDer<'static>>, ClientError> {
    let wrong = |why: &dyn std::fmt::Display| ClientError::CaFile(format!("{} cannot be used: {why}", file.display()));
    let read: Result<Vec<_>, _> = CertificateDer::pem_file_iter(file).map_err(|fault| wrong(&fault))?.collect();
    let found = read.map_err(|fault| wrong(&fault))?;
    match found.is_empty() {
        true => Err(wrong(&"it holds no certificate in PEM")),
        false => Ok(found),
    }
}

/// As usual, and a server that shows a certificate of the file itself.
#[derive(Debug)]
struct Verifier {
    usual: Arc<WebPkiServerVerifier>,
    own: Vec<CertificateDer<'static>>,
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        shown: &CertificateDer<'_>,
        between: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let verified = self.usual.verify_server_cert(shown, between, name, ocsp, now);
        if verified.is_err() && self.own.iter().any(|own| own == shown) {
            rustls::client::verify_server_name(&ParsedCertificate::try_from(shown)?, name)?;
            return Ok(ServerCertVerified::assertion());
        }
        verified
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        shown: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.usual.verify_tls12_signature(message, shown, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        shown: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.usual.verify_tls13_signature(message, shown, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.usual.supported_verify_schemes()
    }
}
