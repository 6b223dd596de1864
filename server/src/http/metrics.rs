//! Counters and gauges in, Prometheus's text out.

use std::fmt;
use std::sync::Arc;

use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Registry;

use super::Api;
use super::refusal::Refused;
use crate::shared::Shared;

pub(super) async fn metrics(State(api): State<Arc<Api>>) -> Response {
    let mut registry = Registry::with_prefix("thingstead");
    registry.register_collector(Box::new(Now::of(&api.shared)));
    let mut text = String::new();
    match prometheus_client::encoding::text::encode(&mut text, &registry) {
        Ok(()) => ([(CONTENT_TYPE, "application/openmetrics-text; version=1.0.0; charset=utf-8")], text)
            .into_response(),
        Err(error) => {
            Refused::unavailable(format!("the metrics could not be written: {error}")).into_response()
        }
    }
}

/// Name, meaning and value of every counter, as of now.
pub(super) fn counters(shared: &Shared) -> [(&'static str, &'static str, u64); 12] {
    let metrics = &shared.metrics;
    [
        ("connections_opened", "Connections accepted on any face", metrics.connections_opened.get()),
        ("connections_refused", "CONNECTs refused", metrics.connections_refused.get()),
        ("connections_closed", "Connections ended", metrics.connections_closed.get()),
        ("handshakes_failed", "TLS handshakes that failed", metrics.handshakes_failed.get()),
        ("messages_received", "PUBLISH packets received", metrics.messages_received.get()),
        ("messages_delivered", "PUBLISH packets sent to subscribers", metrics.messages_delivered.get()),
        ("messages_dropped", "Messages a receiver could not be sent", metrics.messages_dropped.get()),
        ("publishes_refused", "PUBLISH packets refused", metrics.publishes_refused.get()),
        ("bytes_received", "Bytes of MQTT received", metrics.bytes_received.get()),
        ("commits", "Group commits", metrics.commits.get()),
        ("commit_micros", "Microseconds spent in group commits", metrics.commit_micros.get()),
        ("commit_bytes", "Bytes of keys, documents and records in group commits", metrics.commit_bytes.get()),
    ]
}

/// Name, meaning and value of every gauge, as of now.
pub(super) fn gauges(shared: &Shared) -> [(&'static str, &'static str, u64); 2] {
    [
        ("connections", "Connections that are open", shared.links.len() as u64),
        ("queued_events", "Events waiting for the writer", shared.desk.len() as u64),
    ]
}

#[derive(Debug)]
struct Now {
    counters: Vec<(&'static str, &'static str, u64)>,
    gauges: Vec<(&'static str, &'static str, u64)>,
}

impl Now {
    fn of(shared: &Shared) -> Now {
        Now { counters: counters(shared).to_vec(), gauges: gauges(shared).to_vec() }
    }
}

impl Collector for Now {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        for (name, help, value) in &self.counters {
            let counter = ConstCounter::new(*value);
            counter.encode(encoder.encode_descriptor(name, help, None, counter.metric_type())?)?;
        }
        for (name, help, value) in &self.gauges {
            let gauge = ConstGauge::new(i64::try_from(*value).unwrap_or(i64::MAX));
            gauge.encode(encoder.encode_descriptor(name, help, None, gauge.metric_type())?)?;
        }
        Ok(())
    }
}
