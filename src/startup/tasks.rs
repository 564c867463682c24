//! The tasks of a server, by name: spawned here, and waited for when it stops.

use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::timeout;

#[derive(Debug, Default)]
pub struct Tasks(Vec<(&'static str, JoinHandle<()>)>);

impl Tasks {
    pub fn spawn(&mut self, name: &'static str, task: impl Future<Output = ()> + Send + 'static) {
        self.0.push((name, tokio::spawn(task)));
    }

    /// Waits for each task to end by itself, and ends it where it does not within `patience`.
    pub async fn join(self, patience: Duration) {
        for (name, mut task) in self.0 {
            match timeout(patience, &mut task).await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => tracing::error!(name, %error, "a task failed"),
                Err(_) => {
                    tracing::debug!(name, "ending a task");
                    task.abort();
                }
            }
        }
    }

    /// Ends every task where it stands: for those that hold nothing to be handed back.
    pub fn abort(self) {
        for (_, task) in self.0 {
            task.abort();
        }
    }
}
