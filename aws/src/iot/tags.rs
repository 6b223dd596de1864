//! Calls about tags on resources: how they are asked and answered. Does not answer them.

use crate::operations::{operations, structures};

operations! {
    TagResource: POST "/tags" {
        resource_arn: String = body "resourceArn",
        tags: Vec<Tag> = body "tags",
    } -> TagResourceOutput {
    } or InvalidRequest InternalFailure ResourceNotFound Throttling LimitExceeded;

    UntagResource: POST "/untag" {
        resource_arn: String = body "resourceArn",
        tag_keys: Vec<String> = body "tagKeys",
    } -> UntagResourceOutput {
    } or InvalidRequest InternalFailure ResourceNotFound Throttling;

    ListTagsForResource: GET "/tags" {
        resource_arn: String = query "resourceArn",
        next_token: Option<String> = query "nextToken",
    } -> ListTagsForResourceOutput {
        tags: Vec<Tag> = body "tags",
        next_token: Option<String> = body "nextToken",
    } or InvalidRequest InternalFailure ResourceNotFound Throttling;
}

structures! {
    Tag {
        key: String = "Key",
        value: Option<String> = "Value",
    }
}
