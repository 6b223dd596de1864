"""What the server says of the operations it serves, compared with botocore's models member by member."""

import json
import urllib.request

import botocore.session

from aws.caller import endpoint_of
from promise import promise

SERVICES = {"iot": "iot", "iotdata": "iot-data", "iot-data": "iot-data", "logs": "logs"}
KINDS = {"string": "string", "boolean": "boolean", "integer": "integer", "long": "integer", "timestamp": "timestamp",
         "blob": "blob", "list": "list", "map": "map", "structure": "structure"}


def described(place):
    with urllib.request.urlopen(endpoint_of(place) + "/_thingstead/api/operations", timeout=30) as answer:
        return json.load(answer)


def model_of(service):
    return botocore.session.get_session().get_service_model(SERVICES[service])


def place_of(shape, name):
    """Where a member travels and under which name."""
    member = shape.members[name]
    written = member.serialization
    location = written.get("location")
    if location is None and shape.serialization.get("payload") == name:
        return "payload", name
    wire = written.get("name", name)
    location = {"uri": "label", "querystring": "query", "header": "header", None: "body"}[location]
    return location, wire.lower() if location == "header" else wire


def differences(where, ours, shape, output):
    """How a value's shape deviates from the model's."""
    kind = KINDS[shape.type_name]
    if ours["type"] != kind:
        yield f"{where}: {ours['type']} here, {kind} in the model"
    elif kind == "list":
        yield from differences(f"{where}[]", ours["member"], shape.member, output)
    elif kind == "map":
        yield from differences(f"{where}{{key}}", ours["key"], shape.key, output)
        yield from differences(f"{where}{{value}}", ours["value"], shape.value, output)
    elif kind == "structure":
        yield from members(where, ours["members"], shape, output, nested=True)
    elif ours.get("enum") is not None and sorted(ours["enum"]) != sorted(shape.enum):
        yield f"{where}: the values {ours['enum']} here, {shape.enum} in the model"


def members(where, ours, shape, output, nested=False):
    theirs = {} if shape is None else {place_of(shape, name): name for name in shape.members}
    known = {}
    for one in ours:
        location = "body" if nested else one["location"]
        if location == "unmodelled":
            continue
        wire = one["wire"].lower() if location == "header" else one["wire"]
        known[(location, wire)] = one
    for key in known.keys() - theirs.keys():
        yield f"{where}: {key} is not in the model"
    for key in theirs.keys() - known.keys():
        yield f"{where}: {key} of the model is missing"
    for key in known.keys() & theirs.keys():
        one, name = known[key], theirs[key]
        # What a reply always holds is no question of the model.
        required = name in shape.required_members
        if not output and one["required"] != required:
            yield f"{where}.{name}: required is {one['required']} here, {required} in the model"
        member = shape.members[name]
        limits = [member.metadata.get("min"), member.metadata.get("max")]
        # Some ranges stand in the model's words only, and some have one end only.
        if not output and one["shape"]["type"] == "integer" and None not in limits and one["range"] != limits:
            yield f"{where}.{name}: the range {one['range']} here, {limits} in the model"
        yield from differences(f"{where}.{name}", one["shape"], member, output)


def operation(one):
    where, model = f"{one['service']}.{one['name']}", model_of(one["service"])
    theirs = model.operation_model(one["name"])
    uri = theirs.http["requestUri"].split("?")[0]
    if (one["method"], one["path"].rstrip("/")) != (theirs.http["method"], uri.rstrip("/")):
        yield f"{where}: {one['method']} {one['path']} here, {theirs.http['method']} {uri} in the model"
    if one["status"] != theirs.http.get("responseCode", 200):
        yield f"{where}: status {one['status']} here, {theirs.http.get('responseCode', 200)} in the model"
    yield from members(f"{where}.input", one["input"], theirs.input_shape, output=False)
    yield from members(f"{where}.output", one["output"], theirs.output_shape, output=True)
    errors = {shape.metadata.get("error", {}).get("code", shape.name) for shape in theirs.error_shapes}
    if set(one["errors"]) != errors:
        yield f"{where}: errors that differ: {set(one['errors']) ^ errors}"


@promise()
def every_served_operation_is_as_the_model_says(place):
    answer = described(place)
    served = answer["served"] + answer["target"]
    assert len(served) > 90, f"{len(served)} operations are described"
    found = [line for one in served for line in operation(one)]
    assert not found, "\n".join(found)


@promise()
def every_other_operation_of_the_model_is_known_by_name(place):
    answer = described(place)
    known = [one for kind in ("served", "unserved", "target", "target_unserved") for one in answer[kind]]
    for service in ("iot", "iot-data", "logs"):
        model = model_of(service)
        ours = {one["name"] for one in known if SERVICES.get(one["service"]) == service}
        missing = sorted(set(model.operation_names) - ours)
        assert not missing, f"{service}: {missing}"


@promise()
def every_error_of_a_call_named_by_its_target_is_known(place):
    answer = described(place)
    named = {error for one in answer["target"] for error in one["errors"]}
    assert not named - answer["target_errors"].keys(), named - answer["target_errors"].keys()


@promise()
def errors_have_the_statuses_of_the_model(place):
    statuses = described(place)["errors"]
    found = []
    for service in ("iot", "iot-data"):
        for shape in model_of(service).error_shapes:
            expected = shape.metadata.get("error", {}).get("httpStatusCode")
            if expected and shape.name in statuses and statuses[shape.name] != expected:
                found.append(f"{service}.{shape.name}: {statuses[shape.name]} here, {expected} in the model")
    assert not found, "\n".join(found)
