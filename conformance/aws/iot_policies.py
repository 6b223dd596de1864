"""Policies, their versions and targets, and what they decide, as boto3 sees them."""

import json

from aws.caller import DOCUMENT, arn, client, pages, refused, unserved
from promise import promise


def document(effect, action, resource):
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": effect, "Action": action, "Resource": resource}]})


@promise()
def a_policy_is_created_once_read_and_deleted(place):
    iot = client(place)
    made = iot.create_policy(policyName="p", policyDocument=DOCUMENT, tags=[{"Key": "a", "Value": "b"}])
    expected = {"policyName": "p", "policyArn": arn(place, "policy/p"), "policyDocument": DOCUMENT,
                "policyVersionId": "1"}
    assert made == {**made, **expected}
    shown = iot.get_policy(policyName="p")
    assert shown["policyDocument"] == DOCUMENT and shown["defaultVersionId"] == "1"
    assert shown["policyArn"] == made["policyArn"] and shown["creationDate"].year > 2000
    error = refused(iot.create_policy, "ResourceAlreadyExistsException", "p", policyName="p", policyDocument=DOCUMENT)
    assert error["resourceArn"] == made["policyArn"] and error["status"] == 409
    iot.delete_policy(policyName="p")
    for call in (iot.get_policy, iot.delete_policy, iot.list_policy_versions):
        refused(call, "ResourceNotFoundException", "p", policyName="p")


@promise()
def malformed_policies_and_names_are_refused(place):
    iot = client(place)
    for text in ("", "nonsense", "[]", '{"Version":"2012-10-17"}', document("Permit", "iot:Connect", "*"),
                 document("Allow", "iot:Connect", ["*"] * 300 + ["x" * 2000]), "{" * 10000):
        refused(iot.create_policy, "MalformedPolicyException", "p", policyName="p", policyDocument=text)
    for name in ("a b", "a/b", "é", "..%2f.."):
        refused(iot.create_policy, "InvalidRequestException", "name", policyName=name, policyDocument=DOCUMENT)
    refused(iot.create_policy, "InvalidRequestException", "tag", policyName="p", policyDocument=DOCUMENT,
            tags=[{"Key": "a", "Value": "1"}, {"Key": "a", "Value": "2"}])
    refused(iot.create_policy, "InvalidRequestException", "50", policyName="p", policyDocument=DOCUMENT,
            tags=[{"Key": str(number), "Value": ""} for number in range(51)])
    assert iot.list_policies()["policies"] == []


@promise()
def a_policy_has_five_versions_and_one_default(place):
    iot = client(place)
    iot.create_policy(policyName="p", policyDocument=DOCUMENT)
    second = document("Allow", "iot:Publish", "*")
    made = iot.create_policy_version(policyName="p", policyDocument=second)
    assert made["policyVersionId"] == "2" and made["isDefaultVersion"] is False and made["policyDocument"] == second
    assert made["policyArn"] == arn(place, "policy/p")
    assert iot.create_policy_version(policyName="p", policyDocument=second, setAsDefault=True)["isDefaultVersion"]
    assert iot.get_policy(policyName="p")["defaultVersionId"] == "3"
    for _ in range(2):
        iot.create_policy_version(policyName="p", policyDocument=DOCUMENT)
    error = refused(iot.create_policy_version, "VersionsLimitExceededException", "5", policyName="p",
                    policyDocument=DOCUMENT)
    assert error["status"] == 409
    listed = iot.list_policy_versions(policyName="p")["policyVersions"]
    assert sorted(one["versionId"] for one in listed) == list("12345")
    assert [one["versionId"] for one in listed if one["isDefaultVersion"]] == ["3"]
    refused(iot.delete_policy_version, "DeleteConflictException", "default", policyName="p", policyVersionId="3")
    iot.delete_policy_version(policyName="p", policyVersionId="5")
    assert iot.create_policy_version(policyName="p", policyDocument=DOCUMENT)["policyVersionId"] == "6"
    iot.set_default_policy_version(policyName="p", policyVersionId="1")
    shown = iot.get_policy_version(policyName="p", policyVersionId="3")
    assert shown["isDefaultVersion"] is False and shown["policyDocument"] == second
    assert iot.get_policy(policyName="p")["policyDocument"] == DOCUMENT
    for call in (iot.get_policy_version, iot.delete_policy_version, iot.set_default_policy_version):
        refused(call, "ResourceNotFoundException", "version 9", policyName="p", policyVersionId="9")
        refused(call, "InvalidRequestException", "number", policyName="p", policyVersionId="x")
        refused(call, "ResourceNotFoundException", "q", policyName="q", policyVersionId="1")
    refused(iot.create_policy_version, "MalformedPolicyException", policyName="p", policyDocument="x")
    error = refused(iot.delete_policy, "DeleteConflictException", "versions", policyName="p")
    assert error["status"] == 409
    for version in "2346":
        iot.delete_policy_version(policyName="p", policyVersionId=version)
    iot.delete_policy(policyName="p")


