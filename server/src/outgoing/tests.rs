//! Servers of a few lines in, what the way out makes of them out.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use ::aws::outgoing::queues::send_message;
use ::aws::outgoing::{Keys, Outside};
use ::aws::signature::{self, Rules};
use ::aws::value::Secret;
use registry::Scope;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use super::*;

const QUICK: Limits =
    Limits { connect: Duration::from_secs(5), total: Duration::from_secs(5), reply_bytes: 1000 };

/// A server that answers every request with one text, and what it heard.
struct Peer {
    authority: String,
    connections: Arc<AtomicUsize>,
    heard: Arc<std::sync::Mutex<Vec<u8>>>,
}

impl Peer {
    async fn new(answer: &'static str) -> Peer {
        Peer::speaking(answer, None).await
    }

    async fn speaking(answer: &'static str, tls: Option<TlsAcceptor>) -> Peer {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let authority = format!("localhost:{}", listener.local_addr().expect("an address").port());
        let (connections, heard) = (Arc::new(AtomicUsize::new(0)), Arc::default());
        let peer = Peer { authority, connections: connections.clone(), heard };
        let heard = peer.heard.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                connections.fetch_add(1, Ordering::SeqCst);
                let (tls, heard) = (tls.clone(), heard.clone());
                tokio::spawn(async move {
                    match tls {
                        None => serve(stream, answer, &heard).await,
                        Some(tls) => {
                            if let Ok(stream) = tls.accept(stream).await {
                                serve(stream, answer, &heard).await;
                            }
                        }
                    }
                });
            }
        });
        peer
    }

    fn url(&self) -> String {
        format!("http://{}/hook?a=1", self.authority)
    }

    fn heard(&self) -> String {
        String::from_utf8(self.heard.lock().expect("no panic").clone()).expect("text")
    }
}

/// Requests in these tests end with `!`.
async fn serve<S: AsyncRead + AsyncWrite + Unpin>(
    mut stream: S,
    answer: &str,
    heard: &std::sync::Mutex<Vec<u8>>,
) {
    let mut buffer = vec![0; 4096];
    while let Ok(count @ 1..) = stream.read(&mut buffer).await {
        let end = {
            let mut heard = heard.lock().expect("no panic");
            heard.extend_from_slice(&buffer[..count]);
            heard.ends_with(b"!")
        };
        if end && (answer.is_empty() || stream.write_all(answer.as_bytes()).await.is_err()) {
            return;
        }
    }
}

fn outgoing() -> Outgoing {
    Outgoing::new(OutsideSettings::default())
}

async fn post(outgoing: &Outgoing, url: &str) -> Result<Reply, OutgoingError> {
    let mut headers = HeaderMap::new();
    headers.insert("x-own", HeaderValue::from_static("1"));
    outgoing.post(url, headers, Bytes::from_static(b"hello!"), QUICK).await
}

#[tokio::test]
async fn a_request_goes_out_as_it_was_given_and_connections_are_used_again() {
    let peer = Peer::new("HTTP/1.1 200 OK\r\ncontent-length: 2\r\nx-a: b\r\n\r\nok").await;
    let outgoing = outgoing();
    for _ in 0..3 {
        let reply = post(&outgoing, &peer.url()).await.expect("a reply");
        assert_eq!((reply.status, reply.body.as_ref()), (StatusCode::OK, b"ok".as_slice()));
        assert_eq!(reply.headers["x-a"], "b");
    }
    assert_eq!(peer.connections.load(Ordering::SeqCst), 1);
    let heard = peer.heard();
    assert!(heard.starts_with("POST /hook?a=1 HTTP/1.1\r\n"), "{heard}");
    assert!(heard.contains(&format!("host: {}\r\n", peer.authority)), "{heard}");
    assert!(heard.contains("x-own: 1\r\n") && heard.contains("content-length: 6\r\n"), "{heard}");
}

#[tokio::test]
async fn a_connection_that_the_other_side_ended_is_not_used_again() {
    let peer = Peer::new("HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n").await;
    let outgoing = outgoing();
    for count in 1..=3 {
        assert!(post(&outgoing, &peer.url()).await.is_ok());
        assert_eq!(peer.connections.load(Ordering::SeqCst), count);
    }
}

