//! A system that allows few open files: sockets are refused with an answer, and the rest goes on.

use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::Error;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

use crate::kill_nine::key_of;
use crate::support::process::{Process, Scratch, log_of};

const FILES: u32 = 300;

#[tokio::test(flavor = "multi_thread")]
async fn sockets_end_before_the_files_do() {
    let scratch = Scratch::new();
    let data = scratch.join("data");
    let variables = [("TURNKEY_DATA_DIR", data.as_str())];
    let server = Process::serve_with_files(FILES, scratch.path(), &variables);
    let url = format!("{}/live", server.base.replacen("http", "ws", 1));
    let mut request = url.into_client_request().unwrap();
    let headers = request.headers_mut();
    headers.insert("x-api-key", key_of(&data).parse().unwrap());
    headers.insert("sec-websocket-protocol", "turnkey.v1".parse().unwrap());

    let mut sockets = Vec::new();
    let refused = loop {
        match connect_async(request.clone()).await {
            Ok((socket, _)) => sockets.push(socket),
            Err(error) => break error,
        }
    };
    let Error::Http(answer) = refused else {
        panic!("not an answer over HTTP: {refused}");
    };
    assert_eq!(answer.status(), 503);
    let opened = u32::try_from(sockets.len()).unwrap();
    assert!((FILES / 3..FILES).contains(&opened), "{opened}");
    let health = reqwest::get(format!("{}/healthz", server.base)).await;
    assert_eq!(health.unwrap().status(), 200);
    let log = log_of(scratch.path());
    assert!(log.contains("limit of open files"), "{log}");
}