@promise()
def policies_are_listed_by_age_in_both_orders(place):
    iot = client(place)
    names = ["c", "a", "e", "b", "d"]
    for name in names:
        iot.create_policy(policyName=name, policyDocument=DOCUMENT)

    def listed(**arguments):
        return [one["policyName"] for one in pages(iot.list_policies, "policies", 2, **arguments)]

    assert listed(ascendingOrder=True) == names
    assert listed() == names[::-1]
    assert iot.list_policies(pageSize=1)["policies"][0]["policyArn"] == arn(place, "policy/d")


@promise()
def policies_are_attached_to_certificates_groups_and_identities(place):
    iot = client(place)
    certificate = iot.create_keys_and_certificate()["certificateArn"]
    iot.create_thing_group(thingGroupName="above")
    iot.create_thing_group(thingGroupName="below", parentGroupName="above")
    group, child = arn(place, "thinggroup/above"), arn(place, "thinggroup/below")
    identity = "us-east-1:01234567-89ab-cdef-0123-456789abcdef"
    for name in ("p", "q"):
        iot.create_policy(policyName=name, policyDocument=DOCUMENT)
    for target in (certificate, group, identity):
        iot.attach_policy(policyName="p", target=target)
        iot.attach_policy(policyName="p", target=target)
        assert iot.list_attached_policies(target=target)["policies"] == [
            {"policyName": "p", "policyArn": arn(place, "policy/p")}]
    iot.attach_policy(policyName="q", target=child)
    assert sorted(pages(iot.list_targets_for_policy, "targets", 1, policyName="p")) == sorted(
        [certificate, group, identity])
    assert [one["policyName"] for one in iot.list_attached_policies(target=child)["policies"]] == ["q"]
    above = pages(iot.list_attached_policies, "policies", 1, target=child, recursive=True)
    assert [one["policyName"] for one in above] == ["p", "q"]
    error = refused(iot.delete_policy, "DeleteConflictException", "attached", policyName="p")
    assert error["status"] == 409
    for target in (certificate, group, identity):
        iot.detach_policy(policyName="p", target=target)
        iot.detach_policy(policyName="p", target=target)
    assert iot.list_targets_for_policy(policyName="p")["targets"] == []
    iot.detach_policy(policyName="nobody", target=certificate)
    iot.delete_policy(policyName="p")


@promise()
def what_policies_are_not_attached_to_is_refused(place):
    iot = client(place)
    iot.create_policy(policyName="p", policyDocument=DOCUMENT)
    certificate = iot.create_keys_and_certificate()["certificateArn"]
    unknown = arn(place, "cert/" + "ab" * 32)
    refused(iot.attach_policy, "ResourceNotFoundException", "nobody", policyName="nobody", target=certificate)
    refused(iot.attach_policy, "ResourceNotFoundException", "abab", policyName="p", target=unknown)
    refused(iot.attach_policy, "ResourceNotFoundException", "nobody", policyName="p",
            target=arn(place, "thinggroup/nobody"))
    for target in ("nonsense", arn(place, "thing/pump"), "arn:aws:iot:us-east-1:999999999999:thinggroup/g"):
        for call in (iot.attach_policy, iot.detach_policy):
            refused(call, "InvalidRequestException", policyName="p", target=target)
        refused(iot.list_attached_policies, "InvalidRequestException", target=target)
    refused(iot.list_attached_policies, "ResourceNotFoundException", "abab", target=unknown)
    refused(iot.list_targets_for_policy, "ResourceNotFoundException", "nobody", policyName="nobody")


@promise()
def a_certificate_has_ten_policies_at_most_and_a_group_two(place):
    iot = client(place)
    certificate = iot.create_keys_and_certificate()["certificateArn"]
    iot.create_thing_group(thingGroupName="g")
    for number in range(11):
        iot.create_policy(policyName=f"p{number}", policyDocument=DOCUMENT)
    for target, most in ((certificate, 10), (arn(place, "thinggroup/g"), 2)):
        for number in range(most):
            iot.attach_policy(policyName=f"p{number}", target=target)
        error = refused(iot.attach_policy, "LimitExceededException", str(most), policyName=f"p{most}", target=target)
        assert error["status"] == 410


