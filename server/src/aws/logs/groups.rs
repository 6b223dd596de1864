//! Calls about log groups in, what they came to out.

use ::aws::Fault;
use ::aws::logs::faults;
use ::aws::logs::groups::{
    CreateLogGroup, CreateLogGroupOutput, DeleteLogGroup, DeleteLogGroupOutput, DeleteRetentionPolicy,
    DeleteRetentionPolicyOutput, DescribeLogGroups, DescribeLogGroupsOutput, LogGroup, LogGroupClass,
    PutRetentionPolicy, PutRetentionPolicyOutput,
};
use ::logs::Group;

use super::{Plane, ms, unserved};
use crate::aws::token;

/// Groups of a page where the call does not say.
const PAGE: u16 = 50;

pub(super) async fn create(plane: &Plane<'_>, call: CreateLogGroup) -> Result<CreateLogGroupOutput, Fault> {
    if call.kms_key_id.is_some() {
        return Err(unserved::<CreateLogGroup>("kmsKeyId", "leave it out, and encrypt the disk"));
    }
    if call.log_group_class.is_some_and(|class| class != LogGroupClass::Standard) {
        return Err(unserved::<CreateLogGroup>("logGroupClass", "every group is STANDARD here"));
    }
    if call.deletion_protection_enabled == Some(true) {
        return Err(unserved::<CreateLogGroup>("deletionProtectionEnabled", "leave it out"));
    }
    let (name, tags) = (call.log_group_name, call.tags.unwrap_or_default());
    plane.change(move |logs, now_ms| logs.create_group(now_ms, &name, tags)).await?;
    Ok(CreateLogGroupOutput {})
}

pub(super) async fn delete(plane: &Plane<'_>, call: DeleteLogGroup) -> Result<DeleteLogGroupOutput, Fault> {
    plane.delete(move |logs| logs.delete_group(&call.log_group_name)).await?;
    Ok(DeleteLogGroupOutput {})
}

pub(super) async fn set_retention(
    plane: &Plane<'_>,
    call: PutRetentionPolicy,
) -> Result<PutRetentionPolicyOutput, Fault> {
    let PutRetentionPolicy { log_group_name, retention_in_days } = call;
    plane.change(move |logs, _| logs.set_retention(&log_group_name, Some(retention_in_days))).await?;
    Ok(PutRetentionPolicyOutput {})
}

pub(super) async fn delete_retention(
    plane: &Plane<'_>,
    call: DeleteRetentionPolicy,
) -> Result<DeleteRetentionPolicyOutput, Fault> {
    plane.change(move |logs, _| logs.set_retention(&call.log_group_name, None)).await?;
    Ok(DeleteRetentionPolicyOutput {})
}

pub(super) async fn describe(
    plane: &Plane<'_>,
    call: DescribeLogGroups,
) -> Result<DescribeLogGroupsOutput, Fault> {
    let own = plane.caller.scope.account();
    let others = call.account_identifiers.iter().flatten().any(|account| account != own);
    if call.include_linked_accounts == Some(true) || others {
        let text = "leave it out: there are no linked accounts here";
        return Err(unserved::<DescribeLogGroups>("includeLinkedAccounts", text));
    }
    if call.log_group_name_prefix.is_some() && call.log_group_name_pattern.is_some() {
        return Err(faults::invalid_parameter("give logGroupNamePrefix or logGroupNamePattern, not both"));
    }
    let wanted: Option<Vec<String>> = match call.log_group_identifiers {
        Some(all) => Some(all.iter().map(|one| plane.group_of_arn(one)).collect::<Result<_, Fault>>()?),
        None => None,
    };
    let is_of_class = call.log_group_class.is_none_or(|class| class == LogGroupClass::Standard);
    let (prefix, pattern) = (call.log_group_name_prefix, call.log_group_name_pattern);
    let after = token::read(call.next_token.as_deref())?;
    let most = usize::from(call.limit.unwrap_or(PAGE));
    let arn = plane.group_arn("");
    let mut log_groups = plane
        .look(move |logs, _| {
            let fits = |name: &str| {
                is_of_class
                    && prefix.as_ref().is_none_or(|prefix| name.starts_with(prefix))
                    && pattern.as_ref().is_none_or(|pattern| name.contains(pattern))
                    && wanted.as_ref().is_none_or(|wanted| wanted.iter().any(|wanted| wanted == name))
            };
            let all = logs.groups(after.as_deref()).filter(|(name, _)| fits(name)).take(most + 1);
            Ok(all.map(|(name, group)| shown(&arn, name, group)).collect::<Vec<_>>())
        })
        .await?;
    let next_token = token::next(&mut log_groups, most, |group| &group.log_group_name);
    Ok(DescribeLogGroupsOutput { log_groups, next_token })
}

fn shown(arn: &str, name: &str, group: &Group) -> LogGroup {
    LogGroup {
        log_group_name: name.to_owned(),
        creation_time: ms(group.created_ms),
        retention_in_days: group.retention_days.map(i64::from),
        metric_filter_count: 0,
        // AWS gives the first one with the asterisk that policies want, the second one without.
        arn: format!("{arn}{name}:*"),
        log_group_arn: format!("{arn}{name}"),
        stored_bytes: ms(group.bytes()),
        log_group_class: Some(LogGroupClass::Standard),
        ..LogGroup::default()
    }
}
