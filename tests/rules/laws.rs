//! What holds for every game, however it is played.
//!
//! The cases are the same in every run, so that a failure is one for everybody; other ones are
//! tried with `PROPTEST_RNG_SEED=<number>`, more of them with `PROPTEST_CASES=<number>`. Nothing
//! is written into the repository: a case that failed becomes a test of its own.

use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use turnkey::game::{
    Command, Decision, Event, Game, GameId, Opponent, Outcome, PlayerId, Since, Status, Visibility,
    create, decide, evolve, fold, since,
};
use uuid::Uuid;

use crate::scenario::{ANN, BOB, EVE, cell, created, rules};

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

fn commands() -> impl Strategy<Value = Command> {
    let rematch = (players(), any::<u128>()).prop_map(|(player, next)| Command::Rematch {
        player,
        next: GameId(Uuid::from_u128(next)),
    });
    prop_oneof![
        2 => players().prop_map(|player| Command::Join { player }),
        16 => (players(), -1_i64..=9).prop_map(|(player, number)| Command::Play {
            player,
            played: cell(number),
        }),
        1 => players().prop_map(|player| Command::Resign { player }),
        3 => players().prop_map(|player| Command::OfferDraw { player }),
        3 => players().prop_map(|player| Command::DeclineDraw { player }),
        1 => rematch,
    ]
}

fn creations() -> impl Strategy<Value = Event> {
    let seats = prop_oneof![
        Just(turnkey::game::Seat::First),
        Just(turnkey::game::Seat::Second)
    ];
    let opponents = prop_oneof![4 => Just(Opponent::Invite), 1 => Just(Opponent::Oneself)];
    (seats, opponents).prop_map(|(seat, opponent)| {
        let Event::GameCreated(asked) = created(ANN, seat, opponent) else {
            unreachable!("`create` makes a creation");
        };
        create(ANN, seat, asked.options, Visibility::Private, opponent)
    })
}

/// A played game: after each command the game before it, the command, the answer's event.
struct Played {
    first: Event,
    steps: Vec<(Game, Command, Option<Event>)>,
    last: Game,
}

fn games() -> impl Strategy<Value = (Event, Vec<Command>)> {
    (creations(), proptest::collection::vec(commands(), 0..80))
}

fn play(first: Event, commands: Vec<Command>) -> Played {
    let mut game = fold(rules(), [&first]).unwrap();
    let mut steps = Vec::new();
    for command in commands {
        let event = match decide(&game, &command) {
            Ok(Decision::Record(event)) => Some(event),
            Ok(Decision::AlreadyHolds) | Err(_) => None,
        };
        let before = game.clone();
        if let Some(event) = &event {
            game = evolve(game, event);
        }
        steps.push((before, command, event));
    }
    Played {
        first,
        steps,
        last: game,
    }
}

impl Played {
    /// Who did what, from the creation on.
    fn history(&self) -> Vec<(PlayerId, &Event)> {
        let later = self.steps.iter().filter_map(|(_, command, event)| {
            let event = event.as_ref()?;
            Some((command.player(), event))
        });
        std::iter::once((ANN, &self.first)).chain(later).collect()
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
        for (before, command, event) in play(first, commands).steps {
            let Some(event) = event else { continue };
            let after = evolve(before.clone(), &event);
            prop_assert_eq!(after.version, before.version + 1);
            let as_recorded = matches!(
                (&command, &event),
                (Command::Join { .. }, Event::PlayerSeated { .. })
                    | (Command::Play { .. }, Event::MovePlayed { .. })
                    | (Command::Resign { .. }, Event::Resigned { .. } | Event::Abandoned { .. })
                    | (Command::OfferDraw { .. }, Event::DrawOffered { .. } | Event::DrawAgreed { .. })
                    | (Command::DeclineDraw { .. }, Event::DrawDeclined { .. })
                    | (Command::Rematch { .. }, Event::RematchCreated { .. })
            );
            prop_assert!(as_recorded, "{command:?} recorded {event:?}");
            // But for a move and a new offer, to ask again changes nothing.
            if let Command::Join { .. } | Command::Resign { .. } | Command::OfferDraw { .. }
                | Command::DeclineDraw { .. } | Command::Rematch { .. } = command {
                prop_assert_eq!(decide(&after, &command), Ok(Decision::AlreadyHolds));
            }
        }
    }

