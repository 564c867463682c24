//! The background tasks of a server. Each has a name, is started here, and is waited for at the end.
//!
//! A panicking task is reported, because its work would otherwise silently stop: a server without its
//! writer or its projector looks healthy but is not.

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures_util::FutureExt;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout_at};

/// The background tasks of a server, each with its name.
#[derive(Debug)]
pub struct Tasks {
    running: Vec<(&'static str, JoinHandle<()>)>,
    failed: watch::Sender<Option<&'static str>>,
}

impl Tasks {
    /// The name of the first task that panics is sent to `failed`.
    pub fn new(failed: watch::Sender<Option<&'static str>>) -> Tasks {
        Tasks {
            running: Vec::new(),
            failed,
        }
    }

    /// Starts a task.
    pub fn spawn(&mut self, name: &'static str, task: impl Future<Output = ()> + Send + 'static) {
        let failed = self.failed.clone();
        // No state of the task is used after its panic.
        let task = AssertUnwindSafe(task).catch_unwind();
        let watched = async move {
            if task.await.is_err() {
                tracing::error!(name, "a task panicked");
                failed.send_if_modified(|first| first.replace(name).is_none());
            }
        };
        self.running.push((name, tokio::spawn(watched)));
    }

    /// Waits for the tasks to end by themselves. After `patience`, which they share, it aborts the rest.
    pub async fn join(self, patience: Duration) {
        let deadline = Instant::now() + patience;
        for (name, mut task) in self.running {
            match timeout_at(deadline, &mut task).await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => tracing::error!(name, %error, "a task failed"),
                Err(_) => {
                    tracing::debug!(name, "ending a task");
                    task.abort();
                }
            }
        }
    }

    /// Aborts every task at once. Use it only for tasks that have nothing to hand back.
    pub fn abort(self) {
        for (_, task) in self.running {
            task.abort();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn tasks_that_do_not_end_are_waited_for_together() {
        let mut tasks = Tasks::new(watch::channel(None).0);
        tasks.spawn("one", std::future::pending());
        tasks.spawn("two", std::future::pending());
        let began = Instant::now();
        tasks.join(Duration::from_secs(1)).await;
        assert_eq!(began.elapsed().as_secs(), 1);
    }

    #[tokio::test]
    async fn a_task_that_panics_is_told_of() {
        let (failed, mut told) = watch::channel(None);
        let mut tasks = Tasks::new(failed);
        tasks.spawn("good", std::future::ready(()));
        tasks.spawn("bad", async { panic!("meant to") });
        told.changed().await.expect("the tasks are there");
        assert_eq!(*told.borrow(), Some("bad"));
    }
}
