//! One Postgres a test binary, started by the product's own launcher, and a database a test.

use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use std::time::Duration;

use tokio::sync::OnceCell;
use tokio_postgres::{Client, NoTls};
use turnkey::startup::embedded::{self, Durability, Embedded, Options};
use turnkey::store::{Database, migrate};
use uuid::Uuid;

/// Never stopped: it ends with the test binary.
static CLUSTER: LazyLock<Embedded> = LazyLock::new(|| {
    let options = Options {
        durability: Durability::TestsOnly,
        max_connections: 500,
        ..Options::default()
    };
    embedded::start_with(&data_dir(), options).expect("a Postgres for the tests must start")
});

/// A migrated database, of which every test's is a copy.
static TEMPLATE: OnceCell<()> = OnceCell::const_new();
const TEMPLATE_NAME: &str = "template_of_tests";

/// A migrated database of the test's own.
pub async fn database() -> Database {
    TEMPLATE.get_or_init(make_template).await;
    let name = fresh_name();
    create(&name, TEMPLATE_NAME).await;
    at(&socket(), &name)
}

/// As [`database`], without any schema.
pub async fn empty_database() -> Database {
    let name = fresh_name();
    create(&name, "template0").await;
    at(&socket(), &name)
}

/// The database called `name` on the server whose socket is in `directory`.
pub fn at(directory: &Path, name: &str) -> Database {
    Database::parse(&url(directory, name)).expect("the tests' own address is valid")
}

/// A connection string for what is not the store: `DATABASE_URL`, other programs.
pub fn url(directory: &Path, name: &str) -> String {
    let connection = CLUSTER.connection();
    format!(
        "host='{}' port={} user={} dbname={name}",
        directory.display(),
        connection.port,
        connection.user,
    )
}

/// The directory of the server's socket.
pub fn socket() -> PathBuf {
    CLUSTER.connection().socket_directory
}

/// The socket itself.
pub fn socket_file() -> PathBuf {
    let connection = CLUSTER.connection();
    connection
        .socket_directory
        .join(format!(".s.PGSQL.{}", connection.port))
}

/// The name of a database.
pub fn name(database: &Database) -> String {
    database
        .name()
        .expect("every database of the tests is named")
        .to_owned()
}

/// A connection beside the store's, for looking and meddling.
pub async fn client(database: &Database) -> Client {
    connect(&name(database)).await
}

async fn connect(database: &str) -> Client {
    let config = url(&socket(), database);
    let (client, connection) = tokio_postgres::connect(&config, NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

async fn make_template() {
    create(TEMPLATE_NAME, "template0").await;
    migrate::migrate(&at(&socket(), TEMPLATE_NAME))
        .await
        .unwrap();
}

async fn create(name: &str, template: &str) {
    let client = connect("postgres").await;
    let statement = format!("create database {name} template {template}");
    // A session that has just left the template may still be seen in it.
    while let Err(error) = client.batch_execute(&statement).await {
        let busy = error.code() == Some(&tokio_postgres::error::SqlState::OBJECT_IN_USE);
        assert!(busy, "{error:?}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

fn fresh_name() -> String {
    format!("test_{}", Uuid::now_v7().simple())
}

fn data_dir() -> PathBuf {
    let executable = std::env::current_exe().unwrap();
    let binary = executable
        .file_stem()
        .unwrap()
        .to_string_lossy()
        .into_owned();
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join(binary);
    if directory.exists() {
        std::fs::remove_dir_all(&directory).unwrap();
    }
    directory
}
