//! Calls about which registry events are published: how they are asked and answered. Does not answer them.

use crate::operations::{enumerations, operations, structures};
use crate::value::{Map, Seconds};

operations! {
    DescribeEventConfigurations: GET "/event-configurations" {
    } -> DescribeEventConfigurationsOutput {
        event_configurations: Map<EventType, Configuration> = body "eventConfigurations",
        creation_date: Option<Seconds> = body "creationDate",
        last_modified_date: Option<Seconds> = body "lastModifiedDate",
    } or InternalFailure Throttling;

    UpdateEventConfigurations: PATCH "/event-configurations" {
        event_configurations: Option<Map<EventType, Configuration>> = body "eventConfigurations",
    } -> UpdateEventConfigurationsOutput {
    } or InvalidRequest InternalFailure Throttling;
}

structures! {
    Configuration {
        enabled: Option<bool> = "Enabled",
    }
}

enumerations! {
    EventType {
        Thing = "THING",
        ThingGroup = "THING_GROUP",
        ThingType = "THING_TYPE",
        ThingGroupMembership = "THING_GROUP_MEMBERSHIP",
        ThingGroupHierarchy = "THING_GROUP_HIERARCHY",
        ThingTypeAssociation = "THING_TYPE_ASSOCIATION",
        Job = "JOB",
        JobExecution = "JOB_EXECUTION",
        Policy = "POLICY",
        Certificate = "CERTIFICATE",
        CaCertificate = "CA_CERTIFICATE",
    }
}
