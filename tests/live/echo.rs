//! An echo on the live channel's own session loop, its limits raised: what the Autobahn cases talk
//! to, and what shows that a connection ends however its peer behaves.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use tokio::sync::mpsc;
use turnkey::live::note_connection;
use turnkey::live::wire::{self, Bound, Ending, Heard, Ledger, Limits, Outlet, SendError};

/// Wide enough for every Autobahn case.
pub const WIDE: Limits = Limits {
    message_bytes: 32 * 1024 * 1024,
    frames_in_five_seconds: u32::MAX,
    generous_frames_in_five_seconds: u32::MAX,
    heartbeat: Duration::from_secs(25),
    silence: Duration::from_secs(60),
    write: Duration::from_secs(5),
};

/// Starts an echo on a thread of its own; it lives as long as the test process.
pub fn start(limits: Limits) -> SocketAddr {
    start_with_room(limits, 256 * 1024 * 1024)
}

/// As [`start`], where so many bytes may wait for all peers together.
pub fn start_with_room(limits: Limits, room_bytes: usize) -> SocketAddr {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener
        .local_addr()
        .expect("a bound socket has an address");
    std::thread::spawn(move || {
        let ledger = Arc::new(Ledger::new(room_bytes));
        let server = HttpServer::new(move || {
            let ledger = ledger.clone();
            let handler = move |request: HttpRequest, payload: web::Payload| {
                std::future::ready(echo(&request, payload, limits, ledger.clone()))
            };
            App::new().route("/", web::get().to(handler))
        });
        let server = server
            .on_connect(note_connection)
            .workers(1)
            .disable_signals()
            .listen(listener)
            .expect("a bound socket can be listened on")
            .run();
        actix_web::rt::System::new().block_on(server)
    });
    address
}

fn echo(
    request: &HttpRequest,
    payload: web::Payload,
    limits: Limits,
    ledger: Arc<Ledger>,
) -> Result<HttpResponse, actix_web::Error> {
    let (response, intake, outlet) = wire::open(request, payload, limits, ledger, ())?;
    actix_web::rt::spawn(async move {
        let (queue, mut heard) = mpsc::channel(16);
        let hear = async |message| {
            let sent = queue.send(message).await;
            sent.map(|()| Bound::Ordinary).map_err(|_| Ending::Lost)
        };
        let write = async {
            while let Some(message) = heard.recv().await {
                if let Err(error) = say(&outlet, message).await {
                    return error.into();
                }
            }
            Ending::Lost
        };
        let ending = wire::converse(intake, &outlet, hear, write).await;
        if let Ending::Peer(_) = ending {
            while let Ok(message) = heard.try_recv() {
                say(&outlet, message).await.ok();
            }
        }
        outlet.close(&ending).await;
    });
    Ok(response)
}

async fn say(outlet: &Outlet, message: Heard) -> Result<(), SendError> {
    match message {
        Heard::Text(text) => outlet.text(text).await,
        Heard::Binary(bytes) => outlet.binary(bytes).await,
        Heard::Ping(_) | Heard::Pong => Ok(()),
    }
}
