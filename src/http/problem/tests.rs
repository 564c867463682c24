//! Every refusal with its status, code and headers.

use actix_web::body::MessageBody;
use serde_json::{Value, json};
use time::OffsetDateTime;
use uuid::Uuid;

use super::*;
use crate::game::GameId;
use crate::gate::RateLimit;
use crate::play::view::{BySeat, GameView, SeenBy, Timestamp};
use crate::rules::Json;

fn game() -> Box<GameView> {
    let now = Timestamp(OffsetDateTime::UNIX_EPOCH);
    Box::new(GameView {
        game_id: GameId(Uuid::nil()),
        stage: "dev".parse().unwrap(),
        variant: "tic-tac-toe".into(),
        rules: 1,
        options: Json::empty_object(),
        visibility: "unlisted",
        version: 7,
        status: "playing",
        board: Value::Null,
        to_move: vec!["X"],
        turn: Some("X"),
        legal_moves: Vec::new(),
        legal_moves_by_seat: None,
        last_move: None,
        seats: BySeat(Vec::new()),
        seat_order: vec!["X", "O"],
        result: None,
        draw_offered_by: None,
        draw_offers: Vec::new(),
        turn_seconds: None,
        turn_deadline: None,
        rematch: None,
        chance: None,
        your_seats: None,
        invite: None,
        created_at: now,
        updated_at: now,
        seen_by: SeenBy::Anybody,
    })
}

/// The status, the headers, and the body as text.
fn answer(error: &HttpError) -> (u16, header::HeaderMap, String) {
    let response = error.respond(RequestId::generate());
    let status = response.status().as_u16();
    let headers = response.headers().clone();
    let body = response.into_body().try_into_bytes().ok().unwrap();
    (status, headers, String::from_utf8(body.to_vec()).unwrap())
}

fn detail() -> String {
    "what to do".into()
}

#[test]
fn every_problem_has_its_status_and_code() {
    let none = || None::<Box<GameView>>;
    let play = [
        (PlayError::Malformed { detail: detail() }, 400, "malformed"),
        (PlayError::PlayerTokenRequired, 401, "player_token_required"),
        (PlayError::PlayerTokenInvalid, 401, "player_token_invalid"),
        (PlayError::NotSeated, 403, "not_seated"),
        (PlayError::GameNotFound, 404, "game_not_found"),
        (PlayError::InviteNotFound, 404, "invite_not_found"),
        (
            PlayError::VersionConflict { game: game() },
            409,
            "version_conflict",
        ),
        (
            PlayError::NotYourTurn { game: game() },
            409,
            "not_your_turn",
        ),
        (
            PlayError::MoveNotNow {
                code: "cell_taken",
                detail: detail(),
                game: game(),
            },
            409,
            "cell_taken",
        ),
        (PlayError::NotStarted { game: game() }, 409, "not_started"),
        (PlayError::GameOver { game: Some(game()) }, 409, "game_over"),
        (PlayError::GameOver { game: none() }, 409, "game_over"),
        (
            PlayError::GameNotOver { game: game() },
            409,
            "game_not_over",
        ),
        (PlayError::SeatTaken { game: none() }, 409, "seat_taken"),
        (
            PlayError::NoDrawOffer { game: game() },
            409,
            "no_draw_offer",
        ),
        (
            PlayError::DrawAlreadyOffered { game: game() },
            409,
            "draw_already_offered",
        ),
        (PlayError::InProgress, 409, "in_progress"),
        (
            PlayError::IllegalMove { detail: detail() },
            422,
            "illegal_move",
        ),
        (
            PlayError::UnknownVariant { detail: detail() },
            422,
            "unknown_variant",
        ),
        (
            PlayError::InvalidOption { detail: detail() },
            422,
            "invalid_option",
        ),
        (
            PlayError::IdempotencyKeyReused,
            422,
            "idempotency_key_reused",
        ),
        (PlayError::RulesFailed, 503, "rules_failed"),
        (
            PlayError::Unavailable(Unavailable::NothingSent),
            503,
            "unavailable",
        ),
        (
            PlayError::Unavailable(Unavailable::OutcomeUnknown),
            503,
            "unavailable",
        ),
    ]
    .map(|(error, status, code)| (HttpError::Play(error), status, code));
    let own = [
        (HttpError::Malformed(detail()), 400, "malformed"),
        (HttpError::NotFound, 404, "not_found"),
        (
            HttpError::MethodNotAllowed(vec!["GET"]),
            405,
            "method_not_allowed",
        ),
        (HttpError::TooLarge, 413, "too_large"),
        (
            HttpError::UnsupportedMediaType,
            415,
            "unsupported_media_type",
        ),
        (HttpError::UpgradeRequired, 426, "upgrade_required"),
        (HttpError::Internal, 503, "unavailable"),
    ];
    for (error, status, code) in play.into_iter().chain(own) {
        let (answered, headers, body) = answer(&error);
        let body: Value = serde_json::from_str(&body).unwrap();
        assert_eq!(answered, status, "{code}");
        assert_eq!(body["status"], status);
        assert_eq!(body["code"], code);
        assert_eq!(body["type"], format!("/problems/{code}"));
        assert_eq!(body["message"], body["detail"]);
        assert!(body["title"].is_string() && body["requestId"].is_string());
        assert_eq!(
            headers.get(header::CONTENT_TYPE).unwrap(),
            "application/problem+json"
        );
        let retried = matches!(code, "in_progress" | "unavailable");
        assert_eq!(headers.contains_key(header::RETRY_AFTER), retried, "{code}");
        assert_eq!(
            headers.contains_key(header::WWW_AUTHENTICATE),
            status == 401,
            "{code}"
        );
    }
}

