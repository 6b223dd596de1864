//! Errors in, HTTP responses of each protocol out.

use aws::{Fault, Service};
use serde_json::{Value, json};

fn body(response: &http::Response<Vec<u8>>) -> Value {
    serde_json::from_slice(response.body()).unwrap()
}

#[test]
fn every_error_has_the_status_of_aws() {
    let check = |fault: Fault, code: &str, status: u16| {
        assert_eq!((&*fault.code, fault.status, &*fault.message), (code, status, "m"));
    };
    check(Fault::invalid_request("m"), "InvalidRequestException", 400);
    check(Fault::malformed_policy("m"), "MalformedPolicyException", 400);
    check(Fault::certificate_validation("m"), "CertificateValidationException", 400);
    check(Fault::registration_code_validation("m"), "RegistrationCodeValidationException", 400);
    check(Fault::sql_parse("m"), "SqlParseException", 400);
    check(Fault::invalid_query("m"), "InvalidQueryException", 400);
    check(Fault::index_not_ready("m"), "IndexNotReadyException", 400);
    check(Fault::invalid_aggregation("m"), "InvalidAggregationException", 400);
    check(Fault::invalid_response("m"), "InvalidResponseException", 400);
    check(Fault::resource_registration_failure("m"), "ResourceRegistrationFailureException", 400);
    check(Fault::task_already_exists("m"), "TaskAlreadyExistsException", 400);
    check(Fault::unauthorized("m"), "UnauthorizedException", 401);
    check(Fault::forbidden("m"), "ForbiddenException", 403);
    check(Fault::resource_not_found("m"), "ResourceNotFoundException", 404);
    check(Fault::not_configured("m"), "NotConfiguredException", 404);
    check(Fault::unknown_operation("m"), "UnknownOperationException", 404);
    check(Fault::method_not_allowed("m"), "MethodNotAllowedException", 405);
    check(Fault::certificate_state("m"), "CertificateStateException", 406);
    check(Fault::conflict("m"), "ConflictException", 409);
    check(Fault::conflicting_resource_update("m"), "ConflictingResourceUpdateException", 409);
    check(Fault::certificate_conflict("m"), "CertificateConflictException", 409);
    check(Fault::delete_conflict("m"), "DeleteConflictException", 409);
    check(Fault::invalid_state_transition("m"), "InvalidStateTransitionException", 409);
    check(Fault::resource_already_exists("m"), "ResourceAlreadyExistsException", 409);
    check(Fault::transfer_conflict("m"), "TransferConflictException", 409);
    check(Fault::version_conflict("m"), "VersionConflictException", 409);
    check(Fault::versions_limit_exceeded("m"), "VersionsLimitExceededException", 409);
    check(Fault::limit_exceeded("m"), "LimitExceededException", 410);
    check(Fault::transfer_already_completed("m"), "TransferAlreadyCompletedException", 410);
    check(Fault::request_entity_too_large("m"), "RequestEntityTooLargeException", 413);
    check(Fault::unsupported_document_encoding("m"), "UnsupportedDocumentEncodingException", 415);
    check(Fault::internal_failure("m"), "InternalFailureException", 500);
    check(Fault::internal("m"), "InternalException", 500);
    check(Fault::not_implemented("m"), "NotImplementedException", 501);
    check(Fault::service_unavailable("m"), "ServiceUnavailableException", 503);
    check(Fault::gateway_timeout("m"), "GatewayTimeoutException", 504);
    check(Fault::throttling(&Service::Iot, "m"), "ThrottlingException", 400);
    check(Fault::throttling(&Service::IotData, "m"), "ThrottlingException", 429);
    check(Fault::throttling(&Service::IotJobsData, "m"), "ThrottlingException", 429);
}

#[test]
fn every_error_that_an_operation_names_has_a_status() {
    let described = aws::describe();
    for operation in described["served"].as_array().unwrap() {
        for error in operation["errors"].as_array().unwrap() {
            let known = described["errors"].get(error.as_str().unwrap()).is_some();
            assert!(known || error == "ThrottlingException", "{error} of {}", operation["name"]);
        }
    }
}

#[test]
fn the_code_of_a_json_error_is_in_the_header_and_its_resource_in_the_body() {
    let fault = Fault::resource_already_exists("thing t exists with other settings")
        .with("resourceId", "t")
        .with("resourceArn", "arn:aws:iot:us-east-1:000000000000:thing/t");
    let response = fault.to_rest_json("request-1");
    assert_eq!(response.status(), 409);
    assert_eq!(response.headers()["x-amzn-errortype"], "ResourceAlreadyExistsException");
    assert_eq!(response.headers()["x-amzn-requestid"], "request-1");
    assert_eq!(response.headers()["content-type"], "application/json");
    assert_eq!(
        body(&response),
        json!({
            "message": "thing t exists with other settings",
            "resourceId": "t",
            "resourceArn": "arn:aws:iot:us-east-1:000000000000:thing/t",
        })
    );
}

#[test]
fn an_xml_error_escapes_what_it_quotes() {
    let fault = Fault::new(403, "AccessDenied", "<a> & \"b\" 'c'\u{1}\u{ffff}\r\n\té");
    let response = fault.to_query_xml("r<1>");
    assert_eq!(response.status(), 403);
    assert_eq!(response.headers()["content-type"], "text/xml");
    assert_eq!(
        std::str::from_utf8(response.body()).unwrap(),
        "<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code>\
         <Message>&lt;a&gt; &amp; &quot;b&quot; &apos;c&apos;\u{fffd}\u{fffd}&#13;\n\té</Message></Error>\
         <RequestId>r&lt;1&gt;</RequestId></ErrorResponse>"
    );
    let response = Fault::internal_failure("m").to_query_xml("r");
    assert!(std::str::from_utf8(response.body()).unwrap().contains("<Type>Receiver</Type>"));
}

#[test]
fn an_operation_that_is_not_served_is_refused_by_name() {
    let fault = Fault::not_served(&Service::Iot, "CreateJob");
    assert_eq!((fault.status, &*fault.code), (501, "NotImplementedException"));
    assert_eq!(fault.message, "`CreateJob` of iot is not served by Thingstead; COMPAT.md lists what is");
}

#[test]
fn a_request_id_or_code_that_no_header_can_hold_is_left_out() {
    let response = Fault::new(1000, "Bad\nCode", "m").to_rest_json("a\r\nb");
    assert_eq!(response.status(), 500);
    assert!(!response.headers().contains_key("x-amzn-requestid"));
    assert!(!response.headers().contains_key("x-amzn-errortype"));
}
