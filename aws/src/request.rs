//! A request in, the service it is meant for out. Reads no body member and checks no signature.

use http::header::{CONTENT_TYPE, HOST};
use http::{HeaderMap, Method};

use crate::credential::CredentialScope;
use crate::route;

/// A request as it came: nothing decoded.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    pub method: &'a Method,
    /// Still percent-encoded, without the query.
    pub path: &'a str,
    /// Still percent-encoded, without the question mark.
    pub query: &'a str,
    pub headers: &'a HeaderMap,
    pub body: &'a [u8],
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Service {
    Iot,
    IotData,
    IotJobsData,
    Sts,
    Iam,
    S3,
    Firehose,
    Lambda,
    CloudFormation,
    Logs,
    /// Another one, by the name it signs with; empty when nothing says which.
    Other(String),
}

impl Service {
    /// The service that signs with this name.
    #[must_use]
    pub fn signing_as(name: &str) -> Self {
        match name {
            "iot" => Self::Iot,
            "iotdata" | "iotdevicegateway" => Self::IotData,
            "iot-jobs-data" => Self::IotJobsData,
            "sts" => Self::Sts,
            "iam" => Self::Iam,
            "s3" => Self::S3,
            "firehose" => Self::Firehose,
            "lambda" => Self::Lambda,
            "cloudformation" => Self::CloudFormation,
            "logs" => Self::Logs,
            other => Self::Other(other.to_owned()),
        }
    }

    /// The name that AWS's command line knows it by.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Iot => "iot",
            Self::IotData => "iot-data",
            Self::IotJobsData => "iot-jobs-data",
            Self::Sts => "sts",
            Self::Iam => "iam",
            Self::S3 => "s3",
            Self::Firehose => "firehose",
            Self::Lambda => "lambda",
            Self::CloudFormation => "cloudformation",
            Self::Logs => "logs",
            Self::Other(name) => name,
        }
    }
}

/// The service a request is for: as signed, else as its target, its action, its host or its path says.
#[must_use]
pub fn service_of(request: &Request<'_>, scope: Option<&CredentialScope>) -> Service {
    if let Some(scope) = scope {
        let service = Service::signing_as(&scope.service);
        // Device SDKs sign data-plane requests as `iot` too.
        let data = service == Service::Iot && route::is_known(&Service::IotData, request);
        return if data { Service::IotData } else { service };
    }
    by_target(request)
        .or_else(|| by_action(request))
        .or_else(|| by_host(request))
        .or_else(|| by_path(request))
        .unwrap_or_else(|| Service::Other(String::new()))
}

/// `X-Amz-Target: Firehose_20150804.PutRecord` in its two parts.
pub(crate) fn target<'a>(request: &Request<'a>) -> Option<(&'a str, &'a str)> {
    request.headers.get("x-amz-target")?.to_str().ok()?.rsplit_once('.')
}

/// A parameter of the query protocol, undecoded, from the form in the body or from the query.
pub(crate) fn form_parameter<'a>(request: &Request<'a>, name: &str) -> Option<&'a str> {
    let content_type = request.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let is_form = content_type.is_some_and(|kind| kind.starts_with("application/x-www-form-urlencoded"));
    let body = if is_form { std::str::from_utf8(request.body).unwrap_or_default() } else { "" };
    let mut pairs = body.split('&').chain(request.query.split('&')).filter_map(|pair| pair.split_once('='));
    pairs.find(|(key, _)| *key == name).map(|(_, value)| value.trim_end())
}

fn by_target(request: &Request<'_>) -> Option<Service> {
    let (prefix, _) = target(request)?;
    let name = prefix.split('_').next().unwrap_or(prefix).to_ascii_lowercase();
    Some(Service::signing_as(&name))
}

fn by_action(request: &Request<'_>) -> Option<Service> {
    if request.path != "/" {
        return None;
    }
    let action = form_parameter(request, "Action")?;
    Some(match form_parameter(request, "Version") {
        Some("2011-06-15") => Service::Sts,
        Some("2010-05-08") => Service::Iam,
        Some("2010-05-15") => Service::CloudFormation,
        _ if action == "GetCallerIdentity" => Service::Sts,
        _ => Service::Other(String::new()),
    })
}

fn by_host(request: &Request<'_>) -> Option<Service> {
    let host = request.headers.get(HOST)?.to_str().ok()?.to_ascii_lowercase();
    let (first, rest) = host.split_once('.')?;
    if host.starts_with("data.jobs.iot.") {
        return Some(Service::IotJobsData);
    }
    let data = rest.starts_with("iot.") && (first == "data" || first.ends_with("-ats"));
    data.then_some(Service::IotData)
}

fn by_path(request: &Request<'_>) -> Option<Service> {
    let services = [Service::IotData, Service::Iot, Service::IotJobsData];
    services.into_iter().find(|service| route::is_known(service, request))
}
