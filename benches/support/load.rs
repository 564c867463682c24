//! Calls in numbers: as fast as they are answered, or at a fixed rate.
//!
//! A load runs on one thread. At a fixed rate a call that could not be sent when it was due, since
//! the one before was not answered yet, is counted from when it was due: a server that stalls does
//! not hide it by being asked less.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tokio::task::JoinSet;

use super::client::Connection;

/// What is asked, and over how many connections.
#[derive(Clone)]
pub struct Load {
    pub address: SocketAddr,
    pub requests: Arc<Vec<Vec<u8>>>,
    pub connections: u32,
    /// The statuses that do not end the measurement.
    pub expected: &'static [u16],
    /// Goes on where the last run ended, so that requests come again as late as possible.
    next: Arc<AtomicUsize>,
}

/// A load with its connections open.
pub struct Lanes {
    load: Load,
    connections: Vec<Connection>,
}

#[derive(Clone, Copy)]
pub enum Pace {
    AsAnswered,
    /// So many calls a second, over all connections.
    PerSecond(u32),
}

/// What a run saw.
#[derive(Default)]
pub struct Measured {
    pub elapsed: Duration,
    /// In microseconds, unsorted.
    pub latencies: Vec<u32>,
}

impl Load {
    pub fn new(
        address: SocketAddr,
        requests: Vec<Vec<u8>>,
        connections: u32,
        expected: &'static [u16],
    ) -> Load {
        Load {
            address,
            requests: Arc::new(requests),
            connections,
            expected,
            next: Arc::default(),
        }
    }

    /// Runs on this thread.
    pub fn run(&self, pace: Pace, duration: Duration) -> Measured {
        super::wait_for(async { self.open().await.run(pace, duration).await })
    }

    /// Runs on a thread of its own; returns once its connections are open.
    pub fn start(&self, pace: Pace, duration: Duration) -> JoinHandle<Measured> {
        let load = self.clone();
        let (opened, is_open) = channel();
        let thread = std::thread::spawn(move || {
            super::wait_for(async {
                let mut lanes = load.open().await;
                opened.send(()).unwrap();
                lanes.run(pace, duration).await
            })
        });
        is_open.recv().unwrap();
        thread
    }

    /// Sends each request once.
    pub fn run_once(&self) -> Measured {
        super::wait_for(async {
            let mut connection = Connection::open(self.address).await.unwrap();
            let mut measured = Measured::default();
            let began = Instant::now();
            for request in self.requests.iter() {
                measured
                    .latencies
                    .push(self.call(&mut connection, request, Instant::now()).await);
            }
            measured.elapsed = began.elapsed();
            measured
        })
    }

    /// To be run on the runtime that this is called on.
    pub async fn open(&self) -> Lanes {
        let mut connections = Vec::new();
        for _ in 0..self.connections {
            connections.push(Connection::open(self.address).await.unwrap());
        }
        Lanes {
            load: self.clone(),
            connections,
        }
    }

    async fn work(
        &self,
        connection: &mut Connection,
        schedule: Schedule,
        end: Instant,
    ) -> Vec<u32> {
        let mut latencies = Vec::with_capacity(1 << 14);
        let mut due = schedule.first;
        loop {
            let mut sent = Instant::now();
            if let Some(between) = schedule.between {
                if due > sent {
                    tokio::time::sleep_until(due.into()).await;
                    sent = Instant::now();
                } else {
                    sent = due;
                }
                due += between;
            }
            if sent >= end {
                return latencies;
            }
            let index = self.next.fetch_add(1, Ordering::Relaxed) % self.requests.len();
            latencies.push(self.call(connection, &self.requests[index], sent).await);
        }
    }

    async fn call(&self, connection: &mut Connection, request: &[u8], sent: Instant) -> u32 {
        let answer = connection.call(request).await.unwrap();
        assert!(
            self.expected.contains(&answer.status),
            "{} {}",
            answer.status,
            String::from_utf8_lossy(answer.body)
        );
        u32::try_from(sent.elapsed().as_micros()).unwrap()
    }
}

impl Lanes {
    pub async fn run(&mut self, pace: Pace, duration: Duration) -> Measured {
        let began = Instant::now();
        let mut running = JoinSet::new();
        for (number, mut connection) in (0..).zip(self.connections.drain(..)) {
            let load = self.load.clone();
            let schedule = Schedule::of(pace, number, load.connections, began);
            running.spawn(async move {
                let latencies = load.work(&mut connection, schedule, began + duration).await;
                (connection, latencies)
            });
        }
        let mut measured = Measured::default();
        while let Some(done) = running.join_next().await {
            let (connection, latencies) = done.unwrap();
            self.connections.push(connection);
            measured.latencies.extend(latencies);
        }
        measured.elapsed = began.elapsed();
        measured
    }
}

/// When a connection is due.
struct Schedule {
    first: Instant,
    between: Option<Duration>,
}

impl Schedule {
    fn of(pace: Pace, number: u32, connections: u32, began: Instant) -> Schedule {
        match pace {
            Pace::AsAnswered => Schedule {
                first: began,
                between: None,
            },
            Pace::PerSecond(rate) => {
                let between = Duration::from_secs(1) * connections / rate;
                Schedule {
                    first: began + between * number / connections,
                    between: Some(between),
                }
            }
        }
    }
}

impl Measured {
    pub fn per_second(&self) -> f64 {
        self.latencies.len() as f64 / self.elapsed.as_secs_f64()
    }

    /// The latency that so many of a hundred calls did not exceed, in microseconds.
    pub fn percentile(&self, percent: f64) -> f64 {
        super::report::percentile(&self.latencies, percent)
    }
}
