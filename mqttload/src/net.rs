//! In: an address. Out: non-blocking connections (plain or rustls) on an edge-triggered epoll. Knows no MQTT.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, SocketAddrV4};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection};

fn check(r: libc::c_int) -> io::Result<libc::c_int> {
    if r < 0 { Err(io::Error::last_os_error()) } else { Ok(r) }
}

pub struct Poller {
    ep: OwnedFd,
    buf: Vec<libc::epoll_event>,
}

pub struct Event {
    pub token: usize,
    pub writable: bool,
    pub readable: bool,
}

impl Poller {
    pub fn new() -> io::Result<Self> {
        let fd = check(unsafe { libc::epoll_create1(libc::EPOLL_CLOEXEC) })?;
        Ok(Poller {
            ep: unsafe { OwnedFd::from_raw_fd(fd) },
            buf: vec![libc::epoll_event { events: 0, u64: 0 }; 1024],
        })
    }

    pub fn add(&self, fd: RawFd, token: usize) -> io::Result<()> {
        let mut ev = libc::epoll_event {
            events: (libc::EPOLLIN | libc::EPOLLOUT | libc::EPOLLRDHUP | libc::EPOLLET) as u32,
            u64: token as u64,
        };
        check(unsafe { libc::epoll_ctl(self.ep.as_raw_fd(), libc::EPOLL_CTL_ADD, fd, &mut ev) })?;
        Ok(())
    }

    pub fn wait(&mut self, timeout: Duration, out: &mut Vec<Event>) {
        let ts = libc::timespec { tv_sec: timeout.as_secs() as _, tv_nsec: timeout.subsec_nanos() as _ };
        let n = unsafe {
            libc::epoll_pwait2(
                self.ep.as_raw_fd(),
                self.buf.as_mut_ptr(),
                self.buf.len() as _,
                &ts,
                std::ptr::null(),
            )
        };
        out.clear();
        for ev in &self.buf[..n.max(0) as usize] {
            let bits = ev.events as libc::c_int;
            let closed = bits & (libc::EPOLLHUP | libc::EPOLLERR | libc::EPOLLRDHUP) != 0;
            out.push(Event {
                token: ev.u64 as usize,
                readable: closed || bits & libc::EPOLLIN != 0,
                writable: bits & libc::EPOLLOUT != 0,
            });
        }
    }
}

struct Sock(OwnedFd);

impl Read for &Sock {
    fn read(&mut self, b: &mut [u8]) -> io::Result<usize> {
        let n = unsafe { libc::recv(self.0.as_raw_fd(), b.as_mut_ptr().cast(), b.len(), 0) };
        if n < 0 { Err(io::Error::last_os_error()) } else { Ok(n as usize) }
    }
}

