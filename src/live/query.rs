//! The games that a client subscribes to with the URL that opens its socket.
//!
//! `game=<id>:<after>` holds a game and its version in one value. In the older form,
//! `game=<id>&after=<version>`, the meaning depends on the order. Clients that sort or group a
//! query by its names would resume the wrong game, so an `after` is accepted only right behind its
//! game. An unknown name is refused too: `games=…` or `game[]=…` would otherwise open a socket that
//! follows nothing.

use actix_web::web;

use super::frames::Resume;
use crate::game::GameId;

/// How much of an unknown name an error repeats, in characters.
const SHOWN_CHARACTERS: usize = 40;

/// Why a query cannot be read. The text says what to write instead.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct QueryError(String);

/// The subscriptions that a query asks for, in its order: each game's id as it was written, and
/// where the client left off. The one `epoch` belongs to all games.
///
/// # Errors
/// An unknown name; an `after` that is not right behind its game; a version that is not a whole
/// number; a game without an id; a second `epoch`; the character NUL.
///
/// # Examples
/// ```
/// use turnkey::live::query::subscriptions;
///
/// let found = subscriptions("game=a:3&game=b").expect("a well-formed query");
/// assert_eq!(found[0].1.after, Some(3));
/// assert_eq!(found[1].1.after, None);
/// assert!(subscriptions("games=a").is_err());
/// ```
pub fn subscriptions(query: &str) -> Result<Vec<(String, Resume)>, QueryError> {
    let pairs = web::Query::<Vec<(String, String)>>::from_query(query)
        .map_err(|error| QueryError(format!("the query cannot be read: {error}")))?;
    let mut games: Vec<(String, Option<u32>)> = Vec::new();
    let mut epoch = None;
    let mut may_take_after = false;
    for (name, value) in pairs.into_inner() {
        let is_right_behind = std::mem::take(&mut may_take_after);
        if value.contains('\0') {
            let message = format!("{}: it may not hold the character NUL", shown(&name));
            return Err(QueryError(message));
        }
        match name.as_str() {
            "game" => {
                let (id, after) = game(&value)?;
                may_take_after = after.is_none();
                games.push((id, after));
            }
            "after" => match games.last_mut() {
                Some((_, after)) if is_right_behind => *after = Some(version(&value)?),
                Some(_) | None => return Err(misplaced_after()),
            },
            "epoch" if epoch.is_none() => epoch = Some(value),
            "epoch" => {
                let message = "epoch: write it once; it belongs to all games";
                return Err(QueryError(message.to_owned()));
            }
            unknown => return Err(unknown_name(unknown)),
        }
    }
    let subscription = |(game_id, after)| {
        let epoch = epoch.clone();
        (game_id, Resume { after, epoch })
    };
    Ok(games.into_iter().map(subscription).collect())
}

/// Reads `<id>` or `<id>:<after>`. Some forms of a UUID have colons of their own.
fn game(value: &str) -> Result<(String, Option<u32>), QueryError> {
    let (id, after) = match value.rsplit_once(':') {
        Some((id, after)) if value.parse::<GameId>().is_err() => (id, Some(version(after)?)),
        Some(_) | None => (value, None),
    };
    if id.is_empty() {
        let message = "game: name a game, as in game=<id> or game=<id>:<version>";
        return Err(QueryError(message.to_owned()));
    }
    Ok((id.to_owned(), after))
}

/// Reads a version. One that is too great for a `u32` becomes `u32::MAX`, which is ahead of every
/// game.
fn version(text: &str) -> Result<u32, QueryError> {
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !is_number {
        let message = "after: a version is a whole number, 0 or more";
        return Err(QueryError(message.to_owned()));
    }
    Ok(text.parse().unwrap_or(u32::MAX))
}

fn misplaced_after() -> QueryError {
    let message = "after: it is taken right behind its game only, as in game=<id>&after=<version>, \
                   and once for each; better write game=<id>:<version>";
    QueryError(message.to_owned())
}

fn unknown_name(name: &str) -> QueryError {
    let shown = shown(name);
    QueryError(format!(
        "the query name {shown:?} is unknown: use game and epoch, as in \
         game=<id>:<version>&epoch=<epoch>"
    ))
}

