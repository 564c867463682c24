//! The secrets of the first start.

use std::convert::Infallible;
use std::fs;
use std::os::unix::fs::PermissionsExt;

use turnkey::config::Secret;
use turnkey::startup::credentials::{Credentials, CredentialsError, Ensured, ensure, path};
use turnkey::startup::embedded::Origin;

use crate::helper::Directory;

fn made(directory: &Directory, database: Origin, key: &str) -> (Credentials, Ensured) {
    try_made::<Infallible>(directory, database, Ok(key)).unwrap()
}

fn try_made<E>(
    directory: &Directory,
    database: Origin,
    key: Result<&str, E>,
) -> Result<(Credentials, Ensured), CredentialsError<E>> {
    fs::create_dir_all(directory.path()).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    runtime.block_on(ensure(directory.path(), database, async || {
        key.map(|key| Secret::new(key.to_owned()))
    }))
}

#[test]
fn made_once_and_kept() {
    let directory = Directory::new();
    let (first, ensured) = made(&directory, Origin::Created, "tk_one");
    assert_eq!(ensured, Ensured::Made);
    assert_eq!(first.api_key.expose(), "tk_one");
    assert!(first.secret.expose().len() >= 32);
    assert_ne!(first.secret, first.admin_token);
    let (second, ensured) = made(&directory, Origin::Found, "tk_two");
    assert_eq!(ensured, Ensured::Found);
    assert_eq!(second.api_key, first.api_key);
    assert_eq!(second.secret, first.secret);
    assert_eq!(second.secret_access_key, first.secret_access_key);
    assert!(!format!("{second:?}").contains("tk_one"));
}

#[test]
fn the_file_is_closed_to_others_and_a_shell_can_read_it() {
    let directory = Directory::new();
    let (credentials, _) = made(&directory, Origin::Created, "tk_one");
    let file = path(directory.path());
    assert_eq!(
        fs::metadata(&file).unwrap().permissions().mode() & 0o777,
        0o600
    );
    let script = ". \"$1\"; printf %s \"$TURNKEY_API_KEY $TURNKEY_SECRET $TURNKEY_ADMIN_TOKEN \
                  $TURNKEY_ACCESS_KEY_ID $TURNKEY_SECRET_ACCESS_KEY\"";
    let output = std::process::Command::new("sh")
        .args(["-c", script, "sh"])
        .arg(&file)
        .output()
        .unwrap();
    let expected = [
        &credentials.api_key,
        &credentials.secret,
        &credentials.admin_token,
        &credentials.access_key_id,
        &credentials.secret_access_key,
    ]
    .map(Secret::expose)
    .join(" ");
    assert_eq!(String::from_utf8_lossy(&output.stdout), expected);
}

#[test]
fn a_start_that_ended_before_the_key_was_made_loses_no_secret() {
    let directory = Directory::new();
    let failed = try_made(&directory, Origin::Created, Err("no database")).unwrap_err();
    assert!(failed.to_string().contains("no database"));
    let before = fs::read_to_string(path(directory.path())).unwrap();
    let (credentials, ensured) = made(&directory, Origin::Found, "tk_late");
    assert_eq!(ensured, Ensured::Made);
    assert!(before.contains(credentials.secret.expose()));
    assert_eq!(credentials.api_key.expose(), "tk_late");
}

#[test]
fn a_lost_file_is_made_anew_and_said_to_be() {
    let directory = Directory::new();
    let (first, _) = made(&directory, Origin::Created, "tk_one");
    fs::remove_file(path(directory.path())).unwrap();
    let (second, ensured) = made(&directory, Origin::Found, "tk_two");
    assert_eq!(ensured, Ensured::Remade);
    assert_ne!(second.secret, first.secret);
    assert_eq!(second.api_key.expose(), "tk_two");
}

#[test]
fn a_broken_file_is_not_overwritten() {
    let directory = Directory::new();
    made(&directory, Origin::Created, "tk_one");
    let file = path(directory.path());
    fs::write(&file, "TURNKEY_SECRET=abc\nhidden rubbish\n").unwrap();
    let refused = try_made::<Infallible>(&directory, Origin::Found, Ok("tk_two")).unwrap_err();
    let line = refused.to_string();
    assert!(
        line.contains("line 2") && !line.contains("hidden"),
        "{line}"
    );
    assert!(
        fs::read_to_string(&file)
            .unwrap()
            .contains("hidden rubbish")
    );
}
