//! The status page: what runs, where, and what happened last, as plain HTML that loads itself anew. Takes no input.

use std::fmt::Write;
use std::sync::Arc;

use axum::extract::State;
use axum::response::Html;
use jiff::Timestamp;

use super::Api;
use super::metrics::{counters, gauges};

const STYLE: &str = "body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:60rem;padding:0 1rem;\
color:#1b2530;background:#fbfbf9}h1{font-size:1.4rem}h2{font-size:1.05rem;margin-top:2rem}\
table{border-collapse:collapse;width:100%}td,th{text-align:left;padding:.25rem .6rem;border-bottom:1px solid #e3e3dd;\
vertical-align:top}td.n{text-align:right;font-variant-numeric:tabular-nums}code{background:#efefe9;padding:.1rem .3rem}\
@media(prefers-color-scheme:dark){body{color:#e4e7ea;background:#15191d}td,th{border-color:#2b3138}code{background:#22282e}}";

const NOTES: usize = 30;

pub(super) async fn page(State(api): State<Arc<Api>>) -> Html<String> {
    let mut html = String::with_capacity(8192);
    let _ = write!(
        html,
        "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content=\"width=device-width\">\
         <meta http-equiv=refresh content=2><title>Thingstead</title><style>{STYLE}</style>\
         <h1>Thingstead {}</h1>",
        env!("CARGO_PKG_VERSION")
    );
    faces(&mut html, &api);
    numbers(&mut html, &api);
    latest(&mut html, &api);
    Html(html)
}

fn faces(html: &mut String, api: &Api) {
    let endpoints = &api.endpoints;
    let off = || "off".to_owned();
    let rows = [
        ("API, WebSocket <code>/mqtt</code>", endpoints.api.clone()),
        ("MQTT over TLS", endpoints.mqtt.clone().unwrap_or_else(off)),
        ("TLS, chosen by ALPN", endpoints.tls443.clone().unwrap_or_else(off)),
        ("HTTPS publish", endpoints.https.clone().unwrap_or_else(off)),
        ("MQTT without TLS or certificates", endpoints.plain.clone().unwrap_or_else(off)),
        ("Root CA", endpoints.ca.display().to_string()),
        ("Account, region", format!("{} {}", endpoints.account, endpoints.region)),
        ("Dialect", api.shared.settings.dialect.to_string()),
    ];
    html.push_str("<h2>Faces</h2><table>");
    for (name, value) in rows {
        let _ = write!(html, "<tr><td>{name}<td><code>{}</code>", escape(&value));
    }
    html.push_str("</table>");
}

fn numbers(html: &mut String, api: &Api) {
    html.push_str("<h2>Numbers</h2><table>");
    for (_, meaning, value) in gauges(&api.shared).into_iter().chain(counters(&api.shared)) {
        let _ = write!(html, "<tr><td>{meaning}<td class=n>{value}");
    }
    html.push_str("</table>");
}

fn latest(html: &mut String, api: &Api) {
    html.push_str("<h2>Latest activity</h2><table><tr><th>Time (UTC)<th>Client<th>What<th>");
    let notes = api.shared.activity.latest(None, NOTES);
    for note in notes.iter().rev() {
        let _ = write!(
            html,
            "<tr><td>{}<td>{}<td>{}<td>{}",
            clock(note.at_ms),
            escape(&note.client),
            escape(&note.what),
            escape(&note.text)
        );
    }
    html.push_str("</table>");
    if notes.is_empty() {
        html.push_str("<p>Nothing yet. <code>thingstead device new NAME</code> makes a device.</p>");
    }
}

fn clock(at_ms: u64) -> String {
    let at = i64::try_from(at_ms).ok().and_then(|ms| Timestamp::from_millisecond(ms).ok());
    at.map(|at| at.strftime("%H:%M:%S").to_string()).unwrap_or_default()
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    #[test]
    fn what_a_client_sends_cannot_become_markup() {
        assert_eq!(super::escape("<img src=\"x\">&"), "&lt;img src=&quot;x&quot;&gt;&amp;");
    }
}
