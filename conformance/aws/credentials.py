"""Who is believed: keys, clocks, presigned URLs, and calls that somebody else made up or changed on their way."""

import json

from aws.caller import account_of, client
from aws.identity import OPEN, role
from aws.keys import (
    FORM, WHO, Key, Signing, ask, denied, encoded, host_of, new_key, other_server, signed, who,
)
from promise import promise


def told(answer, code, status=403, *words):
    found, text = answer
    assert found == status and f"<Code>{code}</Code>" in text, answer
    assert all(word in text for word in words), f"{words} should be in {text}"


def arn_of(answer):
    assert answer[0] == 200, answer
    return answer[1].partition("<Arn>")[2].partition("</Arn>")[0]


@promise()
def a_key_of_the_command_line_signs_calls(place):
    account = account_of(place)
    key = new_key(place.server, account, "ann")
    assert arn_of(who(place.server, Signing(key, "sts"))) == f"arn:aws:iam::{account}:user/ann"
    iot = signed(place, "iot", key)
    made = iot.create_thing(thingName="pump")
    assert made["thingArn"] == f"arn:aws:iot:us-east-1:{account}:thing/pump", made
    signed(place, "iot-data", key).publish(topic="a/b c/ü", payload=b"\x00\xff", qos=1)


@promise()
def a_wrong_secret_is_refused_by_name(place):
    key = new_key(place.server, account_of(place))
    wrong = Key(key.access, key.secret[:-1] + ("a" if key.secret[-1] != "a" else "b"))
    code = "InvalidSignatureException"
    text = denied(code, 403, signed(place, "iot", wrong).list_things, key.access, "secret")
    assert key.secret not in text and wrong.secret not in text, text
    denied(code, 403, signed(place, "iot-data", wrong).publish, key.access, topic="a", payload=b"x")
    denied("SignatureDoesNotMatch", 403, signed(place, "sts", wrong).get_caller_identity, key.access)
    denied("SignatureDoesNotMatch", 403, signed(place, "iam", wrong).list_roles, key.access)
    denied(code, 403, signed(place, "iot", Key("test", "wrong")).list_things, "test")


@promise()
def a_removed_key_is_refused_by_name(place):
    key = new_key(place.server, account_of(place))
    iot = signed(place, "iot", key)
    iot.list_things()
    place.server.run("keys", "rm", key.access)
    denied("UnrecognizedClientException", 403, iot.list_things, key.access, "keys new")
    denied("InvalidClientTokenId", 403, signed(place, "sts", key).get_caller_identity, key.access)


@promise()
def a_session_needs_its_own_token(place):
    sts, arn = client(place, "sts"), role(place, inline=OPEN)
    one, two = (
        Key.of(sts.assume_role(RoleArn=arn, RoleSessionName=name)["Credentials"]) for name in ("one", "two"))
    lasting = new_key(place.server, account_of(place))
    for key in (Key(one.access, one.secret, two.token), Key(one.access, one.secret), Key(one.access, one.secret, "x"),
                Key(lasting.access, lasting.secret, one.token)):
        denied("InvalidClientTokenId", 403, signed(place, "sts", key).get_caller_identity, key.access)
        denied("UnrecognizedClientException", 403, signed(place, "iot", key).list_things, key.access)
    denied("SignatureDoesNotMatch", 403, signed(place, "sts", Key(one.access, two.secret, one.token)).get_caller_identity)


@promise(values=((-299, True), (299, True), (-302, False), (310, False), (-86_400, False)))
def a_clock_may_be_five_minutes_wrong(place, value):
    late_s, fits = value
    # Seconds pass between signing and checking: they make the past older, and the future nearer.
    late_s += 3 if late_s == -299 else 0
    answer = who(place.server, Signing(new_key(place.server, account_of(place)), "sts", late_s=late_s))
    if fits:
        arn_of(answer)
    else:
        told(answer, "SignatureDoesNotMatch", 403, "too far", "Set the clock")


@promise()
def the_clock_that_is_steered_does_not_judge_signatures(place):
    server = other_server(place)
    server.advance("40h")
    arn_of(who(server, Signing(new_key(server), "sts")))


