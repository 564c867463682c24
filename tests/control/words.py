"""Refusals and answers in the words recorded from AWS, and throttles as Terraform sends them."""

import datetime
import json
import os
import urllib.error
import urllib.request

from world import (
    API, CONTROL, client, patch, refused, until, until_curl, without_metadata,
)

BAD = "BadRequestException"


def throttles(gateway):
    def made(**throttle):
        plan = gateway.create_usage_plan(name="throttled", throttle=throttle)
        assert gateway.get_usage_plan(usagePlanId=plan["id"])["throttle"] == plan["throttle"]
        return plan["throttle"]

    # Terraform's provider leaves zeros out.
    for throttle in ({}, {"burstLimit": 5}):
        message = refused(BAD, gateway.create_usage_plan, name="bad", throttle=throttle)
        assert "throttle" in message and "rateLimit" in message, message
    for rate, burst in ((0.2, 1), (2.0, 2), (2.5, 3), (0.0, 1)):
        assert made(rateLimit=rate) == {"rateLimit": rate, "burstLimit": burst}
    assert made(rateLimit=5.0, burstLimit=0) == {"rateLimit": 5.0, "burstLimit": 0}
    assert made(rateLimit=10.0, burstLimit=20) == {"rateLimit": 10.0, "burstLimit": 20}

    plan = gateway.create_usage_plan(name="patched")["id"]

    def update(*operations):
        return gateway.update_usage_plan(usagePlanId=plan, patchOperations=patch(*operations))

    refused(BAD, lambda: update(("replace", "/throttle/burstLimit", "5")))
    refused(BAD, lambda: update(("add", "/throttle", "{}")))
    limited = update(("add", "/throttle/rateLimit", "2.5"))
    assert limited["throttle"] == {"rateLimit": 2.5, "burstLimit": 3}, limited
    limited = update(("replace", "/throttle/rateLimit", "9"))
    assert limited["throttle"] == {"rateLimit": 9.0, "burstLimit": 3}, limited
    assert "throttle" not in update(("remove", "/throttle"))


def methods(gateway):
    """A method's throttle is called what it was given, and is one however it is written."""
    given = {
        "/game/POST": {"rateLimit": 1.0, "burstLimit": 1},
        "game/PUT": {"rateLimit": 2.5, "burstLimit": 3},
        "//game/{gameId}/GET": {"rateLimit": 3.0, "burstLimit": 3},
    }
    asked = {
        "/game/POST": {"rateLimit": 1.0},
        "game/PUT": {"rateLimit": 2.5},
        "//game/{gameId}/GET": {"rateLimit": 3.0, "burstLimit": 3},
    }
    stage = {"apiId": API, "stage": "dev"}
    plan = gateway.create_usage_plan(name="methods", apiStages=[{**stage, "throttle": asked}])
    assert plan["apiStages"] == [{**stage, "throttle": given}], plan
    for throttle in (
        {"/game/POST": {}},
        {"/game/POST": {"burstLimit": 1}},
        {"/game/POST": {"rateLimit": 1.0}, "game/POST": {"rateLimit": 1.0}},
        {"/game/post": {"rateLimit": 1.0}},
    ):
        stages = [{**stage, "throttle": throttle}]
        refused(BAD, gateway.create_usage_plan, name="bad", apiStages=stages)
    path = f"/apiStages/{API}:dev/throttle"

    def update(*operations):
        changed = gateway.update_usage_plan(
            usagePlanId=plan["id"], patchOperations=patch(*operations)
        )
        return changed["apiStages"][0].get("throttle", {})

    found = update(("replace", f"{path}/~1game~1PUT/burstLimit", "7"))
    assert found["game/PUT"] == {"rateLimit": 2.5, "burstLimit": 7}, found
    assert len(found) == 3, found
    found = update(("remove", f"{path}//game/{{gameId}}/GET"), ("remove", f"{path}/game/POST"))
    assert list(found) == ["game/PUT"], found
    refused(BAD, lambda: update(("replace", f"{path}//game/POST/burstLimit", "1")))
    for value in ('{"/game/POST": {}}', '{"/game/POST": {"burstLimit": 1}}'):
        refused(BAD, lambda: update(("replace", path, value)))
    found = update(("replace", path, '{"/game/POST": {"rateLimit": 1.5}}'))
    assert found == {"/game/POST": {"rateLimit": 1.5, "burstLimit": 2}}, found
    gateway.update_usage_plan(
        usagePlanId=plan["id"], patchOperations=patch(("remove", "/apiStages", f"{API}:dev"))
    )


