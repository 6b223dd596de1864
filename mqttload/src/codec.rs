//! In: MQTT 3.1.1 bytes. Out: the few packets a load generator needs, and back. Does no I/O.

pub const CONNACK: u8 = 2;
pub const PUBLISH: u8 = 3;
pub const PUBACK: u8 = 4;
pub const SUBACK: u8 = 9;
pub const PINGRESP: u8 = 13;

pub const PINGREQ: [u8; 2] = [0xC0, 0];
pub const DISCONNECT: [u8; 2] = [0xE0, 0];

fn put_len(out: &mut Vec<u8>, mut n: usize) {
    loop {
        let b = (n & 0x7f) as u8;
        n >>= 7;
        if n == 0 {
            out.push(b);
            return;
        }
        out.push(b | 0x80);
    }
}

fn put_str(out: &mut Vec<u8>, s: &str) {
    out.extend_from_slice(&(s.len() as u16).to_be_bytes());
    out.extend_from_slice(s.as_bytes());
}

pub fn connect(out: &mut Vec<u8>, id: &str, clean: bool, keepalive: u16, login: Option<&(String, String)>) {
    let mut len = 10 + 2 + id.len();
    let mut flags = if clean { 0x02 } else { 0 };
    if let Some((u, p)) = login {
        len += 4 + u.len() + p.len();
        flags |= 0xC0;
    }
    out.push(0x10);
    put_len(out, len);
    put_str(out, "MQTT");
    out.push(4);
    out.push(flags);
    out.extend_from_slice(&keepalive.to_be_bytes());
    put_str(out, id);
    if let Some((u, p)) = login {
        put_str(out, u);
        put_str(out, p);
    }
}

pub fn subscribe(out: &mut Vec<u8>, pid: u16, filters: &[String], qos: u8) {
    let len = 2 + filters.iter().map(|f| f.len() + 3).sum::<usize>();
    out.push(0x82);
    put_len(out, len);
    out.extend_from_slice(&pid.to_be_bytes());
    for f in filters {
        put_str(out, f);
        out.push(qos);
    }
}

/// Everything of a PUBLISH up to and including the topic; the packet id (QoS 1)
/// and `payload_len` bytes of payload must follow.
pub fn publish_head(topic: &str, qos: u8, retain: bool, payload_len: usize) -> Vec<u8> {
    let mut out = Vec::with_capacity(topic.len() + 8);
    out.push(0x30 | (qos << 1) | retain as u8);
    let pid = if qos > 0 { 2 } else { 0 };
    put_len(&mut out, 2 + topic.len() + pid + payload_len);
    put_str(&mut out, topic);
    out
}

pub fn puback(out: &mut Vec<u8>, pid: u16) {
    let p = pid.to_be_bytes();
    out.extend_from_slice(&[0x40, 2, p[0], p[1]]);
}

pub struct Frame<'a> {
    pub kind: u8,
    pub flags: u8,
    pub body: &'a [u8],
}

pub enum Parsed<'a> {
    Frame(Frame<'a>, usize),
    NeedMore,
    Malformed,
}

/// Splits the first whole packet off `buf`.
#[inline]
pub fn parse(buf: &[u8]) -> Parsed<'_> {
    let mut len = 0usize;
    let mut shift = 0;
    let mut i = 1;
    loop {
        let Some(&b) = buf.get(i) else {
            return if i > 4 { Parsed::Malformed } else { Parsed::NeedMore };
        };
        len |= ((b & 0x7f) as usize) << shift;
        i += 1;
        if b & 0x80 == 0 {
            break;
        }
        shift += 7;
        if shift > 21 {
            return Parsed::Malformed;
        }
    }
    let Some(body) = buf.get(i..i + len) else {
        return Parsed::NeedMore;
    };
    Parsed::Frame(Frame { kind: buf[0] >> 4, flags: buf[0] & 0x0f, body }, i + len)
}

impl<'a> Frame<'a> {
    /// Packet id of an acknowledgement.
    pub fn ack_id(&self) -> Option<u16> {
        Some(u16::from_be_bytes(self.body.get(..2)?.try_into().ok()?))
    }

    /// (packet id for QoS > 0, payload) of a PUBLISH.
    #[inline]
    pub fn publish(&self) -> Option<(Option<u16>, &'a [u8])> {
        let tlen = u16::from_be_bytes(self.body.get(..2)?.try_into().ok()?) as usize;
        let rest = self.body.get(2 + tlen..)?;
        if self.flags & 0x06 == 0 {
            return Some((None, rest));
        }
        let pid = u16::from_be_bytes(rest.get(..2)?.try_into().ok()?);
        Some((Some(pid), &rest[2..]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn publish_round_trip() {
        for (qos, plen) in [(0u8, 16usize), (1, 16), (1, 200), (0, 20_000)] {
            let mut p = publish_head("a/b", qos, false, plen);
            if qos > 0 {
                p.extend_from_slice(&7u16.to_be_bytes());
            }
            p.resize(p.len() + plen, 9);
            for cut in 0..p.len() {
                assert!(matches!(parse(&p[..cut]), Parsed::NeedMore));
            }
            let Parsed::Frame(f, used) = parse(&p) else { panic!() };
            assert_eq!((f.kind, used), (PUBLISH, p.len()));
            let (pid, payload) = f.publish().unwrap();
            assert_eq!(pid, (qos > 0).then_some(7));
            assert_eq!(payload.len(), plen);
        }
    }

    #[test]
    fn over_long_length_is_malformed() {
        assert!(matches!(parse(&[0x30, 0xff, 0xff, 0xff, 0xff, 1]), Parsed::Malformed));
    }

    #[test]
    fn connect_bytes() {
        let mut b = Vec::new();
        connect(&mut b, "x", true, 60, None);
        assert_eq!(b, [0x10, 13, 0, 4, b'M', b'Q', b'T', b'T', 4, 2, 0, 60, 0, 1, b'x']);
    }
}
