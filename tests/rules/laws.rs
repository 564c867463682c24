//! What holds for every game, however it is played.
//!
//! The cases are the same in every run, so that a failure is one for everybody; other ones are
//! tried with `PROPTEST_RNG_SEED=<number>`, more of them with `PROPTEST_CASES=<number>`. Nothing
//! is written into the repository: a case that failed becomes a test of its own.

use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use turnkey::game::{
    Ask, Decision, Entry, Event, Game, GameId, Opponent, Outcome, PlayerId, Since, Status,
    Visibility, evolve, fold, since,
};
use turnkey::rules::{Json, Seat};
use uuid::Uuid;

use crate::scenario::{ANN, BOB, EVE, asked, cell, created_for, move_of, rules};

fn config() -> ProptestConfig {
    let mut config = ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    if config.rng_seed == RngSeed::Random {
        config.rng_seed = RngSeed::Fixed(0x7075_6b6e);
    }
    config
}

fn players() -> impl Strategy<Value = PlayerId> {
    prop_oneof![4 => Just(ANN), 4 => Just(BOB), 1 => Just(EVE)]
}

/// A player, and what they ask for.
type Asked = (PlayerId, Ask);

fn commands() -> impl Strategy<Value = Asked> {
    let next = any::<u128>().prop_map(|next| GameId(Uuid::from_u128(next)));
    let asks = prop_oneof![
        2 => Just(Ask::Join),
        16 => (-1_i64..=9).prop_map(|number| played(Seat::FIRST, cell(number))),
        1 => Just(Ask::Resign),
        3 => Just(Ask::OfferDraw),
        3 => Just(Ask::DeclineDraw),
        1 => next.prop_map(Ask::Rematch),
    ];
    (players(), asks)
}

fn creations() -> impl Strategy<Value = Entry> {
    let seats = prop_oneof![Just(Seat::FIRST), Just(Seat::SECOND)];
    let opponents = prop_oneof![4 => Just(Opponent::Invite), 1 => Just(Opponent::Oneself)];
    (seats, opponents)
        .prop_map(|(seat, opponent)| created_for(ANN, seat, opponent, Visibility::Private))
}

fn played(seat: Seat, played: Json) -> Ask {
    Ask::Play { seat, played }
}

/// A played game: after each command the game before it, the command, the answer's entry.
struct Played {
    first: Entry,
    steps: Vec<(Game, Asked, Option<Entry>)>,
    last: Game,
}

fn games() -> impl Strategy<Value = (Entry, Vec<Asked>)> {
    (creations(), proptest::collection::vec(commands(), 0..80))
}

fn play(first: Entry, commands: Vec<Asked>) -> Played {
    let mut game = fold(&rules(), [&first]).unwrap();
    let mut steps = Vec::new();
    for (player, ask) in commands {
        // Everybody moves with a seat of theirs.
        let ask = match ask {
            Ask::Play { played, .. } => move_of(&game, player, played),
            other => other,
        };
        let entry = match asked(&game, player, ask.clone()) {
            Ok(Decision::Record(entry)) => Some(entry),
            Ok(Decision::AlreadyHolds) | Err(_) => None,
        };
        let before = game.clone();
        if let Some(entry) = &entry {
            game = evolve(game, entry);
        }
        steps.push((before, (player, ask), entry));
    }
    Played {
        first,
        steps,
        last: game,
    }
}

impl Played {
    /// What was recorded, from the creation on.
    fn history(&self) -> Vec<&Entry> {
        let later = self.steps.iter().filter_map(|(.., entry)| entry.as_ref());
        std::iter::once(&self.first).chain(later).collect()
    }

