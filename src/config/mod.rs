//! The settings of an operator: texts from options and the environment, checked once, at the start.
//!
//! A wrong or missing setting is refused in one line that names its variable, wherever it came from. An
//! empty variable counts as unset, because compose files and unit files leave them so.

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