#[tokio::test]
async fn a_redirect_is_a_reply_and_is_not_followed() {
    let target = Peer::new("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await;
    let text = format!("HTTP/1.1 302 Found\r\nlocation: {}\r\ncontent-length: 0\r\n\r\n", target.url());
    let peer = Peer::new(text.leak()).await;
    let reply = post(&outgoing(), &peer.url()).await.expect("a reply");
    assert_eq!(reply.status, StatusCode::FOUND);
    assert_eq!(target.connections.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn a_reply_has_a_limit_whether_it_says_its_length_or_not() {
    for head in ["content-length: 1001", "connection: close"] {
        let text = format!("HTTP/1.1 200 OK\r\n{head}\r\n\r\n{}", "x".repeat(1001));
        let peer = Peer::new(text.leak()).await;
        let error = post(&outgoing(), &peer.url()).await.expect_err("too long");
        assert!(matches!(error, OutgoingError::ReplyTooLong { most: 1000, .. }), "{error}");
        assert!(!error.is_retryable());
    }
}

#[tokio::test]
async fn who_does_not_answer_is_given_up_in_time() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}/", listener.local_addr().expect("an address"));
    let limits = Limits { total: Duration::from_millis(100), ..QUICK };
    let begun = std::time::Instant::now();
    let error = outgoing().post(&url, HeaderMap::new(), Bytes::new(), limits).await.expect_err("no answer");
    assert!(matches!(error, OutgoingError::Timeout { ms: 100, .. }) && error.is_retryable(), "{error}");
    assert!(begun.elapsed() < Duration::from_secs(4));
    drop(listener);
    let error = outgoing().post(&url, HeaderMap::new(), Bytes::new(), QUICK).await.expect_err("nobody");
    assert!(matches!(error, OutgoingError::Connect { .. }) && error.is_retryable(), "{error}");
}

#[tokio::test]
async fn an_answer_that_is_cut_short_is_told_from_one_that_is_whole() {
    for text in
        ["", "HTTP/1.1 200 OK\r\ncontent-length: 9\r\nconnection: close\r\n\r\nhalf", "HTTP/9 what\r\n\r\n"]
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}/", listener.local_addr().expect("an address"));
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.expect("a connection");
            let _ = stream.read(&mut [0; 1000]).await;
            let _ = stream.write_all(text.as_bytes()).await;
        });
        let error = post(&outgoing(), &url).await.expect_err("no whole answer");
        assert!(matches!(error, OutgoingError::Closed { .. }), "{text:?}: {error}");
    }
}

#[tokio::test]
async fn nothing_that_leaves_comes_back_in() {
    let peer = Peer::new("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await;
    let outgoing = outgoing();
    let port = peer.authority.rsplit_once(':').expect("a port").1;
    outgoing.keep_from(vec![format!("127.0.0.1:{port}").parse().expect("an address")]);
    let error = post(&outgoing, &peer.url()).await.expect_err("itself");
    assert!(matches!(error, OutgoingError::Own { .. }) && !error.is_retryable(), "{error}");
    assert_eq!(peer.heard(), "");
}

fn certified() -> (String, TlsAcceptor) {
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).expect("a certificate");
    let key = rustls_pki_types::PrivatePkcs8KeyDer::from(made.signing_key.serialize_der());
    let config = rustls::ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key.into())
        .expect("a configuration");
    (made.cert.pem(), TlsAcceptor::from(Arc::new(config)))
}

#[tokio::test]
async fn a_certificate_is_believed_only_if_its_authority_is_known() {
    let (pem, acceptor) = certified();
    let peer = Peer::speaking("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n", Some(acceptor)).await;
    let url = peer.url().replace("http://", "https://");
    let folder = tempfile::tempdir().expect("a folder");
    let ca = folder.path().join("ca.pem");
    std::fs::write(&ca, pem).expect("written");
    let trusting = |ca: &std::path::Path| {
        Outgoing::new(OutsideSettings { ca: Some(ca.to_owned()), ..OutsideSettings::default() })
    };
    let reply = post(&trusting(&ca), &url).await.expect("a reply");
    assert_eq!(reply.status, StatusCode::OK);
    let (other, _) = certified();
    std::fs::write(&ca, other).expect("written");
    let error = post(&trusting(&ca), &url).await.expect_err("not believed");
    assert!(matches!(error, OutgoingError::Tls { .. }) && !error.is_retryable(), "{error}");
    std::fs::write(&ca, "no PEM").expect("written");
    let error = post(&trusting(&ca), &url).await.expect_err("no certificate");
    assert!(matches!(error, OutgoingError::Authorities(_)), "{error}");
}

