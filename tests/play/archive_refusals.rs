//! Archives that are damaged, of another release, or of other games than those that are there.

use std::path::Path;

use turnkey::upkeep::archive::{FileError, UpkeepError, unarchive};

use crate::archive::{Old, lines, path};

/// What a refused archive says; it changed nothing.
async fn refused(old: &Old, file: &Path) -> String {
    let before = old.everything().await;
    let error = unarchive(&old.world.database, file).await.unwrap_err();
    assert_eq!(old.everything().await, before);
    error.to_string()
}

#[tokio::test]
async fn files_that_are_not_whole_are_refused() {
    let old = Old::new().await;
    let archived = old.archive().await;
    let file = path(&archived);
    let bytes = std::fs::read(&file).unwrap();
    let bad = old.scratch.path().join("bad");
    let write = |bytes: &[u8]| std::fs::write(&bad, bytes).unwrap();

    let mut flipped = bytes.clone();
    let middle = flipped.len() / 2;
    flipped[middle] ^= 0x10;
    write(&flipped);
    assert!(
        refused(&old, &bad)
            .await
            .contains("not a complete archive of games")
    );
    write(&bytes[..bytes.len() - 9]);
    assert!(
        refused(&old, &bad)
            .await
            .contains("not a complete archive of games")
    );
    write(b"something else");
    assert!(
        refused(&old, &bad)
            .await
            .contains("not a complete archive of games")
    );

    let text = String::from_utf8(zstd::decode_all(&bytes[..]).unwrap()).unwrap();
    let rewrite = |text: String| write(&zstd::encode_all(text.as_bytes(), 1).unwrap());
    rewrite(text.replacen("\"move\": 0", "\"move\": 8", 1));
    assert!(refused(&old, &bad).await.contains("checksum"));
    rewrite(text.replacen("\"format\":1", "\"format\":2", 1));
    assert!(refused(&old, &bad).await.contains("newer one"));
    let without_footer = text.trim_end().rsplit_once('\n').unwrap().0;
    rewrite(format!("{without_footer}\n"));
    assert!(refused(&old, &bad).await.contains("it is cut off"));
    rewrite(format!("{text}{text}"));
    assert!(refused(&old, &bad).await.contains("after its end"));
    rewrite(text.replacen("game_created", "game_dreamt", 1));
    assert!(
        refused(&old, &bad)
            .await
            .contains("cannot be read by this release")
    );

    let missing = old.scratch.path().join("missing");
    let error = unarchive(&old.world.database, &missing).await.unwrap_err();
    assert!(
        matches!(error, UpkeepError::File(FileError::Io { .. })),
        "{error}"
    );
}

#[tokio::test]
async fn games_that_meet_others_are_refused() {
    let old = Old::new().await;
    let archived = old.archive().await;
    let file = path(&archived);
    // Another event stands at the position of an archived one.
    let position = lines(&file)[1]["events"][3]["position"].as_i64().unwrap();
    let taken = format!(
        "update event set position = {position}
         where position = (select min(position) from event)"
    );
    old.world.execute(&taken).await;
    assert!(
        refused(&old, &file)
            .await
            .contains("is not the archived one")
    );

    let old = Old::new().await;
    let archived = old.archive().await;
    let file = path(&archived);
    unarchive(&old.world.database, &file).await.unwrap();
    for meddling in [
        "update event set data = jsonb_set(data, '{move}', '8') where game_id = $1 and version = 3",
        "delete from event where game_id = $1 and version = 7",
    ] {
        let meddling = meddling.replace("$1", &format!("'{}'", old.won.game_id));
        old.world.execute(&meddling).await;
        let said = refused(&old, &file).await;
        assert!(said.contains(&old.won.game_id), "{said}");
    }

    let old = Old::new().await;
    let archived = old.archive().await;
    old.world
        .execute("select setval('event_position', 1)")
        .await;
    assert!(
        refused(&old, &path(&archived))
            .await
            .contains("turnkey restored")
    );
}
