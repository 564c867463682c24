//! `RateLimit-Policy` and `RateLimit`, as draft-ietf-httpapi-ratelimit-headers-10 has them.

use std::fmt::Write;
use std::time::Duration;

use bytestring::ByteString;

use super::quota::Remaining;
use super::throttle::Room;
use crate::store::plans::Throttle;

/// What a plan sets; `None` where it sets nothing. `quota` is its limit and the seconds of a period.
pub(crate) fn policy(throttle: Option<Throttle>, quota: Option<(i64, u64)>) -> Option<ByteString> {
    let mut items = Vec::new();
    if let Some(throttle) = throttle {
        let burst = throttle.burst.max(0);
        let window = window_seconds(throttle);
        items.push(format!("\"throttle\";q={burst};w={window}"));
    }
    if let Some((limit, seconds)) = quota {
        items.push(format!("\"quota\";q={limit};w={seconds}"));
    }
    (!items.is_empty()).then(|| items.join(", ").into())
}

/// What is left now, of what is known.
pub(super) fn current(throttle: Option<Room>, quota: Option<Remaining>) -> Option<String> {
    if throttle.is_none() && quota.is_none() {
        return None;
    }
    let mut text = String::with_capacity(64);
    // Writing to a String cannot fail.
    if let Some(room) = throttle {
        let seconds = whole_seconds(room.refilled_in);
        let _ = write!(text, "\"throttle\";r={};t={seconds}", room.calls);
    }
    if let Some(remaining) = quota {
        if !text.is_empty() {
            text.push_str(", ");
        }
        let seconds = whole_seconds(remaining.resets_in);
        let _ = write!(text, "\"quota\";r={};t={seconds}", remaining.calls);
    }
    Some(text)
}

/// Rounded up.
pub(super) fn whole_seconds(duration: Duration) -> u64 {
    duration.as_secs() + u64::from(duration.subsec_nanos() > 0)
}

/// How long a whole burst takes to come back, at least a second.
fn window_seconds(throttle: Throttle) -> u64 {
    let seconds = (f64::from(throttle.burst) / throttle.rate).ceil();
    // A plan that lets nothing pass has no window; a cast of anything too large is the largest.
    if seconds.is_finite() {
        (seconds as u64).max(1)
    } else {
        1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn policies_name_what_the_plan_sets() {
        let throttle = |rate, burst| Some(Throttle { rate, burst });
        let shown = |throttle, quota| policy(throttle, quota).as_deref().map(str::to_owned);
        assert_eq!(shown(None, None), None);
        assert_eq!(
            shown(throttle(5.0, 12), Some((1000, 86400))).as_deref(),
            Some("\"throttle\";q=12;w=3, \"quota\";q=1000;w=86400")
        );
        assert_eq!(
            shown(throttle(0.0, 0), None).as_deref(),
            Some("\"throttle\";q=0;w=1")
        );
    }

    #[test]
    fn what_is_left_is_in_whole_seconds_rounded_up() {
        let room = Room {
            calls: 3,
            refilled_in: Duration::from_millis(1001),
        };
        let remaining = Remaining {
            calls: 9,
            resets_in: Duration::from_secs(60),
        };
        assert_eq!(
            current(Some(room), Some(remaining)).as_deref(),
            Some("\"throttle\";r=3;t=2, \"quota\";r=9;t=60")
        );
        assert_eq!(current(None, None), None);
    }
}
