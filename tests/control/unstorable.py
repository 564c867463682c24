"""Every member of every operation in botocore's model, and of our own calls, with texts and numbers
that Postgres cannot hold. Nothing is answered with 500, and a NUL is answered with 400."""

import base64
import gzip
import http.client
import json
import os
import re
import urllib.parse

import botocore
from world import CONTROL, client, patch

HOST = urllib.parse.urlparse(CONTROL).netloc
BEARER = {"authorization": f"Bearer {os.environ['TURNKEY_ADMIN_TOKEN']}"}
MODEL = os.path.join(
    os.path.dirname(botocore.__file__), "data/apigateway/2015-07-09/service-2.json.gz"
)
BYTE = "@byte@"
NULS = ["\0", "a\0b"]
TEXTS = NULS + ["\ud800", "\udfff", BYTE, "\U0010ffff", "\ufdd0", "x" * 100_000, ""]
NUMBERS = [-1, 2**31, 2**63, -(2**63), 2**64, 1.5, 1e308, "\0"]
# What a value has to be for a call to come as far as the database.
gateway = client()
KEY = gateway.create_api_key(name="good", enabled=True)["id"]
PLAN = gateway.get_usage_plans()["items"][0]["id"]
STAGE = gateway.get_stages(restApiId="turnkey")["item"][0]
RESOURCES = gateway.get_resources(restApiId="turnkey")["items"]
GOOD = {
    "restApiId": "turnkey", "apiKey": KEY, "keyId": KEY, "usagePlanId": PLAN, "keyType": "API_KEY",
    "stageName": "dev", "deploymentId": STAGE["deploymentId"], "httpMethod": "POST",
    "resourceId": next(item["id"] for item in RESOURCES if item["path"] == "/game"),
    "resourceArn": "arn:aws:apigateway:us-east-1::/restapis/turnkey", "name": "good",
    "startDate": "2026-11-01", "endDate": "2026-11-02", "tags": {"a": "b"}, "tagKeys": ["a"],
    "op": "replace", "path": "/name", "value": "x", "apiId": "turnkey", "stage": "dev",
    "period": "DAY", "rateLimit": 1.0, "burstLimit": 1, "limit": 5, "offset": 0,
}
PATHS = {
    "UpdateApiKey": ["/name", "/description", "/customerId", "/enabled"],
    "UpdateUsagePlan": [
        "/name", "/description", "/productCode", "/apiStages", "/throttle/rateLimit",
        "/throttle/burstLimit", "/quota/limit", "/quota/offset", "/quota/period",
        "/apiStages/turnkey:dev/throttle", "/apiStages/turnkey:dev/throttle//game/POST/rateLimit",
    ],
    "UpdateUsage": ["/remaining"],
    "UpdateRestApi": ["/name", "/description", "/apiKeySource"],
    "UpdateMethod": ["/apiKeyRequired"],
    "UpdateStage": ["/description", "/deploymentId", "/variables/a"],
    "UpdateDeployment": ["/description"],
    "UpdateAccount": ["/features"],
}
connection = http.client.HTTPConnection(HOST, timeout=60)
counts = {"calls": 0, "nuls": 0}


def send(method, target, body=b""):
    global connection
    try:
        connection.request(method, target, body=body, headers=BEARER)
        answer = connection.getresponse()
        text = answer.read()
    except (http.client.HTTPException, OSError):
        # A head that is too long costs the connection.
        connection = http.client.HTTPConnection(HOST, timeout=60)
        connection.request(method, target, body=body, headers=BEARER)
        answer = connection.getresponse()
        text = answer.read()
    counts["calls"] += 1
    return answer.status, text


def check(what, evil, method, target, body=b""):
    status, text = send(method, target, body)
    assert status < 500, (what, evil if len(str(evil)) < 50 else "long", status, text)
    if evil in NULS:
        counts["nuls"] += 1
        assert status == 400, (what, evil, status, text)


def encoded(text):
    """For a path or a query, where nothing is very long."""
    raw = text[:3000].encode("utf-8", "surrogatepass").replace(BYTE.encode(), b"\xff")
    return urllib.parse.quote(raw, safe="")


def as_json(value):
    return json.dumps(value).encode().replace(BYTE.encode(), b"\xff")


def variants(shapes, name, member):
    """Values of a shape, each with one leaf that is bad: (the leaf, the value)."""
    shape = shapes[name]
    if shape["type"] == "string":
        yield from ((evil, evil) for evil in TEXTS)
    elif shape["type"] in ("integer", "long", "double", "float", "boolean", "timestamp"):
        yield from ((evil, evil) for evil in NUMBERS)
    elif shape["type"] == "list":
        for evil, value in variants(shapes, shape["member"]["shape"], member):
            yield evil, [value]
    elif shape["type"] == "map":
        inner = next(value for _, value in variants(shapes, shape["value"]["shape"], member))
        good = "b" if isinstance(inner, str) else {}
        yield from ((evil, {evil: good}) for evil in TEXTS)
        for evil, value in variants(shapes, shape["value"]["shape"], member):
            yield evil, {"/game/POST" if isinstance(value, dict) else "a": value}
    elif shape["type"] == "structure":
        goods = {key: GOOD[key] for key in shape["members"] if key in GOOD}
        for key, inner in shape["members"].items():
            for evil, value in variants(shapes, inner["shape"], key):
                yield evil, {**goods, key: value}


