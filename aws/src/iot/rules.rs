//! Calls about topic rules: how they are asked and answered. What a rule does with a message is in `actions`.

use crate::iot::actions::Action;
use crate::operations::{operations, structures};
use crate::value::Seconds;

operations! {
    CreateTopicRule: POST "/rules/{ruleName}" {
        rule_name: String = label "ruleName",
        topic_rule_payload: TopicRulePayload = document "topicRulePayload",
        tags: Option<String> = header "x-amz-tagging",
    } -> CreateTopicRuleOutput {
    } or SqlParse Internal InvalidRequest ResourceAlreadyExists ServiceUnavailable ConflictingResourceUpdate Unauthorized;

    ReplaceTopicRule: PATCH "/rules/{ruleName}" {
        rule_name: String = label "ruleName",
        topic_rule_payload: TopicRulePayload = document "topicRulePayload",
    } -> ReplaceTopicRuleOutput {
    } or SqlParse Internal InvalidRequest ServiceUnavailable Unauthorized ConflictingResourceUpdate;

    GetTopicRule: GET "/rules/{ruleName}" {
        rule_name: String = label "ruleName",
    } -> GetTopicRuleOutput {
        rule_arn: String = body "ruleArn",
        rule: TopicRule = body "rule",
    } or Internal InvalidRequest ServiceUnavailable Unauthorized;

    ListTopicRules: GET "/rules" {
        topic: Option<String> = query "topic",
        max_results: Option<u16> = query "maxResults" in 1..=10000,
        next_token: Option<String> = query "nextToken",
        rule_disabled: Option<bool> = query "ruleDisabled",
    } -> ListTopicRulesOutput {
        rules: Vec<TopicRuleListItem> = body "rules",
        next_token: Option<String> = body "nextToken",
    } or Internal InvalidRequest ServiceUnavailable Unauthorized;

    EnableTopicRule: POST "/rules/{ruleName}/enable" {
        rule_name: String = label "ruleName",
    } -> EnableTopicRuleOutput {
    } or Internal InvalidRequest ServiceUnavailable Unauthorized ConflictingResourceUpdate;

    DisableTopicRule: POST "/rules/{ruleName}/disable" {
        rule_name: String = label "ruleName",
    } -> DisableTopicRuleOutput {
    } or Internal InvalidRequest ServiceUnavailable Unauthorized ConflictingResourceUpdate;

    DeleteTopicRule: DELETE "/rules/{ruleName}" {
        rule_name: String = label "ruleName",
    } -> DeleteTopicRuleOutput {
    } or Internal InvalidRequest ServiceUnavailable Unauthorized ConflictingResourceUpdate;
}

structures! {
    TopicRulePayload {
        sql: String = "sql",
        description: Option<String> = "description",
        actions: Vec<Action> = "actions",
        rule_disabled: Option<bool> = "ruleDisabled",
        aws_iot_sql_version: Option<String> = "awsIotSqlVersion",
        error_action: Option<Action> = "errorAction",
    }

    TopicRule {
        rule_name: String = "ruleName",
        sql: String = "sql",
        description: Option<String> = "description",
        created_at: Seconds = "createdAt",
        actions: Vec<Action> = "actions",
        rule_disabled: bool = "ruleDisabled",
        aws_iot_sql_version: String = "awsIotSqlVersion",
        error_action: Option<Action> = "errorAction",
    }

    TopicRuleListItem {
        rule_arn: String = "ruleArn",
        rule_name: String = "ruleName",
        topic_pattern: String = "topicPattern",
        created_at: Seconds = "createdAt",
        rule_disabled: bool = "ruleDisabled",
    }
}
