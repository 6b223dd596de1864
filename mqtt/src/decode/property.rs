//! The properties of MQTT 5 read one by one from a packet. Does not know which packet may carry which.

use super::body::Body;
use super::{DecodeError, MALFORMED, PROTOCOL};

/// Property identifiers (MQTT 5.0 section 2.2.2.2).
pub(crate) mod id {
    pub(crate) const PAYLOAD_FORMAT: u8 = 1;
    pub(crate) const MESSAGE_EXPIRY: u8 = 2;
    pub(crate) const CONTENT_TYPE: u8 = 3;
    pub(crate) const RESPONSE_TOPIC: u8 = 8;
    pub(crate) const CORRELATION_DATA: u8 = 9;
    pub(crate) const SUBSCRIPTION_ID: u8 = 11;
    pub(crate) const SESSION_EXPIRY: u8 = 17;
    pub(crate) const ASSIGNED_CLIENT_ID: u8 = 18;
    pub(crate) const SERVER_KEEP_ALIVE: u8 = 19;
    pub(crate) const AUTHENTICATION_METHOD: u8 = 21;
    pub(crate) const AUTHENTICATION_DATA: u8 = 22;
    pub(crate) const REQUEST_PROBLEM_INFORMATION: u8 = 23;
    pub(crate) const WILL_DELAY: u8 = 24;
    pub(crate) const REQUEST_RESPONSE_INFORMATION: u8 = 25;
    pub(crate) const RESPONSE_INFORMATION: u8 = 26;
    pub(crate) const SERVER_REFERENCE: u8 = 28;
    pub(crate) const REASON_STRING: u8 = 31;
    pub(crate) const RECEIVE_MAXIMUM: u8 = 33;
    pub(crate) const TOPIC_ALIAS_MAXIMUM: u8 = 34;
    pub(crate) const TOPIC_ALIAS: u8 = 35;
    pub(crate) const MAXIMUM_QOS: u8 = 36;
    pub(crate) const RETAIN_AVAILABLE: u8 = 37;
    pub(crate) const USER: u8 = 38;
    pub(crate) const MAXIMUM_PACKET_SIZE: u8 = 39;
    pub(crate) const WILDCARD_AVAILABLE: u8 = 40;
    pub(crate) const SUBSCRIPTION_IDS_AVAILABLE: u8 = 41;
    pub(crate) const SHARED_AVAILABLE: u8 = 42;
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Property<'a> {
    PayloadFormat(u8),
    MessageExpiry(u32),
    ContentType(&'a str),
    ResponseTopic(&'a str),
    CorrelationData(&'a [u8]),
    SubscriptionId(u32),
    SessionExpiry(u32),
    AssignedClientId(&'a str),
    ServerKeepAlive(u16),
    AuthenticationMethod(&'a str),
    AuthenticationData(&'a [u8]),
    RequestProblemInformation(bool),
    WillDelay(u32),
    RequestResponseInformation(bool),
    ResponseInformation(&'a str),
    ServerReference(&'a str),
    ReasonString(&'a str),
    ReceiveMaximum(u16),
    TopicAliasMaximum(u16),
    TopicAlias(u16),
    MaximumQos(u8),
    RetainAvailable(bool),
    User(&'a str, &'a str),
    MaximumPacketSize(u32),
    WildcardAvailable(bool),
    SubscriptionIdsAvailable(bool),
    SharedAvailable(bool),
}

/// The property block of one packet.
pub(crate) struct PropertyReader<'a> {
    body: Body<'a>,
    /// One bit per identifier already read.
    seen: u64,
}

impl<'a> PropertyReader<'a> {
    /// Splits the property block off `body`.
    pub(crate) fn of(body: &mut Body<'a>) -> Result<Self, DecodeError> {
        let length =
            body.varint("the property length is not a variable byte integer [5.0 section 2.2.2.1]")?;
        let block = body.take(length as usize).map_err(|_| {
            body.error(MALFORMED, "the property length exceeds the packet [5.0 section 2.2.2.1]")
        })?;
        Ok(Self { body: block, seen: 0 })
    }

    /// The next property; none at the end of the block.
    pub(crate) fn next(&mut self) -> Result<Option<Property<'a>>, DecodeError> {
        if self.body.is_empty() {
            return Ok(None);
        }
        let id = self.body.u8()?;
        let property = self.value(id)?;
        let repeatable = matches!(property, Property::User(..) | Property::SubscriptionId(_));
        let bit = 1_u64 << (id & 63);
        if !repeatable && self.seen & bit != 0 {
            return Err(self
                .body
                .error(PROTOCOL, "a property occurs twice; send it once [5.0 section 2.2.2.2]"));
        }
        self.seen |= bit;
        Ok(Some(property))
    }

    /// The error for a property that this packet may not carry.
    pub(crate) fn misplaced<T>(&self) -> Result<T, DecodeError> {
        Err(self.body.error(MALFORMED, "a property is not allowed in this packet [5.0 section 2.2.2.2]"))
    }

    pub(crate) fn error(&self, reason: crate::ReasonCode, what: &'static str) -> DecodeError {
        self.body.error(reason, what)
    }

    fn value(&mut self, id: u8) -> Result<Property<'a>, DecodeError> {
        let body = &mut self.body;
        Ok(match id {
            id::PAYLOAD_FORMAT => Property::PayloadFormat(u8::from(self.flag()?)),
            id::MESSAGE_EXPIRY => Property::MessageExpiry(body.u32()?),
            id::CONTENT_TYPE => Property::ContentType(body.text()?),
            id::RESPONSE_TOPIC => Property::ResponseTopic(body.topic(RESPONSE_TOPIC)?),
            id::CORRELATION_DATA => Property::CorrelationData(body.bytes()?),
            id::SUBSCRIPTION_ID => Property::SubscriptionId(self.subscription_id()?),
            id::SESSION_EXPIRY => Property::SessionExpiry(body.u32()?),
            id::ASSIGNED_CLIENT_ID => Property::AssignedClientId(body.text()?),
            id::SERVER_KEEP_ALIVE => Property::ServerKeepAlive(body.u16()?),
            id::AUTHENTICATION_METHOD => Property::AuthenticationMethod(body.text()?),
            id::AUTHENTICATION_DATA => Property::AuthenticationData(body.bytes()?),
            id::REQUEST_PROBLEM_INFORMATION => Property::RequestProblemInformation(self.flag()?),
            id::WILL_DELAY => Property::WillDelay(body.u32()?),
            id::REQUEST_RESPONSE_INFORMATION => Property::RequestResponseInformation(self.flag()?),
            id::RESPONSE_INFORMATION => Property::ResponseInformation(body.text()?),
            id::SERVER_REFERENCE => Property::ServerReference(body.text()?),
            id::REASON_STRING => Property::ReasonString(body.text()?),
            id::RECEIVE_MAXIMUM => Property::ReceiveMaximum(self.receive_maximum()?),
            id::TOPIC_ALIAS_MAXIMUM => Property::TopicAliasMaximum(body.u16()?),
            id::TOPIC_ALIAS => Property::TopicAlias(self.topic_alias()?),
            id::MAXIMUM_QOS => Property::MaximumQos(u8::from(self.flag()?)),
            id::RETAIN_AVAILABLE => Property::RetainAvailable(self.flag()?),
            id::USER => Property::User(body.text()?, body.text()?),
            id::MAXIMUM_PACKET_SIZE => Property::MaximumPacketSize(self.maximum_packet_size()?),
            id::WILDCARD_AVAILABLE => Property::WildcardAvailable(self.flag()?),
            id::SUBSCRIPTION_IDS_AVAILABLE => Property::SubscriptionIdsAvailable(self.flag()?),
            id::SHARED_AVAILABLE => Property::SharedAvailable(self.flag()?),
            _ => return Err(body.error(MALFORMED, "a property identifier is unknown [5.0 section 2.2.2.2]")),
        })
    }

    fn flag(&mut self) -> Result<bool, DecodeError> {
        match self.body.u8()? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(self
                .body
                .error(PROTOCOL, "a property that says yes or no is neither 0 nor 1 [5.0 section 3]")),
        }
    }

    fn subscription_id(&mut self) -> Result<u32, DecodeError> {
        match self
            .body
            .varint("the subscription identifier is not a variable byte integer [5.0 section 1.5.5]")?
        {
            0 => Err(self.body.error(PROTOCOL, "the subscription identifier is 0 [5.0 section 3.8.2.1.2]")),
            id => Ok(id),
        }
    }

    fn receive_maximum(&mut self) -> Result<u16, DecodeError> {
        match self.body.u16()? {
            0 => Err(self.body.error(PROTOCOL, "the receive maximum is 0 [5.0 section 3.1.2.11.3]")),
            maximum => Ok(maximum),
        }
    }

    fn maximum_packet_size(&mut self) -> Result<u32, DecodeError> {
        match self.body.u32()? {
            0 => Err(self.body.error(PROTOCOL, "the maximum packet size is 0 [5.0 section 3.1.2.11.4]")),
            maximum => Ok(maximum),
        }
    }

    fn topic_alias(&mut self) -> Result<u16, DecodeError> {
        match self.body.u16()? {
            0 => Err(self
                .body
                .error(crate::ReasonCode::TopicAliasInvalid, "the topic alias is 0 [5.0 section 3.3.2.3.4]")),
            alias => Ok(alias),
        }
    }
}

const RESPONSE_TOPIC: &str =
    "the response topic is empty or holds + or #; name one exact topic [5.0 section 3.3.2.3.5]";
