//! A quota over four processes: exact, also when one of them is killed.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use futures_util::future::join_all;
use reqwest::{Client, StatusCode};
use turnkey::store::Database;

use crate::support::postgres;
use crate::support::process::{Process, Scratch};
use crate::support::server::{SECRET, seed};

const INSTANCES: usize = 4;
const CALLERS: usize = 64;

struct Fleet {
    database: Database,
    key: String,
    processes: Vec<Process>,
    _scratch: Scratch,
}

/// Four servers on one database, whose plan has this quota.
async fn fleet(limit: i64) -> Fleet {
    let scratch = Scratch::new();
    let database = postgres::database().await;
    let key = seed(&database).await;
    let client = postgres::client(&database).await;
    let quota = format!(
        "update usage_plan set quota_limit = {limit}, quota_period = 'MONTH', quota_offset = 0"
    );
    client.batch_execute(&quota).await.unwrap();
    let address = postgres::url(&postgres::socket(), &postgres::name(&database));
    let variables = [
        ("DATABASE_URL", address.as_str()),
        ("TURNKEY_SECRET", SECRET),
        ("TURNKEY_DEFAULT_STAGE", "dev"),
        ("TURNKEY_LOG", "warn"),
    ];
    let mut processes = Vec::new();
    for number in 0..INSTANCES {
        let directory = scratch.path().join(number.to_string());
        std::fs::create_dir(&directory).unwrap();
        processes.push(Process::serve(&directory, &variables));
    }
    Fleet {
        database,
        key,
        processes,
        _scratch: scratch,
    }
}

/// Calls until each caller was told that the quota is used up for the rest of the period, or its
/// server is gone. `passed` counts the calls that were let pass.
async fn call(fleet: &Fleet, passed: &Arc<AtomicI64>) {
    let callers = (0..CALLERS).map(|caller| {
        let base = fleet.processes[caller % fleet.processes.len()].base.clone();
        let (key, passed) = (fleet.key.clone(), passed.clone());
        tokio::spawn(async move {
            let client = Client::new();
            loop {
                let request = client.get(format!("{base}/variants"));
                let Ok(answer) = request.header("x-api-key", &key).send().await else {
                    return;
                };
                match answer.status() {
                    StatusCode::OK => {
                        passed.fetch_add(1, Ordering::Relaxed);
                    }
                    StatusCode::TOO_MANY_REQUESTS => {
                        let wait = answer.headers()["retry-after"].to_str().unwrap();
                        if wait.parse::<u64>().unwrap() > 2 {
                            return;
                        }
                        tokio::time::sleep(Duration::from_millis(200)).await;
                    }
                    // Its quota could not be taken in time.
                    StatusCode::SERVICE_UNAVAILABLE => {}
                    other => panic!("{other}"),
                }
            }
        })
    });
    for ended in join_all(callers).await {
        ended.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn four_processes_let_exactly_the_quota_pass() {
    let limit = 10_000;
    let fleet = fleet(limit).await;
    let passed = Arc::new(AtomicI64::new(0));
    call(&fleet, &passed).await;
    assert_eq!(passed.load(Ordering::Relaxed), limit);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_process_lets_no_call_more_pass_and_loses_a_second_of_its_use() {
    let limit = 10_000;
    let mut fleet = fleet(limit).await;
    let doomed = fleet.processes.pop().unwrap();
    let (client, url) = (Client::new(), format!("{}/variants", doomed.base));
    let mut doomed = Some(doomed);
    let mut of_doomed = 0;
    // Killed in the midst of its calls, when it has taken something ahead.
    loop {
        let request = client.get(&url).header("x-api-key", &fleet.key);
        match request.send().await {
            Ok(answer) => assert_eq!(answer.status(), StatusCode::OK),
            Err(_) => break,
        }
        of_doomed += 1;
        if of_doomed == 300
            && let Some(doomed) = doomed.take()
        {
            std::thread::spawn(|| doomed.kill());
        }
    }
    let passed = Arc::new(AtomicI64::new(0));
    call(&fleet, &passed).await;
    let all = passed.load(Ordering::Relaxed) + of_doomed;
    assert!(all <= limit, "{all} passed");
    // Shares at most double, so what it held was no more than twice what it had let pass, and its
    // last answers may not have arrived.
    assert!(
        all >= limit - 2 * of_doomed - 2,
        "{all} passed, {of_doomed} there"
    );
    let client = postgres::client(&fleet.database).await;
    let used: i64 = client
        .query_one("select used from quota_usage", &[])
        .await
        .unwrap()
        .get(0);
    assert_eq!(used, limit, "what was lost counts as used");
}
