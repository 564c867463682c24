//! The proxies that are trusted to name the client's address.

use std::net::IpAddr;
use std::str::FromStr;

/// Addresses and networks of trusted proxies. The default is none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TrustedProxies(Vec<Network>);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Network {
    base: IpAddr,
    /// The number of leading bits that must be equal.
    prefix_bits: u32,
}

/// An entry of `TURNKEY_TRUSTED_PROXIES` that is not an address or network.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not an address or a network such as 10.0.0.0/8 or fd00::/8")]
pub struct NetworkError(String);

impl TrustedProxies {
    /// Whether the address belongs to a trusted proxy.
    pub fn contains(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.0.iter().any(|network| network.contains(address))
    }

    /// The address of the client behind `peer`, which sent these `X-Forwarded-For` values.
    ///
    /// It walks outwards from the peer as long as the hop is trusted. All entries before the first untrusted
    /// hop may have been invented by the client.
    pub fn client<'a>(
        &self,
        peer: IpAddr,
        forwarded_for: impl DoubleEndedIterator<Item = &'a str>,
    ) -> IpAddr {
        let mut client = peer.to_canonical();
        let hops = forwarded_for.flat_map(|value| value.split(',')).rev();
        for hop in hops {
            if !self.contains(client) {
                break;
            }
            match parse_hop(hop.trim()) {
                Some(address) => client = address.to_canonical(),
                None => break,
            }
        }
        client
    }
}

impl FromStr for TrustedProxies {
    type Err = NetworkError;

    /// Parses a comma-separated list of addresses and networks.
    fn from_str(list: &str) -> Result<TrustedProxies, NetworkError> {
        list.split(',')
            .map(str::trim)
            .filter(|network| !network.is_empty())
            .map(|network| Network::parse(network).ok_or_else(|| NetworkError(network.to_owned())))
            .collect::<Result<_, _>>()
            .map(TrustedProxies)
    }
}

impl Network {
    fn parse(text: &str) -> Option<Network> {
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text, None),
        };
        let base: IpAddr = address.parse().ok()?;
        let width_bits = if base.is_ipv4() { 32 } else { 128 };
        let prefix_bits = match prefix {
            Some(prefix) => prefix.parse().ok().filter(|&bits| bits <= width_bits)?,
            None => width_bits,
        };
        Some(Network { base, prefix_bits })
    }

    fn contains(self, address: IpAddr) -> bool {
        let agreeing_bits = match (self.base, address) {
            (IpAddr::V4(base), IpAddr::V4(address)) => {
                (base.to_bits() ^ address.to_bits()).leading_zeros()
            }
            (IpAddr::V6(base), IpAddr::V6(address)) => {
                (base.to_bits() ^ address.to_bits()).leading_zeros()
            }
            (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => return false,
        };
        agreeing_bits >= self.prefix_bits
    }
}

/// Parses one entry: an address, perhaps with a port, which some proxies add.
fn parse_hop(hop: &str) -> Option<IpAddr> {
    let with_port = || hop.parse().ok().map(|hop: std::net::SocketAddr| hop.ip());
    hop.parse().ok().or_else(with_port)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(trusted: &str, peer: &str, headers: &[&str]) -> String {
        let trusted: TrustedProxies = trusted.parse().unwrap();
        let peer = peer.parse().unwrap();
        trusted.client(peer, headers.iter().copied()).to_string()
    }

    #[test]
    fn a_stranger_is_not_believed() {
        assert_eq!(client("", "9.9.9.9", &["1.1.1.1"]), "9.9.9.9");
        assert_eq!(client("10.0.0.0/8", "9.9.9.9", &["1.1.1.1"]), "9.9.9.9");
    }

    #[test]
    fn the_last_untrusted_entry_is_the_client() {
        let trusted = "10.0.0.0/8, fd00::/8";
        assert_eq!(
            client(trusted, "10.1.2.3", &["6.6.6.6, 1.1.1.1"]),
            "1.1.1.1"
        );
        assert_eq!(
            client(trusted, "10.1.2.3", &["6.6.6.6", "1.1.1.1, 10.9.9.9"]),
            "1.1.1.1"
        );
        assert_eq!(
            client(trusted, "::ffff:10.1.2.3", &["[2001:db8::1]:443"]),
            "2001:db8::1"
        );
        assert_eq!(client(trusted, "fd00::7", &["1.1.1.1:5000"]), "1.1.1.1");
    }

    #[test]
    fn rubbish_ends_the_walk_at_who_sent_it() {
        assert_eq!(
            client("10.0.0.0/8", "10.1.2.3", &["1.1.1.1, unknown"]),
            "10.1.2.3"
        );
        assert_eq!(client("10.0.0.0/8", "10.1.2.3", &[]), "10.1.2.3");
    }

    #[test]
    fn networks_are_read_strictly() {
        assert!("0.0.0.0/0,::/0".parse::<TrustedProxies>().is_ok());
        for bad in [
            "10.0.0.0/33",
            "10.0.0",
            "::/129",
            "proxy.example",
            "10.0.0.0/",
        ] {
            assert!(bad.parse::<TrustedProxies>().is_err(), "{bad}");
        }
    }
}
