//! Calls about users: how they are asked and answered. Does not answer them.

use super::roles::{AttachedPermissionsBoundary, Tag};
use crate::operations::{operations, structures};
use crate::value::Seconds;

operations! {
    GetUser: POST "/" {
        user_name: Option<String> = body "UserName",
    } -> GetUserOutput {
        user: User = body "User",
    } or NoSuchEntity ServiceFailure;
}

structures! {
    User {
        path: String = "Path",
        user_name: String = "UserName",
        user_id: String = "UserId",
        arn: String = "Arn",
        create_date: Seconds = "CreateDate",
        password_last_used: Option<Seconds> = "PasswordLastUsed",
        permissions_boundary: Option<AttachedPermissionsBoundary> = "PermissionsBoundary",
        tags: Option<Vec<Tag>> = "Tags",
    }
}
