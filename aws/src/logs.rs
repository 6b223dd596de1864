//! The calls of `logs`, CloudWatch Logs. Does not answer them.

pub mod events;
pub mod faults;
pub mod groups;
pub mod streams;
pub mod tags;

use crate::operations::calls;

calls! {
    groups: CreateLogGroup DeleteLogGroup DescribeLogGroups PutRetentionPolicy DeleteRetentionPolicy;
    streams: CreateLogStream DeleteLogStream DescribeLogStreams;
    events: PutLogEvents GetLogEvents FilterLogEvents;
    tags: TagResource UntagResource ListTagsForResource TagLogGroup UntagLogGroup ListTagsLogGroup;
}
