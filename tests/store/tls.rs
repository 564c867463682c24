//! `sslmode` means what it means to libpq.

use std::path::PathBuf;
use std::sync::Arc;

use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::PrivateKeyDer;
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio_rustls::TlsAcceptor;
use turnkey::store::{Database, Store, StoreError};

use crate::support::postgres;

/// What a Postgres client sends first where it wants TLS.
const SSL_REQUEST: [u8; 8] = [0, 0, 0, 8, 4, 210, 22, 47];

/// A server that speaks TLS in front of the tests' Postgres, with a certificate for `localhost`.
struct TlsServer {
    port: u16,
    certificate: PathBuf,
    database: String,
}

impl TlsServer {
    async fn start() -> TlsServer {
        let database = postgres::name(&postgres::database().await);
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let certificate =
            std::env::temp_dir().join(format!("turnkey-tls-{}.pem", uuid::Uuid::now_v7()));
        std::fs::write(&certificate, made.cert.pem()).unwrap();
        let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![made.cert.der().clone()], key)
            .unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(forward(client, acceptor.clone()));
            }
        });
        TlsServer {
            port,
            certificate,
            database,
        }
    }

    async fn ask(&self, host: &str, rest: &str) -> Result<(), StoreError> {
        let (port, name) = (self.port, &self.database);
        let url = format!("postgresql://turnkey@{host}:{port}/{name}?{rest}");
        Store::new(Database::parse(&url).unwrap(), 1)
            .synchronise_clock()
            .await
    }

    fn root(&self) -> String {
        self.certificate.display().to_string()
    }
}

impl Drop for TlsServer {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.certificate);
    }
}

async fn forward(mut client: TcpStream, acceptor: TlsAcceptor) {
    let mut request = [0; 8];
    client.read_exact(&mut request).await.unwrap();
    assert_eq!(request, SSL_REQUEST, "the client was meant to ask for TLS");
    client.write_all(b"S").await.unwrap();
    // A client that refuses the certificate ends the handshake.
    let Ok(mut client) = acceptor.accept(client).await else {
        return;
    };
    let mut server = UnixStream::connect(postgres::socket_file()).await.unwrap();
    let _ = copy_bidirectional(&mut client, &mut server).await;
}

#[tokio::test]
async fn require_encrypts_and_takes_any_certificate() {
    let server = TlsServer::start().await;
    server.ask("127.0.0.1", "sslmode=require").await.unwrap();
}

#[tokio::test]
async fn verify_full_takes_the_certificate_of_the_name_alone() {
    let server = TlsServer::start().await;
    let root = server.root();
    server
        .ask(
            "localhost",
            &format!("sslmode=verify-full&sslrootcert={root}"),
        )
        .await
        .unwrap();
    let other_name = server
        .ask(
            "127.0.0.1",
            &format!("sslmode=verify-full&sslrootcert={root}"),
        )
        .await;
    assert!(
        matches!(other_name, Err(StoreError::Unreachable(_))),
        "{other_name:?}"
    );
    let other_root = server.ask("localhost", "sslmode=verify-full").await;
    assert!(
        matches!(other_root, Err(StoreError::Unreachable(_))),
        "{other_root:?}"
    );
}

#[tokio::test]
async fn require_speaks_to_no_server_without_tls() {
    let name = postgres::name(&postgres::database().await);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let server = tokio::spawn(async move {
        let (mut client, _) = listener.accept().await.unwrap();
        let mut request = [0; 8];
        client.read_exact(&mut request).await.unwrap();
        client.write_all(b"N").await.unwrap();
        let mut rest = Vec::new();
        client.read_to_end(&mut rest).await.unwrap();
        rest
    });
    let url = format!("postgresql://turnkey:hidden@127.0.0.1:{port}/{name}?sslmode=require");
    let refused = Store::new(Database::parse(&url).unwrap(), 1)
        .synchronise_clock()
        .await;
    assert!(
        matches!(refused, Err(StoreError::Unreachable(_))),
        "{refused:?}"
    );
    assert_eq!(server.await.unwrap(), b"", "nothing is said in plain text");
}

#[tokio::test]
async fn a_server_that_only_reads_is_none() {
    let database = postgres::database().await;
    let name = postgres::name(&database);
    let client = postgres::client(&database).await;
    let read_only = format!("alter database {name} set default_transaction_read_only = on");
    client.batch_execute(&read_only).await.unwrap();
    let refused = Store::new(database, 1).synchronise_clock().await;
    assert!(
        matches!(refused, Err(StoreError::Unreachable(_))),
        "{refused:?}"
    );
}
