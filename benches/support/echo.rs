//! A WebSocket server of the same libraries that does nothing but answer, in a process of its own:
//! what a socket costs before anything of ours is added.

use std::io::{BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};

use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use nix::unistd::Pid;

/// Set in the process that is the echo server.
const VARIABLE: &str = "TURNKEY_BENCH_ECHO";

pub struct Echo {
    child: Child,
    pub address: SocketAddr,
}

impl Echo {
    /// Starts this very program again; its `main` must ask [`is_wanted`] first.
    pub fn start() -> Echo {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .env(VARIABLE, "1")
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let output = child.stdout.take().unwrap();
        BufReader::new(output).read_line(&mut line).unwrap();
        Echo {
            child,
            address: line.trim().parse().unwrap(),
        }
    }

    pub fn pid(&self) -> Pid {
        Pid::from_raw(i32::try_from(self.child.id()).unwrap())
    }
}

impl Drop for Echo {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Whether this process was started to be the echo server.
pub fn is_wanted() -> bool {
    std::env::var_os(VARIABLE).is_some()
}

/// Is the echo server until it is killed.
pub fn run() {
    actix_web::rt::System::new().block_on(async {
        let server = HttpServer::new(|| App::new().route("/", web::get().to(echo)))
            .bind("127.0.0.1:0")
            .unwrap();
        println!("{}", server.addrs()[0]);
        std::io::stdout().flush().unwrap();
        server.run().await.unwrap();
    });
}

async fn echo(request: HttpRequest, body: web::Payload) -> Result<HttpResponse, actix_web::Error> {
    let (response, mut session, mut messages) = actix_ws::handle(&request, body)?;
    actix_web::rt::spawn(async move {
        while let Some(Ok(message)) = messages.recv().await {
            let said = match message {
                actix_ws::Message::Text(text) => session.text(text).await,
                actix_ws::Message::Ping(payload) => session.pong(&payload).await,
                actix_ws::Message::Close(_) => break,
                _ => Ok(()),
            };
            if said.is_err() {
                break;
            }
        }
        let _ = session.close(None).await;
    });
    Ok(response)
}
