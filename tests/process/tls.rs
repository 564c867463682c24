//! What an operator sees of TLS: the start, the health check, and what is refused.

use nix::sys::signal::Signal;

use crate::support::certificate::Pair;
use crate::support::process::{Process, Scratch, log_of, run};

#[test]
fn a_certificate_that_cannot_be_used_stops_the_start() {
    let (good, other, expired) = (Pair::new(), Pair::new(), Pair::new());
    expired.expire();
    let rubbish = Scratch::new();
    let garbage = rubbish.path().join("garbage.pem");
    std::fs::write(&garbage, "-----BEGIN CERTIFICATE-----\nAAAA\n").unwrap();
    let nowhere = std::path::PathBuf::from("/nowhere/at.pem");
    for (certificate, key, named) in [
        (nowhere.clone(), good.key(), "TURNKEY_TLS_CERT_FILE "),
        (garbage.clone(), good.key(), "TURNKEY_TLS_CERT_FILE "),
        (
            expired.certificate(),
            expired.key(),
            "TURNKEY_TLS_CERT_FILE ",
        ),
        (good.certificate(), nowhere, "TURNKEY_TLS_KEY_FILE "),
        (good.certificate(), garbage, "TURNKEY_TLS_KEY_FILE "),
        (good.certificate(), other.key(), "TURNKEY_TLS_KEY_FILE "),
        (good.certificate(), "".into(), "TURNKEY_TLS_KEY_FILE "),
    ] {
        let scratch = Scratch::new();
        let data = scratch.join("data");
        let variables = [
            ("TURNKEY_DATA_DIR", data.as_str()),
            ("TURNKEY_LISTEN", "127.0.0.1:0"),
            ("TURNKEY_CONTROL_LISTEN", "127.0.0.1:0"),
            ("TURNKEY_TLS_CERT_FILE", certificate.to_str().unwrap()),
            ("TURNKEY_TLS_KEY_FILE", key.to_str().unwrap()),
        ];
        let refused = run(&["serve"], &variables);
        let said = String::from_utf8(refused.stderr).unwrap();
        assert_eq!(refused.status.code(), Some(1), "{said}");
        let mut lines = said.lines();
        assert!(
            lines.next().is_some_and(|line| line.contains(named)),
            "{said}"
        );
        assert_eq!(lines.next(), None, "{said}");
    }
}

#[test]
fn the_start_and_the_health_check_speak_of_https() {
    let pair = Pair::new();
    let scratch = Scratch::new();
    let data = scratch.join("data");
    let (certificate, key) = (pair.certificate(), pair.key());
    let variables = [
        ("TURNKEY_DATA_DIR", data.as_str()),
        ("TURNKEY_TLS_CERT_FILE", certificate.to_str().unwrap()),
        ("TURNKEY_TLS_KEY_FILE", key.to_str().unwrap()),
    ];
    let server = Process::serve(scratch.path(), &variables);
    let address = server.base.trim_start_matches("http://").to_owned();
    let health = ["health", "--listen", &address];
    assert!(run(&health, &variables).status.success());
    let plain = run(&health, &[]);
    assert_eq!(plain.status.code(), Some(1));
    server.signal(Signal::SIGTERM);
    assert!(server.wait().success());
    let log = log_of(scratch.path());
    assert!(
        log.contains(&format!("documents    https://{address}/docs")),
        "{log}"
    );
    assert!(!log.contains("http://"), "{log}");
    assert_eq!(run(&health, &variables).status.code(), Some(1));
}
