"""Static thing groups and their members, as boto3 sees them."""

from aws.caller import arn, client, pages, refused
from promise import promise


@promise()
def a_group_is_created_described_updated_and_deleted(place):
    iot = client(place)
    properties = {"thingGroupDescription": "a house", "attributePayload": {"attributes": {"town": "x"}}}
    made = iot.create_thing_group(thingGroupName="house", thingGroupProperties=properties)
    assert made["thingGroupArn"] == arn(place, "thinggroup/house") and len(made["thingGroupId"]) == 36
    again = iot.create_thing_group(thingGroupName="house", thingGroupProperties=properties)
    assert again["thingGroupId"] == made["thingGroupId"]
    error = refused(iot.create_thing_group, "ResourceAlreadyExistsException", "house", thingGroupName="house")
    assert error["resourceArn"] == made["thingGroupArn"] and error["resourceId"] == made["thingGroupId"]
    shown = iot.describe_thing_group(thingGroupName="house")
    assert shown["version"] == 1 and shown["thingGroupId"] == made["thingGroupId"]
    assert shown["thingGroupProperties"] == properties, shown
    assert shown["thingGroupMetadata"]["creationDate"].year > 2000
    assert "parentGroupName" not in shown["thingGroupMetadata"] and "queryString" not in shown
    changed = {"attributePayload": {"attributes": {"street": "y"}, "merge": True}}
    updated = iot.update_thing_group(thingGroupName="house", thingGroupProperties=changed, expectedVersion=1)
    assert updated["version"] == 2
    shown = iot.describe_thing_group(thingGroupName="house")["thingGroupProperties"]
    assert shown["attributePayload"]["attributes"] == {"town": "x", "street": "y"}
    assert shown["thingGroupDescription"] == "a house"
    for call, more in ((iot.update_thing_group, {"thingGroupProperties": {}}), (iot.delete_thing_group, {})):
        error = refused(call, "VersionConflictException", "version", thingGroupName="house", expectedVersion=9, **more)
        assert error["status"] == 409
    iot.delete_thing_group(thingGroupName="house", expectedVersion=2)
    iot.delete_thing_group(thingGroupName="house")
    refused(iot.describe_thing_group, "ResourceNotFoundException", "house", thingGroupName="house")
    refused(iot.update_thing_group, "ResourceNotFoundException", "house", thingGroupName="house",
            thingGroupProperties={})


@promise()
def groups_form_a_tree_with_limits(place):
    iot = client(place)
    names = [f"level{number}" for number in range(1, 8)]
    parent = {}
    for name in names:
        iot.create_thing_group(thingGroupName=name, **parent)
        parent = {"parentGroupName": name}
    refused(iot.create_thing_group, "InvalidRequestException", "7 levels", thingGroupName="level8", **parent)
    refused(iot.create_thing_group, "InvalidRequestException", "nobody", thingGroupName="x", parentGroupName="nobody")
    metadata = iot.describe_thing_group(thingGroupName="level3")["thingGroupMetadata"]
    assert metadata["parentGroupName"] == "level2"
    above = [{"groupName": name, "groupArn": arn(place, f"thinggroup/{name}")} for name in names[:2]]
    assert metadata["rootToParentThingGroups"] == above
    top = iot.describe_thing_group(thingGroupName="level1")["thingGroupMetadata"]
    assert set(top) == {"creationDate"}, top
    refused(iot.delete_thing_group, "InvalidRequestException", "below", thingGroupName="level3")

    def listed(**arguments):
        return [one["groupName"] for one in pages(iot.list_thing_groups, "thingGroups", 2, **arguments)]

    assert listed() == names
    assert listed(recursive=False) == ["level1"]
    assert listed(parentGroup="level2") == ["level3"]
    assert listed(parentGroup="level4", recursive=True) == names[4:]
    assert listed(namePrefixFilter="level7") == ["level7"]
    assert listed(namePrefixFilter="x") == []
    refused(iot.list_thing_groups, "ResourceNotFoundException", "nobody", parentGroup="nobody")