@promise()
def the_older_calls_about_principals_do_the_same(place):
    iot = client(place)
    first, second = (iot.create_keys_and_certificate()["certificateArn"] for _ in range(2))
    for name in ("p", "q", "r"):
        iot.create_policy(policyName=name, policyDocument=DOCUMENT)
        iot.attach_principal_policy(policyName=name, principal=first)
    iot.attach_principal_policy(policyName="p", principal=second)

    def policies(**arguments):
        found = pages(iot.list_principal_policies, "policies", 2, principal=first, **arguments)
        return [one["policyName"] for one in found]

    assert policies(ascendingOrder=True) == ["p", "q", "r"] and policies() == ["r", "q", "p"]
    assert pages(iot.list_policy_principals, "principals", 1, policyName="p", ascendingOrder=True) == [first, second]
    assert pages(iot.list_policy_principals, "principals", 1, policyName="p") == [second, first]
    iot.detach_principal_policy(policyName="p", principal=first)
    assert iot.list_policy_principals(policyName="p")["principals"] == [second]
    group = arn(place, "thinggroup/g")
    for call in (iot.attach_principal_policy, iot.detach_principal_policy):
        refused(call, "InvalidRequestException", "principal", policyName="p", principal=group)
    refused(iot.attach_principal_policy, "ResourceNotFoundException", "nobody", policyName="nobody", principal=first)
    refused(iot.list_policy_principals, "ResourceNotFoundException", "nobody", policyName="nobody")
    refused(iot.list_principal_policies, "ResourceNotFoundException", "abab", principal=arn(place, "cert/" + "ab" * 32))


@promise()
def effective_policies_are_those_of_the_certificate_and_of_the_things_groups(place):
    iot = client(place)
    certificate = iot.create_keys_and_certificate()["certificateArn"]
    iot.create_thing_group(thingGroupName="above")
    iot.create_thing_group(thingGroupName="below", parentGroupName="above")
    iot.create_thing(thingName="pump")
    iot.add_thing_to_thing_group(thingGroupName="below", thingName="pump")
    for name, target in (("own", certificate), ("high", arn(place, "thinggroup/above")),
                         ("low", arn(place, "thinggroup/below"))):
        iot.create_policy(policyName=name, policyDocument=DOCUMENT)
        iot.attach_policy(policyName=name, target=target)

    def names(**arguments):
        found = iot.get_effective_policies(**arguments)["effectivePolicies"]
        assert all(one["policyDocument"] == DOCUMENT for one in found)
        assert all(one["policyArn"] == arn(place, f"policy/{one['policyName']}") for one in found)
        return sorted(one["policyName"] for one in found)

    assert names(principal=certificate) == ["own"]
    assert names(thingName="pump") == ["high", "low"]
    assert names(principal=certificate, thingName="pump") == ["high", "low", "own"]
    assert names(principal=arn(place, "thinggroup/below")) == ["high", "low"]
    refused(iot.get_effective_policies, "InvalidRequestException", "principal")
    refused(iot.get_effective_policies, "ResourceNotFoundException", "nobody", thingName="nobody")
    refused(iot.get_effective_policies, "ResourceNotFoundException", "abab", principal=arn(place, "cert/" + "ab" * 32))
    unserved(iot.get_effective_policies, "Cognito", principal=certificate, cognitoIdentityPoolId="us-east-1:x")


def ask(place, action, *resources):
    return {"actionType": action, "resources": [arn(place, resource) for resource in resources]}


def names_of(listed):
    return sorted(one["policyName"] for one in listed["policies"])


