//! Every call of the game API, in one table.
//!
//! The listener finds the call of each request here, before it examines a key. The gate and the control
//! plane use the same names of methods. Tests compare the handlers and the OpenAPI document with this
//! table. Paths are without the stage.

use std::fmt;

/// A method of a call. `HEAD` is answered wherever `GET` is, and is counted as `GET`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verb {
    /// `DELETE`.
    Delete,
    /// `GET`.
    Get,
    /// `PATCH`.
    Patch,
    /// `POST`.
    Post,
    /// `PUT`.
    Put,
}

/// One call: a path template and a verb.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// For example `/game/{gameId}`.
    pub path: &'static str,
    /// The method of the call.
    pub verb: Verb,
    /// The call's `operationId` in the OpenAPI document.
    pub operation: &'static str,
}

/// Every call, sorted by path and then by verb.
pub const ENDPOINTS: [Endpoint; 16] = [
    endpoint("/game", Verb::Post, "createGame"),
    endpoint("/game", Verb::Put, "makeMove"),
    endpoint("/game/{gameId}", Verb::Get, "readGame"),
    endpoint("/game/{gameId}/draw", Verb::Delete, "declineDraw"),
    endpoint("/game/{gameId}/draw", Verb::Post, "offerDraw"),
    endpoint("/game/{gameId}/events", Verb::Get, "readEvents"),
    endpoint("/game/{gameId}/rematch", Verb::Post, "rematchGame"),
    endpoint("/game/{gameId}/resign", Verb::Post, "resignGame"),
    endpoint("/games", Verb::Get, "listGames"),
    endpoint("/join", Verb::Post, "joinGame"),
    endpoint("/live", Verb::Get, "openLive"),
    endpoint("/players", Verb::Post, "createPlayer"),
    endpoint("/players/me", Verb::Delete, "deletePlayer"),
    endpoint("/players/me", Verb::Get, "readPlayer"),
    endpoint("/players/me", Verb::Patch, "renamePlayer"),
    endpoint("/variants", Verb::Get, "listVariants"),
];

/// The paths that the listener answers itself, to `GET` and `HEAD`, with neither stage nor key.
pub const LISTENER_PATHS: [&str; 6] = [
    "/asyncapi.json",
    "/docs",
    "/docs/{file}",
    "/healthz",
    "/openapi.json",
    "/readyz",
];

/// The methods of [`LISTENER_PATHS`].
pub const LISTENER_METHODS: [&str; 2] = ["GET", "HEAD"];

/// The listener's own path that equals `path`, if there is one.
pub fn find_listener_path(path: &str) -> Option<&'static str> {
    LISTENER_PATHS
        .into_iter()
        .find(|template| fits(template, path))
}

/// The result of a lookup in the table.
#[derive(Debug, PartialEq, Eq)]
pub enum Matched {
    /// The request is this call.
    Endpoint(&'static Endpoint),
    /// The path is known, but not with this method. It has these methods.
    OtherMethod(Vec<&'static str>),
    /// No call has this path.
    UnknownPath,
}

/// Looks up a method and a path without its stage.
pub fn find(method: &str, path: &str) -> Matched {
    let mut allowed = Vec::new();
    for endpoint in &ENDPOINTS {
        if !fits(endpoint.path, path) {
            continue;
        }
        if endpoint.verb.answers(method) {
            return Matched::Endpoint(endpoint);
        }
        allowed.push(endpoint.verb.as_str());
        if endpoint.verb == Verb::Get {
            allowed.push("HEAD");
        }
    }
    if allowed.is_empty() {
        Matched::UnknownPath
    } else {
        Matched::OtherMethod(allowed)
    }
}

impl Verb {
    /// The method in capitals.
    pub fn as_str(self) -> &'static str {
        match self {
            Verb::Delete => "DELETE",
            Verb::Get => "GET",
            Verb::Patch => "PATCH",
            Verb::Post => "POST",
            Verb::Put => "PUT",
        }
    }

    fn answers(self, method: &str) -> bool {
        method == self.as_str() || (self == Verb::Get && method == "HEAD")
    }
}

impl fmt::Display for Verb {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

const fn endpoint(path: &'static str, verb: Verb, operation: &'static str) -> Endpoint {
    Endpoint {
        path,
        verb,
        operation,
    }
}

/// Whether `path` fits the template; `{…}` stands for any one segment that is not empty.
fn fits(template: &str, path: &str) -> bool {
    let mut segments = path.split('/');
    let fitting = template.split('/').all(|expected| match segments.next() {
        Some(segment) if expected.starts_with('{') => !segment.is_empty(),
        Some(segment) => segment == expected,
        None => false,
    });
    fitting && segments.next().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn operation(method: &str, path: &str) -> Option<&'static str> {
        match find(method, path) {
            Matched::Endpoint(endpoint) => Some(endpoint.operation),
            Matched::OtherMethod(_) | Matched::UnknownPath => None,
        }
    }

    #[test]
    fn a_path_and_a_method_name_one_call() {
        assert_eq!(operation("PUT", "/game"), Some("makeMove"));
        assert_eq!(operation("GET", "/game/x"), Some("readGame"));
        assert_eq!(operation("HEAD", "/game/x"), Some("readGame"));
        assert_eq!(operation("POST", "/game/x/draw"), Some("offerDraw"));
        assert_eq!(operation("POST", "/players"), Some("createPlayer"));
    }

    #[test]
    fn paths_are_exact() {
        for path in [
            "",
            "/",
            "/game/",
            "//game",
            "/game/x/",
            "/Game",
            "/game/x/y",
            "game",
        ] {
            assert_eq!(find("GET", path), Matched::UnknownPath, "{path}");
        }
    }

    #[test]
    fn another_method_learns_which_there_are() {
        assert_eq!(
            find("GET", "/game"),
            Matched::OtherMethod(vec!["POST", "PUT"])
        );
        assert_eq!(
            find("TRACE", "/players/me"),
            Matched::OtherMethod(vec!["DELETE", "GET", "HEAD", "PATCH"])
        );
    }

    #[test]
    fn the_table_is_sorted_and_names_no_call_twice() {
        assert!(ENDPOINTS.is_sorted_by(|a, b| (a.path, a.verb) < (b.path, b.verb)));
        let mut operations: Vec<_> = ENDPOINTS
            .iter()
            .map(|endpoint| endpoint.operation)
            .collect();
        operations.sort_unstable();
        operations.dedup();
        assert_eq!(operations.len(), ENDPOINTS.len());
    }
}
