//! The web pages that may call the public listener from a browser, over HTTP and on WebSockets.

use std::str::FromStr;

/// The origins that CORS allows. The default is none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origins(Vec<String>);

/// An entry of `TURNKEY_CORS_ORIGINS` that is not an origin.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is not an origin such as https://game.example or http://localhost:5173, \
     nor null, file:// or *"
)]
pub struct OriginError(String);

impl Origins {
    /// Whether no origin is listed.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether a page of `origin`, as its browser names it, may call.
    pub fn allow(&self, origin: &str) -> bool {
        let origin = normal(origin);
        self.0.iter().any(|known| known == "*" || *known == origin)
    }
}

impl FromStr for Origins {
    type Err = OriginError;

    /// Parses a comma-separated list of origins. `*` stands for all.
    fn from_str(list: &str) -> Result<Origins, OriginError> {
        list.split(',')
            .map(str::trim)
            .filter(|origin| !origin.is_empty())
            .map(|origin| {
                if ["*", "null", "file://"].contains(&origin) || is_origin(origin) {
                    Ok(normal(origin))
                } else {
                    Err(OriginError(origin.to_owned()))
                }
            })
            .collect::<Result<_, _>>()
            .map(Origins)
    }
}

/// The origin in lower case and without the scheme's default port, as browsers write it.
fn normal(origin: &str) -> String {
    let origin = origin.to_ascii_lowercase();
    let default = match origin.split_once("://") {
        Some(("http", _)) => ":80",
        Some(("https", _)) => ":443",
        Some(_) | None => return origin,
    };
    match origin.strip_suffix(default) {
        Some(without) => without.to_owned(),
        None => origin,
    }
}

/// Whether the text is `scheme://host[:port]` and nothing else. Browsers send no slash after it.
fn is_origin(text: &str) -> bool {
    let Some((scheme, authority)) = text.split_once("://") else {
        return false;
    };
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte);
    let literal = |byte: u8| byte.is_ascii_alphanumeric() || b"-._:[]".contains(&byte);
    !scheme.is_empty()
        && scheme.bytes().all(plain)
        && !authority.is_empty()
        && authority.bytes().all(literal)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn listed_origins_and_no_others() {
        let origins: Origins = "https://A.example, http://localhost:5173,".parse().unwrap();
        assert!(origins.allow("https://a.example"));
        assert!(origins.allow("http://localhost:5173"));
        assert!(origins.allow("HTTPS://a.example:443"));
        assert!(!origins.allow("https://a.example:80"));
        assert!(!origins.allow("http://localhost"));
        assert!(!origins.allow("https://a.example.evil"));
        assert!("*".parse::<Origins>().unwrap().allow("https://any.example"));
        assert!(!Origins::default().allow("null"));
        let apps: Origins = "null,file://,capacitor://localhost,https://a.example:443"
            .parse()
            .unwrap();
        for origin in [
            "null",
            "file://",
            "capacitor://localhost",
            "https://a.example",
        ] {
            assert!(apps.allow(origin), "{origin}");
        }
        assert!(!apps.allow("ionic://localhost"));
        assert!("".parse::<Origins>().unwrap().is_empty());
    }

    #[test]
    fn what_no_browser_would_send_is_refused() {
        for bad in [
            "a.example",
            "https://a.example/",
            "https://",
            "https://a b",
            "://x",
        ] {
            assert!(bad.parse::<Origins>().is_err(), "{bad}");
        }
    }
}
