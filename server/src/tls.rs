//! Identity in, rustls configurations out: mutual TLS for MQTT, TLS without client certificates for HTTPS, and the
//! choice between them on the shared port. Whether a certificate is trusted is the registry's business.

use std::sync::Arc;

use arc_swap::ArcSwap;
use broker::ScopeId;
use broker::presence::DisconnectReason;
use hub::Refusal;
use mqtt::ReasonCode;
use policy::Access;
use registry::{CaCertificate, CaStatus, CertificateId, Registry, Scope};
use rustls::client::danger::HandshakeSignatureValid;
use rustls::crypto::{
    CryptoProvider, WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature,
};
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::server::{ClientHello, NoServerSessionStorage, ParsedCertificate};
use rustls::{
    CertificateError, DigitallySignedStruct, DistinguishedName, OtherError, ServerConfig, ServerConnection,
    SignatureScheme,
};
use thiserror::Error;

use crate::identity::{Identity, IdentityError, ServerCertificate};
use crate::rights::{Presented, Principal, Rights};
use crate::scopes::TOO_MANY;
use crate::shared::Shared;

const MQTT_CERTIFICATE: &[u8] = b"x-amzn-mqtt-ca";
const MQTT_AUTHORIZER: &[u8] = b"mqtt";
const HTTP_CERTIFICATE: &[u8] = b"x-amzn-http-ca";
const HTTP: &[u8] = b"http/1.1";

/// What each TLS port speaks. Replaced as a whole when the server certificate is renewed.
pub(crate) struct TlsFaces {
    /// 8883, and 443 with `x-amzn-mqtt-ca`: MQTT, a client certificate is required.
    pub(crate) mqtt: ArcSwap<ServerConfig>,
    /// 443 otherwise: HTTPS and WebSocket, no client certificate is asked for.
    pub(crate) https: ArcSwap<ServerConfig>,
    /// 8443, and 443 with `x-amzn-http-ca`: HTTPS, a client certificate is required.
    pub(crate) devices: ArcSwap<ServerConfig>,
}

/// What a client of the shared port came for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Admission {
    Mqtt,
    Https,
    /// HTTPS with a client certificate.
    Device,
}

/// Why there is no TLS.
#[derive(Debug, Error)]
pub(crate) enum TlsError {
    #[error(transparent)]
    Identity(#[from] IdentityError),
    #[error(
        "the server certificate cannot be used ({0}): delete the folder `server` in the data folder to get a new one"
    )]
    Config(#[from] rustls::Error),
}

impl TlsFaces {
    pub(crate) fn new(identity: &Identity) -> Result<TlsFaces, TlsError> {
        let certificate = identity.server_certificate()?;
        let https = https_config(&certificate)?;
        let devices = mutual_config(&certificate, [HTTP_CERTIFICATE, HTTP])?;
        let mqtt = mutual_config(&certificate, [MQTT_CERTIFICATE, MQTT_AUTHORIZER])?;
        let face = |config| ArcSwap::from_pointee(config);
        Ok(TlsFaces { mqtt: face(mqtt), https: face(https), devices: face(devices) })
    }

    /// New connections get the new certificate; open ones go on.
    pub(crate) fn renew(&self, identity: &Identity) -> Result<(), TlsError> {
        let TlsFaces { mqtt, https, devices } = TlsFaces::new(identity)?;
        self.mqtt.store(mqtt.into_inner());
        self.devices.store(devices.into_inner());
        self.https.store(https.into_inner());
        Ok(())
    }

    /// Chooses by the protocol names that the client offers.
    pub(crate) fn pick(&self, hello: &ClientHello<'_>) -> Result<(Arc<ServerConfig>, Admission), String> {
        let offered: Vec<&[u8]> = hello.alpn().map(Iterator::collect).unwrap_or_default();
        match admit(&offered)? {
            Admission::Mqtt => Ok((self.mqtt.load_full(), Admission::Mqtt)),
            Admission::Https => Ok((self.https.load_full(), Admission::Https)),
            Admission::Device => Ok((self.devices.load_full(), Admission::Device)),
        }
    }
}

