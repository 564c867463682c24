//! The refusals of each call, and their form in the document.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::header_references;
use crate::rules::Rulebook;

/// Each code with its status and its cause.
const CODES: [(&str, u16, &str); 25] = [
    (
        "malformed",
        400,
        "Not JSON, an unknown field, or a wrong type or range; `detail` names the field and its place",
    ),
    (
        "player_token_required",
        401,
        "The call needs a player token, and none was sent",
    ),
    (
        "player_token_invalid",
        401,
        "The token is not valid on this server, or its player was deleted",
    ),
    (
        "not_seated",
        403,
        "The token is valid, but its player has no seat in this game",
    ),
    ("not_found", 404, "No such path or stage"),
    (
        "game_not_found",
        404,
        "No such game on this stage, or it is private and not the caller's",
    ),
    ("invite_not_found", 404, "No such invite on this stage"),
    (
        "version_conflict",
        409,
        "The game has changed since the player saw it; `game` is the current one",
    ),
    ("not_your_turn", 409, "Another seat is to move"),
    ("not_started", 409, "A seat of the game is not taken"),
    ("game_over", 409, "The game has ended"),
    ("game_not_over", 409, "The game has not ended"),
    ("seat_taken", 409, "The seat is not free"),
    (
        "no_draw_offer",
        409,
        "There is no offer to decline or withdraw",
    ),
    (
        "draw_already_offered",
        409,
        "The last offer was declined or withdrawn; offer again after a move",
    ),
    (
        "in_progress",
        409,
        "The first call with this Idempotency-Key is under way",
    ),
    ("too_large", 413, "The body is over 16 KiB"),
    (
        "unsupported_media_type",
        415,
        "The body is not sent as application/json",
    ),
    ("illegal_move", 422, "No position allows this move"),
    ("unknown_variant", 422, "No such variant"),
    (
        "invalid_option",
        422,
        "The variant or this release has no such option",
    ),
    (
        "idempotency_key_reused",
        422,
        "This Idempotency-Key was used before with another body",
    ),
    ("upgrade_required", 426, "Not a WebSocket handshake"),
    (
        "rules_failed",
        503,
        "The rules of the game cannot run; nothing has happened",
    ),
    (
        "unavailable",
        503,
        "The database cannot answer; `detail` says whether the outcome is unknown",
    ),
];

/// The code for a method that the path does not have. No call of the document can answer it.
const METHOD_NOT_ALLOWED: &str = "method_not_allowed";
/// The call that variants refuse for reasons of their own.
const MAKE_MOVE: &str = "makeMove";
const BODY: [&str; 2] = ["too_large", "unsupported_media_type"];
const REPEATABLE: [&str; 2] = ["in_progress", "idempotency_key_reused"];
const PLAYERS: [&str; 2] = ["player_token_required", "player_token_invalid"];

/// Every code that a problem may have.
pub(super) fn all_codes() -> Vec<&'static str> {
    let listed = CODES.iter().map(|(code, _, _)| *code);
    let of_rules = of_rules().into_keys();
    listed.chain(of_rules).chain([METHOD_NOT_ALLOWED]).collect()
}

/// The codes of the variants' own refusals of a move, each with its meaning.
fn of_rules() -> BTreeMap<&'static str, &'static str> {
    let book = Rulebook::built_in();
    let refusals = book.iter().flat_map(|rules| rules.forms().refusals);
    // Variants that share a code mean the same by it.
    refusals
        .map(|refusal| (refusal.code, refusal.title))
        .collect()
}

/// The codes of a call, with those that every call has.
fn codes(operation: &str) -> Vec<&'static str> {
    let sets: &[&[&'static str]] = match operation {
        "createGame" => &[
            &[
                "malformed",
                "player_token_invalid",
                "unknown_variant",
                "invalid_option",
            ],
            &BODY,
            &REPEATABLE,
        ],
        MAKE_MOVE => &[
            &[
                "malformed",
                "not_seated",
                "game_not_found",
                "rules_failed",
                "illegal_move",
            ],
            &[
                "version_conflict",
                "not_your_turn",
                "not_started",
                "game_over",
            ],
            &BODY,
            &PLAYERS,
        ],
        "readGame" | "readEvents" => &[&[
            "malformed",
            "player_token_invalid",
            "game_not_found",
            "rules_failed",
        ]],
        "joinGame" => &[
            &[
                "malformed",
                "player_token_invalid",
                "invite_not_found",
                "rules_failed",
                "seat_taken",
            ],
            &["game_over", "version_conflict"],
            &BODY,
            &REPEATABLE,
        ],
        "listGames" => &[&["malformed"], &PLAYERS],
        "listVariants" => &[&["player_token_invalid"]],
        "resignGame" => &[
            &[
                "not_seated",
                "game_not_found",
                "rules_failed",
                "game_over",
                "version_conflict",
                "too_large",
            ],
            &PLAYERS,
        ],
        "offerDraw" => &[
            &[
                "not_seated",
                "game_not_found",
                "rules_failed",
                "not_started",
                "game_over",
            ],
            &["draw_already_offered", "version_conflict", "too_large"],
            &PLAYERS,
        ],
        "declineDraw" => &[
            &[
                "not_seated",
                "game_not_found",
                "rules_failed",
                "not_started",
                "game_over",
                "no_draw_offer",
            ],
            &["version_conflict", "too_large"],
            &PLAYERS,
        ],
        "rematchGame" => &[
            &[
                "not_seated",
                "game_not_found",
                "rules_failed",
                "not_started",
                "game_not_over",
            ],
            &["version_conflict", "too_large"],
            &PLAYERS,
        ],
        "createPlayer" => &[&["malformed", "player_token_invalid"], &BODY, &REPEATABLE],
        "readPlayer" => &[&PLAYERS],
        "renamePlayer" => &[&["malformed"], &BODY, &PLAYERS],
        "deletePlayer" => &[&["too_large"], &PLAYERS],
        "openLive" => &[&["malformed", "player_token_invalid", "upgrade_required"]],
        _ => &[],
    };
    let of_every_call = ["not_found", "unavailable"];
    sets.iter()
        .copied()
        .flatten()
        .copied()
        .chain(of_every_call)
        .collect()
}

