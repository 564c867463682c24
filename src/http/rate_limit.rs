//! The headers that tell a caller of their plan's limits.

use std::cell::RefCell;

use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};

use crate::gate::RateLimit;

const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");
const RATE_LIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");

thread_local! {
    /// The policy that this thread told of last. One call after another has the same, and to make a
    /// header of a text, each of its bytes is looked at.
    static LAST_POLICY: RefCell<HeaderValue> = const { RefCell::new(HeaderValue::from_static("")) };
}

pub(super) fn tell(headers: &mut HeaderMap, rate_limit: RateLimit) {
    if let Some(policy) = rate_limit.policy.and_then(|text| policy(&text)) {
        headers.insert(RATE_LIMIT_POLICY, policy);
    }
    if let Some(current) = rate_limit.current
        && let Ok(current) = HeaderValue::try_from(current)
    {
        headers.insert(RATE_LIMIT, current);
    }
}

fn policy(text: &str) -> Option<HeaderValue> {
    LAST_POLICY.with_borrow_mut(|last| {
        if last.as_bytes() != text.as_bytes() {
            *last = HeaderValue::from_str(text).ok()?;
        }
        Some(last.clone())
    })
}
