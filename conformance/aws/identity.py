"""STS and IAM, as boto3 sees them: who calls, roles, policies, and credentials that end."""

import contextlib
import datetime
import json
import threading

from botocore.exceptions import ClientError

from aws.caller import account_of, client, refused, unserved
from aws.keys import Key, ask, denied, new_key, other_server, policy, signed, trust
from promise import promise

OPEN = policy(("Allow", "iot:*", "*"))


def iam_pages(call, items, size, **arguments):
    found, more = [], {}
    while True:
        answer = call(**arguments, **more, MaxItems=size)
        assert answer["IsTruncated"] == ("Marker" in answer) and len(answer[items]) <= size, answer
        found.extend(answer[items])
        if not answer["IsTruncated"]:
            return found
        assert len(answer[items]) == size, answer
        more = {"Marker": answer["Marker"]}


def role(place, name="worker", principal=None, inline=None):
    """The ARN of a new role that its own account may assume."""
    iam = client(place, "iam")
    document = trust(principal or {"AWS": account_of(place)})
    arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=document)["Role"]["Arn"]
    if inline:
        iam.put_role_policy(RoleName=name, PolicyName="rights", PolicyDocument=inline)
    return arn


def who(sts):
    found = sts.get_caller_identity()
    return found["Account"], found["Arn"], found["UserId"]


@promise()
def a_caller_is_told_who_it_is(place):
    account = account_of(place)
    assert who(client(place, "sts")) == (account, f"arn:aws:iam::{account}:root", account)
    default = place.server.endpoints["account"]
    assert who(client(place, "sts", "test")) == (default, f"arn:aws:iam::{default}:root", default)
    key = new_key(place.server, account, "ann")
    found = who(signed(place, "sts", key))
    assert found == (account, f"arn:aws:iam::{account}:user/ann", f"AIDA{key.access[4:]}"), found
    answer = client(place, "sts").assume_role(RoleArn=role(place), RoleSessionName="night")
    session = signed(place, "sts", Key.of(answer["Credentials"]))
    user = answer["AssumedRoleUser"]
    assert who(session) == (account, f"arn:aws:sts::{account}:assumed-role/worker/night", user["AssumedRoleId"])
    assert user["Arn"] == f"arn:aws:sts::{account}:assumed-role/worker/night", user


@promise()
def a_key_is_told_whose_it_is(place):
    sts = client(place, "sts")
    key = new_key(place.server, account_of(place))
    assert sts.get_access_key_info(AccessKeyId=key.access)["Account"] == account_of(place)
    denied("ValidationError", 400, sts.get_access_key_info, "keys ls", AccessKeyId="AKIAIOSFODNN7EXAMPLE")


@promise()
def a_user_is_who_a_named_key_stands_for(place):
    key = new_key(place.server, account_of(place), "bob")
    mine = signed(place, "iam", key).get_user()["User"]
    assert mine["UserName"] == "bob" and mine["Arn"].endswith(":user/bob"), mine
    assert client(place, "iam").get_user(UserName="bob")["User"] == mine
    refused(client(place, "iam").get_user, "NoSuchEntityException", "keys new", UserName="nobody")
    answer = client(place, "sts").assume_role(RoleArn=role(place), RoleSessionName="s1")
    session = signed(place, "iam", Key.of(answer["Credentials"]))
    denied("ValidationError", 400, session.get_user, "userName")


@promise()
def a_role_lives_from_its_creation_to_its_end(place):
    iam = client(place, "iam")
    made = iam.create_role(
        RoleName="worker", Path="/plant/", AssumeRolePolicyDocument=trust({"Service": "iot.amazonaws.com"}),
        Description="moves <things> & \"'", MaxSessionDuration=7200, Tags=[{"Key": "line", "Value": "4"}],
    )["Role"]
    assert "MaxSessionDuration" not in made, made
    assert made["Arn"] == f"arn:aws:iam::{account_of(place)}:role/plant/worker" and made["RoleId"].startswith("AROA")
    found = iam.get_role(RoleName="worker")["Role"]
    assert found["AssumeRolePolicyDocument"] == json.loads(trust({"Service": "iot.amazonaws.com"})), found
    assert (found["Path"], found["MaxSessionDuration"], found["Description"]) == ("/plant/", 7200, "moves <things> & \"'")
    assert found["RoleLastUsed"] == {}, found
    assert found["Tags"] == [{"Key": "line", "Value": "4"}] and found["CreateDate"].tzinfo, found
    iam.update_role(RoleName="worker", Description="", MaxSessionDuration=3600)
    iam.update_assume_role_policy(RoleName="worker", PolicyDocument=trust({"AWS": "*"}))
    found = iam.get_role(RoleName="worker")["Role"]
    assert found["MaxSessionDuration"] == 3600 and not found.get("Description"), found
    assert found["AssumeRolePolicyDocument"]["Statement"][0]["Principal"] == {"AWS": "*"}, found
    iam.tag_role(RoleName="worker", Tags=[{"Key": "line", "Value": "5"}, {"Key": "a:b/c", "Value": "ü @="}])
    iam.untag_role(RoleName="worker", TagKeys=["line", "none"])
    assert iam.list_role_tags(RoleName="worker")["Tags"] == [{"Key": "a:b/c", "Value": "ü @="}]
    assert iam.list_instance_profiles_for_role(RoleName="worker")["InstanceProfiles"] == []
    iam.delete_role(RoleName="worker")
    refused(iam.get_role, "NoSuchEntityException", "worker", RoleName="worker")


