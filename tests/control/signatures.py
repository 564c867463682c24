"""Requests signed by hand, to be signed wrongly: what no published client would send."""

import datetime
import hashlib
import hmac
import http.client
import json
import os
import urllib.parse

from world import CONTROL

KEY = os.environ["AWS_ACCESS_KEY_ID"]
SECRET = os.environ["AWS_SECRET_ACCESS_KEY"]
HOST = urllib.parse.urlparse(CONTROL).netloc


def sign(method, target, body=b"", headers=None, minutes=0, secret=SECRET, key=KEY,
         service="apigateway", region="moon-south-7", omit=()):
    """The headers of a request signed for a moment so many minutes from now."""
    now = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(minutes=minutes)
    date = now.strftime("%Y%m%dT%H%M%SZ")
    headers = {"host": HOST, "x-amz-date": date, **(headers or {})}
    signed = sorted(name for name in headers if name not in omit)
    path, _, query = target.partition("?")
    pairs = sorted(pair if "=" in pair else pair + "=" for pair in query.split("&") if pair)
    lines = [method, urllib.parse.quote(path, safe="/~-_."), "&".join(pairs)]
    lines += [f"{name}:{' '.join(headers[name].split())}" for name in signed]
    lines += ["", ";".join(signed), hashlib.sha256(body).hexdigest()]
    scope = f"{date[:8]}/{region}/{service}/aws4_request"
    digest = hashlib.sha256("\n".join(lines).encode()).hexdigest()
    derived = f"AWS4{secret}".encode()
    for part in (*scope.split("/"), f"AWS4-HMAC-SHA256\n{date}\n{scope}\n{digest}"):
        derived = hmac.digest(derived, part.encode(), "sha256")
    headers["authorization"] = (
        f"AWS4-HMAC-SHA256 Credential={key}/{scope}, SignedHeaders={';'.join(signed)}, "
        f"Signature={derived.hex()}"
    )
    return headers


def send(method, target, headers, body=b""):
    """The status and the error's type."""
    connection = http.client.HTTPConnection(HOST, timeout=30)
    connection.putrequest(method, target, skip_host=True, skip_accept_encoding=True)
    for name, value in headers.items():
        if name != "content-length":
            connection.putheader(name, value)
    connection.putheader("content-length", str(len(body)))
    connection.endheaders(body)
    answer = connection.getresponse()
    found = answer.status, answer.getheader("x-amzn-ErrorType")
    assert answer.getheader("x-amzn-RequestId"), found
    text = answer.read()
    assert answer.status < 400 or "message" in json.loads(text), text
    connection.close()
    return found


INVALID = (403, "InvalidSignatureException")
UNKNOWN = (403, "UnrecognizedClientException")
MISSING = (403, "MissingAuthenticationTokenException")


def good():
    # As boto3 and the AWS CLI sign.
    usual = {"accept": "application/json", "content-type": "application/json"}
    body = b'{"name": "signed by hand"}'
    assert send("POST", "/apikeys", sign("POST", "/apikeys", body, usual), body)[0] == 201
    # As the Go SDK signs: whatever is there.
    go = {
        "accept-encoding": "identity", "amz-sdk-invocation-id": "x",
        "amz-sdk-request": "attempt=1;  max=3", "content-length": str(len(body)), **usual,
    }
    assert send("POST", "/apikeys", sign("POST", "/apikeys", body, go), body)[0] == 201
    with_token = {"x-amz-security-token": "a session's token"}
    assert send("GET", "/account", sign("GET", "/account", headers=with_token))[0] == 200
    for target, status in [
        ("/apikeys?limit=1&name=a%20b%2Fc%2B%C3%A9", 200),
        ("/apikeys?name=z&limit=2", 200),
        ("/apikeys?name", 200),
        ("/apikeys/we%2Fird%20key", 404),
        ("/tags/arn%3Aaws%3Aapigateway%3Aus-east-1%3A%3A%2Frestapis%2Fturnkey", 200),
        ("/apikeys/~tilde-_.", 404),
    ]:
        assert send("GET", target, sign("GET", target))[0] == status, target
    for minutes in (-14, 14):
        assert send("GET", "/account", sign("GET", "/account", minutes=minutes))[0] == 200


def bad():
    target = "/account"
    assert send("GET", target, {"host": HOST}) == MISSING
    assert send("GET", target, {"host": HOST, "authorization": "Basic eDp5"}) == MISSING
    signed = sign("POST", "/apikeys", b'{"name": "a"}')
    assert send("POST", "/apikeys", signed, b'{"name": "b"}') == INVALID
    assert send("GET", target, sign("GET", target, secret="wrong")) == INVALID
    assert send("GET", target, sign("GET", target, key="AKIDOTHER")) == UNKNOWN
    for minutes in (-16, 16):
        assert send("GET", target, sign("GET", target, minutes=minutes)) == INVALID
    assert send("GET", target, sign("GET", target, service="s3")) == INVALID


def worse():
    target = "/account"
    assert send("GET", "/apikeys", sign("GET", target)) == INVALID
    assert send("GET", "/account?limit=1", sign("GET", target)) == INVALID
    assert send("GET", target, sign("GET", target, omit=("host",))) == INVALID
    unsigned_token = sign("GET", target)
    unsigned_token["x-amz-security-token"] = "added later"
    assert send("GET", target, unsigned_token) == INVALID
    without_date = sign("GET", target)
    del without_date["x-amz-date"]
    assert send("GET", target, without_date) == INVALID
    malformed = {"host": HOST, "authorization": "AWS4-HMAC-SHA256 Credential=x"}
    assert send("GET", target, malformed) == INVALID


if __name__ == "__main__":
    good()
    {"bad": bad, "worse": worse}[os.environ["TURNKEY_PART"]]()
    # Right credentials still pass: fewer than ten were wrong.
    good()
