//! Made-up requests in; whatever they are, an answer out.

use aws::credential::CredentialScope;
use aws::{Service, service_of};
use proptest::prelude::*;

use crate::Sent;

fn service() -> impl Strategy<Value = Service> {
    prop::sample::select(vec![
        Service::Iot,
        Service::IotData,
        Service::IotJobsData,
        Service::Sts,
        Service::S3,
        Service::Firehose,
        Service::Other(String::new()),
    ])
}

/// Pieces that lead to real operations, mixed with noise.
fn path() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        prop::sample::select(vec![
            "things",
            "thing-types",
            "thing-groups",
            "principals",
            "policies",
            "version",
            "certificates",
            "attached-policies",
            "topics",
            "retainedMessage",
            "connections",
            "tags",
            "endpoint",
            "a%2Fb",
            "%",
            "%e9",
            "%00",
            "",
            ".",
            "..",
            "%2e",
        ])
        .prop_map(str::to_owned),
        "[ -~]{0,6}",
        "\\PC{0,4}",
    ];
    prop_oneof![prop::collection::vec(piece, 0..6).prop_map(|parts| format!("/{}", parts.join("/"))), ".*"]
}

fn query() -> impl Strategy<Value = String> {
    prop_oneof![
        ".*",
        "(maxResults|pageSize|qos|newStatus|recursive)=[-0-9a-z%+]{0,6}(&[a-zA-Z]{0,9}=.{0,6}){0,3}",
    ]
}

fn body() -> impl Strategy<Value = Vec<u8>> {
    let leaf = prop_oneof![
        Just("null".to_owned()),
        Just("true".to_owned()),
        any::<i64>().prop_map(|number| number.to_string()),
        any::<f64>().prop_map(|number| number.to_string()),
        "\"[ -!#-\\[\\]-~]{0,9}\"",
    ];
    let name = prop::sample::select(vec![
        "attributePayload",
        "attributes",
        "tags",
        "Key",
        "policyDocument",
        "authInfos",
        "resources",
        "merge",
        "thingGroupProperties",
        "eventConfigurations",
        "THING",
        "status",
        "expectedVersion",
    ]);
    let json = leaf.prop_recursive(5, 40, 5, move |inner| {
        let member = (name.clone(), inner.clone()).prop_map(|(name, value)| format!("\"{name}\":{value}"));
        prop_oneof![
            prop::collection::vec(inner, 0..5).prop_map(|items| format!("[{}]", items.join(","))),
            prop::collection::vec(member, 0..5).prop_map(|members| format!("{{{}}}", members.join(","))),
        ]
    });
    prop_oneof![json.prop_map(String::into_bytes), prop::collection::vec(any::<u8>(), 0..64)]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_request_panics_and_every_refusal_can_be_sent(
        method in prop::sample::select(vec!["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "BREW"]),
        path in path(),
        query in query(),
        body in body(),
        service in service(),
        header in "[ -~]{0,20}",
    ) {
        let sent = Sent::new(&format!("{method} /")).at(path, query).body(body)
            .header("x-amzn-principal", &header)
            .header("x-amz-target", &header)
            .header("host", &header)
            .header("x-amzn-iot-principal", &header);
        let scope = CredentialScope::parse(&format!("a/b/c/{}/aws4_request", service.name()));
        let _ = service_of(&sent.request(), None);
        let _ = service_of(&sent.request(), scope.as_ref());
        if let Err(fault) = sent.to(&service) {
            prop_assert!((400..500).contains(&fault.status), "{fault}");
            prop_assert!(!fault.message.contains('\n') && fault.message.len() < 1000, "{fault}");
            let response = fault.to_rest_json("r");
            prop_assert!(serde_json::from_slice::<serde_json::Value>(response.body()).is_ok());
        }
    }

    #[test]
    fn an_encoded_name_comes_back_as_it_was(name in "[^\0]{1,40}") {
        prop_assume!(name != "." && name != "..");
        let encoded: String = name.bytes().map(|byte| format!("%{byte:02X}")).collect();
        let described = Sent::new("GET /").at(format!("/things/{encoded}"), String::new()).iot();
        let Ok(aws::iot::Call::DescribeThing(call)) = described else { panic!("{described:?}") };
        prop_assert_eq!(&call.thing_name, &name);
        let line = Sent::new("GET /").at("/things".to_owned(), format!("nextToken={encoded}")).iot();
        let Ok(aws::iot::Call::ListThings(call)) = line else { panic!("{line:?}") };
        prop_assert_eq!(call.next_token, Some(name));
    }
}
