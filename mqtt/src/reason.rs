//! Reason codes of MQTT 5.0 and the CONNACK return codes of 3.x. Says what a code means, not when to send it.

macro_rules! reason_codes {
    ($($(#[$meta:meta])? $name:ident = $value:literal, $text:literal;)*) => {
        /// Why something was done or refused (MQTT 5.0 section 2.4).
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
        #[repr(u8)]
        pub enum ReasonCode {
            $($(#[$meta])? $name = $value,)*
        }

        impl ReasonCode {
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            pub const fn from_u8(value: u8) -> Option<Self> {
                match value {
                    $($value => Some(Self::$name),)*
                    _ => None,
                }
            }

            /// The name the specification gives the code.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)*
                }
            }
        }
    };
}

reason_codes! {
    #[default]
    Success = 0x00, "Success";
    GrantedQos1 = 0x01, "Granted QoS 1";
    GrantedQos2 = 0x02, "Granted QoS 2";
    DisconnectWithWill = 0x04, "Disconnect with Will Message";
    NoMatchingSubscribers = 0x10, "No matching subscribers";
    NoSubscriptionExisted = 0x11, "No subscription existed";
    ContinueAuthentication = 0x18, "Continue authentication";
    ReAuthenticate = 0x19, "Re-authenticate";
    Unspecified = 0x80, "Unspecified error";
    MalformedPacket = 0x81, "Malformed Packet";
    ProtocolError = 0x82, "Protocol Error";
    ImplementationSpecific = 0x83, "Implementation specific error";
    UnsupportedProtocolVersion = 0x84, "Unsupported Protocol Version";
    ClientIdNotValid = 0x85, "Client Identifier not valid";
    BadUserNameOrPassword = 0x86, "Bad User Name or Password";
    NotAuthorized = 0x87, "Not authorized";
    ServerUnavailable = 0x88, "Server unavailable";
    ServerBusy = 0x89, "Server busy";
    Banned = 0x8A, "Banned";
    ServerShuttingDown = 0x8B, "Server shutting down";
    BadAuthenticationMethod = 0x8C, "Bad authentication method";
    KeepAliveTimeout = 0x8D, "Keep Alive timeout";
    SessionTakenOver = 0x8E, "Session taken over";
    TopicFilterInvalid = 0x8F, "Topic Filter invalid";
    TopicNameInvalid = 0x90, "Topic Name invalid";
    PacketIdInUse = 0x91, "Packet Identifier in use";
    PacketIdNotFound = 0x92, "Packet Identifier not found";
    ReceiveMaximumExceeded = 0x93, "Receive Maximum exceeded";
    TopicAliasInvalid = 0x94, "Topic Alias invalid";
    PacketTooLarge = 0x95, "Packet too large";
    MessageRateTooHigh = 0x96, "Message rate too high";
    QuotaExceeded = 0x97, "Quota exceeded";
    AdministrativeAction = 0x98, "Administrative action";
    PayloadFormatInvalid = 0x99, "Payload format invalid";
    RetainNotSupported = 0x9A, "Retain not supported";
    QosNotSupported = 0x9B, "QoS not supported";
    UseAnotherServer = 0x9C, "Use another server";
    ServerMoved = 0x9D, "Server moved";
    SharedSubscriptionsNotSupported = 0x9E, "Shared Subscriptions not supported";
    ConnectionRateExceeded = 0x9F, "Connection rate exceeded";
    MaximumConnectTime = 0xA0, "Maximum connect time";
    SubscriptionIdentifiersNotSupported = 0xA1, "Subscription Identifiers not supported";
    WildcardSubscriptionsNotSupported = 0xA2, "Wildcard Subscriptions not supported";
}

#[expect(non_upper_case_globals, reason = "second and third names of the code 0x00, spelt like its first")]
impl ReasonCode {
    pub const NormalDisconnection: Self = Self::Success;
    pub const GrantedQos0: Self = Self::Success;
}

impl ReasonCode {
    pub const fn is_error(self) -> bool {
        self as u8 >= 0x80
    }

    /// The code a SUBACK grants a QoS with.
    pub const fn granted(qos: message::QoS) -> Self {
        match qos {
            message::QoS::AtMostOnce => Self::GrantedQos0,
            message::QoS::AtLeastOnce => Self::GrantedQos1,
            message::QoS::ExactlyOnce => Self::GrantedQos2,
        }
    }

    /// The nearest CONNACK return code of MQTT 3.1.1 (section 3.2.2.3).
    pub const fn to_return_code(self) -> u8 {
        match self {
            Self::UnsupportedProtocolVersion => 1,
            Self::ClientIdNotValid => 2,
            Self::BadUserNameOrPassword | Self::BadAuthenticationMethod => 4,
            Self::NotAuthorized | Self::Banned => 5,
            other if other.is_error() => 3,
            _ => 0,
        }
    }

    /// The reason code for a CONNACK return code of MQTT 3.x.
    pub const fn from_return_code(code: u8) -> Option<Self> {
        match code {
            0 => Some(Self::Success),
            1 => Some(Self::UnsupportedProtocolVersion),
            2 => Some(Self::ClientIdNotValid),
            3 => Some(Self::ServerUnavailable),
            4 => Some(Self::BadUserNameOrPassword),
            5 => Some(Self::NotAuthorized),
            _ => None,
        }
    }
}

impl std::fmt::Display for ReasonCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} (0x{:02X})", self.name(), *self as u8)
    }
}

#[cfg(test)]
mod tests {
    use super::ReasonCode;

    #[test]
    fn every_code_survives_its_byte() {
        for &code in ReasonCode::ALL {
            assert_eq!(ReasonCode::from_u8(code as u8), Some(code));
        }
        assert_eq!((0..=255).filter_map(ReasonCode::from_u8).count(), ReasonCode::ALL.len());
        assert_eq!(ReasonCode::ALL.len(), 43);
    }

    #[test]
    fn return_codes_of_3_x_survive_both_ways() {
        for code in 0..=5 {
            let reason = ReasonCode::from_return_code(code).expect("a code of the table");
            assert_eq!(reason.to_return_code(), code);
        }
        assert_eq!(ReasonCode::from_return_code(6), None);
        assert_eq!(ReasonCode::QuotaExceeded.to_return_code(), 3);
    }

    #[test]
    fn display_gives_name_and_number() {
        assert_eq!(ReasonCode::NotAuthorized.to_string(), "Not authorized (0x87)");
    }
}
