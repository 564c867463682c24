//! Determines the target of a request from its method and path: one of the listener's own paths, or a
//! call of the game API on a stage.
//!
//! A client's base address may end in a slash. So several slashes between a base address and a path
//! count as one, and slashes at the end are ignored: `//dev//game/` is `/dev/game`. All other slashes
//! count: in `/game//resign` the client left out the game's id, so it is not a path of any call.

use actix_web::http::Method;

use super::front::Fault;
use super::problem::HttpError;
use super::routes::{self, Endpoint, Matched};
use super::{State, cors};
use crate::config::StageName;

/// The target of a request. Its paths are in the form that the routes use.
pub(super) enum Target {
    /// A call of the game API.
    Call {
        endpoint: &'static Endpoint,
        stage: StageName,
        /// The stage prefix as the client wrote it: `/{stage}`, or nothing for the default stage.
        prefix: String,
        path: String,
    },
    /// One of the listener's own paths.
    Listener {
        template: &'static str,
        path: String,
    },
    /// A preflight on a path with these methods.
    Preflight(Vec<&'static str>),
    Refused(HttpError),
}

/// Determines the target. `fault` is set if the bytes were not a valid request.
pub(super) fn resolve(
    state: &State,
    method: &Method,
    path: &str,
    is_preflight: bool,
    fault: Option<Fault>,
) -> Target {
    if let Some(fault) = fault {
        return Target::Refused(HttpError::NoRequest(fault));
    }
    let path = without_spare_slashes(path);
    if let Some(template) = routes::find_listener_path(path) {
        return match method.as_str() {
            _ if is_preflight => Target::Preflight(routes::LISTENER_METHODS.to_vec()),
            method if routes::LISTENER_METHODS.contains(&method) => Target::Listener {
                template,
                path: path.to_owned(),
            },
            _ => Target::Refused(HttpError::MethodNotAllowed(
                routes::LISTENER_METHODS.to_vec(),
            )),
        };
    }
    let Some(place) = split_stage(state, path) else {
        return nowhere(is_preflight);
    };
    match routes::find(method.as_str(), place.path) {
        Matched::UnknownPath => nowhere(is_preflight),
        Matched::OtherMethod(allowed) if is_preflight => Target::Preflight(allowed),
        Matched::OtherMethod(allowed) => Target::Refused(HttpError::MethodNotAllowed(allowed)),
        Matched::Endpoint(endpoint) => Target::Call {
            endpoint,
            stage: place.stage,
            prefix: place.prefix.to_owned(),
            path: place.path.to_owned(),
        },
    }
}

/// Whether a WebSocket may be opened at this path.
pub(super) fn is_live(state: &State, path: &str) -> bool {
    split_stage(state, without_spare_slashes(path)).is_some_and(|place| place.path == "/live")
}

/// The target of an unknown path. A preflight succeeds, so that the page can then read the 404.
fn nowhere(is_preflight: bool) -> Target {
    if is_preflight {
        Target::Preflight(cors::METHODS.to_vec())
    } else {
        Target::Refused(HttpError::NotFound)
    }
}

/// A path and its stage.
struct Place<'a> {
    stage: StageName,
    /// The stage prefix as the client wrote it.
    prefix: &'a str,
    /// The rest of the path.
    path: &'a str,
}

/// Splits off the stage. No stage can have the name of a call's first segment, so this is unambiguous.
fn split_stage<'a>(state: &State, path: &'a str) -> Option<Place<'a>> {
    let (name, _) = path.strip_prefix('/')?.split_once('/').unwrap_or_default();
    if let Some(stage) = state.gate.stage(name) {
        let (prefix, path) = path.split_at(1 + name.len());
        return Some(Place {
            stage,
            prefix,
            path: with_one_slash(path),
        });
    }
    let stage = state.settings.default_stage.as_ref()?;
    Some(Place {
        stage: state.gate.stage(stage.as_str())?,
        prefix: "",
        path,
    })
}

fn without_spare_slashes(path: &str) -> &str {
    let path = with_one_slash(path);
    match path.trim_end_matches('/') {
        "" => path,
        trimmed => trimmed,
    }
}

/// Removes all but one of the slashes at the start of `path`.
fn with_one_slash(path: &str) -> &str {
    let slashes = path.len() - path.trim_start_matches('/').len();
    &path[slashes.saturating_sub(1)..]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_base_address_may_end_in_a_slash() {
        for (path, meant) in [
            ("/game", "/game"),
            ("//game", "/game"),
            ("///game//", "/game"),
            ("/docs/", "/docs"),
            ("/dev//game", "/dev//game"),
            ("/game//resign", "/game//resign"),
            ("/", "/"),
            ("//", "/"),
            ("*", "*"),
            ("", ""),
        ] {
            assert_eq!(without_spare_slashes(path), meant, "{path}");
        }
    }
}
