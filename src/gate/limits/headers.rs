//! `RateLimit-Policy` and `RateLimit`, as draft-ietf-httpapi-ratelimit-headers-10 has them.

use std::time::Duration;

use itoa::Integer;

use super::quota::Remaining;
use super::throttle::Room;
use crate::store::plans::Throttle;

/// Both limits, with numbers as large as they get.
const LONGEST: usize = 96;

/// What a plan sets; `None` where it sets nothing. `quota` is its limit and the seconds of a period.
pub(crate) fn policy(throttle: Option<Throttle>, quota: Option<(i64, u64)>) -> Option<String> {
    let mut items = Vec::new();
    if let Some(throttle) = throttle {
        let burst = throttle.burst.max(0);
        let window = window_seconds(throttle);
        items.push(format!("\"throttle\";q={burst};w={window}"));
    }
    if let Some((limit, seconds)) = quota {
        items.push(format!("\"quota\";q={limit};w={seconds}"));
    }
    (!items.is_empty()).then(|| items.join(", "))
}

/// What is left now, of what is known.
pub(super) fn current(throttle: Option<Room>, quota: Option<Remaining>) -> Option<String> {
    if throttle.is_none() && quota.is_none() {
        return None;
    }
    let mut text = String::with_capacity(LONGEST);
    if let Some(room) = throttle {
        let seconds = whole_seconds(room.refilled_in);
        push(&mut text, "\"throttle\";r=", room.calls, seconds);
    }
    if let Some(remaining) = quota {
        let name = if text.is_empty() {
            "\"quota\";r="
        } else {
            ", \"quota\";r="
        };
        let seconds = whole_seconds(remaining.resets_in);
        push(&mut text, name, remaining.calls, seconds);
    }
    Some(text)
}

/// Without `format!`, since this is done at every call.
fn push(text: &mut String, name: &str, left: impl Integer, seconds: u64) {
    text.push_str(name);
    text.push_str(itoa::Buffer::new().format(left));
    text.push_str(";t=");
    text.push_str(itoa::Buffer::new().format(seconds));
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
        assert_eq!(policy(None, None), None);
        assert_eq!(
            policy(throttle(5.0, 12), Some((1000, 86400))).as_deref(),
            Some("\"throttle\";q=12;w=3, \"quota\";q=1000;w=86400")
        );
        assert_eq!(
            policy(throttle(0.0, 0), None).as_deref(),
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