    #[test]
    fn replay_is_state((first, commands) in games()) {
        let played = play(first, commands);
        let events: Vec<&Event> = played.history().into_iter().map(|(_, event)| event).collect();
        prop_assert_eq!(events.len(), played.last.version as usize);
        for game in played.versions() {
            let told = events.iter().take(game.version as usize).copied();
            prop_assert_eq!(fold(rules(), told), Ok(game.clone()));
        }
    }

    #[test]
    fn only_a_seated_player_changes_a_game((first, commands) in games()) {
        for (before, command, event) in play(first, commands).steps {
            let joins = matches!(command, Command::Join { .. });
            prop_assert!(event.is_none() || joins || before.is_seated(command.player()));
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
        let endings = played.history().into_iter().filter(|(_, event)| match event {
            Event::MovePlayed { result, .. } => result.is_some(),
            Event::Resigned { .. } | Event::DrawAgreed { .. } | Event::Abandoned { .. } => true,
            Event::GameCreated(_) | Event::PlayerSeated { .. } | Event::DrawOffered { .. }
            | Event::DrawDeclined { .. } | Event::RematchCreated { .. } => false,
        });
        prop_assert_eq!(endings.count(), usize::from(ended.is_some()));
    }

    #[test]
    fn legal_moves_are_those_that_decide_accepts((first, commands) in games()) {
        for game in play(first, commands).versions() {
            let accepted = |seat| {
                let player = game.seats[seat]?;
                let accepts = |number: &i64| {
                    let command = Command::Play { player, played: cell(*number) };
                    matches!(decide(game, &command), Ok(Decision::Record(_)))
                };
                Some((-1..=9).filter(accepts).map(cell).collect::<Vec<_>>())
            };
            let mover = game.turn().and_then(accepted).unwrap_or_default();
            prop_assert_eq!(game.legal_moves(), mover);
            if game.opponent == Opponent::Invite && let Some(seat) = game.turn() {
                prop_assert_eq!(accepted(seat.other()).unwrap_or_default(), vec![]);
            }
        }
    }

    #[test]
    fn draw_offers_keep_their_laws((first, commands) in games()) {
        let played = play(first, commands);
        for game in played.versions() {
            if let Some(offerer) = game.draws.offered_by {
                prop_assert_eq!(game.status(), Status::Playing);
                prop_assert_eq!(game.opponent, Opponent::Invite);
                prop_assert!(!game.draws.spent[offerer]);
            }
        }
        // Between two moves each seat offers once at most.
        let mut offered = Vec::new();
        for (_, event) in played.history() {
            match event {
                Event::DrawOffered { seat } => {
                    prop_assert!(!offered.contains(seat), "{seat:?} offered twice");
                    offered.push(*seat);
                }
                Event::MovePlayed { .. } => offered.clear(),
                Event::GameCreated(_) | Event::PlayerSeated { .. } | Event::Resigned { .. }
                | Event::DrawDeclined { .. } | Event::DrawAgreed { .. } | Event::Abandoned { .. }
                | Event::RematchCreated { .. } => {}
            }
        }
    }

    #[test]
    fn a_move_repeated_with_its_version_is_known_again((first, commands) in games()) {
        let played = play(first, commands);
        let history = played.history();
        for (before, command, event) in &played.steps {
            let (Command::Play { player, played: cell }, Some(_)) = (command, event) else {
                continue;
            };
            let later = || history.iter().copied().skip(before.version as usize);
            prop_assert_eq!(since(later(), *player, *cell), Since::SameMove);
            prop_assert_eq!(since(later(), PlayerId(Uuid::nil()), *cell), Since::Otherwise);
        }
    }
}
