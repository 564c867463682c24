//! API Gateway's control plane on its own wire, for the one API that a server hosts.

mod sigv4;