fn admit(offered: &[&[u8]]) -> Result<Admission, String> {
    if offered.contains(&MQTT_CERTIFICATE) {
        return Ok(Admission::Mqtt);
    }
    if offered.contains(&HTTP_CERTIFICATE) {
        return Ok(Admission::Device);
    }
    if offered.is_empty() || offered.contains(&HTTP) {
        return Ok(Admission::Https);
    }
    let why = if offered.contains(&MQTT_AUTHORIZER) {
        "the client offers ALPN `mqtt`, which means a custom authorizer on this port, and those are not implemented \
         yet: offer `x-amzn-mqtt-ca` and send a client certificate"
    } else {
        "the client offers no ALPN name that is known here: offer `x-amzn-mqtt-ca` for MQTT, `x-amzn-http-ca` for \
         HTTPS with a client certificate, `http/1.1` for HTTPS and WebSocket"
    };
    Err(why.to_owned())
}

fn mutual_config(certificate: &ServerCertificate, names: [&[u8]; 2]) -> Result<ServerConfig, rustls::Error> {
    let provider = provider();
    let verifier = Arc::new(AnyCertificate { algorithms: provider.signature_verification_algorithms });
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_client_cert_verifier(verifier)
        .with_single_cert(certificate.chain.clone(), certificate.key.clone_key())?;
    config.alpn_protocols = names.map(Vec::from).to_vec();
    without_resumption(&mut config);
    Ok(config)
}

fn https_config(certificate: &ServerCertificate) -> Result<ServerConfig, rustls::Error> {
    let mut config = ServerConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(certificate.chain.clone(), certificate.key.clone_key())?;
    config.alpn_protocols = vec![HTTP.into()];
    without_resumption(&mut config);
    Ok(config)
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::aws_lc_rs::default_provider())
}

/// As AWS: every connection shows its certificate anew, so that a revoked one never slips in with a ticket.
fn without_resumption(config: &mut ServerConfig) {
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.send_tls13_tickets = 0;
}

/// Looks up, after the handshake, who the presented certificate belongs to.
pub(crate) fn principal(shared: &Shared, session: &ServerConnection) -> Result<Principal, Refusal> {
    let refused = |text: String| Refusal::new(ReasonCode::NotAuthorized, DisconnectReason::AuthError, text);
    let presented = session.peer_certificates().and_then(|chain| chain.first());
    let Some(der) = presented else {
        return Err(refused(
            "no client certificate was presented: connect with one of `thingstead device new`".into(),
        ));
    };
    let id = CertificateId::from_der(der);
    if id == shared.operator {
        let rights = Rights::Fixed(Access::everything());
        return Ok(Principal { name: "operator".into(), thing: None, scope: ScopeId::default(), rights });
    }
    let now_s = shared.clock.wall_s();
    let registry = shared.registry();
    let record = registry.find_certificate(&id);
    match registry::verify_presented(&id, record, now_s) {
        Ok(registry::Principal::Certificate { id, thing }) => {
            let scope = record.and_then(|record| shared.scopes.open(&record.scope, &shared.desk));
            let scope = scope.ok_or_else(|| refused(TOO_MANY.into()))?;
            let fields = registry::certificate_fields(der);
            let host = session.server_name().map(str::to_owned);
            let rights = Rights::Certificate(Box::new(Presented { id, fields, host }));
            Ok(Principal { name: id.to_string().into(), thing: thing.map(Into::into), scope, rights })
        }
        Ok(registry::Principal::Anonymous | registry::Principal::Operator) => {
            Err(refused("a certificate names a device, and this one does not: connect with one of `thingstead device new`".into()))
        }
        Err(registry::Refusal::Unknown(_)) if let Some(scope) = registrar_of(&registry, der) => {
            register(shared, scope, der);
            Err(refused(format!(
                "certificate {id} was just registered, because its CA registers certificates when they first connect; \
                 it waits for `aws iot update-certificate --certificate-id {id} --new-status ACTIVE`"
            )))
        }
        Err(refusal) => Err(refused(refusal.to_string())),
    }
}

/// The account and region of the CA that lets this certificate be registered.
fn registrar_of(registry: &Registry, der: &[u8]) -> Option<Arc<Scope>> {
    let issuers = registry.issuers_of(der).ok()?;
    let is_willing = |ca: &CaCertificate| ca.registers_automatically && ca.status == CaStatus::Active;
    let mut willing = issuers.into_iter().filter(|(_, ca)| is_willing(ca));
    willing.next().map(|(scope, _)| scope)
}