def conflicts(gateway):
    stages = [{"apiId": API, "stage": "dev"}]
    first = gateway.create_usage_plan(name="first plan", apiStages=stages)["id"]
    second = gateway.create_usage_plan(name="second plan")["id"]
    key = gateway.create_api_key(name="shared key")["id"]
    for plan in (first, second):
        gateway.create_usage_plan_key(usagePlanId=plan, keyId=key, keyType="API_KEY")
    messages = [
        refused(
            "ConflictException", gateway.update_usage_plan, usagePlanId=second,
            patchOperations=patch(("add", "/apiStages", f"{API}:dev")),
        )
    ]
    third = gateway.create_usage_plan(name="third plan", apiStages=stages)["id"]
    messages.append(
        refused(
            "ConflictException", gateway.create_usage_plan_key,
            usagePlanId=third, keyId=key, keyType="API_KEY",
        )
    )
    for message in messages:
        for named in (key, "shared key", first, "first plan", "stage: dev"):
            assert named in message, (named, message)
    message = refused(BAD, gateway.delete_usage_plan, usagePlanId=first)
    start = f"Cannot delete Usage Plan {first} because there are API Stages associated with it"
    assert message == f"{start}: {API}:dev", message
    # moto judges the key first.
    unknown = "Invalid API Key identifier specified"
    for call in (gateway.get_usage_plan_key, gateway.create_usage_plan_key):
        more = {"keyType": "API_KEY"} if call == gateway.create_usage_plan_key else {}
        refused("NotFoundException", call, unknown, usagePlanId="nope", keyId="nope", **more)
    gateway.delete_api_key(apiKey=key)
    for plan in (first, third):
        gateway.update_usage_plan(
            usagePlanId=plan, patchOperations=patch(("remove", "/apiStages", f"{API}:dev"))
        )


def patches(gateway):
    words = "Member must satisfy enum value set: [add, remove, move, test, replace, copy]"
    for count in (1, 2, 3):
        told = [
            f"Value 'wrong' at 'updateRestApiInput.patchOperations.{number}.member.op' failed to "
            f"satisfy constraint: {words}"
            for number in range(1, count + 1)
        ]
        plural = "s" if count > 1 else ""
        refused(
            "ValidationException", gateway.update_rest_api,
            f"{count} validation error{plural} detected: {'; '.join(told)}",
            restApiId=API, patchOperations=patch(*[("wrong", "/name", "x")] * count),
        )
    key = gateway.create_api_key(name="patched")["id"]
    message = refused(
        BAD, gateway.update_api_key, apiKey=key,
        patchOperations=patch(
            ("replace", "/id", "x"), ("add", "/name", "x"), ("remove", "/id"),
            ("replace", "/name", "good"),
        ),
    )
    for told in (
        "Invalid patch path  '/id' specified for op 'replace'. Must be one of: [/description, "
        "/enabled, /name, /customerId]",
        "Invalid patch operation specified. Must be one of: [replace]",
        "Invalid patch path  '/id' specified for op 'remove'. Must be one of: [/description, "
        "/customerId]",
    ):
        assert told in message, message
    assert gateway.get_api_key(apiKey=key)["name"] == "patched"
    refused(
        BAD, gateway.update_usage_plan,
        "Invalid patch path  '/id' specified for op 'remove'. Must be one of: [/description, "
        "/productCode, /apiStages, /throttle, /quota, /apiStages/{apiId:stage}/throttle, "
        "/apiStages/{apiId:stage}/throttle/{path}/{verb}]",
        usagePlanId=gateway.create_usage_plan(name="p")["id"],
        patchOperations=patch(("remove", "/id")),
    )
    method = dict(restApiId=API, httpMethod="POST")
    resources = gateway.get_resources(restApiId=API, limit=500)["items"]
    (method["resourceId"],) = [found["id"] for found in resources if found["path"] == "/game"]
    for operation, message in [
        (("add", "/operationName", "x"),
         "Invalid patch operation specified. Must be one of: [replace]"),
        (("add", "/requestValidatorId", "x"),
         "Invalid patch operation specified. Must be one of: [replace]"),
        (("add", "/httpMethod", "PUT"), "Invalid patch path /httpMethod"),
    ]:
        refused(BAD, gateway.update_method, message, **method, patchOperations=patch(operation))
    same = gateway.update_method(
        **method,
        patchOperations=patch(
            ("replace", "/authorizationType", "NONE"), ("replace", "/operationName", "createGame")
        ),
    )
    assert (same["authorizationType"], same["operationName"]) == ("NONE", "createGame"), same


