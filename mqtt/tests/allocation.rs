//! What the hot path may not do: allocate. A counting allocator watches plain messages pass.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use mqtt::{
    Connect, Fanout, Inbound, InboundLimits, Outbound, OutboundLimits, Packet, QoS, Role, Version, decode,
};

struct Counting;

thread_local! {
    static ALLOCATIONS: Cell<usize> = const { Cell::new(0) };
}

#[expect(unsafe_code, reason = "an allocator has to be unsafe; this one only counts")]
// SAFETY: every call goes to the system allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.set(ALLOCATIONS.get() + 1);
        // SAFETY: as the caller promised.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: as the caller promised.
        unsafe { System.dealloc(block, layout) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

#[track_caller]
fn check_free_of_allocation(act: impl FnOnce()) {
    let before = ALLOCATIONS.get();
    act();
    assert_eq!(ALLOCATIONS.get() - before, 0);
}

fn publish(version: Version, qos: QoS) -> Vec<u8> {
    let mut bytes = Vec::new();
    Fanout::new("fleet/ü/7/telemetry", &[1; 200], None).append(&mut bytes, version, qos, false, false, 1);
    bytes
}

#[test]
fn decoding_a_plain_publish_allocates_nothing() {
    for version in [Version::V31, Version::V311, Version::V5] {
        for qos in [QoS::AtMostOnce, QoS::AtLeastOnce, QoS::ExactlyOnce] {
            let bytes = publish(version, qos);
            check_free_of_allocation(|| {
                assert!(matches!(decode(&bytes, Some(version), 1_000), Ok(Some((Packet::Publish(_), _)))));
            });
        }
    }
}

#[test]
fn an_idle_connection_owns_no_heap() {
    check_free_of_allocation(|| {
        let _inbound = Inbound::new(Role::Server, InboundLimits::default());
        let _outbound: Outbound<u64> = Outbound::new(Version::V5, OutboundLimits::default());
    });
}

#[test]
fn a_busy_connection_settles() {
    let mut connect = Vec::new();
    Packet::Connect(Box::new(Connect::new(Version::V311, "c"))).encode(Version::V311, &mut connect);
    let mut inbound = Inbound::new(Role::Server, InboundLimits::default());
    inbound.next(&connect).expect("CONNECT is accepted");
    let mut outbound = Outbound::new(Version::V311, OutboundLimits::default());
    let (bytes, mut out) = (publish(Version::V311, QoS::AtLeastOnce), Vec::with_capacity(1_000));
    let mut pass = || {
        assert!(matches!(inbound.next(&bytes), Ok(Some(_))));
        inbound.answered(1);
        out.clear();
        let mut what = Fanout::new("a", b"x", None);
        let sent = outbound.send_acknowledged(
            &mut out,
            &mut what,
            QoS::AtLeastOnce,
            false,
            false,
            &[],
            None,
            0,
            7_u64,
        );
        let ack = mqtt::Ack::new(sent.expect("room"), mqtt::ReasonCode::Success);
        assert_eq!(outbound.on_puback(&ack), Some(7));
    };
    pass();
    check_free_of_allocation(|| (0..100).for_each(|_| pass()));
}
