//! Forms as boto3 sends them in, calls and XML as it reads them out.

use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue, Method};
use proptest::prelude::*;

use super::*;
use crate::iam::policies::{
    CreatePolicyVersionOutput, GetPolicyOutput, ListPolicies, Policy, PolicyScopeType, PolicyVersion,
};
use crate::iam::role_policies::{AttachedPolicy, GetRolePolicyOutput, ListAttachedRolePoliciesOutput};
use crate::iam::roles::{
    AttachedPermissionsBoundary, CreateRole, DeleteRoleOutput, GetRoleOutput,
    ListInstanceProfilesForRoleOutput, ListRolesOutput, PermissionsBoundaryAttachmentType, Role, Tag,
    TagRole, UntagRole, UpdateRoleOutput,
};
use crate::iam::users::{GetUserOutput, User};
use crate::sts::identity::{GetAccessKeyInfoOutput, GetCallerIdentity, GetCallerIdentityOutput};
use crate::sts::sessions::{AssumeRole, AssumeRoleOutput, AssumedRoleUser, Credentials, GetSessionToken};
use crate::value::{Seconds, Secret};
use crate::{Output, iam::Document};

fn ask(service: &Service, query: &str, body: &[u8]) -> Result<Asked, Fault> {
    let mut headers = HeaderMap::new();
    let form = HeaderValue::from_static("application/x-www-form-urlencoded; charset=utf-8");
    headers.insert(CONTENT_TYPE, form);
    read(service, &Request { method: &Method::POST, path: "/", query, headers: &headers, body })
}

fn sts(form: &str) -> Result<sts::Call, Fault> {
    match ask(&Service::Sts, "", form.as_bytes())? {
        Asked::Sts(call) => Ok(call),
        other => panic!("{form}: {other:?}"),
    }
}

fn iam(form: &str) -> Result<iam::Call, Fault> {
    match ask(&Service::Iam, "", form.as_bytes())? {
        Asked::Iam(call) => Ok(call),
        other => panic!("{form}: {other:?}"),
    }
}

fn tag(key: &str, value: &str) -> Tag {
    Tag { key: key.to_owned(), value: value.to_owned() }
}

#[test]
fn calls_of_sts_are_read() {
    let identity = sts::Call::GetCallerIdentity(GetCallerIdentity {});
    assert_eq!(sts("Action=GetCallerIdentity&Version=2011-06-15"), Ok(identity.clone()));
    let by_get = ask(&Service::Sts, "Action=GetCallerIdentity&Version=2011-06-15", b"");
    assert_eq!(by_get, Ok(Asked::Sts(identity)));
    let token = GetSessionToken {
        duration_seconds: Some(900),
        serial_number: None,
        token_code: None,
        minimum_session_token_size: None,
    };
    assert_eq!(sts("Action=GetSessionToken&DurationSeconds=900"), Ok(sts::Call::GetSessionToken(token)));
    let role = AssumeRole {
        role_arn: "arn:aws:iam::111122223333:role/r".to_owned(),
        role_session_name: "a b".to_owned(),
        policy_arns: None,
        policy: None,
        duration_seconds: None,
        tags: None,
        transitive_tag_keys: None,
        external_id: Some("x+y".to_owned()),
        serial_number: None,
        token_code: None,
        source_identity: None,
        provided_contexts: None,
        minimum_session_token_size: None,
    };
    let form = "Action=AssumeRole&RoleArn=arn%3Aaws%3Aiam%3A%3A111122223333%3Arole%2Fr&RoleSessionName=a+b\
                &ExternalId=x%2By";
    assert_eq!(sts(form), Ok(sts::Call::AssumeRole(role)));
}

#[test]
fn calls_of_iam_are_read() {
    let role = CreateRole {
        path: Some("/a/".to_owned()),
        role_name: "r".to_owned(),
        assume_role_policy_document: "{\"Version\": \"2012-10-17\"}".to_owned(),
        description: Some(String::new()),
        max_session_duration: Some(3_600),
        permissions_boundary: None,
        tags: Some(vec![tag("a", "1"), tag("b", "")]),
    };
    let form = "Action=CreateRole&Version=2010-05-08&Path=%2Fa%2F&RoleName=r&AssumeRolePolicyDocument=\
                %7B%22Version%22%3A+%222012-10-17%22%7D&Description=&MaxSessionDuration=3600\
                &Tags.member.1.Key=a&Tags.member.1.Value=1&Tags.member.2.Key=b&Tags.member.2.Value=";
    assert_eq!(iam(form), Ok(iam::Call::CreateRole(role)));
    let list = ListPolicies {
        scope: Some(PolicyScopeType::Local),
        only_attached: Some(false),
        path_prefix: None,
        policy_usage_filter: None,
        marker: None,
        max_items: Some(5),
    };
    let form = "Action=ListPolicies&Scope=Local&OnlyAttached=false&MaxItems=5";
    assert_eq!(iam(form), Ok(iam::Call::ListPolicies(list)));
}