def stages(gateway):
    deployment = gateway.create_deployment(restApiId=API)["id"]
    for name, member, harmless, asked in [
        ("cacheClusterEnabled", "cacheClusterEnabled", False, True),
        ("tracingEnabled", "tracingEnabled", False, True),
        ("cacheClusterSize", "cacheClusterSize", "", "0.5"),
    ]:
        stage = f"{member}-1"
        create = dict(restApiId=API, stageName=stage, deploymentId=deployment)
        assert name in refused(BAD, gateway.create_stage, **create, **{member: asked})
        deploy = dict(restApiId=API, stageName=stage)
        assert name in refused(BAD, gateway.create_deployment, **deploy, **{member: asked})
        refused("NotFoundException", gateway.get_stage, restApiId=API, stageName=stage)
        gateway.create_stage(**create, **{member: harmless})
        gateway.create_deployment(**deploy, **{member: harmless})
        update = dict(restApiId=API, stageName=stage)
        text = {True: "true", False: "false"}
        for value in (asked, harmless):
            operations = patch(("replace", f"/{member}", text.get(value, value)))
            if value == asked:
                message = refused(BAD, gateway.update_stage, **update, patchOperations=operations)
                assert name in message, message
            else:
                kept = gateway.update_stage(**update, patchOperations=operations)
                assert kept["tracingEnabled"] is False and "tags" not in kept, kept
    update = dict(restApiId=API, stageName="tracingEnabled-1")
    for operation, message in [
        (("replace", "/documentation_version", "123"),
         "Invalid method setting path: /documentation_version. Must be one of: [/deploymentId, "
         "/description, /variables/{variable_name}]"),
        (("remove", "/*/*"),
         "Cannot remove method setting */* because there is no method setting for this method "),
        (("remove", "/canarySettings/badPath"),
         "Cannot remove method setting canarySettings/badPath because there is no method setting "
         "for this method "),
        (("replace", "/deploymentId", "nope"), "Deployment id does not exist"),
        (("replace", "/deploymentId", "abcdefghij"), "Deployment id does not exist"),
    ]:
        refused(BAD, gateway.update_stage, message, **update, patchOperations=patch(operation))
    for source, message in [
        ("/canarySettings/deploymentId", "Promotion not available. Canary does not exist."),
        ("/deploymentId", "Invalid copy operation with path: /deploymentId and from "
         "/deploymentId. Valid copy:path are [/deploymentId, /variables] and valid copy:from are "
         "[/canarySettings/deploymentId, /canarySettings/stageVariableOverrides]"),
    ]:
        operation = {"op": "copy", "path": "/deploymentId", "from": source}
        refused(BAD, gateway.update_stage, message, **update, patchOperations=[operation])
    # Percent 0 would have deployed to everybody.
    message = refused(
        BAD, gateway.create_deployment, **update, canarySettings={"percentTraffic": 0.0}
    )
    assert message.startswith("canarySettings"), message


def account(gateway):
    found = without_metadata(gateway.get_account())
    assert found["throttleSettings"] == {"burstLimit": 5000, "rateLimit": 10000.0}, found
    same = gateway.update_account(
        patchOperations=patch(
            ("add", "/features", "UsagePlans"), ("replace", "/cloudwatchRoleArn", "")
        )
    )
    assert without_metadata(same) == found, same
    refused(
        BAD, gateway.update_account, "Usage Plans cannot be disabled once enabled",
        patchOperations=patch(("remove", "/features", "UsagePlans")),
    )
    for path, value in [
        ("/cloudwatchRoleArn", "arn:aws:iam::123456789012:role/x"),
        ("/throttleSettings/rateLimit", "1"), ("/features", "TestFeature"),
    ]:
        message = refused(
            BAD, gateway.update_account, patchOperations=patch(("add", path, value))
        )
        assert path in message or value in message, message


