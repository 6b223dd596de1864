"""Accounts and regions that cannot see each other, and MQTT over WebSocket in the name of a key."""

from aws.caller import account_of, client
from aws.identity import role
from aws.keys import Key, Signing, denied, host_of, new_key, other_server, policy, signed, websocket
from promise import promise
from raw import packets


def joined(place, key, name, region="us-east-1", **options):
    """A connected client over a presigned WebSocket."""
    url = Signing(key, "iotdevicegateway", region).url(host_of(place.server), "/mqtt")
    wire = websocket(place, place.server, url, **options)
    assert wire.stream.status == 101, wire.stream.head
    wire.connect(place.client(name))
    return wire


def neighbour(place):
    return f"8{account_of(place)[1:]}"


def scopes(place):
    """The case's own account and region, then the same region of another account, then another region."""
    own = account_of(place)
    return [(own, "us-east-1"), (neighbour(place), "us-east-1"), (own, "eu-west-1")]


@promise()
def things_and_certificates_are_seen_in_their_account_and_region_only(place):
    clients = [client(place, account=account, region=region) for account, region in scopes(place)]
    for iot, (account, region) in zip(clients, scopes(place)):
        made = iot.create_thing(thingName="pump", attributePayload={"attributes": {"of": f"{account}-{region}"}})
        assert made["thingArn"] == f"arn:aws:iot:{region}:{account}:thing/pump", made
    certificates = [iot.create_keys_and_certificate(setAsActive=True) for iot in clients]
    for number, iot in enumerate(clients):
        of = iot.describe_thing(thingName="pump")["attributes"]["of"]
        assert of == "-".join(scopes(place)[number]), of
        seen = [found["certificateId"] for found in iot.list_certificates()["certificates"]]
        assert seen == [certificates[number]["certificateId"]], seen
        for other, made in enumerate(certificates):
            if other != number:
                denied("ResourceNotFoundException", 404, iot.describe_certificate, certificateId=made["certificateId"])
    clients[0].delete_thing(thingName="pump")
    assert all(iot.describe_thing(thingName="pump") for iot in clients[1:])


@promise()
def roles_belong_to_an_account_whatever_the_region(place):
    role(place)
    own = account_of(place)
    abroad = client(place, "iam", own, "eu-west-1")
    assert abroad.get_role(RoleName="worker")["Role"]["Arn"] == f"arn:aws:iam::{own}:role/worker"
    other = client(place, "iam", neighbour(place))
    assert other.list_roles()["Roles"] == []
    denied("NoSuchEntity", 404, other.get_role, RoleName="worker")
    key = new_key(place.server, neighbour(place))
    denied("NoSuchEntity", 404, signed(place, "iam", key).delete_role, RoleName="worker")


@promise()
def messages_stay_in_their_account_and_region(place):
    topic = place.topic()
    wires = [
        joined(place, Key(account), f"w{number}", region) for number, (account, region) in enumerate(scopes(place))]
    for wire in wires:
        wire.subscribe("#", topic)
    for number, (account, region) in enumerate(scopes(place)):
        data = client(place, "iot-data", account, region)
        data.publish(topic=topic, payload=f"http {number}".encode(), qos=1)
        wires[number].publish(topic, f"mqtt {number}".encode(), 1)
    for number, wire in enumerate(wires):
        # Two filters match; AWS sends a message once for each.
        seen = {message.payload for message in wire.messages(2)}
        assert seen <= {f"http {number}".encode(), f"mqtt {number}".encode()}, seen
    for number, wire in enumerate(wires):
        while (packet := wire.packet(0.3)) is not None:
            assert packet.payload.endswith(str(number).encode()), packet


@promise()
def one_client_id_lives_in_every_account_at_once(place):
    topic = place.topic()
    wires = [joined(place, Key(account), "same", region) for account, region in scopes(place)]
    for wire in wires:
        wire.ping()
        wire.subscribe(topic)
    wires[0].publish(topic, b"x", 1)
    assert wires[0].message().payload == b"x"
    wires[1].expect_silence()
    own, other = (client(place, "iot-data", account) for account, _ in scopes(place)[:2])
    own.delete_connection(clientId=place.client("same"))
    wires[0].expect_end()
    wires[1].ping()
    assert other.get_connection(clientId=place.client("same"))["connected"] is True
    assert own.get_connection(clientId=place.client("same"))["connected"] is False


@promise()
def retained_messages_stay_in_their_account_and_region(place):
    topic = place.topic("kept")
    clients = [client(place, "iot-data", account, region) for account, region in scopes(place)]
    clients[0].publish(topic=topic, payload=b"own", qos=1, retain=True)
    for data in clients[1:]:
        denied("ResourceNotFoundException", 404, data.get_retained_message, topic, topic=topic)
        assert data.list_retained_messages()["retainedTopics"] == []
    for number, (account, region) in enumerate(scopes(place)[1:]):
        wire = joined(place, Key(account), f"r{number}", region)
        wire.subscribe(topic)
        wire.expect_silence()
    clients[1].publish(topic=topic, payload=b"", qos=1, retain=True)
    assert clients[0].get_retained_message(topic=topic)["payload"] == b"own"
    wire = joined(place, Key(account_of(place)), "own")
    wire.subscribe(topic)
    assert wire.message().payload == b"own"


@promise(values=("iotdevicegateway", "iotdata"))
def a_presigned_websocket_is_let_in(place, service):
    key = new_key(place.server, account_of(place))
    for expires_s in (None, 300):
        url = Signing(key, service).url(host_of(place.server), "/mqtt", expires_s=expires_s)
        for _ in range(2):
            wire = websocket(place, place.server, url)
            assert wire.stream.status == 101, wire.stream.head
            wire.connect(place.client(f"{service}-{expires_s}"))
            wire.drop()


