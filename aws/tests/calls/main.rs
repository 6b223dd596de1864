//! Requests as clients send them in, typed calls and AWS's errors out. Needs no socket.

mod faults;
mod members;
mod property;
mod replies;
mod routes;
mod rules;
mod services;
mod targets;

use aws::{Fault, Parsed, Request, Service};
use http::{HeaderMap, HeaderName, HeaderValue, Method};

/// A request written down in one line: `GET /things?maxResults=5`, with headers and a body.
pub(crate) struct Sent {
    method: Method,
    path: String,
    query: String,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Sent {
    pub(crate) fn new(line: &str) -> Self {
        let (method, target) = line.split_once(' ').unwrap();
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        Self { method, path: path.into(), query: query.into(), headers: HeaderMap::new(), body: Vec::new() }
    }

    pub(crate) fn at(mut self, path: String, query: String) -> Self {
        (self.path, self.query) = (path, query);
        self
    }

    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
        self.headers.insert(name, HeaderValue::from_bytes(value.as_bytes()).unwrap());
        self
    }

    pub(crate) fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    pub(crate) fn request(&self) -> Request<'_> {
        Request {
            method: &self.method,
            path: &self.path,
            query: &self.query,
            headers: &self.headers,
            body: &self.body,
        }
    }

    pub(crate) fn to(&self, service: &Service) -> Result<Parsed, Fault> {
        aws::parse(service, &self.request())
    }

    pub(crate) fn iot(&self) -> Result<aws::iot::Call, Fault> {
        match self.to(&Service::Iot)? {
            Parsed::Iot(call) => Ok(call),
            other => panic!("{other:?}"),
        }
    }

    pub(crate) fn iot_data(&self) -> Result<aws::iot_data::Call, Fault> {
        match self.to(&Service::IotData)? {
            Parsed::IotData(call) => Ok(call),
            other => panic!("{other:?}"),
        }
    }
}