def walk(shapes, name, operation):
    method = operation["http"]["method"]
    uri, _, fixed = operation["http"]["requestUri"].partition("?")
    members = shapes[operation["input"]["shape"]]["members"]
    required = shapes[operation["input"]["shape"]].get("required", [])
    place = {key: inner.get("location", "body") for key, inner in members.items()}
    wire = {key: inner.get("locationName", key) for key, inner in members.items()}
    good = {key: GOOD.get(key, "x") for key in required}
    if name in PATHS:
        good["patchOperations"] = patch(("replace", PATHS[name][0], "x"))
    is_blob = "payload" in shapes[operation["input"]["shape"]]

    def call(values, evil):
        def segment(match):
            label = match.group(1)
            key = next(key for key in members if place[key] == "uri" and wire[key] == label)
            return encoded(str(values.get(key, GOOD.get(key, "x"))))

        path = re.sub(r"\{(\w+)\+?\}", segment, uri)
        query = [fixed] if fixed else []
        for key, value in values.items():
            if place[key] == "querystring":
                many = value if isinstance(value, list) else [value]
                query += [f"{wire[key]}={encoded(str(one))}" for one in many]
        body = {wire[key]: value for key, value in values.items() if place[key] == "body"}
        body = as_json(body) if body and not is_blob else b""
        what = (name, method, path[:80], query[:2], body[:200])
        check(what, evil, method, path + ("?" + "&".join(query) if query else ""), body)

    for key, inner in members.items():
        if is_blob and place[key] == "body":
            continue
        for evil, value in variants(shapes, inner["shape"], key):
            call({**good, key: value}, evil)
    for path in PATHS.get(name, []):
        for evil in TEXTS + ["NaN", "inf", "-1", "9" * 30]:
            operations = [{"op": "replace", "path": path, "value": evil}]
            call({**good, "patchOperations": operations}, evil)


def ours():
    def position(text):
        return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")

    positions = ["\0", "1:\0", "-300000000000000000:a", "99999999999999999:a", str(2**64), "-1"]
    for path in (
        "/apikeys", "/usageplans", f"/usageplans/{PLAN}/keys", "/restapis/turnkey/deployments",
        "/restapis/turnkey/resources", "/turnkey/audit",
        f"/usageplans/{PLAN}/usage?startDate=2026-11-01&endDate=2026-11-02",
    ):
        joint = "&" if "?" in path else "?"
        for text in positions:
            check(path, text, "GET", f"{path}{joint}position={position(text)}")
        for evil in TEXTS + ["-1", "9" * 30]:
            for name in ("position", "limit", "name", "keyId", "customerId"):
                check((path, name), evil, "GET", f"{path}{joint}{name}={encoded(evil)}")
            check(path, evil, "GET", f"{path}{joint}{encoded(evil)}=x")
    for evil in TEXTS:
        for name in ("stage", "method", "path", "keyId"):
            given = {"stage": "dev", "method": "POST", "path": "/game", "keyId": KEY, name: evil}
            query = "&".join(f"{key}={encoded(value)}" for key, value in given.items())
            check(name, evil, "GET", f"/turnkey/explain?{query}")
        for value in (evil, [evil], {evil: 1}):
            check("expiresAt", evil, "PATCH", f"/turnkey/apikeys/{KEY}", as_json({"expiresAt": value}))
            rotate = f"/turnkey/apikeys/{KEY}/rotate"
            check("rotate", evil, "POST", rotate, as_json({"value": value, "graceSeconds": 60}))
            check("rotate", evil, "POST", rotate, as_json({evil: value}))
        check("segment", evil, "GET", f"/{encoded(evil)}")
        check("tags", evil, "GET", f"/tags/{encoded(evil)}")
        row = f"name,key,description\n{evil},{evil},{evil}\n".encode("utf-8", "surrogatepass")
        row = row.replace(BYTE.encode(), b"\xff")
        status, text = send("POST", "/apikeys?mode=import&format=csv", row)
        assert status == 201 and json.loads(text)["ids"] == [], (evil[:20], status, text[:200])
    for number in (-1, 2**31, 2**63, 2**64, 1e300):
        body = as_json({"expiresAt": number})
        check("expiresAt", number, "PATCH", f"/turnkey/apikeys/{KEY}", body)


with gzip.open(MODEL) as file:
    model = json.load(file)
for name, operation in model["operations"].items():
    if "input" in operation:
        walk(model["shapes"], name, operation)
ours()
status, text = send("POST", "/apikeys", b'{"name":"after all that"}')
assert status == 201, text
print(f"{counts['calls']} calls over {len(model['operations'])} operations, {counts['nuls']} with a NUL")
assert counts["calls"] > 5000 and counts["nuls"] > 1000, counts
