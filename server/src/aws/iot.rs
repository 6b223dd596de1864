//! Calls of the control plane in, their outcomes out.

use std::sync::Arc;

use ::aws::iot::Call;
use ::aws::{Fault, Service};
use axum::http::Response;

use super::credentials::Caller;
use crate::http::Api;

pub(super) async fn answer(
    _api: &Arc<Api>,
    _caller: &Caller,
    call: Call,
    _request_id: &str,
) -> Result<Response<Vec<u8>>, Fault> {
    Err(Fault::not_served(&Service::Iot, call.name()))
}
