//! The settings of the operator: texts from options and the environment, checked once at the start.
//!
//! A wrong or missing setting is refused with one line that names its variable, wherever its value came
//! from. An empty variable counts as unset, because Compose files and unit files leave variables empty.

mod encrypt_only;
mod options;
mod origins;
mod proxies;
mod secret;
mod settings;
mod stage_name;
mod tls;

pub use encrypt_only::encrypt_only;
pub use options::{DatabaseOptions, ServeOptions, path};
pub use origins::{OriginError, Origins};
pub use proxies::{NetworkError, TrustedProxies};
pub use secret::{Secret, process_variable};
pub use settings::{Config, ControlCredentials, DatabasePlace, LogFormat, SettingError};
pub use stage_name::{StageName, StageNameError};
pub use tls::{CERTIFICATE_VARIABLE, KEY_VARIABLE, TlsFiles};