/// The beginning of a name, for an error.
fn shown(name: &str) -> String {
    name.chars().take(SHOWN_CHARACTERS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "01935d5a-6e1f-7c3a-9d3e-5b8f2a7c4e10";

    /// The games and versions of a well-formed query.
    fn read(query: &str) -> Vec<(String, Option<u32>)> {
        let found = subscriptions(query).unwrap_or_else(|error| panic!("{query}: {error}"));
        let in_short = |(game, resume): (String, Resume)| (game, resume.after);
        found.into_iter().map(in_short).collect()
    }

    fn refusal(query: &str) -> String {
        subscriptions(query).expect_err(query).to_string()
    }

    #[test]
    fn both_forms_and_one_epoch_for_all() {
        assert_eq!(subscriptions(""), Ok(Vec::new()));
        let found = subscriptions("game=a:3&game=b&epoch=e&game=c&after=99999999999");
        let expected = [("a", Some(3)), ("b", None), ("c", Some(u32::MAX))];
        let expected = expected.map(|(game, after)| {
            let epoch = Some("e".to_owned());
            (game.to_owned(), Resume { after, epoch })
        });
        assert_eq!(found, Ok(expected.to_vec()));
    }

    #[test]
    fn however_it_is_encoded() {
        for query in [
            format!("game={ID}:7"),
            format!("game={ID}%3A7"),
            format!("game={ID}%3a%37"),
            format!("g%61me={ID}:007"),
            format!("&&game={ID}&after=7&"),
        ] {
            assert_eq!(read(&query), [(ID.to_owned(), Some(7))], "{query}");
        }
        let urn = format!("urn:uuid:{ID}");
        assert_eq!(read(&format!("game={urn}")), [(urn.clone(), None)]);
        assert_eq!(read(&format!("game={urn}:7")), [(urn, Some(7))]);
        // Text that is not an id is looked up like one, and not found.
        assert_eq!(read("game=%FF:1"), [("\u{fffd}".to_owned(), Some(1))]);
    }

    #[test]
    fn the_same_game_twice_is_subscribed_to_twice() {
        let twice = [("a".to_owned(), Some(1)), ("a".to_owned(), None)];
        assert_eq!(read("game=a:1&game=a"), twice);
    }

    #[test]
    fn an_after_stands_right_behind_its_game() {
        let grouped = read("game=a&game=b&after=1");
        assert_eq!(grouped, [("a".to_owned(), None), ("b".to_owned(), Some(1))]);
        for query in [
            "after=1",
            "after=1&game=a",
            "game=a&after=1&after=2",
            "game=a&game=b&after=1&after=2",
            "game=a&epoch=e&after=1",
            "game=a:1&after=1",
            "game=a:1&after=2",
        ] {
            let refused = refusal(query);
            assert!(
                refused.contains("right behind its game"),
                "{query}: {refused}"
            );
        }
    }

    #[test]
    fn what_is_no_version() {
        for value in ["", "-1", "+1", "1.5", "1e3", "0x1", "%201", "one", "%D9%A1"] {
            for query in [format!("game=a:{value}"), format!("game=a&after={value}")] {
                let refused = refusal(&query);
                assert!(refused.contains("a whole number"), "{query}: {refused}");
            }
        }
        assert!(refusal(&format!("game={ID}:1:x")).contains("a whole number"));
    }

    #[test]
    fn a_game_has_an_id_and_there_is_one_epoch() {
        for query in ["game=", "game", "game=:3"] {
            assert!(refusal(query).contains("name a game"), "{query}");
        }
        assert!(refusal("epoch=a&epoch=b").contains("once"));
        for query in ["game=a%00", "game=a:1%00", "epoch=%00", "game=a&after=%00"] {
            assert!(refusal(query).contains("NUL"), "{query}");
        }
    }

    #[test]
    fn names_that_are_not_known() {
        for name in [
            "games",
            "game[]",
            "game%5B%5D",
            "game%5B0%5D",
            "Game",
            "GAME",
            "gameId",
            "id",
            "After",
            "since",
            "epochs",
            "x-api-key",
            "token",
            "",
            "%FF",
        ] {
            for query in [format!("{name}=a"), format!("game=a:1&{name}=a")] {
                let refused = refusal(&query);
                assert!(refused.contains("is unknown"), "{query}: {refused}");
            }
        }
        assert!(refusal(&"x".repeat(10_000)).len() < 200);
    }
}