#[test]
fn an_old_picture_is_answered_with_the_game() {
    let (_, _, body) = answer(&PlayError::NotYourTurn { game: game() }.into());
    let body: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(body["game"]["version"], 7);
    let (_, _, body) = answer(&PlayError::SeatTaken { game: None }.into());
    let body: Value = serde_json::from_str(&body).unwrap();
    assert!(body.get("game").is_none());
}

#[test]
fn headers_that_say_what_to_do() {
    let (_, headers, _) = answer(&HttpError::MethodNotAllowed(vec!["GET", "HEAD"]));
    assert_eq!(headers.get(header::ALLOW).unwrap(), "GET, HEAD");
    let (_, headers, _) = answer(&HttpError::UpgradeRequired);
    assert_eq!(headers.get(header::UPGRADE).unwrap(), "websocket");
    assert_eq!(headers.get(header::SEC_WEBSOCKET_VERSION).unwrap(), "13");
    let (_, headers, _) = answer(&PlayError::PlayerTokenInvalid.into());
    assert_eq!(headers.get(header::WWW_AUTHENTICATE).unwrap(), "Bearer");
}

#[test]
fn the_gate_refuses_byte_for_byte() {
    let retry_after = Duration::from_millis(1200);
    let rate_limit = Box::<RateLimit>::default();
    let throttled = Denial::TooManyRequests {
        retry_after,
        rate_limit: rate_limit.clone(),
    };
    let used_up = Denial::LimitExceeded {
        retry_after,
        rate_limit,
    };
    let guessing = PlayError::TooManyUnknownInvites {
        retry_after: Duration::ZERO,
    };
    let cases: [(HttpError, u16, &str, &str, Option<&str>); 5] = [
        (
            Denial::Forbidden.into(),
            403,
            "ForbiddenException",
            r#"{"message":"Forbidden"}"#,
            None,
        ),
        (
            throttled.into(),
            429,
            "TooManyRequestsException",
            r#"{"message":"Too Many Requests"}"#,
            Some("2"),
        ),
        (
            used_up.into(),
            429,
            "LimitExceededException",
            r#"{"message":"Limit Exceeded"}"#,
            Some("2"),
        ),
        (
            Denial::Unavailable.into(),
            503,
            "ServiceUnavailableException",
            r#"{"message":"Service Unavailable"}"#,
            None,
        ),
        (
            guessing.into(),
            429,
            "TooManyRequestsException",
            r#"{"message":"Too Many Requests"}"#,
            Some("1"),
        ),
    ];
    for (error, status, kind, body, retry_after) in cases {
        let (answered, headers, text) = answer(&error);
        assert_eq!((answered, text.as_str()), (status, body));
        assert_eq!(headers.get("x-amzn-errortype").unwrap(), kind);
        assert_eq!(
            headers.get(header::CONTENT_TYPE).unwrap(),
            "application/json"
        );
        let seconds = headers
            .get(header::RETRY_AFTER)
            .map(|value| value.to_str().unwrap());
        assert_eq!(seconds, retry_after);
    }
}

#[test]
fn nothing_private_is_told() {
    let text = answer(&HttpError::Internal).2;
    for word in ["sql", "SELECT", ".rs", "src/", "postgres"] {
        assert!(!text.contains(word), "{word}");
    }
    assert_ne!(json!(text), json!(""));
}
