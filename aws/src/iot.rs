//! The calls of `iot`, the control plane. Does not answer them.

pub mod actions;
pub mod authorities;
pub mod certificates;
pub mod destinations;
pub mod endpoint;
pub mod events;
pub mod groups;
pub mod policies;
pub mod principals;
pub mod rules;
pub mod tags;
pub mod thing_types;
pub mod things;

use crate::operations::calls;

calls! {
    things: CreateThing DescribeThing UpdateThing DeleteThing ListThings GetThingConnectivityData;
    principals: AttachThingPrincipal DetachThingPrincipal ListThingPrincipals ListThingPrincipalsV2
        ListPrincipalThings ListPrincipalThingsV2;
    thing_types: CreateThingType DescribeThingType UpdateThingType DeprecateThingType
        DeleteThingType ListThingTypes;
    groups: CreateThingGroup DescribeThingGroup UpdateThingGroup DeleteThingGroup ListThingGroups
        ListThingGroupsForThing ListThingsInThingGroup AddThingToThingGroup
        RemoveThingFromThingGroup UpdateThingGroupsForThing;
    certificates: CreateKeysAndCertificate CreateCertificateFromCsr RegisterCertificate
        RegisterCertificateWithoutCA DescribeCertificate UpdateCertificate DeleteCertificate
        ListCertificates ListCertificatesByCA;
    authorities: RegisterCACertificate DescribeCACertificate UpdateCACertificate DeleteCACertificate
        ListCACertificates GetRegistrationCode DeleteRegistrationCode;
    policies: CreatePolicy GetPolicy DeletePolicy ListPolicies CreatePolicyVersion GetPolicyVersion
        DeletePolicyVersion ListPolicyVersions SetDefaultPolicyVersion AttachPolicy DetachPolicy
        ListAttachedPolicies ListTargetsForPolicy AttachPrincipalPolicy DetachPrincipalPolicy
        ListPrincipalPolicies ListPolicyPrincipals GetEffectivePolicies TestAuthorization;
    endpoint: DescribeEndpoint;
    events: DescribeEventConfigurations UpdateEventConfigurations;
    rules: CreateTopicRule ReplaceTopicRule GetTopicRule ListTopicRules EnableTopicRule DisableTopicRule
        DeleteTopicRule;
    destinations: CreateTopicRuleDestination GetTopicRuleDestination ListTopicRuleDestinations
        UpdateTopicRuleDestination DeleteTopicRuleDestination ConfirmTopicRuleDestination;
    tags: TagResource UntagResource ListTagsForResource;
}
