//! Once a second: who has been silent too long, what has to be sent again.

use std::sync::Arc;
use std::time::Duration;

use broker::presence::DisconnectReason;
use hub::Refusal;
use mqtt::ReasonCode;

use crate::link::{Dirty, Link, write_all};
use crate::shared::Shared;

/// Runs until it is dropped.
pub(crate) async fn sweep(shared: Arc<Shared>) {
    let mut every = tokio::time::interval(Duration::from_secs(1));
    every.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        every.tick().await;
        sweep_once(&shared);
        shared.explain_surplus();
    }
}

fn sweep_once(shared: &Shared) {
    let (wall_ms, now_ms) = (shared.clock.wall_ms(), shared.clock.machine_ms());
    let resend_after_ms = shared.settings.resend_after_ms;
    let mut dirty = Dirty::new();
    for link in shared.links.all() {
        if link.is_silent(now_ms) {
            let text = format!(
                "nothing was heard for one and a half times the keep-alive of {} s: the device or its network is gone",
                link.keep_alive_s()
            );
            link.finish(Refusal::new(ReasonCode::KeepAliveTimeout, DisconnectReason::KeepAliveTimeout, text));
            continue;
        }
        explain_dropped(shared, &link);
        if let Some(before_ms) = now_ms.checked_sub(resend_after_ms).filter(|_| resend_after_ms > 0) {
            link.with(&mut dirty, |out| out.resend(before_ms, wall_ms, now_ms));
        }
    }
    write_all(&mut dirty);
}

fn explain_dropped(shared: &Shared, link: &Link) {
    let (dropped, client) = {
        let mut out = link.lock();
        (out.take_dropped(), out.client.clone())
    };
    if dropped > 0 {
        let text = format!(
            "{dropped} message(s) were dropped for it: it reads more slowly than it is sent to, or takes no packet as large"
        );
        shared.explain(&client, "messages dropped", &text);
    }
}