@promise()
def things_are_in_groups_by_name_or_arn(place):
    iot = client(place)
    iot.create_thing_group(thingGroupName="house")
    iot.create_thing_group(thingGroupName="room", parentGroupName="house")
    iot.create_thing_group(thingGroupName="kind")
    for number in range(5):
        iot.create_thing(thingName=f"t{number}")
    iot.add_thing_to_thing_group(thingGroupName="house", thingName="t0")
    iot.add_thing_to_thing_group(thingGroupName="house", thingName="t0")
    iot.add_thing_to_thing_group(thingGroupArn=arn(place, "thinggroup/house"), thingArn=arn(place, "thing/t1"))
    for number in range(2, 5):
        iot.add_thing_to_thing_group(thingGroupName="room", thingName=f"t{number}", overrideDynamicGroups=True)
    iot.add_thing_to_thing_group(thingGroupName="kind", thingName="t0")
    refused(iot.add_thing_to_thing_group, "InvalidRequestException", "hierarchy", thingGroupName="room", thingName="t0")
    assert pages(iot.list_things_in_thing_group, "things", 1, thingGroupName="house") == ["t0", "t1"]
    everything = pages(iot.list_things_in_thing_group, "things", 2, thingGroupName="house", recursive=True)
    assert everything == [f"t{number}" for number in range(5)]
    groups = pages(iot.list_thing_groups_for_thing, "thingGroups", 1, thingName="t0")
    assert groups == [{"groupName": name, "groupArn": arn(place, f"thinggroup/{name}")} for name in ("house", "kind")]
    iot.remove_thing_from_thing_group(thingGroupArn=arn(place, "thinggroup/house"), thingName="t1")
    iot.remove_thing_from_thing_group(thingGroupName="house", thingName="t1")
    assert iot.list_things_in_thing_group(thingGroupName="house")["things"] == ["t0"]
    iot.delete_thing_group(thingGroupName="room")
    assert iot.list_thing_groups_for_thing(thingName="t2")["thingGroups"] == []


@promise()
def a_thing_changes_its_groups_in_one_step_or_not_at_all(place):
    iot = client(place)
    for name in ("a", "b"):
        iot.create_thing_group(thingGroupName=name)
    iot.create_thing_group(thingGroupName="below", parentGroupName="a")
    iot.create_thing(thingName="pump")

    def groups():
        return [one["groupName"] for one in iot.list_thing_groups_for_thing(thingName="pump")["thingGroups"]]

    iot.update_thing_groups_for_thing(thingName="pump", thingGroupsToAdd=["a", "b"])
    assert groups() == ["a", "b"]
    refused(iot.update_thing_groups_for_thing, "ResourceNotFoundException", "nobody", thingName="pump",
            thingGroupsToRemove=["b"], thingGroupsToAdd=["nobody"])
    assert groups() == ["a", "b"]
    iot.update_thing_groups_for_thing(thingName="pump", thingGroupsToRemove=["a"], thingGroupsToAdd=["below"])
    assert groups() == ["b", "below"]
    refused(iot.update_thing_groups_for_thing, "InvalidRequestException", "thingName", thingGroupsToAdd=["a"])


@promise()
def what_is_no_group_or_no_thing_is_refused(place):
    iot = client(place)
    iot.create_thing_group(thingGroupName="house")
    iot.create_thing(thingName="pump")
    for call in (iot.add_thing_to_thing_group, iot.remove_thing_from_thing_group):
        refused(call, "ResourceNotFoundException", "nobody", thingGroupName="nobody", thingName="pump")
        refused(call, "ResourceNotFoundException", "nobody", thingGroupName="house", thingName="nobody")
        refused(call, "InvalidRequestException", "thingGroupName", thingName="pump")
        refused(call, "InvalidRequestException", "thingName", thingGroupName="house")
        refused(call, "InvalidRequestException", "two", thingGroupName="house", thingName="pump",
                thingArn=arn(place, "thing/fan"))
        refused(call, "InvalidRequestException", "account", thingGroupName="house",
                thingArn="arn:aws:iot:us-east-1:999999999999:thing/pump")
    refused(iot.list_things_in_thing_group, "ResourceNotFoundException", "nobody", thingGroupName="nobody")
    refused(iot.list_thing_groups_for_thing, "ResourceNotFoundException", "nobody", thingName="nobody")
    refused(iot.create_thing_group, "InvalidRequestException", "letters", thingGroupName="a b")
    refused(iot.create_thing_group, "InvalidRequestException", "characters", thingGroupName="x",
            thingGroupProperties={"thingGroupDescription": "x" * 2029})


@promise()
def a_thing_is_in_ten_groups_at_most(place):
    iot = client(place)
    iot.create_thing(thingName="pump")
    for number in range(11):
        iot.create_thing_group(thingGroupName=f"g{number}")
    for number in range(10):
        iot.add_thing_to_thing_group(thingGroupName=f"g{number}", thingName="pump")
    refused(iot.add_thing_to_thing_group, "InvalidRequestException", "10 groups", thingGroupName="g10",
            thingName="pump")
