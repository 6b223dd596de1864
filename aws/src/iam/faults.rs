//! IAM's errors by name, with their statuses. Does not decide when one is due.

use crate::fault::{Fault, named_faults};

named_faults! {
    validation "ValidationError" 400
    invalid_input "InvalidInput" 400
    malformed_policy_document "MalformedPolicyDocument" 400
    policy_not_attachable "PolicyNotAttachable" 400
    access_denied "AccessDenied" 403
    no_such_entity "NoSuchEntity" 404
    entity_already_exists "EntityAlreadyExists" 409
    delete_conflict "DeleteConflict" 409
    limit_exceeded "LimitExceeded" 409
    concurrent_modification "ConcurrentModification" 409
    service_failure "ServiceFailure" 500
}
