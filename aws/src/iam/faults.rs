//! IAM's errors by name, with their statuses. Does not decide when one is due.

use crate::fault::Fault;

/// One constructor for each error.
macro_rules! faults {
    ($($constructor:ident $code:literal $status:literal)*) => {
        /// Every error name with its status.
        pub static STATUSES: &[(&str, u16)] = &[$(($code, $status)),*];

        $(
        #[doc = concat!("`", $code, "`, ", stringify!($status), ".")]
        #[must_use]
        pub fn $constructor(message: impl Into<String>) -> Fault {
            Fault::new($status, $code, message)
        }
        )*
    };
}

faults! {
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
