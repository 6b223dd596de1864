//! Signing names, targets, actions, hosts and paths in, services out.

use aws::credential::CredentialScope;
use aws::{Parsed, Service, service_of};

use crate::Sent;

fn other(name: &str) -> Service {
    Service::Other(name.to_owned())
}

fn signed(name: &str, line: &str, expected: &Service) {
    let scope = CredentialScope::parse(&format!("AKID/20260102/us-east-1/{name}/aws4_request")).unwrap();
    assert_eq!(service_of(&Sent::new(line).request(), Some(&scope)), *expected, "{name} {line}");
}

fn unsigned(sent: &Sent, expected: &Service) {
    assert_eq!(service_of(&sent.request(), None), *expected, "{:?}", sent.request());
}

#[test]
fn the_signing_name_decides() {
    signed("iot", "GET /things", &Service::Iot);
    signed("iot", "GET /things/t/jobs", &Service::Iot);
    signed("iotdata", "POST /topics/t", &Service::IotData);
    signed("iotdevicegateway", "POST /topics/t", &Service::IotData);
    signed("iotdata", "GET /things", &Service::IotData);
    signed("iot-jobs-data", "GET /things/t/jobs", &Service::IotJobsData);
    signed("sts", "POST /", &Service::Sts);
    signed("iam", "POST /", &Service::Iam);
    signed("s3", "GET /policies/n", &Service::S3);
    signed("firehose", "POST /", &Service::Firehose);
    signed("lambda", "GET /2015-03-31/functions", &Service::Lambda);
    signed("cloudformation", "POST /", &Service::CloudFormation);
    signed("logs", "POST /", &Service::Logs);
    signed("dynamodb", "POST /", &other("dynamodb"));
}

#[test]
fn a_data_plane_path_signed_as_iot_goes_to_the_data_plane() {
    signed("iot", "POST /topics/a/b", &Service::IotData);
    signed("iot", "GET /things/t/shadow", &Service::IotData);
    signed("iot", "GET /retainedMessage", &Service::IotData);
    signed("iot", "GET /things/t", &Service::Iot);
}

#[test]
fn unsigned_requests_are_told_by_target_action_host_and_path() {
    let target = |name: &str| Sent::new("POST /").header("x-amz-target", name);
    unsigned(&target("Firehose_20150804.PutRecord"), &Service::Firehose);
    unsigned(&target("Logs_20140328.PutLogEvents"), &Service::Logs);
    unsigned(&target("DynamoDB_20120810.GetItem"), &other("dynamodb"));
    let form = "application/x-www-form-urlencoded; charset=utf-8";
    let action = |body: &str| Sent::new("POST /").header("content-type", form).body(body);
    unsigned(&action("Action=GetCallerIdentity&Version=2011-06-15"), &Service::Sts);
    unsigned(&action("Action=GetCallerIdentity"), &Service::Sts);
    unsigned(&action("Action=GetRole&Version=2010-05-08"), &Service::Iam);
    unsigned(&action("Action=DescribeStacks&Version=2010-05-15"), &Service::CloudFormation);
    unsigned(&action("Action=X&Version=1"), &other(""));
    unsigned(&Sent::new("GET /?Action=GetCallerIdentity&Version=2011-06-15"), &Service::Sts);
    let host = |name: &str| Sent::new("GET /things/t/jobs").header("host", name);
    unsigned(&host("data-ats.iot.us-east-1.amazonaws.com"), &Service::IotData);
    unsigned(&host("A1B2-ATS.iot.us-east-1.amazonaws.com:8443"), &Service::IotData);
    unsigned(&host("data.jobs.iot.us-east-1.amazonaws.com"), &Service::IotJobsData);
    unsigned(&host("localhost:4566"), &Service::Iot);
    unsigned(&Sent::new("POST /topics/t"), &Service::IotData);
    unsigned(&Sent::new("GET /things"), &Service::Iot);
    unsigned(&Sent::new("PUT /things/t/jobs/$next"), &Service::IotJobsData);
    unsigned(&Sent::new("GET /bucket/key"), &other(""));
}

#[test]
fn calls_of_other_services_are_named_by_target_or_action() {
    let check = |sent: Sent, service: Service, expected: Option<&str>| {
        let parsed = sent.to(&service).unwrap();
        let wanted = expected.map_or(Parsed::Unknown, |operation| Parsed::Unserved {
            service: service.clone(),
            operation: operation.to_owned(),
        });
        assert_eq!(parsed, wanted);
    };
    let put = Sent::new("POST /").header("x-amz-target", "Firehose_20150804.PutRecord");
    check(put, Service::Firehose, Some("PutRecord"));
    let form = "application/x-www-form-urlencoded";
    let stacks = Sent::new("POST /").header("content-type", form).body("Version=1&Action=DescribeStacks\n");
    check(stacks, Service::CloudFormation, Some("DescribeStacks"));
    check(Sent::new("POST /").body("Action=DescribeStacks"), Service::CloudFormation, None);
    check(Sent::new("GET /bucket/key"), Service::S3, None);
    check(Sent::new("POST /").header("x-amz-target", "Logs_20140328."), Service::Logs, None);
}
