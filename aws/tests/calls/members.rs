//! Bodies, queries and headers in, members of calls or the reason why not out.

use aws::iot::Call;
use aws::iot::certificates::CertificateStatus;
use aws::iot::policies::ActionType;
use aws::iot::principals::ThingPrincipalType;
use aws::iot_data::messages::PayloadFormatIndicator;

use crate::Sent;

fn refused(sent: &Sent, reason: &str) {
    let fault = sent.iot().unwrap_err();
    assert_eq!((fault.status, &*fault.code), (400, "InvalidRequestException"), "{}", fault.message);
    assert_eq!(fault.message, reason);
}

fn refused_body(line: &str, body: &str, reason: &str) {
    refused(&Sent::new(line).body(body), reason);
}

#[test]
fn every_member_of_a_body_arrives() {
    let body = r#"{"thingTypeName":"lamp","attributePayload":{"attributes":{"a":"1","b":""},"merge":true},
        "billingGroupName":null,"unknown":[{}]}"#;
    let Call::CreateThing(call) = Sent::new("POST /things/t").body(body).iot().unwrap() else { panic!() };
    assert_eq!(call.thing_name, "t");
    assert_eq!(call.thing_type_name.as_deref(), Some("lamp"));
    assert_eq!(call.billing_group_name, None);
    let payload = call.attribute_payload.unwrap();
    assert_eq!(payload.merge, Some(true));
    let attributes: Vec<_> = payload.attributes.unwrap().into_iter().collect();
    assert_eq!(attributes, [("a".to_owned(), "1".to_owned()), ("b".to_owned(), String::new())]);
}

#[test]
fn nested_lists_and_enumerations_arrive() {
    let body = r#"{"authInfos":[{"actionType":"PUBLISH","resources":["a","b"]},{"resources":[]}]}"#;
    let sent = Sent::new("POST /test-authorization?clientId=c").body(body);
    let Call::TestAuthorization(call) = sent.iot().unwrap() else { panic!() };
    assert_eq!(call.client_id.as_deref(), Some("c"));
    assert_eq!(call.auth_infos.len(), 2);
    assert_eq!(call.auth_infos[0].action_type, Some(ActionType::Publish));
    assert_eq!(call.auth_infos[0].resources, ["a", "b"]);
    assert_eq!(call.auth_infos[1].action_type, None);
}

#[test]
fn an_empty_body_is_an_empty_object() {
    for body in ["", " \n", "{}"] {
        let Call::CreateThing(call) = Sent::new("POST /things/t").body(body).iot().unwrap() else { panic!() };
        assert_eq!((call.thing_type_name, call.attribute_payload), (None, None));
    }
}

#[test]
fn of_two_members_or_parameters_with_one_name_the_last_counts() {
    let body = r#"{"thingTypeName":"a","thingTypeName":"b"}"#;
    let Call::CreateThing(call) = Sent::new("POST /things/t").body(body).iot().unwrap() else { panic!() };
    assert_eq!(call.thing_type_name.as_deref(), Some("b"));
    let sent = Sent::new("GET /things?nextToken=a&nextToken=b");
    let Call::ListThings(call) = sent.iot().unwrap() else { panic!() };
    assert_eq!(call.next_token.as_deref(), Some("b"));
}

#[test]
fn a_body_that_is_not_json_is_refused_with_its_place() {
    let line = "POST /things/t";
    refused_body(line, "{", "the body is not JSON: EOF while parsing an object at line 1 column 1");
    refused_body(line, "{\n x}", "the body is not JSON: key must be a string at line 2 column 2");
    refused_body(line, "{} {}", "the body is not JSON: trailing characters at line 1 column 4");
    refused_body(line, "[]", "the body must be a JSON object, not a list");
    refused_body(line, "null", "the body must be a JSON object, not null");
    let deep = format!("{{\"x\":{}{}}}", "[".repeat(5000), "]".repeat(5000));
    refused_body(line, &deep, "the body is not JSON: recursion limit exceeded at line 1 column 132");
    let fault = Sent::new(line).body(b"{\"a\":\"\xff\"}".as_slice()).iot().unwrap_err();
    assert!(fault.message.starts_with("the body is not JSON: "), "{}", fault.message);
}

