//! Builds all rows again, beside the rows that are being read.

use super::{Step, step};
use crate::rules::Rulebook;
use crate::store::projection::{Progress, Session};
use crate::store::{Database, StoreError};

/// Folds the whole log into a new generation of rows and makes it the live one. Readers see the old rows
/// until then. Clients get no pushes. An interrupted rebuild continues where it stopped.
pub async fn rebuild(database: &Database) -> Result<Progress, StoreError> {
    let book = Rulebook::built_in();
    let mut session = Session::open(database).await?;
    let mut progress = session.begin_rebuild().await?;
    loop {
        match step(&mut session, &book, progress).await? {
            Step::Forward(further) => progress = further,
            Step::AtEnd => {
                if session.swap(progress).await? {
                    break;
                }
            }
            Step::Overtaken => {
                let reason = "another rebuild is under way; wait for it to end";
                return Err(StoreError::Refused(reason.into()));
            }
        }
    }
    session.sweep().await?;
    Ok(progress)
}
