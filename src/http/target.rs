//! What a request asks for, by its method and its path: one of the listener's own paths, or a call
//! of the game API on a stage.
//!
//! A client's base address may end in a slash. So slashes where a base address meets a path count
//! as one, and slashes at the end as none: `//dev//game/` is `/dev/game`. All others count:
//! `/game//resign` is the call of a game whose id the client left out, and no path.

use actix_web::http::Method;

use super::front::Fault;
use super::problem::HttpError;
use super::routes::{self, Endpoint, Matched};
use super::{State, cors};
use crate::config::StageName;

/// What a path and a method ask for. Paths are as the routes have them.
pub(super) enum Target {
    /// A call of the game API.
    Call {
        endpoint: &'static Endpoint,
        stage: StageName,
        /// What the client wrote of the stage: `/{stage}`, or nothing for the default stage.
        prefix: String,
        path: String,
    },
    /// One of the listener's own paths.
    Listener {
        template: &'static str,
        path: String,
    },
    /// A browser asks which methods it may use here.
    Preflight(Vec<&'static str>),
    Refused(HttpError),
}

/// Finds out what is asked for. `fault` is what was wrong with bytes that were no request.
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

/// There is no such path, which the page that asks is to read for itself.
fn nowhere(is_preflight: bool) -> Target {
    if is_preflight {
        Target::Preflight(cors::METHODS.to_vec())
    } else {
        Target::Refused(HttpError::NotFound)
    }
}

/// A path, and the stage that it is on.
struct Place<'a> {
    stage: StageName,
    /// What the path says of the stage.
    prefix: &'a str,
    /// The path after that.
    path: &'a str,
}

/// No stage can be called like the beginning of a call's path, so the two do not meet.
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

/// Of the slashes that `path` begins with, all but the last are left out.
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
