//! Addresses for instances: one loopback address each where the system has them, else a port each.

use std::io::ErrorKind;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener};
use std::sync::atomic::{AtomicU16, Ordering};

/// How many addresses are tried before a shared one is taken.
const TRIES: usize = 64;

/// Counts up 127.1.0.0/16.
#[derive(Debug)]
pub(super) struct Addresses {
    next: AtomicU16,
}

impl Addresses {
    /// Two labs on one machine begin at different places, so that they seldom meet.
    pub(super) fn for_process(process: u32) -> Self {
        Self {
            next: AtomicU16::new((process % 251) as u16 * 256 + 1),
        }
    }

    /// Goes on counting from the same place.
    pub(super) fn fork(&self) -> Self {
        Self {
            next: AtomicU16::new(self.next.load(Ordering::Relaxed)),
        }
    }

    /// An address that can be listened on now, at `port` if that is possible.
    pub(super) fn take(&self, port: u16) -> Result<SocketAddr, String> {
        for _ in 0..TRIES {
            let own = IpAddr::V4(self.count());
            match bindable(own, port) {
                Ok(address) => return Ok(address),
                // Ports below 1024 may need privileges: an instance of ours then serves elsewhere on its own address.
                Err(ErrorKind::PermissionDenied) => {
                    if let Ok(address) = bindable(own, 0) {
                        return Ok(address);
                    }
                }
                Err(ErrorKind::AddrNotAvailable) => break,
                Err(_) => {}
            }
        }
        bindable(IpAddr::V4(Ipv4Addr::LOCALHOST), 0)
            .map_err(|error| format!("there is no loopback address to listen on: {error}"))
    }

    /// Nothing is told apart by it, but the world wants an address of each imagined instance, too.
    pub(super) fn imagine(&self, port: u16) -> SocketAddr {
        SocketAddr::new(IpAddr::V4(self.count()), port)
    }

    /// The next address, without those that are a network's own or its broadcast.
    fn count(&self) -> Ipv4Addr {
        loop {
            let [third, fourth] = self.next.fetch_add(1, Ordering::Relaxed).to_be_bytes();
            if fourth != 0 && fourth != 255 {
                return Ipv4Addr::new(127, 1, third, fourth);
            }
        }
    }
}

fn bindable(ip: IpAddr, port: u16) -> Result<SocketAddr, ErrorKind> {
    TcpListener::bind((ip, port))
        .and_then(|listener| listener.local_addr())
        .map_err(|error| error.kind())
}
