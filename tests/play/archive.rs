//! Finished games into files and back, while others are played.

use std::path::{Path, PathBuf};

use futures_util::future::join_all;
use serde_json::{Value, json};
use time::{Duration, OffsetDateTime};
use turnkey::rules::Rulebook;
use turnkey::store::archive::{ArchiveError, Returned};
use turnkey::upkeep::archive::{
    Archived, Selection, Stayed, UpkeepError, archive, look, unarchive,
};

use crate::support::aging::{AGE, events, rows};
use crate::support::postgres;
use crate::support::process::Scratch;
use crate::support::upkeep::{project, sound};
use crate::world::{Table, World, code, stranger};

/// Old games: one that is won, one that is drawn and has its rematch going, and a running one.
pub struct Old {
    pub world: World,
    pub won: Table,
    pub drawn: Table,
    pub scratch: Scratch,
}

impl Old {
    pub async fn new() -> Old {
        let world = World::new().await;
        let won = world.finished().await;
        let drawn = world.table().await;
        agree(&world, &drawn).await;
        for caller in [&drawn.ann, &drawn.bob] {
            let rematch = world.play.rematch_game(caller, &drawn.game_id);
            rematch.await.unwrap();
        }
        world.table().await;
        let old = Old {
            world,
            won,
            drawn,
            scratch: Scratch::new(),
        };
        old.grow_old().await;
        old
    }

    /// Projects everything, and lets a hundred days pass.
    async fn grow_old(&self) {
        project(&self.world.database).await;
        self.world.execute(AGE).await;
    }

    pub async fn archive(&self) -> Archived {
        let now = OffsetDateTime::now_utc();
        let done = archive(&self.world.database, &selection(), self.scratch.path(), now).await;
        done.unwrap()
    }

    /// What the log and the rows are.
    pub async fn everything(&self) -> (Vec<String>, Vec<String>) {
        let client = postgres::client(&self.world.database).await;
        (events(&client).await, rows(&client).await)
    }

    async fn read(&self, table: &Table) -> &'static str {
        let read = self.world.play.read_game(&table.ann, &table.game_id, None);
        read.await.map_or_else(|error| code(&error), |_| "there")
    }
}

pub fn selection() -> Selection {
    Selection {
        changed_before: OffsetDateTime::now_utc() - Duration::days(30),
        stage: None,
    }
}

async fn agree(world: &World, table: &Table) {
    for caller in [&table.ann, &table.bob] {
        let offer = world.play.offer_draw(caller, &table.game_id);
        offer.await.unwrap();
    }
}

pub fn path(archived: &Archived) -> PathBuf {
    archived.file.as_ref().unwrap().path.clone()
}