/// The client need not wait: it is sent away in any case and comes back.
fn register(shared: &Shared, scope: Arc<Scope>, der: &[u8]) {
    let (der, now_ms) = (der.to_vec(), shared.clock.wall_ms());
    shared.registrar.post(
        move |draft| {
            if let Err(error) = draft.register_on_connect(&scope, &der, now_ms) {
                tracing::info!(%error, "a certificate was not registered at its first connection");
            }
        },
        |committed| {
            if let Err(why) = committed {
                tracing::warn!(why, "certificates were not registered at their first connection");
            }
        },
    );
}

/// Takes any certificate whose owner proves to hold its key.
#[derive(Debug)]
struct AnyCertificate {
    algorithms: WebPkiSupportedAlgorithms,
}

impl ClientCertVerifier for AnyCertificate {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _now: UnixTime,
    ) -> Result<ClientCertVerified, rustls::Error> {
        match ParsedCertificate::try_from(end_entity) {
            Ok(_) => Ok(ClientCertVerified::assertion()),
            Err(error) => Err(explain(end_entity).unwrap_or(error)),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, cert, dss, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, cert, dss, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

/// Why a client certificate cannot be used at all. The TLS library shows it by `Debug`, so that has the sentence.
#[derive(Error)]
enum Unusable {
    #[error(
        "the client certificate is X.509 version {0}, and TLS takes version 3 only: make a new one with `thingstead device new`, or with `openssl req -x509`"
    )]
    Version(u32),
}

impl std::fmt::Debug for Unusable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Display::fmt(self, f)
    }
}

fn explain(der: &CertificateDer<'_>) -> Option<rustls::Error> {
    use x509_parser::prelude::{FromDer, X509Certificate, X509Version};
    let (_, certificate) = X509Certificate::from_der(der).ok()?;
    let version = certificate.version();
    let why = (version != X509Version::V3).then(|| Unusable::Version(version.0 + 1))?;
    Some(rustls::Error::InvalidCertificate(CertificateError::Other(OtherError(Arc::new(why)))))
}

#[cfg(test)]
mod tests {
    use registry::{Authority, CertificateMode, KeyChoice, NewCa, PublicCertificate, Tags};

    use super::*;

    #[test]
    fn alpn_tells_what_a_client_of_443_wants() {
        for (offered, admission) in [
            (vec![], Some(Admission::Https)),
            (vec!["http/1.1"], Some(Admission::Https)),
            (vec!["h2", "http/1.1"], Some(Admission::Https)),
            (vec!["x-amzn-mqtt-ca"], Some(Admission::Mqtt)),
            (vec!["http/1.1", "x-amzn-mqtt-ca"], Some(Admission::Mqtt)),
            (vec!["mqtt"], None),
            (vec!["x-amzn-http-ca"], Some(Admission::Device)),
            (vec!["http/1.1", "x-amzn-http-ca"], Some(Admission::Device)),
            (vec!["h2"], None),
        ] {
            let bytes: Vec<&[u8]> = offered.iter().map(|name| name.as_bytes()).collect();
            assert_eq!(admit(&bytes).ok(), admission, "{offered:?}");
        }
        let why = admit(&[b"mqtt"]).expect_err("refused");
        assert!(why.contains("custom authorizer"), "{why}");
    }

    #[test]
    fn only_an_active_ca_that_is_willing_has_certificates_registered() {
        let scope = Scope::default();
        let authority = Authority::create(0).expect("a CA");
        let issued = authority.issue_device(KeyChoice::P256, 0).expect("a certificate");
        let der = PublicCertificate::from_pem(&issued.cert_pem).expect("a certificate").der;
        for (status, registers_automatically, found) in [
            (CaStatus::Active, true, true),
            (CaStatus::Active, false, false),
            (CaStatus::Inactive, true, false),
        ] {
            let mut registry = Registry::default();
            let mut draft = registry.draft();
            let new = NewCa {
                pem: authority.cert_pem(),
                verification_pem: None,
                status,
                mode: CertificateMode::SniOnly,
                registers_automatically,
                registration: None,
                tags: Tags::default(),
            };
            draft.register_ca(&scope, new, 0).expect("registered");
            let change = draft.finish();
            let _ = registry.apply(change);
            assert_eq!(
                registrar_of(&registry, &der).is_some(),
                found,
                "{status:?} {registers_automatically}"
            );
        }
    }
}
