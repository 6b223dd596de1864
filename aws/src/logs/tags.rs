//! Calls about tags of log groups: how they are asked and answered. Does not answer them.

use crate::operations::operations;
use crate::value::Map;

operations! {
    TagResource: POST "/" {
        resource_arn: String = body "resourceArn",
        tags: Map<String, String> = body "tags",
    } -> TagResourceOutput {
    } or InvalidParameter ResourceNotFound ServiceUnavailable TooManyTags;

    UntagResource: POST "/" {
        resource_arn: String = body "resourceArn",
        tag_keys: Vec<String> = body "tagKeys",
    } -> UntagResourceOutput {
    } or InvalidParameter ResourceNotFound ServiceUnavailable;

    ListTagsForResource: POST "/" {
        resource_arn: String = body "resourceArn",
    } -> ListTagsForResourceOutput {
        tags: Option<Map<String, String>> = body "tags",
    } or InvalidParameter ResourceNotFound ServiceUnavailable;

    TagLogGroup: POST "/" {
        log_group_name: String = body "logGroupName",
        tags: Map<String, String> = body "tags",
    } -> TagLogGroupOutput {
    } or ResourceNotFound InvalidParameter;

    UntagLogGroup: POST "/" {
        log_group_name: String = body "logGroupName",
        tags: Vec<String> = body "tags",
    } -> UntagLogGroupOutput {
    } or ResourceNotFound;

    ListTagsLogGroup: POST "/" {
        log_group_name: String = body "logGroupName",
    } -> ListTagsLogGroupOutput {
        tags: Option<Map<String, String>> = body "tags",
    } or ResourceNotFound ServiceUnavailable;
}