@promise()
def a_roles_policies_are_put_attached_listed_and_taken_away(place):
    iam = client(place, "iam")
    role(place)
    iam.put_role_policy(RoleName="worker", PolicyName="own", PolicyDocument=OPEN)
    own = iam.get_role_policy(RoleName="worker", PolicyName="own")
    assert own["PolicyDocument"] == json.loads(OPEN) and own["PolicyName"] == "own", own
    made = iam.create_policy(PolicyName="shared", PolicyDocument=OPEN)["Policy"]["Arn"]
    of_aws = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
    for arn in (made, made, of_aws):
        iam.attach_role_policy(RoleName="worker", PolicyArn=arn)
    attached = iam_pages(iam.list_attached_role_policies, "AttachedPolicies", 1, RoleName="worker")
    assert {item["PolicyArn"]: item["PolicyName"] for item in attached} == {
        made: "shared", of_aws: "AWSLambdaBasicExecutionRole"}, attached
    assert iam.get_policy(PolicyArn=made)["Policy"]["AttachmentCount"] == 1
    error = refused(iam.delete_role, "DeleteConflictException", "detach", RoleName="worker")
    assert error["status"] == 409
    refused(iam.delete_policy, "DeleteConflictException", "detach", PolicyArn=made)
    iam.detach_role_policy(RoleName="worker", PolicyArn=made)
    iam.detach_role_policy(RoleName="worker", PolicyArn=of_aws)
    refused(iam.detach_role_policy, "NoSuchEntityException", "not attached", RoleName="worker", PolicyArn=made)
    refused(iam.delete_role, "DeleteConflictException", "own", RoleName="worker")
    assert iam.list_role_policies(RoleName="worker")["PolicyNames"] == ["own"]
    iam.delete_role_policy(RoleName="worker", PolicyName="own")
    refused(iam.get_role_policy, "NoSuchEntityException", "own", RoleName="worker", PolicyName="own")
    iam.delete_policy(PolicyArn=made)
    iam.delete_role(RoleName="worker")


@promise()
def a_managed_policy_has_versions_of_which_one_counts(place):
    iam = client(place, "iam")
    made = iam.create_policy(PolicyName="shared", Path="/plant/", Description="d", PolicyDocument=OPEN)["Policy"]
    assert not {"Description", "Tags"} & set(made), made
    arn = made["Arn"]
    assert arn == f"arn:aws:iam::{account_of(place)}:policy/plant/shared"
    closed = policy(("Deny", "iot:*", "*"))
    second = iam.create_policy_version(PolicyArn=arn, PolicyDocument=closed, SetAsDefault=True)["PolicyVersion"]
    assert (second["VersionId"], second["IsDefaultVersion"]) == ("v2", True), second
    shown = iam.get_policy_version(PolicyArn=arn, VersionId="v2")["PolicyVersion"]
    assert shown["Document"] == json.loads(closed), shown
    refused(iam.delete_policy_version, "DeleteConflictException", "default", PolicyArn=arn, VersionId="v2")
    iam.set_default_policy_version(PolicyArn=arn, VersionId="v1")
    listed = iam_pages(iam.list_policy_versions, "Versions", 1, PolicyArn=arn)
    assert [(item["VersionId"], item["IsDefaultVersion"]) for item in listed] == [("v2", False), ("v1", True)], listed
    refused(iam.delete_policy, "DeleteConflictException", "versions", PolicyArn=arn)
    iam.delete_policy_version(PolicyArn=arn, VersionId="v2")
    refused(iam.get_policy_version, "NoSuchEntityException", "v2", PolicyArn=arn, VersionId="v2")
    for _ in range(4):
        iam.create_policy_version(PolicyArn=arn, PolicyDocument=closed)
    refused(iam.create_policy_version, "LimitExceededException", "5", PolicyArn=arn, PolicyDocument=closed)
    found = iam.get_policy(PolicyArn=arn)["Policy"]
    assert (found["DefaultVersionId"], found["Description"], found["IsAttachable"]) == ("v1", "d", True), found
    assert found["Tags"] == [], found
    listed = iam.list_policies(PathPrefix="/plant/")["Policies"][0]
    assert not {"Description", "Tags"} & set(listed), listed