fn settings(authority: &str, keys: Option<Keys>) -> OutsideSettings {
    let endpoints = BTreeMap::from([(Outside::Sqs, format!("http://{authority}/base/"))]);
    OutsideSettings { endpoints, keys, ca: None }
}

#[tokio::test]
async fn a_call_is_signed_for_the_scope_and_sent_to_its_endpoint_only() {
    let peer = Peer::new("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}").await;
    let outgoing = Outgoing::new(settings(&peer.authority, None));
    let scope = Scope::new("111122223333", "eu-west-1").expect("a scope");
    assert!(outgoing.reaches(Outside::Sqs) && !outgoing.reaches(Outside::Sns));
    // The body is JSON, so that `!` has to stand in the message's very end for the server of these tests.
    let mut call = send_message("http://q", "m");
    call.body.push(b'!');
    outgoing.call(&scope, &call).await.expect("taken");
    let heard = peer.heard();
    let (head, body) = heard.split_once("\r\n\r\n").expect("a head and a body");
    let mut lines = head.lines();
    assert_eq!(lines.next(), Some("POST /base/ HTTP/1.1"));
    let mut headers = HeaderMap::new();
    for (name, value) in lines.filter_map(|line| line.split_once(": ")) {
        let name: axum::http::HeaderName = name.parse().expect("a name");
        headers.insert(name, value.parse().expect("a value"));
    }
    let request = ::aws::Request {
        method: &Method::POST,
        path: "/base/",
        query: "",
        headers: &headers,
        body: body.as_bytes(),
    };
    let signed = signature::read(&request).expect("readable").expect("signed");
    assert_eq!((signed.scope.access_key.as_str(), signed.scope.service.as_str()), ("111122223333", "sqs"));
    assert_eq!(signed.scope.region, "eu-west-1");
    let now_s = crate::identity::machine_now_s();
    assert_eq!(signature::verify(&signed, &request, "test", now_s, Rules::Service), Ok(()));
    let missing = outgoing.call(&scope, &::aws::outgoing::queues::publish("t", "m", false)).await;
    assert_eq!(missing, Err(CallError::NoEndpoint(Outside::Sns)));
}

#[tokio::test]
async fn a_refusal_says_who_refused_what_and_why() {
    let body = r#"{"__type":"com.amazonaws.sqs#QueueDoesNotExist","message":"no such queue: look again"}"#;
    let text = format!("HTTP/1.1 400 Bad Request\r\ncontent-length: {}\r\n\r\n{body}", body.len());
    let peer = Peer::new(text.leak()).await;
    let outgoing = Outgoing::new(settings(&peer.authority, None));
    let mut call = send_message("http://q", "m");
    call.body.push(b'!');
    let error = outgoing.call(&Scope::default(), &call).await.expect_err("refused");
    assert!(!error.is_retryable());
    let shown = error.to_string();
    assert!(
        shown
            .starts_with(&format!("SendMessage was refused by sqs at {}: QueueDoesNotExist", peer.authority)),
        "{shown}"
    );
}

#[test]
fn endpoints_are_checked_before_anything_starts() {
    let keys = || Some(Keys { access_key: "k".into(), secret: Secret("hidden".into()), session_token: None });
    let check = |authority: &str, keys: Option<Keys>, words: Option<&str>| {
        let checked = settings(authority, keys).check();
        match words {
            None => assert_eq!(checked, Ok(()), "{authority}"),
            Some(words) => assert!(checked.as_ref().is_err_and(|why| why.contains(words)), "{checked:?}"),
        }
    };
    check("localhost:1", None, None);
    check("127.0.0.1:1", None, None);
    check("sqs.eu-west-1.amazonaws.com", keys(), None);
    check("sqs.eu-west-1.amazonaws.com", None, Some("AWS_ACCESS_KEY_ID"));
    check("", keys(), Some("https://host:port/path"));
    check("a?b=", keys(), Some("query"));
    let shown = format!("{:?}", settings("a", keys()));
    assert!(!shown.contains("hidden"), "{shown}");
}
