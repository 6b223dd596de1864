//! The calls of IAM about roles and managed policies. Does not answer them.

pub mod faults;
pub mod policies;
pub mod role_policies;
pub mod roles;
pub mod users;

use http::Response;
use serde_json::Value as Json;

use crate::operations::{Output, calls};
use crate::query;
use crate::shape::Shape;
use crate::value::{Mismatch, Value};

const NAMESPACE: &str = "https://iam.amazonaws.com/doc/2010-05-08/";

calls! {
    roles: CreateRole GetRole ListRoles DeleteRole UpdateRole UpdateAssumeRolePolicy TagRole UntagRole
        ListRoleTags ListInstanceProfilesForRole;
    role_policies: PutRolePolicy GetRolePolicy ListRolePolicies DeleteRolePolicy AttachRolePolicy
        DetachRolePolicy ListAttachedRolePolicies;
    policies: CreatePolicy GetPolicy ListPolicies DeletePolicy CreatePolicyVersion GetPolicyVersion
        ListPolicyVersions DeletePolicyVersion SetDefaultPolicyVersion;
    users: GetUser;
}

/// The response that says `output`.
pub fn reply<O: Output>(output: &O, request_id: &str) -> Response<Vec<u8>> {
    query::reply(NAMESPACE, output, request_id)
}

/// A policy's JSON as IAM answers it: percent-encoded.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Document(pub String);

impl Value for Document {
    const SHAPE: Shape = Shape::String;

    fn read(json: Json) -> Result<Self, Mismatch> {
        String::read(json).map(Self)
    }

    fn write(&self) -> Json {
        Json::String(crate::signature::encoded(&self.0))
    }
}