#[test]
fn a_member_of_another_kind_is_refused_by_its_place() {
    let check = |body: &str, reason: &str| refused_body("PATCH /things/t", body, reason);
    check(r#"{"thingTypeName":1}"#, "`thingTypeName` must be a string, not a number");
    check(r#"{"removeThingType":"true"}"#, "`removeThingType` must be true or false, not a string");
    check(r#"{"attributePayload":[]}"#, "`attributePayload` must be an object, not a list");
    check(
        r#"{"attributePayload":{"merge":1}}"#,
        "`attributePayload.merge` must be true or false, not a number",
    );
    check(
        r#"{"attributePayload":{"attributes":{"a":{}}}}"#,
        "`attributePayload.attributes[\"a\"]` must be a string, not an object",
    );
    for number in ["1.5", "1e3", "9223372036854775808"] {
        let fault = Sent::new("PATCH /things/t").body(format!("{{\"expectedVersion\":{number}}}")).iot();
        let message = fault.unwrap_err().message;
        assert!(message.starts_with("`expectedVersion` must be an integer"), "{message}");
    }
}

#[test]
fn a_list_item_is_refused_by_its_index() {
    let check = |body: &str, reason: &str| refused_body("POST /test-authorization", body, reason);
    check(r#"{"authInfos":{}}"#, "`authInfos` must be a list, not an object");
    check(
        r#"{"authInfos":[{"resources":["a",2]}]}"#,
        "`authInfos[0].resources[1]` must be a string, not a number",
    );
    check(r#"{"authInfos":[{"resources":[]},{}]}"#, "`authInfos[1].resources` is required but missing");
    check(r#"{"authInfos":[null]}"#, "`authInfos[0]` must be an object, not null");
    check(
        r#"{"authInfos":[{"resources":[],"actionType":"FLY"}]}"#,
        "`authInfos[0].actionType` must be one of PUBLISH, SUBSCRIBE, RECEIVE, CONNECT, not `FLY`",
    );
}

#[test]
fn map_keys_of_a_closed_set_are_checked() {
    refused_body(
        "PATCH /event-configurations",
        r#"{"eventConfigurations":{"MOON":{"Enabled":true}}}"#,
        "`eventConfigurations[\"MOON\"]` must be one of THING, THING_GROUP, THING_TYPE, \
         THING_GROUP_MEMBERSHIP, THING_GROUP_HIERARCHY, THING_TYPE_ASSOCIATION, JOB, JOB_EXECUTION, POLICY, \
         CERTIFICATE, CA_CERTIFICATE, not `MOON`",
    );
}

#[test]
fn a_missing_required_member_is_named() {
    refused_body("POST /policies/p", "{}", "`policyDocument` is required but missing");
    refused_body(
        "POST /policies/p",
        r#"{"policyDocument":null}"#,
        "`policyDocument` is required but missing",
    );
    refused(&Sent::new("PUT /things/t/principals"), "`x-amzn-principal` is required but missing");
    refused(&Sent::new("GET /tags"), "`resourceArn` is required but missing");
    refused(&Sent::new("PUT /certificates/c"), "`newStatus` is required but missing");
}

#[test]
fn page_sizes_stay_in_their_range() {
    for good in ["1", "25", "250", "007"] {
        let line = format!("GET /things?maxResults={good}");
        let Call::ListThings(call) = Sent::new(&line).iot().unwrap() else { panic!() };
        assert_eq!(call.max_results, Some(good.parse().unwrap()));
    }
    for bad in ["0", "251", "65535"] {
        let reason = format!("`maxResults` must be from 1 to 250, not `{bad}`");
        refused(&Sent::new(&format!("GET /things?maxResults={bad}")), &reason);
        let reason = format!("`pageSize` must be from 1 to 250, not `{bad}`");
        refused(&Sent::new(&format!("GET /policies?pageSize={bad}")), &reason);
    }
    for bad in ["", "x", "-1", "1.0", "65536", "99999999999999999999", "1 "] {
        let fault = Sent::new(&format!("GET /things?maxResults={bad}")).iot().unwrap_err();
        assert!(fault.message.starts_with("`maxResults` must be an integer"), "{}", fault.message);
    }
    let line = "GET /retainedMessage?maxResults=";
    assert!(Sent::new(&format!("{line}200")).iot_data().is_ok());
    assert!(Sent::new(&format!("{line}201")).iot_data().is_err());
}

#[test]
fn booleans_of_a_query_are_true_or_false() {
    let flag = |text: &str| match Sent::new(&format!("POST /keys-and-certificate?setAsActive={text}")).iot() {
        Ok(Call::CreateKeysAndCertificate(call)) => Ok(call.set_as_active),
        Ok(other) => panic!("{other:?}"),
        Err(fault) => Err(fault.message),
    };
    assert_eq!(flag("true"), Ok(Some(true)));
    assert_eq!(flag("false"), Ok(Some(false)));
    assert_eq!(flag("True"), Ok(Some(true)));
    assert_eq!(flag("1"), Err("`setAsActive` must be true or false, not `1`".to_owned()));
    assert_eq!(flag(""), Err("`setAsActive` must be true or false, not ``".to_owned()));
    let sent = Sent::new("POST /keys-and-certificate");
    assert!(matches!(sent.iot(), Ok(Call::CreateKeysAndCertificate(call)) if call.set_as_active.is_none()));
}

#[test]
fn queries_are_decoded_once() {
    let value = |query: &str| match Sent::new(&format!("GET /things?{query}")).iot().unwrap() {
        Call::ListThings(call) => call.attribute_value,
        other => panic!("{other:?}"),
    };
    assert_eq!(value("attributeValue=a%26b%3Dc%25").as_deref(), Some("a&b=c%"));
    assert_eq!(value("attributeValue=a+b%2Bc").as_deref(), Some("a b+c"));
    assert_eq!(value("attributeValue=a=b").as_deref(), Some("a=b"));
    assert_eq!(value("attribute%56alue=v").as_deref(), Some("v"));
    assert_eq!(value("&&attributeValue").as_deref(), Some(""));
    assert_eq!(value("other=1"), None);
    for bad in ["attributeValue=%", "x=%ff", "%zz=1", "x=%00"] {
        assert_eq!(Sent::new(&format!("GET /things?{bad}")).iot().unwrap_err().status, 400, "{bad}");
    }
}

#[test]
fn headers_and_enumerations_are_members_too() {
    let sent = Sent::new("PUT /things/t/principals?thingPrincipalType=EXCLUSIVE_THING")
        .header("X-Amzn-Principal", "arn:aws:iot:us-east-1:000000000000:cert/abc");
    let Call::AttachThingPrincipal(call) = sent.iot().unwrap() else { panic!() };
    assert_eq!(call.principal, "arn:aws:iot:us-east-1:000000000000:cert/abc");
    assert_eq!(call.thing_principal_type, Some(ThingPrincipalType::ExclusiveThing));
    let sent = Sent::new("PUT /certificates/c?newStatus=REVOKED");
    let Call::UpdateCertificate(call) = sent.iot().unwrap() else { panic!() };
    assert_eq!(call.new_status, CertificateStatus::Revoked);
    let sent = Sent::new("GET /principals/things").header("x-amzn-principal", "\u{e9}");
    assert!(sent.iot().is_ok());
}

#[test]
fn a_published_body_is_bytes_as_they_came() {
    let sent = Sent::new("POST /topics/a?qos=1&retain=true&contentType=text%2Fplain&messageExpiry=60")
        .header("x-amz-mqtt5-payload-format-indicator", "UTF8_DATA")
        .header("x-amz-mqtt5-correlation-data", "AQID")
        .body(b"\x00{not json\xff".as_slice());
    let aws::iot_data::Call::Publish(call) = sent.iot_data().unwrap() else { panic!() };
    assert_eq!(call.payload.unwrap().0, b"\x00{not json\xff");
    assert_eq!((call.qos, call.retain, call.message_expiry_s), (Some(1), Some(true), Some(60)));
    assert_eq!(call.content_type.as_deref(), Some("text/plain"));
    assert_eq!(call.payload_format_indicator, Some(PayloadFormatIndicator::Utf8Data));
    assert_eq!(call.correlation_data.as_deref(), Some("AQID"));
    let aws::iot_data::Call::Publish(call) = Sent::new("POST /topics/a").iot_data().unwrap() else {
        panic!()
    };
    assert_eq!((call.payload, call.qos), (None, None));
    assert!(Sent::new("POST /topics/a?qos=2").iot_data().is_err());
}

#[test]
fn a_body_that_no_member_stands_in_is_not_looked_at() {
    assert!(Sent::new("GET /things").body("not json").iot().is_ok());
    assert!(Sent::new("DELETE /things/t").body("[]").iot().is_ok());
}

#[test]
fn what_is_quoted_back_is_short_and_printable() {
    let line = format!("GET /things?maxResults=%0A{}", "9".repeat(10_000));
    let message = Sent::new(&line).iot().unwrap_err().message;
    assert!(message.len() < 300 && !message.contains('\n'), "{message}");
}