@promise()
def lists_are_read_in_pages_and_by_path(place):
    iam = client(place, "iam")
    for number in range(7):
        path = "/odd/" if number % 2 else "/even/"
        iam.create_role(RoleName=f"r{number}", Path=path, AssumeRolePolicyDocument=trust({"AWS": "*"}))
        iam.create_policy(PolicyName=f"p{number}", Path=path, PolicyDocument=OPEN)
    for size in (1, 3, 7, 100):
        assert [found["RoleName"] for found in iam_pages(iam.list_roles, "Roles", size)] == [f"r{n}" for n in range(7)]
    odd = iam_pages(iam.list_roles, "Roles", 2, PathPrefix="/odd/")
    assert [found["RoleName"] for found in odd] == ["r1", "r3", "r5"]
    odd = iam_pages(iam.list_policies, "Policies", 2, PathPrefix="/odd/", Scope="Local")
    assert [found["PolicyName"] for found in odd] == ["p1", "p3", "p5"]
    iam.attach_role_policy(RoleName="r0", PolicyArn=odd[0]["Arn"])
    used = iam.list_policies(OnlyAttached=True, Scope="Local")["Policies"]
    assert [found["PolicyName"] for found in used] == ["p1"] and used[0]["AttachmentCount"] == 1, used
    unserved(iam.list_policies, "AWS itself", Scope="AWS")
    denied("ValidationError", 400, iam.list_roles, "page token", Marker="ä")
    assert len(list(iam.get_paginator("list_roles").paginate(PaginationConfig={"PageSize": 2}))) == 4


@promise()
def what_iam_refuses_has_iams_name(place):
    iam = client(place, "iam")
    role(place)
    for code, status, words, call, arguments in [
        ("EntityAlreadyExistsException", 409, "already exists", iam.create_role,
         {"RoleName": "Worker", "AssumeRolePolicyDocument": trust({"AWS": "*"})}),
        ("MalformedPolicyDocumentException", 400, "Resource", iam.create_role,
         {"RoleName": "other", "AssumeRolePolicyDocument": OPEN}),
        ("MalformedPolicyDocumentException", 400, "Principal", iam.put_role_policy,
         {"RoleName": "worker", "PolicyName": "p", "PolicyDocument": trust({"AWS": "*"})}),
        ("MalformedPolicyDocumentException", 400, "JSON", iam.create_policy,
         {"PolicyName": "p", "PolicyDocument": "{"}),
        ("NoSuchEntityException", 404, "create-role", iam.put_role_policy,
         {"RoleName": "none", "PolicyName": "p", "PolicyDocument": OPEN}),
        ("NoSuchEntityException", 404, "create-policy", iam.attach_role_policy,
         {"RoleName": "worker", "PolicyArn": f"arn:aws:iam::{account_of(place)}:policy/none"}),
        ("NoSuchEntityException", 404, "AWS itself", iam.get_policy,
         {"PolicyArn": "arn:aws:iam::aws:policy/AWSIoTFullAccess"}),
        ("InvalidInputException", 400, "twice", iam.tag_role,
         {"RoleName": "worker", "Tags": [{"Key": "a", "Value": "1"}, {"Key": "A", "Value": "2"}]}),
        ("LimitExceededException", 409, "10240", iam.put_role_policy,
         {"RoleName": "worker", "PolicyName": "p", "PolicyDocument": policy(("Allow", "iot:" + "x" * 10_240, "*"))}),
    ]:
        error = refused(call, code, words, **arguments)
        assert error["status"] == status, error
    denied("ValidationError", 400, iam.get_policy, "ARN", PolicyArn="arn:aws:iam::1:policy/none")
    refused(iam.create_role, "MalformedPolicyDocumentException", "sts:AssumeRole", RoleName="x",
            AssumeRolePolicyDocument=trust({"AWS": "*"}).replace("sts:AssumeRole", "s3:GetObject"))
    for document in [OPEN.replace("2012-10-17", "2008-10-17"), OPEN.replace('"*"', '"bucket"')]:
        refused(iam.create_policy, "MalformedPolicyDocumentException", "Syntax", PolicyName="x", PolicyDocument=document)
    unserved(iam.create_user, "CreateUser", UserName="ann")
    unserved(iam.create_role, "PermissionsBoundary", RoleName="bound", AssumeRolePolicyDocument=trust({"AWS": "*"}),
             PermissionsBoundary="arn:aws:iam::aws:policy/AdministratorAccess")