    /// Each version of the game, first to last.
    fn versions(&self) -> impl Iterator<Item = &Game> {
        let before = self.steps.iter().map(|(game, ..)| game);
        before.chain(std::iter::once(&self.last))
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn what_decide_accepts_evolve_applies((first, commands) in games()) {
        for (before, (player, ask), entry) in play(first, commands).steps {
            let Some(entry) = entry else { continue };
            let after = evolve(before.clone(), &entry);
            prop_assert_eq!(after.version, before.version + 1);
            let as_recorded = matches!(
                (&ask, &entry.event),
                (Ask::Join, Event::PlayerSeated { .. })
                    | (Ask::Play { .. }, Event::MovePlayed { .. })
                    | (Ask::Resign, Event::Resigned { .. } | Event::Abandoned { .. })
                    | (Ask::OfferDraw, Event::DrawOffered { .. } | Event::DrawAgreed { .. })
                    | (Ask::DeclineDraw, Event::DrawDeclined { .. })
                    | (Ask::Rematch(_), Event::RematchCreated { .. })
            );
            prop_assert!(as_recorded, "{ask:?} recorded {entry:?}");
            // But for a move, to ask again changes nothing.
            if let Ask::Join | Ask::Resign | Ask::OfferDraw | Ask::DeclineDraw | Ask::Rematch(_) = ask {
                prop_assert_eq!(asked(&after, player, ask), Ok(Decision::AlreadyHolds));
            }
        }
    }

    #[test]
    fn replay_is_state((first, commands) in games()) {
        let played = play(first, commands);
        let entries = played.history();
        prop_assert_eq!(entries.len(), played.last.version as usize);
        for game in played.versions() {
            let told = entries.iter().take(game.version as usize).copied();
            prop_assert_eq!(fold(&rules(), told), Ok(game.clone()));
        }
    }

    #[test]
    fn only_a_seated_player_changes_a_game((first, commands) in games()) {
        for (before, (player, ask), entry) in play(first, commands).steps {
            let joins = ask == Ask::Join;
            prop_assert!(entry.is_none() || joins || before.is_seated(player));
        }
    }

    #[test]
    fn a_result_stays_as_it_is((first, commands) in games()) {
        let played = play(first, commands);
        let mut ended: Option<&Outcome> = None;
        for game in played.versions() {
            prop_assert_eq!(game.status() == Status::Finished, game.result.is_some());
            if ended.is_some() {
                prop_assert_eq!(game.result.as_ref(), ended);
            }
            ended = game.result.as_ref();
        }
        let endings = played.history().into_iter().filter(|entry| match &entry.event {
            Event::MovePlayed { result, .. } | Event::Resigned { result, .. } => result.is_some(),
            Event::DrawAgreed { .. } | Event::Abandoned { .. } => true,
            Event::GameCreated(_) | Event::PlayerSeated { .. } | Event::SeatLeft { .. }
            | Event::DrawOffered { .. } | Event::DrawDeclined { .. }
            | Event::RematchCreated { .. } => false,
        });
        prop_assert_eq!(endings.count(), usize::from(ended.is_some()));
    }

    #[test]
    fn legal_moves_are_those_that_decide_accepts((first, commands) in games()) {
        for game in play(first, commands).versions() {
            for (seat, holder) in game.seats.iter() {
                let Some(player) = holder.player() else { continue };
                let accepts = |number: &i64| {
                    let answer = asked(game, player, move_of(game, player, cell(*number)));
                    matches!(answer, Ok(Decision::Record(_)))
                };
                let accepted: Vec<_> = (-1..=9).filter(accepts).map(cell).collect();
                // Against oneself a player moves for the seat whose turn it is.
                let listed = match game.opponent {
                    Opponent::Invite => Some(seat),
                    Opponent::Oneself => game.acting_seat(player),
                };
                let listed = listed.and_then(|seat| game.legal_moves(seat));
                prop_assert_eq!(listed, Some(accepted));
            }
        }
    }

    #[test]
    fn draw_offers_keep_their_laws((first, commands) in games()) {
        let played = play(first, commands);
        for game in played.versions() {
            for offerer in game.draws.standing.iter() {
                prop_assert_eq!(game.status(), Status::Playing);
                prop_assert_eq!(game.opponent, Opponent::Invite);
                prop_assert!(!game.draws.spent.contains(offerer));
            }
        }
        // Between two moves each seat offers once at most.
        let mut offered = Vec::new();
        for entry in played.history() {
            match &entry.event {
                Event::DrawOffered { seat } => {
                    prop_assert!(!offered.contains(seat), "{seat:?} offered twice");
                    offered.push(*seat);
                }
                Event::MovePlayed { .. } => offered.clear(),
                Event::GameCreated(_) | Event::PlayerSeated { .. } | Event::SeatLeft { .. }
                | Event::Resigned { .. } | Event::DrawDeclined { .. } | Event::DrawAgreed { .. }
                | Event::Abandoned { .. } | Event::RematchCreated { .. } => {}
            }
        }
    }

    #[test]
    fn a_move_repeated_with_its_version_is_known_again((first, commands) in games()) {
        let played = play(first, commands);
        let history = played.history();
        for (before, (player, ask), entry) in &played.steps {
            let (Ask::Play { seat, played }, Some(_)) = (ask, entry) else {
                continue;
            };
            prop_assert!(before.seats_of(*player).contains(*seat));
            let again = |seat| {
                let later = history.iter().copied().skip(before.version as usize);
                since(before.clone(), later, seat, played)
            };
            prop_assert_eq!(again(*seat), Since::SameMove);
            prop_assert_eq!(again(seat.next(2)), Since::Otherwise);
        }
    }
}