@promise()
def a_presigned_url_serves_again_until_it_ends(place):
    server, key = place.server, new_key(place.server, account_of(place), "ann")
    query = {"Action": "GetCallerIdentity", "Version": "2011-06-15"}
    url = Signing(key, "sts").url(host_of(server), "/", query, expires_s=60)
    for _ in range(2):
        assert arn_of(ask(server, "GET", url)).endswith(":user/ann")
    told(ask(server, "GET", url.replace("GetCallerIdentity", "GetSessionToken")), "SignatureDoesNotMatch")
    told(ask(server, "GET", url.replace("X-Amz-Expires=60", "X-Amz-Expires=600")), "SignatureDoesNotMatch")
    told(ask(server, "GET", f"{url}&DurationSeconds=900"), "SignatureDoesNotMatch")
    told(ask(server, "POST", url), "SignatureDoesNotMatch")
    told(ask(server, "GET", url, {"host": f"localhost:{server.address('api')[1]}"}), "SignatureDoesNotMatch")
    told(ask(server, "GET", f"{url}&X-Amz-Date=20260102T030405Z"), "IncompleteSignature", 400, "twice")
    told(ask(server, "GET", url, {"Authorization": "AWS4-HMAC-SHA256 Credential=x"}), "IncompleteSignature", 400)
    for expires_s in (0, 604_801, -1):
        found = Signing(key, "sts").url(host_of(server), "/", query, expires_s=expires_s)
        told(ask(server, "GET", found), "IncompleteSignature", 400, "X-Amz-Expires")


@promise()
def an_expired_presigned_url_is_refused(place):
    key = new_key(place.server, account_of(place))
    query = {"Action": "GetCallerIdentity", "Version": "2011-06-15"}
    old = Signing(key, "sts", late_s=-120)
    arn_of(ask(place.server, "GET", old.url(host_of(place.server), "/", query, expires_s=600)))
    told(ask(place.server, "GET", old.url(host_of(place.server), "/", query, expires_s=60)), "RequestExpired", 400,
         "valid until")
    early = Signing(key, "sts", late_s=400).url(host_of(place.server), "/", query, expires_s=600)
    told(ask(place.server, "GET", early), "SignatureDoesNotMatch", 403, "too far")


@promise()
def what_was_changed_on_its_way_is_refused(place):
    server, key = place.server, new_key(place.server, account_of(place))
    arn_of(who(server, Signing(key, "sts")))
    told(who(server, Signing(key, "sts"), body=WHO + b"&x=y"), "SignatureDoesNotMatch")
    told(who(server, Signing(key, "sts"), **{"content-type": f"{FORM}; charset=utf-8"}), "SignatureDoesNotMatch")
    told(who(server, Signing(key, "sts"), host="localhost:1"), "SignatureDoesNotMatch")
    headers = Signing(key, "sts").headers("POST", host_of(server), "/", body=WHO, content_type=FORM)
    told(ask(server, "POST", "/other", headers, WHO), "SignatureDoesNotMatch")
    told(ask(server, "POST", "/?x=y", headers, WHO), "SignatureDoesNotMatch")
    del headers["x-amz-date"]
    told(ask(server, "POST", "/", headers, WHO), "IncompleteSignature", 400, "Date")


@promise(values=("iot", "s3", "iam"))
def a_signature_for_one_service_is_none_for_another(place, service):
    """The service that is signed for is the one that answers, whatever the form says."""
    key = new_key(place.server, account_of(place))
    status, text = who(place.server, Signing(key, service))
    assert status >= 400 and "<Arn>" not in text, text


@promise()
def what_only_looks_like_a_signature_never_lets_in(place):
    server, key = place.server, new_key(place.server, account_of(place))
    whole = Signing(key, "sts").headers("POST", host_of(server), "/", body=WHO, content_type=FORM)["Authorization"]
    for broken in (
        "", "AWS4-HMAC-SHA256", "AWS4-HMAC-SHA256 ", "Basic dGVzdDp0ZXN0", "Bearer x", whole.replace("HMAC", "ECDSA"),
        whole.replace("SignedHeaders=content-type;host;", "SignedHeaders=content-type;"), whole[:-1], whole + "0",
        whole.replace("Signature=", "Signature=,Signature="), whole.replace(key.access, f"{key.access}/x"),
        whole.replace(key.access, ""), whole.replace("us-east-1", "../../x"), "x" * 7_000,
    ):
        headers = {"content-type": FORM, "x-amz-date": Signing(key, "sts").at, "Authorization": broken}
        status, text = ask(server, "POST", "/", headers, WHO)
        assert status in (400, 403) and "<Code>" in text, (broken[:100], status, text)


