//! IPv4 blocks of a network and its subnets.

use std::fmt;
use std::net::Ipv4Addr;

use crate::lab::refusal::Refused;

/// An IPv4 block between /16 and /28, as VPCs and subnets may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::lab) struct Cidr {
    first: u32,
    prefix: u8,
}

impl Cidr {
    /// Reads a block. `code` is the error code of whoever asks.
    pub(in crate::lab) fn read(text: &str, code: &'static str) -> Result<Self, Refused> {
        let refused = || {
            Refused::new(
                code,
                format!("The CIDR '{text}' is invalid: an IPv4 block from /16 to /28 is wanted"),
            )
        };
        let (address, prefix) = text.split_once('/').ok_or_else(refused)?;
        let address: Ipv4Addr = address.parse().map_err(|_| refused())?;
        let prefix: u8 = prefix.parse().map_err(|_| refused())?;
        if !(16..=28).contains(&prefix) {
            return Err(refused());
        }
        let hosts = (1_u32 << (32 - prefix)) - 1;
        Ok(Self {
            first: u32::from(address) & !hosts,
            prefix,
        })
    }

    fn last(self) -> u32 {
        self.first | ((1_u32 << (32 - self.prefix)) - 1)
    }

    pub(in crate::lab) fn holds(self, other: Self) -> bool {
        self.first <= other.first && other.last() <= self.last()
    }

    pub(in crate::lab) fn overlaps(self, other: Self) -> bool {
        self.first <= other.last() && other.first <= self.last()
    }

    /// How many instances fit: AWS keeps five addresses of every subnet for itself.
    pub(in crate::lab) fn free_addresses(self) -> u32 {
        self.last() - self.first + 1 - 5
    }
}

impl fmt::Display for Cidr {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}", Ipv4Addr::from(self.first), self.prefix)
    }
}
