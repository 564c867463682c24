//! The checks before credentials: the host name by which the client called the server, and the
//! recent failures of its address.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

const MAX_FAILURES: u32 = 10;
const WINDOW: Duration = Duration::from_secs(60);
const MAX_ADDRESSES: usize = 10_000;

/// Whether `host`, the value of the Host header, names this server: a literal address, `localhost` or
/// one of `known`, with or without a port. Any other name may belong to a web page whose owner
/// pointed that name at this server (DNS rebinding).
pub(super) fn is_our_name(host: &str, known: &[String]) -> bool {
    let name = match host.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((literal, port)) => {
            let has_port = port.is_empty() || port.strip_prefix(':').is_some_and(is_port);
            return has_port && literal.parse::<Ipv6Addr>().is_ok();
        }
        None => match host.rsplit_once(':') {
            Some((name, port)) if is_port(port) => name,
            Some(_) => return false,
            None => host,
        },
    };
    let name = name.to_ascii_lowercase();
    name == "localhost" || name.parse::<Ipv4Addr>().is_ok() || known.contains(&name)
}

fn is_port(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Counts wrong credentials by address, in windows of one minute. It holds at most `MAX_ADDRESSES`.
#[derive(Debug, Default)]
pub(super) struct Failures(Mutex<HashMap<IpAddr, Window>>);

#[derive(Clone, Copy, Debug)]
struct Window {
    began: Instant,
    count: u32,
}

impl Failures {
    /// How long this address must wait, if it has failed too often.
    pub(super) fn wait(&self, address: IpAddr, now: Instant) -> Option<Duration> {
        let windows = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let window = windows.get(&network(address))?;
        let rest = WINDOW.checked_sub(now.saturating_duration_since(window.began))?;
        (window.count >= MAX_FAILURES && !rest.is_zero()).then_some(rest)
    }

    pub(super) fn count(&self, address: IpAddr, now: Instant) {
        let mut windows = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_over = |window: &Window| now.saturating_duration_since(window.began) >= WINDOW;
        if windows.len() >= MAX_ADDRESSES {
            windows.retain(|_, window| !is_over(window));
        }
        let fresh = Window {
            began: now,
            count: 0,
        };
        if windows.len() >= MAX_ADDRESSES && !windows.contains_key(&network(address)) {
            // So many addresses at once are one attacker's. The counts of the known addresses stay,
            // and new addresses are not counted.
            return;
        }
        let window = windows.entry(network(address)).or_insert(fresh);
        if is_over(window) {
            *window = fresh;
        }
        window.count += 1;
    }
}

/// The address under which failures are counted. IPv6 addresses count by their /64 network, because
/// a client that has one address usually has all of its network.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => address.into(),
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() >> 64 << 64).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_localhost_and_listed_names_are_ours() {
        let known = ["control.example".to_owned()];
        for ours in [
            "127.0.0.1",
            "127.0.0.1:8081",
            "10.0.0.7:80",
            "[::1]:8081",
            "[::1]",
            "LocalHost:8081",
            "Control.Example:443",
        ] {
            assert!(is_our_name(ours, &known), "{ours}");
        }
        for foreign in [
            "",
            ":8081",
            "evil.example",
            "localhost.evil.example",
            "127.0.0.1.evil.example:8081",
            "[evil]",
            "::1",
            "[::1]x",
            "localhost:x",
            "localhost:",
        ] {
            assert!(!is_our_name(foreign, &known), "{foreign}");
        }
    }

    #[test]
    fn ten_failures_close_the_door_for_the_minute() {
        let failures = Failures::default();
        let start = Instant::now();
        let address: IpAddr = "2001:db8::1".parse().expect("an address");
        let neighbour: IpAddr = "2001:db8::2".parse().expect("an address");
        for _ in 0..9 {
            failures.count(address, start);
        }
        assert_eq!(failures.wait(address, start), None);
        failures.count(neighbour, start);
        let later = start + Duration::from_secs(20);
        assert_eq!(failures.wait(address, later), Some(Duration::from_secs(40)));
        assert_eq!(
            failures.wait("10.0.0.1".parse().expect("an address"), later),
            None
        );
        assert_eq!(failures.wait(address, start + WINDOW), None);
        failures.count(address, start + WINDOW);
        assert_eq!(failures.wait(address, start + WINDOW), None);
    }
}