def session(place, inline):
    arn = role(place, inline=inline)
    return Key.of(client(place, "sts").assume_role(RoleArn=arn, RoleSessionName="web")["Credentials"])


@promise(values=(True, False))
def a_session_token_may_stand_outside_of_the_signature(place, outside):
    prefix = f"arn:aws:iot:us-east-1:{account_of(place)}"
    key = session(place, policy(
        ("Allow", "iot:Connect", f"{prefix}:client/{place.client()}"),
        ("Allow", ["iot:Publish", "iot:Receive"], f"{prefix}:topic/{place.topic('mine')}"),
        ("Allow", "iot:Subscribe", f"{prefix}:topicfilter/{place.topic('mine')}")))
    url = Signing(key, "iotdevicegateway").url(host_of(place.server), "/mqtt", token_outside=outside)
    wire = websocket(place, place.server, url, 5)
    assert wire.stream.status == 101, wire.stream.head
    wire.connect(place.client())
    assert wire.subscribe(place.topic("mine"), place.topic("other")) == [1, 0x87]
    wire.publish(place.topic("mine"), b"x", 1)
    assert wire.message().payload == b"x"
    wire.send(packets.publish(place.topic("other"), b"x", 1, packet_id=9, version=5))
    answer = wire.packet()
    assert answer is not None and answer.code == 0x87, answer
    stranger = websocket(place, place.server, url, 5)
    stranger.connect(place.client("stranger"), expect=0x87)


@promise()
def a_role_that_loses_a_right_loses_it_on_open_connections(place):
    everything = policy(("Allow", "iot:*", "*"))
    key = session(place, everything)
    wire = joined(place, key, "role", version=5)
    topic, iam = place.topic(), client(place, "iam")
    assert wire.subscribe(topic) == [1]
    wire.publish(topic, b"before", 1)
    assert wire.message().payload == b"before"
    iam.put_role_policy(RoleName="worker", PolicyName="rights", PolicyDocument=policy(("Deny", "iot:*", "*")))
    client(place, "iot-data").publish(topic=topic, payload=b"after", qos=1)
    assert wire.publish(topic, b"after", 1).code == 0x87
    assert wire.packet(0.3) is None
    iam.put_role_policy(RoleName="worker", PolicyName="rights", PolicyDocument=everything)
    assert wire.publish(topic, b"again", 1).code == 0
    assert wire.message().payload == b"again"
    iam.delete_role_policy(RoleName="worker", PolicyName="rights")
    iam.delete_role(RoleName="worker")
    role(place, inline=everything)
    # The new one has the old one's name and nothing else of it.
    assert wire.publish(topic, b"of another role", 1).code == 0x87


@promise()
def a_removed_key_loses_its_connections(place):
    key, other = (new_key(place.server, account_of(place), name) for name in ("ann", "bob"))
    wire, stays = joined(place, key, "ann", version=5), joined(place, other, "bob", version=5)
    place.server.run("keys", "rm", key.access)
    goodbye = wire.packet()
    assert goodbye is not None and goodbye.kind == packets.DISCONNECT and goodbye.code == 0x87, goodbye
    stays.ping()


@promise()
def a_wrong_websocket_is_refused_before_the_upgrade_and_explained(place):
    server = other_server(place)
    key = new_key(server)
    lent = lent_key(place, server)
    good = Signing(key, "iotdevicegateway").url(host_of(server), "/mqtt")
    for url, words in [
        (good.replace("X-Amz-Signature=", "X-Amz-Signature=0")[:-1], "signature"),
        (Signing(Key(key.access, "wrong"), "iotdevicegateway").url(host_of(server), "/mqtt"), key.access),
        (Signing(key, "iotdevicegateway").url(host_of(server), "/other"), "signature"),
        (Signing(key, "iotdevicegateway", late_s=-120).url(host_of(server), "/mqtt", expires_s=60), "expired"),
        (Signing(Key(lent.access, lent.secret, "stale"), "iotdevicegateway").url(host_of(server), "/mqtt",
                                                                              token_outside=True), lent.access),
        (Signing(Key(lent.access, lent.secret), "iotdevicegateway").url(host_of(server), "/mqtt"), lent.access),
    ]:
        target = url.replace("/other", "/mqtt")
        wire = websocket(place, server, target)
        assert wire.stream.status in (400, 403), wire.stream.head
        told = server.run("events", "-n", "1")
        assert "connection refused" in told and words in told, (words, told)
        assert key.secret not in told and "X-Amz-Signature" not in told, told
    assert websocket(place, server, good).stream.status == 101


def lent_key(place, server):
    """Temporary credentials on a server of the case's own."""
    sts = signed(place, "sts", Key("test"), server=server)
    return Key.of(sts.get_session_token()["Credentials"])


@promise()
def a_foreign_page_opens_no_websocket_unsigned(place):
    for headers in (["Origin: https://evil.example"], ["Origin: null"]):
        wire = websocket(place, place.server, "/mqtt", headers=headers)
        assert wire.stream.status == 403, wire.stream.head
    key = new_key(place.server, account_of(place))
    url = Signing(key, "iotdevicegateway").url(host_of(place.server), "/mqtt")
    # A page of anywhere may act in the name of a key that somebody gave it.
    assert websocket(place, place.server, url, headers=["Origin: https://app.example"]).stream.status == 101


@promise()
def strict_refuses_an_unsigned_websocket(place):
    server = other_server(place, "--signatures", "strict")
    assert websocket(place, server, "/mqtt").stream.status == 403
    url = Signing(new_key(server), "iotdevicegateway").url(host_of(server), "/mqtt")
    assert websocket(place, server, url).stream.status == 101
