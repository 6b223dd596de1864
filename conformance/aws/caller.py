"""In: a case's place. Out: boto3 clients of an account that no other case uses, and what they should be refused."""

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

REGION = "us-east-1"
DOCUMENT = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"iot:Connect","Resource":"*"}]}'


def account_of(place):
    return f"{place.number:012d}"


def endpoint_of(place):
    host, port = place.server.address("api")
    return f"http://{host}:{port}"


def client(place, service="iot", account=None, region=REGION):
    """A client for an account by its twelve digits; without one, for the case's own."""
    made = boto3.session.Session().client(
        service,
        region_name=region,
        endpoint_url=endpoint_of(place),
        aws_access_key_id=account or account_of(place),
        aws_secret_access_key="test",
        config=Config(retries={"total_max_attempts": 1}, read_timeout=30),
    )
    place.after(made.close)
    return made


def arn(place, tail, region=REGION):
    return f"arn:aws:iot:{region}:{account_of(place)}:{tail}"


def refused(call, code, words="", **arguments):
    """The call ends in the exception class of that name, whose text holds the words; the error's members."""
    expected = getattr(call.__self__.exceptions, code)
    try:
        answer = call(**arguments)
    except expected as error:
        answered = error.response
    except ClientError as error:
        raise AssertionError(f"{error.response['Error']['Code']} and not {code}: {error}") from error
    else:
        raise AssertionError(f"{code} was expected, and the answer was {answer}")
    status = answered["ResponseMetadata"]["HTTPStatusCode"]
    assert answered["ResponseMetadata"].get("RequestId"), answered
    text = answered["Error"]["Message"]
    assert words in text, f"`{words}` is not in `{text}`"
    assert len(text) > 10, f"the refusal says nothing: {text}"
    return {**answered, "status": status}


def unserved(call, words, **arguments):
    """The call is refused as not served, in words that name what is not."""
    try:
        answer = call(**arguments)
    except ClientError as error:
        assert error.response["Error"]["Code"] == "NotImplementedException", error
        assert error.response["ResponseMetadata"]["HTTPStatusCode"] == 501, error
        assert words in str(error), error
        return
    raise AssertionError(f"it was answered: {answer}")


def pages(call, items, size, **arguments):
    """Every item of a list that is read in pages; no page is too long and none but the last is short."""
    names = {member: member for member in call.__self__.meta.service_model.operation_model(
        call.__self__.meta.method_to_api_mapping[call.__name__]
    ).input_shape.members}
    token, limit, answered = ("nextToken", "maxResults", "nextToken") if "nextToken" in names else (
        "marker", "pageSize", "nextMarker")
    found, more = [], {}
    while True:
        answer = call(**arguments, **more, **{limit: size})
        page = answer[items]
        following = answer.get(answered)
        assert len(page) == size if following else len(page) <= size, answer
        found.extend(page)
        if not following:
            return found
        more = {token: following}
