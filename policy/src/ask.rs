//! What a principal wants to do: an action on a resource; decides nothing.

use std::borrow::Cow;
use std::fmt;

macro_rules! actions {
    ($($action:ident => $name:literal $(, $old:literal)?;)*) => {
        /// Everything a device or data-plane caller can ask for.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Action { $($action,)* }

        impl Action {
            pub const ALL: &'static [Action] = &[$(Action::$action,)*];

            /// As policies name it, with its service prefix.
            pub const fn name(self) -> &'static str {
                match self { $(Action::$action => $name,)* }
            }

            /// Every name a policy may use for it: the jobs actions had the prefix `iot` once.
            pub const fn names(self) -> &'static [&'static str] {
                match self { $(Action::$action => &[$name $(, $old)?],)* }
            }
        }
    };
}

actions! {
    Connect => "iot:Connect";
    Publish => "iot:Publish";
    Subscribe => "iot:Subscribe";
    Receive => "iot:Receive";
    RetainPublish => "iot:RetainPublish";
    GetThingShadow => "iot:GetThingShadow";
    UpdateThingShadow => "iot:UpdateThingShadow";
    DeleteThingShadow => "iot:DeleteThingShadow";
    ListNamedShadowsForThing => "iot:ListNamedShadowsForThing";
    GetRetainedMessage => "iot:GetRetainedMessage";
    ListRetainedMessages => "iot:ListRetainedMessages";
    GetConnection => "iot:GetConnection";
    DeleteConnection => "iot:DeleteConnection";
    ListSubscriptions => "iot:ListSubscriptions";
    SendDirectMessage => "iot:SendDirectMessage";
    DescribeJobExecution => "iotjobsdata:DescribeJobExecution", "iot:DescribeJobExecution";
    GetPendingJobExecutions => "iotjobsdata:GetPendingJobExecutions", "iot:GetPendingJobExecutions";
    StartNextPendingJobExecution => "iotjobsdata:StartNextPendingJobExecution", "iot:StartNextPendingJobExecution";
    UpdateJobExecution => "iotjobsdata:UpdateJobExecution", "iot:UpdateJobExecution";
    AssumeRoleWithCertificate => "iot:AssumeRoleWithCertificate";
}

impl Action {
    /// The action of this exact name, old prefixes included.
    pub fn from_name(name: &str) -> Option<Action> {
        Action::ALL.iter().copied().find(|action| action.names().contains(&name))
    }

    pub(crate) const fn bit(self) -> u32 {
        1 << self as u32
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Resource<'a> {
    Client(&'a str),
    Topic(&'a str),
    TopicFilter(&'a str),
    /// A thing, its classic shadow, its jobs.
    Thing(&'a str),
    /// A named shadow.
    Shadow {
        thing: &'a str,
        name: &'a str,
    },
    RoleAlias(&'a str),
    /// For actions without a resource, such as `iot:ListRetainedMessages`: only the resource `*` covers it.
    Any,
    /// A whole ARN from outside, such as TestAuthorization's; account and region are compared as written.
    Arn(&'a str),
}

impl<'a> Resource<'a> {
    /// The kind's word with its slash; empty where the name is the whole text.
    pub(crate) fn kind(self) -> &'static str {
        match self {
            Resource::Client(_) => "client/",
            Resource::Topic(_) => "topic/",
            Resource::TopicFilter(_) => "topicfilter/",
            Resource::Thing(_) | Resource::Shadow { .. } => "thing/",
            Resource::RoleAlias(_) => "rolealias/",
            Resource::Any | Resource::Arn(_) => "",
        }
    }

    /// What follows the kind's word.
    pub(crate) fn name(self) -> Cow<'a, str> {
        match self {
            Resource::Client(name)
            | Resource::Topic(name)
            | Resource::TopicFilter(name)
            | Resource::Thing(name)
            | Resource::RoleAlias(name)
            | Resource::Arn(name) => Cow::Borrowed(name),
            Resource::Shadow { thing, name } => Cow::Owned(format!("{thing}/{name}")),
            Resource::Any => Cow::Borrowed("*"),
        }
    }
}

impl fmt::Display for Resource<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.kind(), self.name())
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ask<'a> {
    pub action: Action,
    pub resource: Resource<'a>,
    /// `iot:IncludeSocketInformation` of GetConnection.
    pub include_socket_information: Option<bool>,
    /// For conditions on `aws:CurrentTime` and `aws:EpochTime`; absent, such conditions find no value.
    pub now_ms: Option<u64>,
}

impl<'a> Ask<'a> {
    pub const fn new(action: Action, resource: Resource<'a>) -> Self {
        Ask { action, resource, include_socket_information: None, now_ms: None }
    }
    pub const fn connect(client_id: &'a str) -> Self {
        Ask::new(Action::Connect, Resource::Client(client_id))
    }
    pub const fn publish(topic: &'a str) -> Self {
        Ask::new(Action::Publish, Resource::Topic(topic))
    }
    pub const fn retain_publish(topic: &'a str) -> Self {
        Ask::new(Action::RetainPublish, Resource::Topic(topic))
    }
    pub const fn subscribe(filter: &'a str) -> Self {
        Ask::new(Action::Subscribe, Resource::TopicFilter(filter))
    }
    pub const fn receive(topic: &'a str) -> Self {
        Ask::new(Action::Receive, Resource::Topic(topic))
    }
}

impl fmt::Display for Ask<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} on {}", self.action, self.resource)
    }
}
