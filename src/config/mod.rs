//! (skeleton)

mod origins;
mod proxies;
mod stage_name;

pub use origins::{OriginError, Origins};
pub use proxies::{NetworkError, TrustedProxies};
pub use stage_name::{StageName, StageNameError};
