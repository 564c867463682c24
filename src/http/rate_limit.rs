//! Writes the headers `RateLimit-Policy` and `RateLimit` of draft-ietf-httpapi-ratelimit-headers-10.
//!
//! Every call with a limited key gets them, so this code does without `format!` and allocates only
//! for the header values.

use std::cell::RefCell;
use std::io::{Result, Write};

use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};

use crate::gate::{Allowance, Allowances, RateLimit};

const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");
const RATE_LIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
/// The size of the buffer for a value. Both limits with the largest numbers take 111 bytes.
const LONGEST: usize = 128;

thread_local! {
    /// The policy that this thread wrote last, because consecutive calls often have the same one.
    static LAST_POLICY: RefCell<(Allowances, Option<HeaderValue>)> = RefCell::default();
}

/// Sets both headers; each only if the plan of the key has limits.
pub(super) fn tell(headers: &mut HeaderMap, rate_limit: RateLimit) {
    let policy = LAST_POLICY.with_borrow_mut(|(last, value)| {
        if *last != rate_limit.policy {
            *last = rate_limit.policy;
            *value = written(*last, b";q=", b";w=");
        }
        value.clone()
    });
    if let Some(policy) = policy {
        headers.insert(RATE_LIMIT_POLICY, policy);
    }
    if let Some(current) = written(rate_limit.current, b";r=", b";t=") {
        headers.insert(RATE_LIMIT, current);
    }
}

/// The value of a header; `None` if there are no limits.
fn written(allowances: Allowances, calls: &[u8], seconds: &[u8]) -> Option<HeaderValue> {
    let mut text = [0; LONGEST];
    let mut rest = &mut text[..];
    let mut separator: &[u8] = b"";
    let named: [(&[u8], _); 2] = [
        (b"\"throttle\"", allowances.throttle),
        (b"\"quota\"", allowances.quota),
    ];
    for (name, allowance) in named {
        if let Some(allowance) = allowance {
            write(&mut rest, [separator, name, calls], allowance, seconds).ok()?;
            separator = b", ";
        }
    }
    let length = LONGEST - rest.len();
    if length == 0 {
        return None;
    }
    HeaderValue::from_bytes(&text[..length]).ok()
}

fn write(
    text: &mut impl Write,
    before: [&[u8]; 3],
    allowance: Allowance,
    seconds: &[u8],
) -> Result<()> {
    for part in before {
        text.write_all(part)?;
    }
    text.write_all(itoa::Buffer::new().format(allowance.calls).as_bytes())?;
    text.write_all(seconds)?;
    text.write_all(itoa::Buffer::new().format(allowance.seconds).as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(policy: Allowances, current: Allowances) -> [Option<String>; 2] {
        let mut headers = HeaderMap::new();
        tell(&mut headers, RateLimit { policy, current });
        [RATE_LIMIT_POLICY, RATE_LIMIT].map(|name| {
            let value = headers.get(name)?;
            Some(value.to_str().expect("it is ASCII").to_owned())
        })
    }

    fn both(throttle: (i64, u64), quota: (i64, u64)) -> Allowances {
        let allowance = |(calls, seconds)| Some(Allowance { calls, seconds });
        Allowances {
            throttle: allowance(throttle),
            quota: allowance(quota),
        }
    }

    #[test]
    fn what_is_set_and_what_is_left_is_told() {
        let texts = told(both((12, 3), (1000, 86400)), both((3, 2), (9, 60)));
        let expected = [
            "\"throttle\";q=12;w=3, \"quota\";q=1000;w=86400",
            "\"throttle\";r=3;t=2, \"quota\";r=9;t=60",
        ];
        assert_eq!(texts, expected.map(|text| Some(text.to_owned())));
        // The next call's plan may be another.
        let quota_alone = |allowances| Allowances {
            throttle: None,
            ..allowances
        };
        let texts = told(
            quota_alone(both((0, 0), (7, 86400))),
            quota_alone(both((0, 0), (0, 1))),
        );
        let expected = ["\"quota\";q=7;w=86400", "\"quota\";r=0;t=1"];
        assert_eq!(texts, expected.map(|text| Some(text.to_owned())));
    }

    #[test]
    fn without_limits_nothing_is_told() {
        let none = Allowances::default();
        assert_eq!(told(none, none), [None, None]);
        // Also after a plan that had some.
        told(both((1, 1), (1, 1)), none);
        assert_eq!(told(none, none), [None, None]);
    }

    #[test]
    fn the_largest_numbers_have_room() {
        let largest = both((i64::MIN, u64::MAX), (i64::MIN, u64::MAX));
        let [policy, current] = told(largest, largest);
        assert!(policy.is_some() && current.is_some());
    }
}