/// The lines of an archive.
pub fn lines(path: &Path) -> Vec<Value> {
    let text = zstd::decode_all(std::fs::File::open(path).unwrap()).unwrap();
    let text = String::from_utf8(text).unwrap();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

#[tokio::test]
async fn archived_games_come_back_event_for_event() {
    let old = Old::new().await;
    let before = old.everything().await;
    let listed = look(&old.world.database, &selection()).await.unwrap();
    assert_eq!((listed.games, listed.removed), (2, 0));
    assert_eq!(old.everything().await, before, "looking does nothing");

    let archived = old.archive().await;
    assert_eq!((archived.games, archived.removed), (2, 2));
    assert_eq!(archived.stayed, Stayed::default());
    sound(&old.world.database).await;
    for table in [&old.won, &old.drawn] {
        assert_eq!(old.read(table).await, "game_not_found");
    }
    let lines = lines(&path(&archived));
    assert_eq!(lines.len(), 4, "a header, two games, a footer");
    let text = format!("{lines:?}");
    assert!(text.contains(&old.won.game_id) && !text.contains("Ann"));
    let manifest = std::fs::read_to_string(old.scratch.path().join("manifest.jsonl")).unwrap();
    let manifest: Value = serde_json::from_str(manifest.trim_end()).unwrap();
    assert_eq!(manifest["games"], 2);
    assert_eq!(
        manifest["sha256"],
        json!(archived.file.as_ref().unwrap().sha256)
    );

    // The projection may be another one by then.
    turnkey::projection::rebuild(&old.world.database)
        .await
        .unwrap();
    let file = path(&archived);
    let returned = unarchive(&old.world.database, &file).await.unwrap();
    assert_eq!((returned.games, returned.there), (2, 0));
    assert_eq!(returned.events, archived.events);
    sound(&old.world.database).await;
    let after = old.everything().await;
    assert_eq!(after.0, before.0);
    let without_generation = |rows: &[String]| {
        let tails = rows
            .iter()
            .map(|row| row.split_once(',').unwrap().1.to_owned());
        tails.collect::<Vec<_>>()
    };
    assert_eq!(without_generation(&after.1), without_generation(&before.1));
    assert_eq!(old.read(&old.won).await, "there");

    let again = unarchive(&old.world.database, &file).await.unwrap();
    let there = Returned {
        there: 2,
        ..Returned::default()
    };
    assert_eq!(again, there);
}

#[tokio::test]
async fn games_that_somebody_needs_stay() {
    let old = Old::new().await;
    let world = &old.world;
    let waited_for = world.finished().await;
    let rematch = world
        .play
        .rematch_game(&waited_for.ann, &waited_for.game_id);
    rematch.await.unwrap();
    let abandoned = world.create(&stranger(), json!({})).await.value;
    let abandoner = crate::world::seated(&abandoned);
    let id = abandoned.game.game_id.to_string();
    world.play.resign_game(&abandoner, &id).await.unwrap();
    let last = world.finished().await;
    old.grow_old().await;
    let archived = old.archive().await;
    let stayed = Stayed {
        rematch_waits: 1,
        has_last_event: 1,
        ..Stayed::default()
    };
    assert_eq!(archived.stayed, stayed);
    assert_eq!((archived.games, archived.removed), (3, 3));
    assert_eq!(old.read(&waited_for).await, "there");
    assert_eq!(old.read(&last).await, "there");
    sound(&world.database).await;
    // The player for whom the seat is kept still comes to it.
    let rematch = world
        .play
        .rematch_game(&waited_for.bob, &waited_for.game_id);
    assert_eq!(rematch.await.unwrap().value.game.status, "playing");

    let of_another = Selection {
        stage: Some("prod".parse().unwrap()),
        ..selection()
    };
    let found = look(&world.database, &of_another).await.unwrap();
    assert_eq!(found.games, 0);
}

#[tokio::test]
async fn an_unnamed_rematch_keeps_its_game() {
    let world = World::new().await;
    let table = world.finished().await;
    for caller in [&table.ann, &table.bob] {
        let rematch = world.play.rematch_game(caller, &table.game_id);
        rematch.await.unwrap();
    }
    world
        .execute("delete from event where type = 'rematch_created'")
        .await;
    project(&world.database).await;
    // Its id is computed from times, so they stay as they are.
    let to_come = Selection {
        changed_before: OffsetDateTime::now_utc() + Duration::days(1),
        stage: None,
    };
    let found = look(&world.database, &to_come).await.unwrap();
    assert_eq!((found.games, found.stayed.rematch_waits), (0, 1));
    let scratch = Scratch::new();
    let now = OffsetDateTime::now_utc();
    let archived = archive(&world.database, &to_come, scratch.path(), now).await;
    assert_eq!(archived.unwrap().removed, 0);
}

#[tokio::test]
async fn who_asks_for_an_archived_game_is_told_that_there_is_none() {
    let old = Old::new().await;
    let (play, won) = (&old.world.play, &old.won);
    // It is in this instance's memory.
    play.read_game(&won.ann, &won.game_id, None).await.unwrap();
    old.archive().await;
    let rematch = play.rematch_game(&won.ann, &won.game_id).await;
    assert_eq!(code(&rematch.err().unwrap()), "game_not_found");
    let request = crate::world::move_request(&won.game_id, 8, Some(7));
    let moved = play.make_move(&won.bob, request).await;
    assert_eq!(code(&moved.err().unwrap()), "game_not_found");
    sound(&old.world.database).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_goes_on_with_a_game_that_is_being_archived() {
    let world = World::new().await;
    let scratch = Scratch::new();
    let mut tables = Vec::new();
    for _ in 0..120 {
        let table = world.table().await;
        agree(&world, &table).await;
        tables.push(table);
    }
    world.table().await;
    let old = Old {
        won: world.finished().await,
        drawn: world.finished().await,
        world,
        scratch,
    };
    old.grow_old().await;
    let total = old.everything().await.0.len();
    let plays = [old.world.another().await, old.world.another().await];
    for (table, play) in tables.iter().zip(plays.iter().cycle()) {
        play.read_game(&table.ann, &table.game_id, None)
            .await
            .unwrap();
    }
    let rematches = join_all(
        tables
            .iter()
            .zip(plays.iter().cycle())
            .map(|(table, play)| {
                // At the same time as the archive.
                play.rematch_game(&table.ann, &table.game_id)
            }),
    );
    let (archived, rematches) = tokio::join!(old.archive(), rematches);
    project(&old.world.database).await;
    sound(&old.world.database).await;
    let made = rematches.iter().filter(|answer| answer.is_ok()).count();
    for answer in rematches.iter().filter_map(|answer| answer.as_ref().err()) {
        assert_eq!(code(answer), "game_not_found");
    }
    let removed = usize::try_from(archived.removed).unwrap();
    assert!(
        removed + made <= tables.len() + 2,
        "{removed} removed, {made} rematches"
    );
    unarchive(&old.world.database, &path(&archived))
        .await
        .unwrap();
    sound(&old.world.database).await;
    // Each rematch is a game begun and a link to it.
    assert_eq!(old.everything().await.0.len(), total + 2 * made);
}

#[tokio::test]
async fn a_vacuum_of_the_log_is_waited_for_and_play_goes_on() {
    let old = Old::new().await;
    let mut vacuum = postgres::client(&old.world.database).await;
    let vacuuming = vacuum.transaction().await.unwrap();
    let lock = "lock table event in share update exclusive mode";
    vacuuming.batch_execute(lock).await.unwrap();
    let watcher = postgres::client(&old.world.database).await;
    let played = async {
        let waits = "select count(*) from pg_locks
                     where relation = 'event'::regclass and not granted";
        while watcher
            .query_one(waits, &[])
            .await
            .unwrap()
            .get::<_, i64>(0)
            == 0
        {}
        old.world.finished().await;
        vacuuming.rollback().await.unwrap();
    };
    let (archived, ()) = tokio::join!(old.archive(), played);
    assert_eq!(archived.removed, 2);
    project(&old.world.database).await;
    sound(&old.world.database).await;
}

#[tokio::test]
async fn a_rebuild_is_not_archived_beside() {
    let old = Old::new().await;
    let mut session = turnkey::store::projection::Session::open(&old.world.database)
        .await
        .unwrap();
    session.begin_rebuild().await.unwrap();
    let now = OffsetDateTime::now_utc();
    let refused = archive(&old.world.database, &selection(), old.scratch.path(), now).await;
    let refused = refused.unwrap_err();
    assert!(matches!(
        refused,
        UpkeepError::Database(ArchiveError::Rebuilding)
    ));
    turnkey::projection::rebuild(&old.world.database)
        .await
        .unwrap();
    assert_eq!(old.archive().await.removed, 2);
    // Games also come back into the rows that a rebuild fills.
    session.begin_rebuild().await.unwrap();
    let mut progress = session
        .progress(turnkey::store::projection::ProjectionName::Next)
        .await
        .unwrap();
    while let turnkey::projection::Step::Forward(further) =
        turnkey::projection::step(&mut session, &Rulebook::built_in(), progress)
            .await
            .unwrap()
    {
        progress = further;
    }
    let file = std::fs::read_dir(old.scratch.path()).unwrap();
    let mut files = file.map(|entry| entry.unwrap().path());
    let file = files.find(|path| path.extension().is_some_and(|ending| ending == "zst"));
    unarchive(&old.world.database, &file.unwrap())
        .await
        .unwrap();
    assert!(session.swap(progress).await.unwrap());
    sound(&old.world.database).await;
}
