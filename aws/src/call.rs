//! A request and its service in, the typed call out. Knows neither who calls nor whether they may.

use crate::fault::Fault;
use crate::parts::Parts;
use crate::request::{Request, Service, form_parameter, target};
use crate::route::{self, Route};
use crate::{iot, iot_data};

/// What a request asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Parsed {
    Iot(iot::Call),
    IotData(iot_data::Call),
    /// An operation that is known by name, or at least says its name.
    Unserved {
        service: Service,
        operation: String,
    },
    Unknown,
}

/// Reads the call that `request` makes of `service`.
///
/// # Errors
/// The operation is served, but the request is not a whole call of it.
pub fn parse(service: &Service, request: &Request<'_>) -> Result<Parsed, Fault> {
    match service {
        Service::Iot | Service::IotData | Service::IotJobsData => by_path(service, request),
        _ => {
            let by_target = target(request).map(|(_, operation)| operation);
            let operation = by_target.or_else(|| form_parameter(request, "Action"));
            let operation = operation.filter(|name| !name.is_empty()).map(str::to_owned);
            Ok(operation.map_or(Parsed::Unknown, |operation| unserved(service, operation)))
        }
    }
}

fn by_path(service: &Service, request: &Request<'_>) -> Result<Parsed, Fault> {
    let (operation, labels) = match route::find(service, request)? {
        Route::Operation(operation, labels) => (operation, labels),
        Route::OtherMethod if *service == Service::IotData => {
            let (method, path) = (request.method, request.path);
            return Err(Fault::method_not_allowed(format!("{method} is not a method of {path}")));
        }
        Route::OtherMethod | Route::Nowhere => return Ok(Parsed::Unknown),
    };
    let data = iot_data::SERVED.iter().find(|(descriptor, _)| descriptor.name == operation);
    let control = iot::SERVED.iter().find(|(descriptor, _)| descriptor.name == operation);
    match (service, control, data) {
        (Service::Iot, Some((descriptor, read)), _) => {
            read(&mut Parts::new(request, descriptor, labels)?).map(Parsed::Iot)
        }
        (Service::IotData, _, Some((descriptor, read))) => {
            read(&mut Parts::new(request, descriptor, labels)?).map(Parsed::IotData)
        }
        _ => Ok(unserved(service, operation.to_owned())),
    }
}

fn unserved(service: &Service, operation: String) -> Parsed {
    Parsed::Unserved { service: service.clone(), operation }
}
