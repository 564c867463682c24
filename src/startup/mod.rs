//! Starting and stopping: the embedded database, the generated secrets, the file of chosen ports.

mod atomic_file;
pub mod credentials;
pub mod embedded;
pub mod place;
pub mod ports_file;