def queries(gateway):
    """What boto3 would not send."""
    key = gateway.create_api_key(name="asked for")["id"]

    def call(verb, path, body=None):
        request = urllib.request.Request(
            CONTROL + path, method=verb, data=body,
            headers={"authorization": f"Bearer {os.environ['TURNKEY_ADMIN_TOKEN']}"},
        )
        try:
            with urllib.request.urlopen(request) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            return error.code, json.load(error)

    status, found = call("GET", f"/apikeys/{key}?includeValue=true")
    assert status == 200 and "hash" in found["warnings"][0] and "value" not in found, found
    status, found = call("GET", f"/apikeys/{key}?includeValue=false")
    assert status == 200 and "warnings" not in found, found
    for verb, path, body, named in [
        ("GET", "/apikeys?includevalues=true", None, "includevalues"),
        ("GET", "/usageplans?name=x", None, "name"),
        ("GET", "/account?limit=1", None, "limit"),
        ("POST", "/apikeys?value=x", b"{}", "value"),
        ("DELETE", f"/apikeys/{key}", b'{"force":true}', "DeleteApiKey"),
        ("POST", "/apikeys", b'{"nam":"x"}', "nam"),
        ("POST", "/usageplans", b'{"name":"x","throttle":{"rate":1}}', "rate"),
        ("POST", "/usageplans", b'{"name":"x","productCode":"p"}', "productCode"),
        ("PATCH", f"/apikeys/{key}", b'{"patchOperation":[]}', "patchOperation"),
        ("PATCH", f"/apikeys/{key}", b'{"patchOperations":[{"op":"replace","path":"/name",'
         b'"valeu":"x"}]}', "valeu"),
        ("PUT", f"/tags/arn%3Aaws%3Aapigateway%3Ax%3A%3A%2Fapikeys%2F{key}",
         b'{"tags":{},"tag":{}}', "tag"),
        ("POST", f"/restapis/{API}/deployments", b'{"description":"x","variables":{"v":"1"}}',
         "variables"),
        ("POST", f"/restapis/{API}/deployments", b'{"stageDescription":"x"}', "stageDescription"),
    ]:
        status, found = call(verb, path, body)
        assert status == 400 and f"{named}" in found["message"], (verb, path, status, found)
    for body in (b'{"patchOperations":null,"other":null}', b"{}", b""):
        assert call("PATCH", f"/apikeys/{key}", body)[0] == 200, body


def usage(gateway):
    """A key that called goes on being listed when it has left the plan, and when it is deleted."""
    gateway.create_deployment(restApiId=API, stageName="counted")
    plan = gateway.create_usage_plan(
        name="counted", apiStages=[{"apiId": API, "stage": "counted"}],
        quota={"limit": 50, "period": "MONTH"},
    )["id"]
    caller = gateway.create_api_key(name="caller", enabled=True)
    idle = gateway.create_api_key(name="idle", enabled=True)["id"]
    for key in (caller["id"], idle):
        gateway.create_usage_plan_key(usagePlanId=plan, keyId=key, keyType="API_KEY")
    until_curl(201, "counted", caller["value"])
    # Three days, so that midnight may pass.
    now = datetime.datetime.now(datetime.timezone.utc)
    start, end = (str((now + datetime.timedelta(days=days)).date()) for days in (-1, 1))

    def used(**more):
        found = gateway.get_usage(usagePlanId=plan, startDate=start, endDate=end, **more)
        return {key: sum(day[0] for day in days) for key, days in found["items"].items()}

    until(lambda: (used() == {caller["id"]: 1, idle: 0}, used()), seconds=20)
    for key in (caller["id"], idle):
        gateway.delete_usage_plan_key(usagePlanId=plan, keyId=key)
    assert used() == {caller["id"]: 1}
    gateway.delete_api_key(apiKey=caller["id"])
    assert used() == used(keyId=caller["id"]) == {caller["id"]: 1}
    assert used(keyId=idle) == {}
    gateway.update_usage_plan(
        usagePlanId=plan, patchOperations=patch(("remove", "/apiStages", f"{API}:counted"))
    )
    gateway.delete_usage_plan(usagePlanId=plan)
    refused(
        "NotFoundException", gateway.get_usage, usagePlanId=plan, startDate=start, endDate=end
    )


def main():
    gateway = client()
    throttles(gateway)
    methods(gateway)
    conflicts(gateway)
    patches(gateway)
    stages(gateway)
    account(gateway)
    queries(gateway)
    usage(gateway)


if __name__ == "__main__":
    main()
