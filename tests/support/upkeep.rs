//! What is done to every database that games were played on: it is verified.

use turnkey::projection::{self, Step};
use turnkey::rules::Rulebook;
use turnkey::store::Database;
use turnkey::store::projection::{ProjectionName, Session};
use turnkey::upkeep::check::{self, Report};

/// Projects what the log holds, where no server does.
pub async fn project(database: &Database) {
    let mut session = Session::open(database).await.unwrap();
    let mut progress = session.progress(ProjectionName::Live).await.unwrap();
    while let Step::Forward(further) =
        projection::step(&mut session, &Rulebook::built_in(), progress)
            .await
            .unwrap()
    {
        progress = further;
    }
}

/// What `turnkey check` says of the database, which must be sound.
pub async fn sound(database: &Database) -> Report {
    let report = check::check(database).await.unwrap();
    assert!(report.is_sound(), "{:#?}", report.faults);
    report
}

/// As [`sound`], from where nothing can be awaited.
pub fn sound_now(database: &Database) {
    let database = database.clone();
    let verified = std::thread::spawn(move || {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(sound(&database));
    });
    verified.join().expect("the database must be sound");
}