@promise()
def a_role_is_assumed_only_by_whom_it_trusts(place):
    sts, account = client(place, "sts"), account_of(place)
    other = client(place, "sts", f"9{account[1:]}")
    arn = role(place, principal={"AWS": f"arn:aws:iam::{account}:user/ann"})
    named = {"RoleArn": arn, "RoleSessionName": "s1"}
    refusal = denied("AccessDenied", 403, sts.assume_role, "sts:AssumeRole", arn, "trust policy", **named)
    assert f"arn:aws:iam::{account}:root" in refusal, refusal
    denied("AccessDenied", 403, other.assume_role, "trust policy", **named)
    signed(place, "sts", new_key(place.server, account, "ann")).assume_role(**named)
    denied("AccessDenied", 403, signed(place, "sts", new_key(place.server, account, "bob")).assume_role, **named)
    document = trust({"AWS": f"arn:aws:iam::9{account[1:]}:root"}, Condition={"StringEquals": {"sts:ExternalId": "plant-4"}})
    client(place, "iam").update_assume_role_policy(RoleName="worker", PolicyDocument=document)
    denied("AccessDenied", 403, other.assume_role, "ExternalId", **named)
    denied("AccessDenied", 403, other.assume_role, "ExternalId", **named, ExternalId="plant-5")
    lent = other.assume_role(**named, ExternalId="plant-4")["Credentials"]
    assert who(signed(place, "sts", Key.of(lent)))[0] == account


@promise()
def what_an_assumption_asks_for_must_be_served(place):
    sts, arn = client(place, "sts"), role(place)
    named = {"RoleArn": arn, "RoleSessionName": "s1"}
    denied("ValidationError", 400, sts.assume_role, "Policy", **named, Policy=OPEN)
    denied("ValidationError", 400, sts.assume_role, "Tags", **named, Tags=[{"Key": "a", "Value": "b"}])
    denied("ValidationError", 400, sts.assume_role, "3600", **named, DurationSeconds=3601)
    denied("ValidationError", 400, sts.assume_role, "ARN of a role", RoleArn=arn.replace("role", "user"),
           RoleSessionName="s1")
    denied("AccessDenied", 403, sts.assume_role, "no such role", RoleArn=f"{arn}2", RoleSessionName="s1")
    short = sts.assume_role(**named, DurationSeconds=900)["Credentials"]["Expiration"]
    left_s = (short - datetime.datetime.now(datetime.timezone.utc)).total_seconds()
    assert 800 < left_s < 1000, left_s
    unserved(sts.get_federation_token, "GetFederationToken", Name="ann")


@promise()
def a_session_publishes_as_its_roles_policies_allow(place):
    account = account_of(place)
    allowed = f"arn:aws:iot:us-east-1:{account}:topic/plant/*"
    arn = role(place, inline=policy(("Allow", ["iot:Publish", "s3:GetObject"], allowed)))
    iam = client(place, "iam")
    key = Key.of(client(place, "sts").assume_role(RoleArn=arn, RoleSessionName="s1")["Credentials"])
    data = signed(place, "iot-data", key)
    data.publish(topic="plant/one", payload=b"x", qos=1)
    refusal = denied("ForbiddenException", 403, data.publish, "iot:Publish", topic="office/one", payload=b"x")
    assert "office/one" in refusal, refusal
    denied("ForbiddenException", 403, data.publish, "Retain", topic="plant/one", payload=b"x", retain=True)
    denied("ForbiddenException", 403, signed(place, "iot-data", key, "eu-west-1").publish, topic="plant/one", payload=b"x")
    iam.put_role_policy(RoleName="worker", PolicyName="more", PolicyDocument=policy(("Deny", "iot:*", "*")))
    denied("ForbiddenException", 403, data.publish, topic="plant/one", payload=b"x")
    iam.delete_role_policy(RoleName="worker", PolicyName="more")
    shared = iam.create_policy(PolicyName="shared", PolicyDocument=OPEN)["Policy"]["Arn"]
    iam.attach_role_policy(RoleName="worker", PolicyArn=shared)
    data.publish(topic="office/one", payload=b"x", qos=1)
    iam.create_policy_version(PolicyArn=shared, PolicyDocument=policy(("Deny", "iot:Publish", "*")), SetAsDefault=True)
    denied("ForbiddenException", 403, data.publish, topic="plant/one", payload=b"x")