@promise()
def an_authorization_is_tested_with_every_policy_that_decides(place):
    iot = client(place)
    certificate = iot.create_keys_and_certificate()["certificateArn"]
    iot.create_policy(policyName="allow", policyDocument=document("Allow", ["iot:Publish", "iot:Connect"], "*"))
    iot.create_policy(policyName="deny", policyDocument=document("Deny", "iot:Publish", arn(place, "topic/secret")))
    iot.create_policy(policyName="listen", policyDocument=document("Allow", "iot:Subscribe", "*"))
    for name in ("allow", "deny"):
        iot.attach_policy(policyName=name, target=certificate)
    asked = [ask(place, "PUBLISH", "topic/a"), ask(place, "PUBLISH", "topic/secret"),
             ask(place, "SUBSCRIBE", "topicfilter/a"), ask(place, "PUBLISH", "topic/a", "topic/secret"),
             ask(place, "CONNECT", "client/pump")]
    results = iot.test_authorization(principal=certificate, authInfos=asked)["authResults"]
    assert [one["authInfo"] for one in results] == asked
    decisions = [one["authDecision"] for one in results]
    assert decisions == ["ALLOWED", "EXPLICIT_DENY", "IMPLICIT_DENY", "EXPLICIT_DENY", "ALLOWED"], decisions
    assert names_of(results[0]["allowed"]) == ["allow"]
    assert names_of(results[1]["denied"]["explicitDeny"]) == ["deny"]
    assert names_of(results[2]["denied"]["implicitDeny"]) == ["allow", "deny"]
    more = iot.test_authorization(principal=certificate, authInfos=asked[1:3], policyNamesToAdd=["listen"],
                                  policyNamesToSkip=["deny"])["authResults"]
    assert [one["authDecision"] for one in more] == ["ALLOWED", "ALLOWED"]
    alone = iot.test_authorization(authInfos=asked[2:3], policyNamesToAdd=["listen"])["authResults"]
    assert alone[0]["authDecision"] == "ALLOWED"


@promise()
def a_test_says_which_values_are_missing(place):
    iot = client(place)
    certificate = iot.create_keys_and_certificate()["certificateArn"]
    own = arn(place, "topic/${iot:Connection.Thing.ThingName}/${iot:ClientId}")
    iot.create_policy(policyName="own", policyDocument=document("Allow", "iot:Publish", own))
    iot.attach_policy(policyName="own", target=certificate)
    asked = [ask(place, "PUBLISH", "topic/pump/pump")]

    def result(**arguments):
        return iot.test_authorization(principal=certificate, authInfos=asked, **arguments)["authResults"][0]

    without = result()
    assert without["authDecision"] == "IMPLICIT_DENY"
    assert sorted(without["missingContextValues"]) == ["iot:ClientId", "iot:Connection.Thing.ThingName"]
    assert result(clientId="pump")["missingContextValues"] == ["iot:Connection.Thing.ThingName"]
    iot.create_thing(thingName="pump")
    iot.attach_thing_principal(thingName="pump", principal=certificate)
    full = result(clientId="pump")
    assert full["authDecision"] == "ALLOWED" and full["missingContextValues"] == []


@promise()
def a_test_knows_what_the_certificate_says(place):
    iot = client(place)
    certificate = iot.create_keys_and_certificate()["certificateArn"]
    named = arn(place, "topic/${iot:Certificate.Subject.CommonName}")
    iot.create_policy(policyName="named", policyDocument=document("Allow", "iot:Publish", named))
    iot.attach_policy(policyName="named", target=certificate)
    asked = [ask(place, "PUBLISH", "topic/AWS IoT Certificate"), ask(place, "PUBLISH", "topic/other")]
    results = iot.test_authorization(principal=certificate, authInfos=asked)["authResults"]
    assert [one["authDecision"] for one in results] == ["ALLOWED", "IMPLICIT_DENY"], results
    assert results[0]["missingContextValues"] == []


@promise()
def a_test_that_is_none_is_refused(place):
    iot = client(place)
    certificate = iot.create_keys_and_certificate()["certificateArn"]
    asked = [ask(place, "PUBLISH", "topic/a")]
    refused(iot.test_authorization, "InvalidRequestException", "principal", authInfos=asked)
    refused(iot.test_authorization, "InvalidRequestException", "10", principal=certificate, authInfos=asked * 11)
    refused(iot.test_authorization, "InvalidRequestException", "actionType", principal=certificate,
            authInfos=[{"resources": ["*"]}])
    refused(iot.test_authorization, "InvalidRequestException", "actionType", principal=certificate,
            authInfos=[{"actionType": "READ", "resources": ["*"]}])
    refused(iot.test_authorization, "ResourceNotFoundException", "nobody", principal=certificate, authInfos=asked,
            policyNamesToAdd=["nobody"])
    refused(iot.test_authorization, "ResourceNotFoundException", "abab", principal=arn(place, "cert/" + "ab" * 32),
            authInfos=asked)
    unserved(iot.test_authorization, "Cognito", principal=certificate, authInfos=asked,
             cognitoIdentityPoolId="us-east-1:x")
