//! Who may import whom, and which crates belong to whom: the table of docs/ARCHITECTURE.md.

/// Each module and the modules it may import. `startup` and `cli` wire everything.
pub const MAY_IMPORT: &[(&str, &[&str])] = &[
    ("rules", &[]),
    ("game", &["rules"]),
    ("config", &[]),
    ("measure", &[]),
    ("trace", &["game"]),
    ("store", &["rules", "game", "config", "measure", "trace"]),
    ("record", &["rules", "game", "store", "config"]),
    ("seals", &["game", "store"]),
    ("stages", &["rules", "store"]),
    ("gate", &["rules", "stages", "store", "config", "measure"]),
    (
        "play",
        &[
            "rules", "game", "store", "record", "seals", "config", "measure", "trace",
        ],
    ),
    (
        "live",
        &[
            "rules", "game", "store", "record", "play", "gate", "config", "measure", "trace",
        ],
    ),
    (
        "projection",
        &[
            "rules", "game", "store", "record", "play", "config", "measure",
        ],
    ),
    (
        "upkeep",
        &[
            "rules",
            "game",
            "store",
            "record",
            "play",
            "projection",
            "config",
        ],
    ),
    (
        "http",
        &[
            "rules", "gate", "play", "live", "game", "config", "measure", "trace",
        ],
    ),
    (
        "control",
        &[
            "rules", "stages", "gate", "store", "http", "config", "measure",
        ],
    ),
    ("startup", ALL),
    ("cli", ALL),
];
pub const ALL: &[&str] = &[
    "rules",
    "game",
    "config",
    "measure",
    "trace",
    "store",
    "record",
    "seals",
    "stages",
    "gate",
    "play",
    "live",
    "projection",
    "upkeep",
    "http",
    "control",
    "startup",
    "cli",
];

/// Crates that are somebody's business alone.
pub const ALONE_MAY_NAME: &[(&str, &[&str])] = &[
    ("tokio_postgres", &["store"]),
    ("deadpool_postgres", &["store"]),
    ("argon2", &["gate"]),
    ("chacha20", &["rules"]),
    ("governor", &["gate"]),
    ("jsonwebtoken", &["play"]),
    ("actix_ws", &["live"]),
    ("opentelemetry", &["trace", "startup"]),
    ("opentelemetry_sdk", &["trace", "startup"]),
    ("opentelemetry_otlp", &["startup"]),
    ("tracing_opentelemetry", &["trace", "startup"]),
    // In the others it is what rustls calls its provider.
    ("ring", &["seals", "config", "startup", "store"]),
    // In `game`, for the keys of draws; in `play`, to give jsonwebtoken its HS256.
    ("hmac", &["control", "game", "play"]),
];
