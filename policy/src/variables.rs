//! What is known of a connection, and the value of a policy variable or condition key; reads no documents.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::net::IpAddr;

use crate::limits;

/// Everything policy variables and condition keys can speak of. What does not apply stays empty:
/// thing fields, for one, exist only on MQTT and MQTT over WebSocket.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Variables {
    /// In words, for explanations: `certificate 3f9c…`, `identity us-east-1:…`.
    pub principal: String,
    pub account: String,
    pub region: String,
    pub client_id: Option<String>,
    /// The thing whose name is the client id, or the exclusively attached one.
    pub thing_name: Option<String>,
    pub thing_type: Option<String>,
    pub thing_attributes: BTreeMap<String, String>,
    pub thing_is_attached: Option<bool>,
    /// Without the prefix `iot:Certificate.`: `Subject.CommonName`, `Issuer.AlternativeName.DNSName`,
    /// `SerialNumber`; each with its values in the certificate's order.
    pub certificate: BTreeMap<String, Vec<String>>,
    pub source_ip: Option<IpAddr>,
    pub domain_name: Option<String>,
    /// What this CONNECT asks for; seen by `iot:Connect` only.
    pub connect_attributes: Vec<ConnectAttribute>,
    /// The topic of this CONNECT's will; seen by `iot:Connect` only.
    pub last_will_topic: Option<String>,
    /// Other keys by their whole name, such as `cognito-identity.amazonaws.com:sub` or `aws:SourceVpc`.
    pub others: BTreeMap<String, Vec<String>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ConnectAttribute {
    PersistentConnect,
    LastWill,
}

impl ConnectAttribute {
    pub const fn name(self) -> &'static str {
        match self {
            ConnectAttribute::PersistentConnect => "PersistentConnect",
            ConnectAttribute::LastWill => "LastWill",
        }
    }
}

impl Variables {
    /// `arn:aws:iot:us-east-1:000000000000:`, with the partition the region lies in.
    pub fn arn_prefix(&self) -> String {
        let partition = match self.region.as_str() {
            region if region.starts_with("cn-") => "aws-cn",
            region if region.starts_with("us-gov-") => "aws-us-gov",
            _ => "aws",
        };
        format!("arn:{partition}:iot:{}:{}:", self.region, self.account)
    }

    /// The single value that `${name}` stands for.
    pub(crate) fn value(&self, name: &str) -> Option<Cow<'_, str>> {
        if name.ends_with(".List") || name == "iot:Certificate.AvailableKeys" {
            return None;
        }
        self.values(name).into_iter().next()
    }

    /// Every value of a key that does not depend on the ask; the will and the connect attributes do.
    pub(crate) fn values(&self, name: &str) -> Vec<Cow<'_, str>> {
        fn text(value: Option<&String>) -> Vec<Cow<'_, str>> {
            value.map(|value| Cow::Borrowed(value.as_str())).into_iter().collect()
        }
        if let Some(field) = name.strip_prefix("iot:Certificate.") {
            return self.certificate_values(field);
        }
        if let Some(rest) = name.strip_prefix("iot:Connection.Thing.Attributes[") {
            return text(rest.strip_suffix(']').and_then(|name| self.thing_attributes.get(name)));
        }
        match name {
            "iot:ClientId" => text(self.client_id.as_ref()),
            "iot:DomainName" => text(self.domain_name.as_ref()),
            "iot:Connection.Thing.ThingName" => text(self.thing_name.as_ref()),
            "iot:Connection.Thing.ThingTypeName" => text(self.thing_type.as_ref()),
            "iot:Connection.Thing.IsAttached" => {
                self.thing_is_attached.map(|attached| Cow::Owned(attached.to_string())).into_iter().collect()
            }
            "aws:SourceIp" => self.source_ip.map(|ip| Cow::Owned(ip.to_string())).into_iter().collect(),
            _ => self
                .others
                .get(name)
                .map(|values| values.iter().map(|value| Cow::Borrowed(value.as_str())).collect())
                .unwrap_or_default(),
        }
    }

    fn certificate_values(&self, field: &str) -> Vec<Cow<'_, str>> {
        if field == "AvailableKeys" {
            return self.available_keys().map(Cow::Owned).collect();
        }
        let all = |field: &str| {
            let values = self.certificate.get(field).map(Vec::as_slice).unwrap_or_default();
            values.iter().take(limits::FIELD_VALUES).map(|value| Cow::Borrowed(value.as_str()))
        };
        if let Some(field) = field.strip_suffix(".List") {
            return all(field).collect();
        }
        if let Some((field, digits)) = field.rsplit_once('.')
            && let Ok(position) = digits.parse::<usize>()
        {
            // The plain name is the first value, `.1` the second.
            return if position == 0 { Vec::new() } else { all(field).nth(position).into_iter().collect() };
        }
        all(field).next().into_iter().collect()
    }

    fn available_keys(&self) -> impl Iterator<Item = String> + '_ {
        let filled = self.certificate.iter().filter(|(_, values)| !values.is_empty());
        filled.map(|(field, _)| format!("iot:Certificate.{field}"))
    }
}
