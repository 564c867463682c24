//! (skeleton)

mod stage_name;

pub use stage_name::{StageName, StageNameError};
