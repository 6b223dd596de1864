//! Calls about topic rules and their destinations in, refusals by name out: the platform has no rules yet.

use ::aws::iot::destinations::{
    ConfirmTopicRuleDestination, ConfirmTopicRuleDestinationOutput, CreateTopicRuleDestination,
    CreateTopicRuleDestinationOutput, DeleteTopicRuleDestination, DeleteTopicRuleDestinationOutput,
    GetTopicRuleDestination, GetTopicRuleDestinationOutput, ListTopicRuleDestinations,
    ListTopicRuleDestinationsOutput, UpdateTopicRuleDestination, UpdateTopicRuleDestinationOutput,
};
use ::aws::iot::rules::{
    CreateTopicRule, CreateTopicRuleOutput, DeleteTopicRule, DeleteTopicRuleOutput, DisableTopicRule,
    DisableTopicRuleOutput, EnableTopicRule, EnableTopicRuleOutput, GetTopicRule, GetTopicRuleOutput,
    ListTopicRules, ListTopicRulesOutput, ReplaceTopicRule, ReplaceTopicRuleOutput,
};
use ::aws::{Fault, Operation, Service};

use super::Plane;

macro_rules! refused {
    (changes { $($change:ident $changed:ident $make:ident;)* } reads { $($read:ident $found:ident $look:ident;)* }) => {
        $(pub(super) async fn $make(_: &Plane<'_>, _: $change) -> Result<$changed, Fault> {
            Err(Fault::not_served(&Service::Iot, $change::DESCRIPTOR.name))
        })*
        $(pub(super) fn $look(_: &Plane<'_>, _: $read) -> Result<$found, Fault> {
            Err(Fault::not_served(&Service::Iot, $read::DESCRIPTOR.name))
        })*
    };
}

refused! {
    changes {
        CreateTopicRule CreateTopicRuleOutput create;
        ReplaceTopicRule ReplaceTopicRuleOutput replace;
        EnableTopicRule EnableTopicRuleOutput enable;
        DisableTopicRule DisableTopicRuleOutput disable;
        DeleteTopicRule DeleteTopicRuleOutput delete;
        CreateTopicRuleDestination CreateTopicRuleDestinationOutput create_destination;
        UpdateTopicRuleDestination UpdateTopicRuleDestinationOutput update_destination;
        DeleteTopicRuleDestination DeleteTopicRuleDestinationOutput delete_destination;
        ConfirmTopicRuleDestination ConfirmTopicRuleDestinationOutput confirm_destination;
    }
    reads {
        GetTopicRule GetTopicRuleOutput get;
        ListTopicRules ListTopicRulesOutput list;
        GetTopicRuleDestination GetTopicRuleDestinationOutput get_destination;
        ListTopicRuleDestinations ListTopicRuleDestinationsOutput list_destinations;
    }
}