#[test]
fn lists_are_read_by_their_numbers() {
    let check = |form: &str, expected: &[&str]| {
        let expected = UntagRole {
            role_name: "r".to_owned(),
            tag_keys: expected.iter().map(|key| (*key).to_owned()).collect(),
        };
        assert_eq!(
            iam(&format!("Action=UntagRole&RoleName=r&{form}")),
            Ok(iam::Call::UntagRole(expected)),
            "{form}"
        );
    };
    check("TagKeys.member.1=a&TagKeys.member.2=b", &["a", "b"]);
    check("TagKeys.member.10=b&TagKeys.member.9=a", &["a", "b"]);
    check("TagKeys=", &[]);
    check("TagKeys.member.1=a&TagKeys.member.1=b", &["b"]);
    let empty = TagRole { role_name: "r".to_owned(), tags: Vec::new() };
    assert_eq!(iam("Action=TagRole&RoleName=r&Tags="), Ok(iam::Call::TagRole(empty)));
}

#[test]
fn what_is_wrong_is_named() {
    let check = |form: &str, code: &str, words: &str| {
        let service =
            if form.contains("Role=") || form.contains("Session") { Service::Sts } else { Service::Iam };
        let fault = ask(&service, "", form.as_bytes()).unwrap_err();
        assert_eq!((fault.status, fault.code.as_ref()), (400, code), "{form}: {fault}");
        assert!(fault.message.contains(words), "{form}: {fault} should say {words:?}");
    };
    check("Action=GetRole", "MissingParameter", "parameter RoleName");
    check("Action=TagRole&RoleName=r", "MissingParameter", "parameter Tags");
    check("Action=TagRole&RoleName=r&Tags=x", "ValidationError", "Tags.member.1");
    check("Action=TagRole&RoleName=r&Tags.member.1.Key=a", "ValidationError", "`Tags[0].Value` is required");
    check("Action=TagRole&RoleName=r&Tags.member.x.Key=a", "ValidationError", "a number");
    check("Action=TagRole&RoleName=r&Tags.member.01.Key=a", "ValidationError", "a number");
    check("Action=TagRole&RoleName=r&Tags.member.1=a", "ValidationError", "begin with Tags.member.1.");
    check("Action=ListRoles&MaxItems=0", "ValidationError", "from 1 to 1000");
    check("Action=ListRoles&MaxItems=x", "ValidationError", "`MaxItems` must be an integer");
    check("Action=ListPolicies&OnlyAttached=1", "ValidationError", "true or false");
    check("Action=ListPolicies&Scope=Mine", "ValidationError", "one of All, AWS, Local");
    check("Action=ListRoles&PathPrefix=%zz", "ValidationError", "hexadecimal");
    check("Action=GetSessionToken&DurationSeconds=899", "ValidationError", "from 900 to 129600");
    check(
        "Action=GetSessionToken&TokenCode=1",
        "ValidationError",
        "`TokenCode` of GetSessionToken is not served",
    );
    let assume = "Action=AssumeRole&Role=&RoleArn=a&RoleSessionName=b";
    check(&format!("{assume}&Policy=x"), "ValidationError", "`Policy` of AssumeRole is not served");
    check(&format!("{assume}&Tags.member.1.Key=a&Tags.member.1.Value=b"), "ValidationError", "`Tags`");
    check(&format!("{assume}&PolicyArns.member.1.arn=a"), "ValidationError", "`PolicyArns`");
}

#[test]
fn what_is_not_served_has_its_name() {
    let unserved = |name: &str| Ok(Asked::Unserved(name.to_owned()));
    assert_eq!(ask(&Service::Iam, "", b"Action=CreateUser"), unserved("CreateUser"));
    assert_eq!(ask(&Service::Sts, "", b"Action=GetRole"), unserved("GetRole"));
    assert_eq!(ask(&Service::Iam, "", b"Version=1"), Ok(Asked::Unknown));
    assert_eq!(ask(&Service::Iam, "", b"Action="), Ok(Asked::Unknown));
    assert!(ask(&Service::Iam, "", b"Action=\xff").is_err());
}

fn check_xml<O: Output>(reply: fn(&O, &str) -> http::Response<Vec<u8>>, output: &O, expected: &str) {
    let response = reply(output, "id-1");
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()[CONTENT_TYPE], "text/xml");
    assert_eq!(response.headers()["x-amzn-requestid"], "id-1");
    assert_eq!(String::from_utf8_lossy(response.body()), expected);
}

