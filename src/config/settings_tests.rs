//! The cases of `settings.rs`, in a file of their own because of its length.

use std::ffi::OsString;

use super::*;

const SECRET: &str = "0123456789abcdef0123456789abcdef";

fn judge(options: &ServeOptions, variables: &[(&str, &str)]) -> Result<Config, SettingError> {
    Config::from_options(options, &|name| {
        variables
            .iter()
            .find(|(known, _)| *known == name)
            .map(|(_, value)| OsString::from(value))
    })
}

fn refused(options: &ServeOptions, variables: &[(&str, &str)], name: &str) {
    let line = judge(options, variables).unwrap_err().to_string();
    assert!(line.starts_with(name), "{name}: {line}");
    assert!(!line.contains('\n'), "{line}");
    let secrets = variables
        .iter()
        .filter(|(name, _)| !name.ends_with("_FILE"));
    for (_, secret) in secrets.filter(|(_, value)| value.len() > 8) {
        assert!(!line.contains(secret), "{line}");
    }
}

#[test]
fn nothing_set_is_an_embedded_server() {
    let config = judge(&ServeOptions::default(), &[]).unwrap();
    assert!(
        matches!(&config.database, DatabasePlace::Embedded { data_dir }
        if data_dir == &PathBuf::from("./.turnkey"))
    );
    assert_eq!(config.listen.to_string(), "127.0.0.1:8080");
    assert_eq!(config.control_listen.to_string(), "127.0.0.1:8081");
    assert_eq!(config.default_stage.unwrap().as_str(), "dev");
    assert_eq!((config.pool_size, config.max_sockets), (16, 50_000));
    assert_eq!(config.log_filter, "info");
    assert!(config.secret.is_none());
}

#[test]
fn a_database_of_ones_own_needs_a_secret_and_has_no_default_stage() {
    let url = ("DATABASE_URL", "postgresql://u:p@db/turnkey");
    refused(&ServeOptions::default(), &[url], "TURNKEY_SECRET ");
    let config = judge(&ServeOptions::default(), &[url, ("TURNKEY_SECRET", SECRET)]).unwrap();
    assert!(config.default_stage.is_none());
    assert!(!format!("{config:?}").contains(SECRET));
    assert!(!format!("{config:?}").contains("u:p"));
    let empty = [("DATABASE_URL", ""), ("TURNKEY_SECRET", "")];
    assert!(
        judge(&ServeOptions::default(), &empty)
            .unwrap()
            .secret
            .is_none()
    );
}

#[test]
fn wrong_options_are_refused_by_their_variables_name() {
    let text = |text: &str| Some(text.to_owned());
    let none = ServeOptions::default;
    for (options, name) in [
        (
            ServeOptions {
                listen: text("8080"),
                ..none()
            },
            "TURNKEY_LISTEN",
        ),
        (
            ServeOptions {
                control_listen: text("a:b"),
                ..none()
            },
            "TURNKEY_CONTROL_LISTEN",
        ),
        (
            ServeOptions {
                default_stage: text("docs"),
                ..none()
            },
            "TURNKEY_DEFAULT_STAGE",
        ),
        (
            ServeOptions {
                control_hosts: text("a:81"),
                ..none()
            },
            "TURNKEY_CONTROL_HOSTS",
        ),
        (
            ServeOptions {
                cors_origins: text("a.example"),
                ..none()
            },
            "TURNKEY_CORS_ORIGINS",
        ),
        (
            ServeOptions {
                trusted_proxies: text("10/8"),
                ..none()
            },
            "TURNKEY_TRUSTED_PROXIES",
        ),
        (
            ServeOptions {
                pool_size: text("0"),
                ..none()
            },
            "TURNKEY_POOL_SIZE",
        ),
        (
            ServeOptions {
                pool_size: text("-1"),
                ..none()
            },
            "TURNKEY_POOL_SIZE",
        ),
        (
            ServeOptions {
                max_sockets: text("many"),
                ..none()
            },
            "TURNKEY_MAX_SOCKETS",
        ),
        (
            ServeOptions {
                tls_cert_file: Some("/c.pem".into()),
                ..none()
            },
            "TURNKEY_TLS_KEY_FILE is missing",
        ),
        (
            ServeOptions {
                tls_key_file: Some("/k.pem".into()),
                tls_cert_file: Some("".into()),
                ..none()
            },
            "TURNKEY_TLS_CERT_FILE is missing",
        ),
        (
            ServeOptions {
                log: text("a=b=c"),
                ..none()
            },
            "TURNKEY_LOG ",
        ),
        (
            ServeOptions {
                log_format: text("xml"),
                ..none()
            },
            "TURNKEY_LOG_FORMAT",
        ),
    ] {
        refused(&options, &[], name);
    }
}

#[test]
fn wrong_secrets_are_refused_by_name_and_not_shown() {
    let none = ServeOptions::default();
    refused(
        &none,
        &[("TURNKEY_SECRET", "too-short-a-secret")],
        "TURNKEY_SECRET ",
    );
    refused(
        &none,
        &[("TURNKEY_SECRET_PREVIOUS", "short-too-short")],
        "TURNKEY_SECRET_PREVIOUS ",
    );
    refused(
        &none,
        &[("TURNKEY_ACCESS_KEY_ID", "AK")],
        "TURNKEY_SECRET_ACCESS_KEY ",
    );
    refused(
        &none,
        &[("TURNKEY_SECRET_ACCESS_KEY", "sk")],
        "TURNKEY_ACCESS_KEY_ID ",
    );
    for unsendable in [" ", "two words", "trailing-space ", "a-täken-token"] {
        for name in ["TURNKEY_ADMIN_TOKEN", "TURNKEY_ACCESS_KEY_ID"] {
            let pair = ("TURNKEY_SECRET_ACCESS_KEY", "sk");
            refused(
                &none,
                &[(name, unsendable), pair],
                &format!("{name} is wrong"),
            );
        }
    }
    let both = [("TURNKEY_SECRET", SECRET), ("TURNKEY_SECRET_FILE", "/x")];
    refused(&none, &both, "TURNKEY_SECRET ");
    refused(
        &none,
        &[("TURNKEY_SECRET_FILE", "/no/such")],
        "TURNKEY_SECRET_FILE ",
    );
}

#[test]
fn a_secret_may_come_from_a_file() {
    let path = std::env::temp_dir().join(format!("turnkey-secret-{}", std::process::id()));
    std::fs::write(&path, format!("{SECRET}\n")).unwrap();
    let file = [("TURNKEY_SECRET_FILE", path.to_str().unwrap())];
    let config = judge(&ServeOptions::default(), &file).unwrap();
    assert_eq!(config.secret.unwrap().expose(), SECRET);
    std::fs::remove_file(&path).unwrap();
}

#[test]
fn a_password_is_no_argument() {
    let with_url = |url: &str| ServeOptions {
        database: DatabaseOptions {
            database_url: Some(url.to_owned()),
            data_dir: None,
        },
        ..ServeOptions::default()
    };
    let secret = [("TURNKEY_SECRET", SECRET)];
    for url in [
        "postgresql://u:p@db/t",
        "host=db password=p",
        "postgresql://db/t?password=p",
    ] {
        refused(&with_url(url), &secret, "DATABASE_URL ");
    }
    assert!(judge(&with_url("postgresql://u@db:5432/t"), &secret).is_ok());
}