@promise()
def a_session_ends_with_its_role_or_its_key(place):
    account, iam = account_of(place), client(place, "iam")
    arn = role(place)
    named = {"RoleArn": arn, "RoleSessionName": "s1"}
    lent = signed(place, "sts", Key.of(client(place, "sts").assume_role(**named)["Credentials"]))
    who(lent)
    iam.delete_role(RoleName="worker")
    role(place)
    denied("InvalidClientTokenId", 403, lent.get_caller_identity, "keys")
    key = new_key(place.server, account, "ann")
    token = Key.of(signed(place, "sts", key).get_session_token()["Credentials"])
    mine = signed(place, "sts", token)
    assert who(mine)[1] == f"arn:aws:iam::{account}:user/ann"
    denied("AccessDenied", 403, mine.get_session_token, "session credentials")
    place.server.run("keys", "rm", key.access)
    denied("InvalidClientTokenId", 403, mine.get_caller_identity, "keys")


@promise(own=True)
def a_token_ends_when_its_time_is_over(place):
    arn = role(place, inline=OPEN)
    answer = client(place, "sts").assume_role(RoleArn=arn, RoleSessionName="s1")
    key = Key.of(answer["Credentials"])
    data, sts = signed(place, "iot-data", key), signed(place, "sts", key)
    data.publish(topic="a", payload=b"x", qos=1)
    place.server.advance("59m")
    data.publish(topic="a", payload=b"x", qos=1)
    place.server.advance("2m")
    denied("ExpiredTokenException", 403, data.publish, "expired", "assume-role", topic="a", payload=b"x")
    denied("ExpiredToken", 403, sts.get_caller_identity, "expired")
    # The clock of the instance, not that of the signature, ends a token; asking anew must work.
    again = client(place, "sts").assume_role(RoleArn=arn, RoleSessionName="s1")
    signed(place, "iot-data", Key.of(again["Credentials"])).publish(topic="a", payload=b"x", qos=1)


@promise(own=True)
def keys_roles_and_sessions_outlive_a_restart(place):
    account = account_of(place)
    arn = role(place, inline=OPEN)
    key = new_key(place.server, account, "ann")
    lent = Key.of(signed(place, "sts", key).assume_role(RoleArn=arn, RoleSessionName="s1")["Credentials"])
    place.server.kill()
    place.server.start()
    assert who(signed(place, "sts", key))[1].endswith(":user/ann")
    signed(place, "iot-data", lent).publish(topic="a", payload=b"x", qos=1)
    assert client(place, "iam").get_role(RoleName="worker")["Role"]["Arn"] == arn


@promise()
def a_reset_in_the_midst_of_changes_harms_nobody(place):
    server = other_server(place, "--allow-reset")
    stop = threading.Event()

    def change():
        iam = signed(place, "iam", Key("test"), server=server)
        while not stop.is_set():
            for call, arguments in [
                (iam.create_role, {"RoleName": "worker", "AssumeRolePolicyDocument": trust({"AWS": "*"})}),
                *[(iam.update_role, {"RoleName": "worker", "Description": str(n)}) for n in range(20)],
            ]:
                with contextlib.suppress(ClientError):
                    call(**arguments)

    threads = [threading.Thread(target=change, daemon=True) for _ in range(4)]
    for thread in threads:
        thread.start()
    for _ in range(30):
        assert ask(server, "POST", "/_thingstead/reset")[0] == 200
    stop.set()
    for thread in threads:
        thread.join()
    assert server.alive(), server.tail()


@promise(values=("/_localstack/health", "/_thingstead/health"))
def health_names_what_is_served(place, path):
    status, text = ask(place.server, "GET", path)
    services = json.loads(text)["services"]
    assert status == 200 and set(services.values()) == {"running"}, services
    assert {"iot", "iot-data", "sts", "iam", "mqtt"} <= set(services) and "dynamodb" not in services, services
