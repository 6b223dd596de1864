//! An operation's output in, its HTTP response out. Does not build errors: see `fault`.

use http::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use http::{Response, StatusCode};
use serde_json::{Map, Value as Json};

use crate::operations::Output;
use crate::value::{Blob, Optional, Value};

/// The response that says `output`.
pub fn reply<O: Output>(output: &O, request_id: &str) -> Response<Vec<u8>> {
    let mut draft = Draft::default();
    output.write(&mut draft);
    response(O::DESCRIPTOR.status, "application/json", request_id, draft.into_body())
}

/// A response's body while an output is being written into it.
#[derive(Debug, Default)]
pub struct Draft {
    members: Map<String, Json>,
    payload: Option<Vec<u8>>,
}

impl Draft {
    /// A member of the JSON object; none if it has no value.
    pub fn body<T: Optional>(&mut self, wire: &'static str, member: &T) {
        let Some(json) = member.value().map(Value::write) else {
            return;
        };
        // Some SDKs take an empty token for another page and ask for ever.
        let ends_pages = matches!(wire, "nextToken" | "nextMarker") && json == "";
        if !ends_pages {
            self.members.insert(wire.to_owned(), json);
        }
    }

    /// The same for a member that AWS sends but does not name in its model.
    pub fn unmodelled<T: Optional>(&mut self, wire: &'static str, member: &T) {
        self.body(wire, member);
    }

    /// The whole body, as it is.
    pub fn payload<T: Optional<Value = Blob>>(&mut self, _wire: &'static str, member: &T) {
        self.payload = Some(member.value().map(|Blob(bytes)| bytes.clone()).unwrap_or_default());
    }

    pub(crate) fn into_json(self) -> Json {
        Json::Object(self.members)
    }

    pub(crate) fn into_body(self) -> Vec<u8> {
        self.payload.unwrap_or_else(|| Json::Object(self.members).to_string().into_bytes())
    }
}

/// A response with what every reply of AWS carries.
pub(crate) fn response(
    status: u16,
    content_type: &'static str,
    request_id: &str,
    body: Vec<u8>,
) -> Response<Vec<u8>> {
    let mut response = Response::new(body);
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    set(&mut response, HeaderName::from_static("x-amzn-requestid"), request_id);
    response
}

/// Sets a header, unless its value cannot stand in one.
pub(crate) fn set(response: &mut Response<Vec<u8>>, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(name, value);
    }
}

#[cfg(test)]
#[expect(unreachable_pub, reason = "the macro declares public operations")]
mod tests {
    use super::reply;
    use crate::operations::operations;
    use crate::value::Blob;

    operations! {
        Fetch: GET "/bytes" {
        } -> FetchOutput {
            bytes: Option<Blob> = payload "bytes",
        } or InternalFailure;
    }

    #[test]
    fn a_payload_is_the_whole_body_as_it_is() {
        let check = |bytes: Option<&[u8]>, expected: &[u8]| {
            let output = FetchOutput { bytes: bytes.map(|bytes| Blob(bytes.to_vec())) };
            assert_eq!(reply(&output, "r").body(), expected);
        };
        check(Some(b"\x00{"), b"\x00{");
        check(Some(b""), b"");
        check(None, b"");
    }
}