impl Write for &Sock {
    fn write(&mut self, b: &[u8]) -> io::Result<usize> {
        let n = unsafe { libc::send(self.0.as_raw_fd(), b.as_ptr().cast(), b.len(), libc::MSG_NOSIGNAL) };
        if n < 0 { Err(io::Error::last_os_error()) } else { Ok(n as usize) }
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

pub enum Fill {
    /// Bytes now in the scratch buffer, and whether there may be more.
    Data(usize, bool),
    Block,
    Eof,
}

pub struct Conn {
    sock: Sock,
    tls: Option<Box<ClientConnection>>,
    /// Bytes of a packet not yet whole.
    pub partial: Vec<u8>,
    /// Plain bytes not yet given to the socket or to TLS.
    pub out: Vec<u8>,
    out_at: usize,
    last: bool,
}

#[derive(Clone)]
pub struct Tls {
    pub config: Arc<ClientConfig>,
    pub name: ServerName<'static>,
}

impl Conn {
    pub fn open(to: SocketAddrV4, from: Option<Ipv4Addr>, tls: Option<&Tls>) -> io::Result<Conn> {
        let kind = libc::SOCK_STREAM | libc::SOCK_NONBLOCK | libc::SOCK_CLOEXEC;
        let fd = check(unsafe { libc::socket(libc::AF_INET, kind, 0) })?;
        let sock = Sock(unsafe { OwnedFd::from_raw_fd(fd) });
        let set = |level, name| unsafe {
            let one: libc::c_int = 1;
            libc::setsockopt(fd, level, name, (&raw const one).cast(), 4);
        };
        set(libc::IPPROTO_TCP, libc::TCP_NODELAY);
        let raw = |a: SocketAddrV4| libc::sockaddr_in {
            sin_family: libc::AF_INET as _,
            sin_port: a.port().to_be(),
            sin_addr: libc::in_addr { s_addr: u32::from(*a.ip()).to_be() },
            sin_zero: [0; 8],
        };
        let len = size_of::<libc::sockaddr_in>() as libc::socklen_t;
        if let Some(ip) = from {
            set(libc::IPPROTO_IP, libc::IP_BIND_ADDRESS_NO_PORT);
            let a = raw(SocketAddrV4::new(ip, 0));
            check(unsafe { libc::bind(fd, (&raw const a).cast(), len) })?;
        }
        let a = raw(to);
        if unsafe { libc::connect(fd, (&raw const a).cast(), len) } < 0 {
            let e = io::Error::last_os_error();
            if e.raw_os_error() != Some(libc::EINPROGRESS) {
                return Err(e);
            }
        }
        let tls = match tls {
            Some(t) => {
                let mut c =
                    ClientConnection::new(t.config.clone(), t.name.clone()).map_err(io::Error::other)?;
                c.set_buffer_limit(None);
                Some(Box::new(c))
            }
            None => None,
        };
        Ok(Conn { sock, tls, partial: Vec::new(), out: Vec::new(), out_at: 0, last: false })
    }

    pub fn fd(&self) -> RawFd {
        self.sock.0.as_raw_fd()
    }

    /// Nothing is written after what is queued now: the write side is shut then.
    pub fn finish(&mut self) {
        self.last = true;
    }

    /// True once every queued byte was handed to the kernel.
    pub fn flush(&mut self) -> io::Result<bool> {
        let done = self.push()?;
        if done && self.last {
            self.last = false;
            if let Some(tls) = &mut self.tls {
                tls.send_close_notify();
                self.push()?;
            }
            unsafe { libc::shutdown(self.fd(), libc::SHUT_WR) };
        }
        Ok(done)
    }

    fn push(&mut self) -> io::Result<bool> {
        if let Some(tls) = &mut self.tls {
            if !self.out.is_empty() && !tls.is_handshaking() {
                tls.writer().write_all(&self.out)?;
                self.out = Vec::new();
            }
            while tls.wants_write() {
                match tls.write_tls(&mut &self.sock) {
                    Ok(_) => {}
                    Err(e) if e.kind() == io::ErrorKind::WouldBlock => return Ok(false),
                    Err(e) => return Err(e),
                }
            }
            return Ok(self.out.is_empty());
        }
        while self.out_at < self.out.len() {
            match (&self.sock).write(&self.out[self.out_at..]) {
                Ok(n) => self.out_at += n,
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => return Ok(false),
                Err(e) => return Err(e),
            }
        }
        self.out_at = 0;
        if self.out.capacity() > 64 * 1024 {
            self.out = Vec::new()
        } else {
            self.out.clear()
        }
        Ok(true)
    }

    pub fn fill(&mut self, scratch: &mut [u8]) -> io::Result<Fill> {
        let Some(tls) = &mut self.tls else {
            return match (&self.sock).read(scratch) {
                Ok(0) => Ok(Fill::Eof),
                Ok(n) => Ok(Fill::Data(n, n == scratch.len())),
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => Ok(Fill::Block),
                Err(e) => Err(e),
            };
        };
        loop {
            match tls.reader().read(scratch) {
                Ok(0) => return Ok(Fill::Eof),
                Ok(n) => return Ok(Fill::Data(n, true)),
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => {}
                Err(e) => return Err(e),
            }
            match tls.read_tls(&mut &self.sock) {
                Ok(0) => return Ok(Fill::Eof),
                Ok(_) => {
                    tls.process_new_packets().map_err(io::Error::other)?;
                }
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => return Ok(Fill::Block),
                Err(e) => return Err(e),
            }
        }
    }
}