#[test]
fn replies_of_sts_are_xml() {
    let identity = GetCallerIdentityOutput {
        user_id: "111122223333".to_owned(),
        account: "111122223333".to_owned(),
        arn: "arn:aws:iam::111122223333:root".to_owned(),
    };
    check_xml(
        sts::reply,
        &identity,
        "<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><GetCallerIdentityResult>\
         <UserId>111122223333</UserId><Account>111122223333</Account><Arn>arn:aws:iam::111122223333:root</Arn>\
         </GetCallerIdentityResult><ResponseMetadata><RequestId>id-1</RequestId></ResponseMetadata>\
         </GetCallerIdentityResponse>",
    );
    let role = AssumeRoleOutput {
        credentials: Credentials {
            access_key_id: "ASIA1".to_owned(),
            secret_access_key: Secret("a/b+<".to_owned()),
            session_token: Secret("t==".to_owned()),
            expiration: Seconds::from_ms(1_795_192_200_999),
        },
        assumed_role_user: AssumedRoleUser { assumed_role_id: "AROA1:s".to_owned(), arn: "x".to_owned() },
        ..AssumeRoleOutput::default()
    };
    check_xml(
        sts::reply,
        &role,
        "<AssumeRoleResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><AssumeRoleResult><Credentials>\
         <AccessKeyId>ASIA1</AccessKeyId><SecretAccessKey>a/b+&lt;</SecretAccessKey><SessionToken>t==</SessionToken>\
         <Expiration>2026-11-20T16:30:00Z</Expiration></Credentials><AssumedRoleUser><AssumedRoleId>AROA1:s\
         </AssumedRoleId><Arn>x</Arn></AssumedRoleUser></AssumeRoleResult><ResponseMetadata><RequestId>id-1\
         </RequestId></ResponseMetadata></AssumeRoleResponse>",
    );
    let account = GetAccessKeyInfoOutput { account: "1".to_owned() };
    check_xml(
        sts::reply,
        &account,
        "<GetAccessKeyInfoResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><GetAccessKeyInfoResult>\
         <Account>1</Account></GetAccessKeyInfoResult><ResponseMetadata><RequestId>id-1</RequestId>\
         </ResponseMetadata></GetAccessKeyInfoResponse>",
    );
}

fn role() -> Role {
    Role {
        path: "/".to_owned(),
        role_name: "r".to_owned(),
        role_id: "AROA1".to_owned(),
        arn: "arn:aws:iam::1:role/r".to_owned(),
        create_date: Seconds::from_ms(0),
        assume_role_policy_document: Some(Document("{\"a\": \"é*\"}".to_owned())),
        description: Some("a & b".to_owned()),
        max_session_duration: Some(3_600),
        permissions_boundary: Some(AttachedPermissionsBoundary {
            permissions_boundary_type: Some(PermissionsBoundaryAttachmentType::Policy),
            permissions_boundary_arn: Some("b".to_owned()),
        }),
        tags: Some(vec![tag("k", "v")]),
        role_last_used: None,
        source_role_template: None,
    }
}

const ROLE: &str = "<Path>/</Path><RoleName>r</RoleName><RoleId>AROA1</RoleId><Arn>arn:aws:iam::1:role/r</Arn>\
                    <CreateDate>1970-01-01T00:00:00Z</CreateDate><AssumeRolePolicyDocument>%7B%22a%22%3A%20%22%C3%A9\
                    %2A%22%7D</AssumeRolePolicyDocument><Description>a &amp; b</Description><MaxSessionDuration>3600\
                    </MaxSessionDuration><PermissionsBoundary><PermissionsBoundaryType>PermissionsBoundaryPolicy\
                    </PermissionsBoundaryType><PermissionsBoundaryArn>b</PermissionsBoundaryArn></PermissionsBoundary>\
                    <Tags><member><Key>k</Key><Value>v</Value></member></Tags>";

/// What stands around the members of a reply of IAM.
fn iam_xml(operation: &str, members: &str) -> String {
    format!(
        "<{operation}Response xmlns=\"https://iam.amazonaws.com/doc/2010-05-08/\"><{operation}Result>{members}\
         </{operation}Result><ResponseMetadata><RequestId>id-1</RequestId></ResponseMetadata></{operation}Response>"
    )
}

