//! Starting and stopping: the embedded database, the generated secrets, the file of chosen ports.

pub mod credentials;
pub mod embedded;
pub mod ports_file;