@promise()
def strict_lets_in_known_keys_only(place):
    server = other_server(place, "--signatures", "strict")
    key = new_key(server, name="ann")
    assert arn_of(who(server, Signing(key, "sts"))).endswith(":user/ann")
    arn_of(who(server, Signing(Key("test"), "sts")))
    told(ask(server, "POST", "/", {"content-type": FORM}, WHO), "MissingAuthenticationToken", 403, "not signed")
    told(who(server, Signing(Key("test", "other"), "sts")), "SignatureDoesNotMatch")
    told(who(server, Signing(Key("123456789012", "other"), "sts")), "SignatureDoesNotMatch")
    told(who(server, Signing(Key("AKIAIOSFODNN7EXAMPLE"), "sts")), "InvalidClientTokenId", 403, "keys new")
    told(who(server, Signing(Key(key.access, "other"), "sts")), "SignatureDoesNotMatch")
    status, text = ask(server, "GET", "/things")
    assert status == 403 and "not signed" in text, (status, text)


@promise()
def off_lets_everybody_in(place):
    server = other_server(place, "--signatures", "off")
    key = new_key(server, "111122223333", "ann")
    assert arn_of(who(server, Signing(Key(key.access, "wrong"), "sts"))) == "arn:aws:iam::111122223333:user/ann"
    own = f"arn:aws:iam::{server.endpoints['account']}:root"
    for answer in (
        ask(server, "POST", "/", {"content-type": FORM}, WHO),
        who(server, Signing(Key("AKIAIOSFODNN7EXAMPLE"), "sts", late_s=-9_999)),
        ask(server, "POST", "/", {"content-type": FORM, "Authorization": "AWS4-HMAC-SHA256 x"}, WHO),
    ):
        assert arn_of(answer) == own, answer


@promise(values=("soft", "off", "strict"))
def a_foreign_page_or_name_may_not_call_unsigned(place, checking):
    server = other_server(place, "--signatures", checking)
    key = new_key(server, name="ann")
    port = server.address("api")[1]
    for foreign in ({"origin": "https://evil.example"}, {"host": f"rebound.example:{port}"}, {"origin": "null"}):
        status, text = ask(server, "POST", "/", {"content-type": FORM, **foreign}, WHO)
        assert status == 403 and "<Arn>" not in text, (foreign, status, text)
        status, text = ask(server, "GET", "/things", foreign)
        assert status == 403 and "things" not in json.loads(text), (foreign, text)
        # Nor with credentials that everybody knows; with a key of its own it may.
        found = Signing(Key("test"), "sts")
        host = foreign.get("host", host_of(server))
        headers = found.headers("POST", host, "/", body=WHO, content_type=FORM)
        status, text = ask(server, "POST", "/", {**headers, **foreign}, WHO)
        assert status == 403 and "<Arn>" not in text, (foreign, text)
        headers = Signing(key, "sts").headers("POST", host, "/", body=WHO, content_type=FORM)
        assert arn_of(ask(server, "POST", "/", {**headers, **foreign}, WHO)).endswith(":user/ann")
    # A picture on a page makes a GET without an Origin.
    query = {"Action": "GetCallerIdentity", "Version": "2011-06-15"}
    for target in (f"/?{encoded(query)}", Signing(Key("test"), "sts").url(host_of(server), "/", query)):
        for foreign in ({"origin": "https://evil.example"}, {"sec-fetch-site": "cross-site"}):
            status, text = ask(server, "GET", target, foreign)
            assert status == 403 and "<Arn>" not in text, text
    url = Signing(key, "sts").url(host_of(server), "/", query)
    assert arn_of(ask(server, "GET", url, {"sec-fetch-site": "cross-site"})).endswith(":user/ann")
