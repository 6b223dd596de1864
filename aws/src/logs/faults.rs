//! The errors of CloudWatch Logs by name, with their statuses. Does not decide when one is due.

use crate::fault::{Fault, named_faults};

named_faults! {
    invalid_parameter "InvalidParameterException" 400
    resource_not_found "ResourceNotFoundException" 400
    resource_already_exists "ResourceAlreadyExistsException" 400
    limit_exceeded "LimitExceededException" 400
    too_many_tags "TooManyTagsException" 400
    operation_aborted "OperationAbortedException" 400
    validation "ValidationException" 400
    invalid_sequence_token "InvalidSequenceTokenException" 400
    data_already_accepted "DataAlreadyAcceptedException" 400
    unrecognized_client "UnrecognizedClientException" 400
    service_unavailable "ServiceUnavailableException" 503
}