/// The responses with which a call is refused, by status.
pub(super) fn of(operation: &str) -> BTreeMap<u16, Value> {
    let mut by_status: BTreeMap<u16, Vec<(&str, &str)>> = BTreeMap::new();
    for gated in [403, 429, 503] {
        by_status.insert(gated, Vec::new());
    }
    let of_call = codes(operation);
    for (code, status, meaning) in CODES {
        if of_call.contains(&code) {
            by_status.entry(status).or_default().push((code, meaning));
        }
    }
    if operation == MAKE_MOVE {
        by_status.entry(409).or_default().extend(of_rules());
    }
    by_status
        .into_iter()
        .map(|(status, problems)| (status, response(status, &problems)))
        .collect()
}

fn response(status: u16, problems: &[(&str, &str)]) -> Value {
    let mut meanings = Vec::new();
    let mut content = Map::new();
    let mut headers = vec!["RequestId"];
    if let Some((meaning, kinds)) = of_gate(status) {
        meanings.push(meaning.to_owned());
        headers.push("ErrorType");
        let examples: Map<String, Value> = kinds
            .iter()
            .map(|(kind, message)| ((*kind).to_owned(), json!({"value": {"message": message}})))
            .collect();
        content.insert(
            "application/json".into(),
            json!({"schema": {"$ref": "#/components/schemas/GateError"}, "examples": examples}),
        );
    }
    if !problems.is_empty() {
        let examples: Map<String, Value> = problems
            .iter()
            .map(|(code, meaning)| ((*code).to_owned(), example(status, code, meaning)))
            .collect();
        content.insert(
            "application/problem+json".into(),
            json!({"schema": {"$ref": "#/components/schemas/Problem"}, "examples": examples}),
        );
    }
    meanings.extend(
        problems
            .iter()
            .map(|(code, meaning)| format!("`{code}`: {meaning}")),
    );
    headers.extend(match status {
        401 => &["Challenge"][..],
        409 | 429 | 503 => &["RetryAfter"],
        426 => &["Upgrade"],
        _ => &[],
    });
    // Some answers with 404 come before the gate, which alone knows the plan and its limits.
    if !matches!(status, 404) {
        headers.extend(["RateLimitPolicy", "RateLimit"]);
    }
    json!({
        "description": meanings.join(". "),
        "headers": header_references(&headers),
        "content": content
    })
}

type Kinds = &'static [(&'static str, &'static str)];

/// The gate's own refusals with this status.
fn of_gate(status: u16) -> Option<(&'static str, Kinds)> {
    match status {
        403 => Some((
            "The gate: the key is missing, unknown, disabled, expired, or in no plan for this stage",
            &[("ForbiddenException", "Forbidden")],
        )),
        429 => Some((
            "The gate: the calls come too fast, or the quota is used up",
            &[
                ("TooManyRequestsException", "Too Many Requests"),
                ("LimitExceededException", "Limit Exceeded"),
            ],
        )),
        503 => Some((
            "The gate: it cannot decide now",
            &[("ServiceUnavailableException", "Service Unavailable")],
        )),
        _ => None,
    }
}

fn example(status: u16, code: &str, meaning: &str) -> Value {
    let mut title = code.replace('_', " ");
    title[..1].make_ascii_uppercase();
    json!({"value": {
        "type": format!("/problems/{code}"),
        "title": title,
        "status": status,
        "detail": meaning,
        "code": code,
        "message": meaning,
        "requestId": "01935d5a-6e1f-7c3a-9d3e-5b8f2a7c4e10"
    }})
}