#[test]
fn replies_of_iam_about_roles_are_xml() {
    let check = check_xml::<GetRoleOutput>;
    check(iam::reply, &GetRoleOutput { role: role() }, &iam_xml("GetRole", &format!("<Role>{ROLE}</Role>")));
    let list = ListRolesOutput {
        roles: vec![role(), role()],
        is_truncated: Some(true),
        marker: Some("m".to_owned()),
    };
    let roles = format!(
        "<Roles><member>{ROLE}</member><member>{ROLE}</member></Roles><IsTruncated>true</IsTruncated><Marker>m</Marker>"
    );
    check_xml(iam::reply, &list, &iam_xml("ListRoles", &roles));
    let none = ListInstanceProfilesForRoleOutput {
        instance_profiles: Vec::new(),
        is_truncated: Some(false),
        marker: None,
    };
    let empty = "<InstanceProfiles></InstanceProfiles><IsTruncated>false</IsTruncated>";
    check_xml(iam::reply, &none, &iam_xml("ListInstanceProfilesForRole", empty));
    check_xml(iam::reply, &UpdateRoleOutput {}, &iam_xml("UpdateRole", ""));
    let deleted = "<DeleteRoleResponse xmlns=\"https://iam.amazonaws.com/doc/2010-05-08/\"><ResponseMetadata>\
                   <RequestId>id-1</RequestId></ResponseMetadata></DeleteRoleResponse>";
    check_xml(iam::reply, &DeleteRoleOutput {}, deleted);
}

#[test]
fn replies_of_iam_about_policies_are_xml() {
    let document = GetRolePolicyOutput {
        role_name: "r".to_owned(),
        policy_name: "p".to_owned(),
        policy_document: Document("{}".to_owned()),
    };
    let expected = "<RoleName>r</RoleName><PolicyName>p</PolicyName><PolicyDocument>%7B%7D</PolicyDocument>";
    check_xml(iam::reply, &document, &iam_xml("GetRolePolicy", expected));
    let version = CreatePolicyVersionOutput {
        policy_version: Some(PolicyVersion {
            document: None,
            version_id: Some("v2".to_owned()),
            is_default_version: Some(false),
            create_date: Some(Seconds::from_ms(1_000)),
        }),
    };
    let expected = "<PolicyVersion><VersionId>v2</VersionId><IsDefaultVersion>false</IsDefaultVersion>\
                    <CreateDate>1970-01-01T00:00:01Z</CreateDate></PolicyVersion>";
    check_xml(iam::reply, &version, &iam_xml("CreatePolicyVersion", expected));
    let attached = ListAttachedRolePoliciesOutput {
        attached_policies: Some(vec![AttachedPolicy {
            policy_name: Some("p".to_owned()),
            policy_arn: Some("a".to_owned()),
        }]),
        is_truncated: Some(false),
        marker: None,
    };
    let expected = "<AttachedPolicies><member><PolicyName>p</PolicyName><PolicyArn>a</PolicyArn></member>\
                    </AttachedPolicies><IsTruncated>false</IsTruncated>";
    check_xml(iam::reply, &attached, &iam_xml("ListAttachedRolePolicies", expected));
    let policy = Policy { attachment_count: Some(2), is_attachable: Some(true), ..Policy::default() };
    let expected = "<Policy><AttachmentCount>2</AttachmentCount><IsAttachable>true</IsAttachable></Policy>";
    check_xml(iam::reply, &GetPolicyOutput { policy: Some(policy) }, &iam_xml("GetPolicy", expected));
    let user = User { user_name: "ann".to_owned(), ..User::default() };
    let expected = "<User><Path></Path><UserName>ann</UserName><UserId></UserId><Arn></Arn>\
                    <CreateDate>1970-01-01T00:00:00Z</CreateDate></User>";
    check_xml(iam::reply, &GetUserOutput { user }, &iam_xml("GetUser", expected));
}

#[test]
fn errors_of_iam_are_xml() {
    let response = iam::faults::no_such_entity("no <role>").to_query_xml("id-1");
    assert_eq!(response.status(), 404);
    let text = String::from_utf8_lossy(response.body()).into_owned();
    assert!(text.starts_with("<ErrorResponse"), "{text}");
    assert!(text.contains("<Code>NoSuchEntity</Code><Message>no &lt;role&gt;</Message>"), "{text}");
}

proptest! {
    #[test]
    fn no_form_panics(
        action in "(CreateRole|TagRole|AssumeRole|ListPolicies|[A-Za-z]{0,8})",
        form in "[A-Za-z0-9.=&%+]{0,80}",
        names in proptest::collection::vec(
            ("(Tags|TagKeys|PolicyArns|RoleName|MaxItems)(\\.member)?(\\.[0-9]{0,12})?(\\.Key|\\.Value|\\.arn)?", ".{0,5}"),
            0..8,
        ),
        bytes in proptest::collection::vec(any::<u8>(), 0..20),
    ) {
        let pairs: Vec<String> = names.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let mut body = format!("Action={action}&{form}&{}&", pairs.join("&")).into_bytes();
        for service in [Service::Sts, Service::Iam, Service::Logs] {
            let _ = ask(&service, &form, &body);
        }
        body.extend(bytes);
        let _ = ask(&Service::Iam, "", &body);
    }
}
