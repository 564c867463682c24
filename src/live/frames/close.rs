//! The codes of the close frame with which a socket ends, and what a client should do then.

use super::server::GoodbyeReason;

/// One row of the table of close codes.
#[derive(Clone, Copy, Debug)]
pub struct Close {
    /// The close code of RFC 6455, or one of our own from 4000 on.
    pub code: u16,
    /// Why the socket ended, for the documents.
    pub means: &'static str,
    /// What the client should do, for the documents.
    pub client: &'static str,
}

/// Every code that a socket ends with, unless the connection is lost without one.
pub const CLOSES: [Close; 9] = [
    close(1000, "Normal", "Nothing"),
    close(1001, "Normal: the peer goes away", "Nothing"),
    close(
        1002,
        "The client broke RFC 6455",
        "Fix the client, then reconnect",
    ),
    close(
        1007,
        "The client sent text that is not UTF-8",
        "Fix the client, then reconnect",
    ),
    close(
        1008,
        "The client broke a limit: frame size, frames a second, bad JSON three times, a binary frame",
        "Back off, fix the client, then reconnect",
    ),
    close(
        1012,
        "A deploy or a restart",
        "Reconnect after `retryAfterMs`, and resume with `after` and `epoch`",
    ),
    close(
        1013,
        "The client was too slow twice, or the server is full",
        "Back off, then resume",
    ),
    close(
        4401,
        "The player token is no longer good",
        "Do not retry with the same token",
    ),
    close(
        4403,
        "The API key is no longer good",
        "Do not retry with the same key",
    ),
];

impl GoodbyeReason {
    /// Every reason.
    pub const ALL: [GoodbyeReason; 6] = [
        GoodbyeReason::Restart,
        GoodbyeReason::TooSlow,
        GoodbyeReason::Full,
        GoodbyeReason::Limit,
        GoodbyeReason::PlayerTokenRevoked,
        GoodbyeReason::KeyRevoked,
    ];

    /// The code of the close frame that follows the goodbye.
    pub fn close_code(self) -> u16 {
        match self {
            GoodbyeReason::Restart => 1012,
            GoodbyeReason::TooSlow | GoodbyeReason::Full => 1013,
            GoodbyeReason::Limit => 1008,
            GoodbyeReason::PlayerTokenRevoked => 4401,
            GoodbyeReason::KeyRevoked => 4403,
        }
    }
}

const fn close(code: u16, means: &'static str, client: &'static str) -> Close {
    Close {
        code,
        means,
        client,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_goodbye_is_followed_by_a_code_of_the_table() {
        for reason in GoodbyeReason::ALL {
            let code = reason.close_code();
            assert!(CLOSES.iter().any(|close| close.code == code), "{reason:?}");
        }
    }
}
