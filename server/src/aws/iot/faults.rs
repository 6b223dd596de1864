//! What the registry refuses in, AWS's error for it out. Words no refusal of its own.

use ::aws::{Fault, Operation, Output};
use registry::{AuthorityError, ErrorKind, RegistryError, Scope};

use crate::certificates::NotIssued;

/// AWS's error for a refusal.
pub(super) fn of(scope: &Scope, error: &RegistryError) -> Fault {
    let text = error.to_string();
    match error.kind() {
        ErrorKind::NotFound => Fault::resource_not_found(text),
        ErrorKind::Exists { id, name } => {
            let arn = scope.arn(&format!("{}/{name}", kind_of(error)));
            Fault::resource_already_exists(text).with("resourceId", id).with("resourceArn", arn)
        }
        ErrorKind::Invalid => Fault::invalid_request(text),
        ErrorKind::VersionConflict => Fault::version_conflict(text),
        ErrorKind::VersionsLimit => Fault::versions_limit_exceeded(text),
        ErrorKind::DeleteConflict => Fault::delete_conflict(text),
        ErrorKind::CertificateState => Fault::certificate_state(text),
        ErrorKind::CertificateConflict => Fault::certificate_conflict(text),
        ErrorKind::CertificateInvalid => Fault::certificate_validation(text),
        ErrorKind::Limit => Fault::limit_exceeded(text),
        ErrorKind::MalformedPolicy => Fault::malformed_policy(text),
        ErrorKind::RegistrationCode => Fault::registration_code_validation(text),
    }
}

/// The word of the ARN of what exists already.
fn kind_of(error: &RegistryError) -> &'static str {
    match error {
        RegistryError::TypeExists { .. } => "thingtype",
        RegistryError::GroupExists { .. } => "thinggroup",
        RegistryError::PolicyExists(_) => "policy",
        RegistryError::CertificateExists(_) => "cert",
        RegistryError::CaExists(_) => "cacert",
        _ => "thing",
    }
}

/// Why no certificate was issued.
pub(super) fn of_issue(error: &NotIssued) -> Fault {
    let text = error.to_string();
    match error {
        NotIssued::Refused(
            AuthorityError::Request(_)
            | AuthorityError::RequestSignature
            | AuthorityError::RequestDigest
            | AuthorityError::RequestKey(_),
        ) => Fault::invalid_request(text),
        _ => Fault::internal_failure(text),
    }
}

/// Clients have classes for the errors that an operation's model names: any other refusal becomes an
/// `InvalidRequestException`.
pub(super) fn known_to<O: Operation>(fault: Fault) -> Fault {
    let known = <O::Output as Output>::DESCRIPTOR.errors;
    match fault.status < 500 && !known.contains(&&*fault.code) {
        true => Fault { extra: fault.extra, ..Fault::invalid_request(fault.message) },
        false => fault,
    }
}

#[cfg(test)]
mod tests {
    use ::aws::iot::policies::{AttachPolicy, CreatePolicy};
    use registry::CertificateId;

    use super::*;

    #[test]
    fn what_exists_is_named_by_its_arn() {
        let check = |error: &RegistryError, expected: &str| {
            let fault = of(&Scope::default(), error);
            assert_eq!((fault.status, &*fault.code), (409, "ResourceAlreadyExistsException"));
            let arn = fault.extra.iter().find(|(name, _)| *name == "resourceArn").map(|(_, arn)| arn.clone());
            assert_eq!(arn, Some(format!("arn:aws:iot:us-east-1:000000000000:{expected}").into()));
        };
        let (name, id) = ("a".to_owned(), "1".to_owned());
        let certificate = CertificateId::from_der(b"");
        check(&RegistryError::ThingExists { name: name.clone(), id: id.clone() }, "thing/a");
        check(&RegistryError::TypeExists { name: name.clone(), id: id.clone() }, "thingtype/a");
        check(&RegistryError::GroupExists { name: name.clone(), id }, "thinggroup/a");
        check(&RegistryError::PolicyExists(name), "policy/a");
        check(&RegistryError::CertificateExists(certificate), &format!("cert/{certificate}"));
        check(&RegistryError::CaExists(certificate), &format!("cacert/{certificate}"));
    }

    #[test]
    fn an_operation_answers_with_errors_of_its_model_only() {
        let limit = || Fault::limit_exceeded("too many");
        assert_eq!(known_to::<AttachPolicy>(limit()), limit());
        assert_eq!(known_to::<CreatePolicy>(limit()), Fault::invalid_request("too many"));
        let unserved = || Fault::not_implemented("not served");
        assert_eq!(known_to::<CreatePolicy>(unserved()), unserved());
    }
}
