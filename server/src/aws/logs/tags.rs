//! Calls about tags of log groups in, what they came to out.

use ::aws::Fault;
use ::aws::logs::tags::{
    ListTagsForResource, ListTagsForResourceOutput, ListTagsLogGroup, ListTagsLogGroupOutput, TagLogGroup,
    TagLogGroupOutput, TagResource, TagResourceOutput, UntagLogGroup, UntagLogGroupOutput, UntagResource,
    UntagResourceOutput,
};
use ::aws::value::Map;

use super::Plane;

pub(super) async fn tag(plane: &Plane<'_>, call: TagResource) -> Result<TagResourceOutput, Fault> {
    let group = plane.group_of_arn(&call.resource_arn)?;
    plane.change(move |logs, _| logs.tag(&group, call.tags)).await?;
    Ok(TagResourceOutput {})
}

pub(super) async fn untag(plane: &Plane<'_>, call: UntagResource) -> Result<UntagResourceOutput, Fault> {
    let group = plane.group_of_arn(&call.resource_arn)?;
    plane.change(move |logs, _| logs.untag(&group, &call.tag_keys)).await?;
    Ok(UntagResourceOutput {})
}

pub(super) async fn list(
    plane: &Plane<'_>,
    call: ListTagsForResource,
) -> Result<ListTagsForResourceOutput, Fault> {
    let tags = of(plane, plane.group_of_arn(&call.resource_arn)?).await?;
    Ok(ListTagsForResourceOutput { tags: Some(tags) })
}

pub(super) async fn tag_group(plane: &Plane<'_>, call: TagLogGroup) -> Result<TagLogGroupOutput, Fault> {
    plane.change(move |logs, _| logs.tag(&call.log_group_name, call.tags)).await?;
    Ok(TagLogGroupOutput {})
}

pub(super) async fn untag_group(
    plane: &Plane<'_>,
    call: UntagLogGroup,
) -> Result<UntagLogGroupOutput, Fault> {
    plane.change(move |logs, _| logs.untag(&call.log_group_name, &call.tags)).await?;
    Ok(UntagLogGroupOutput {})
}

pub(super) async fn list_of_group(
    plane: &Plane<'_>,
    call: ListTagsLogGroup,
) -> Result<ListTagsLogGroupOutput, Fault> {
    let tags = of(plane, call.log_group_name).await?;
    Ok(ListTagsLogGroupOutput { tags: Some(tags) })
}

async fn of(plane: &Plane<'_>, group: String) -> Result<Map<String, String>, Fault> {
    plane.look(move |logs, _| Ok(logs.group(&group)?.tags.clone())).await
}
