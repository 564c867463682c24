"""Every resource made, listed, read, changed and removed, and the refusals recorded from AWS."""

import time

from world import API, client, patch, refused, without_metadata

KEY_PATHS = "[/description, /enabled, /name, /customerId]"


def keys(gateway):
    bare = without_metadata(gateway.create_api_key())
    assert bare["enabled"] is False and "name" not in bare and "tags" not in bare, bare
    assert without_metadata(gateway.create_api_key(name=""))["stageKeys"] == []
    value = "a-value-of-twenty-ch"
    key = gateway.create_api_key(name="Prefix one", value=value, description="d", customerId="c")
    assert key["value"] == value and abs(key["createdDate"].timestamp() - time.time()) < 300, key
    refused("ConflictException", gateway.create_api_key, "API Key already exists", value=value)
    refused(
        "BadRequestException", gateway.create_api_key,
        "API Key value should be at least 20 characters", value="x" * 19,
    )
    refused(
        "BadRequestException", gateway.create_api_key,
        "API Key value exceeds maximum size of 128 characters", value="x" * 129,
    )
    refused("BadRequestException", gateway.create_api_key, value="with a space in the middle")
    refused(
        "BadRequestException", gateway.create_api_key,
        "Invalid API Key name, can be at most 1024 characters.", name="n" * 1025,
    )
    too_long = "d" * 125001
    description = "Invalid API Key description specified."
    refused("BadRequestException", gateway.create_api_key, description, description=too_long)

    gateway.create_api_key(name="Prefix two")
    gateway.create_api_key(name="prefix three")
    names = [found["name"] for found in gateway.get_api_keys(nameQuery="Prefix")["items"]]
    assert names == ["Prefix two", "Prefix one"], names
    assert gateway.get_api_keys(nameQuery="a b/c+é%_")["items"] == []
    found = gateway.get_api_keys(customerId="c", includeValues=True)["items"]
    assert [item["id"] for item in found] == [key["id"]] and "value" not in found[0], found
    assert gateway.get_api_keys(limit=-1)["items"] == []
    pages = gateway.get_paginator("get_api_keys").paginate(PaginationConfig={"PageSize": 2})
    pages = [page["items"] for page in pages]
    everything = gateway.get_api_keys(limit=500)["items"]
    assert [item for page in pages for item in page] == everything, pages
    assert all(len(page) <= 2 for page in pages) and len(pages) > 2, pages

    update = gateway.update_api_key
    refused(
        "BadRequestException", update,
        f"Invalid patch path  '/id' specified for op 'replace'. Must be one of: {KEY_PATHS}",
        apiKey=key["id"], patchOperations=patch(("replace", "/id", "x")),
    )
    refused(
        "BadRequestException", update,
        "Invalid patch operation specified. Must be one of: [replace]",
        apiKey=key["id"], patchOperations=patch(("add", "/name", "x")),
    )
    refused(
        "BadRequestException", update, description,
        apiKey=key["id"], patchOperations=patch(("replace", "/description", too_long)),
    )
    # All of a list or nothing.
    refused(
        "BadRequestException", update, apiKey=key["id"],
        patchOperations=patch(("replace", "/name", "changed"), ("replace", "/nope", "x")),
    )
    assert gateway.get_api_key(apiKey=key["id"])["name"] == "Prefix one"
    on = update(apiKey=key["id"], patchOperations=patch(("replace", "/enabled", "TRUE")))
    assert on["enabled"] is True and on["tags"] == {} and "value" not in on, on
    off = update(apiKey=key["id"], patchOperations=patch(("replace", "/enabled", "not-a-boolean")))
    assert off["enabled"] is False, off
    for call in (gateway.get_api_key, gateway.delete_api_key):
        for unknown in ("abcdefghij", "we/ird key", "é"):
            refused(
                "NotFoundException", call, "Invalid API Key identifier specified", apiKey=unknown
            )


def imports(gateway):
    value = "an-imported-value-of-32-characters"
    file = f"Name,key,UsagePlanIds\nimported,{value},nope\n".encode()
    refused(
        "BadRequestException", gateway.import_api_keys,
        body=file, format="csv", failOnWarnings=True,
    )
    assert gateway.get_api_keys(nameQuery="imported")["items"] == []
    left_out = gateway.import_api_keys(body=file, format="csv")
    assert left_out["ids"] == [] and "line 2" in left_out["warnings"][0], left_out
    file = f"Name,key\nimported,{value}\n".encode()
    made = gateway.import_api_keys(body=file, format="csv")
    assert len(made["ids"]) == 1 and made["warnings"] == [], made
    again = gateway.import_api_keys(body=file, format="csv")
    assert again["ids"] == made["ids"], again
    assert gateway.get_api_key(apiKey=made["ids"][0])["enabled"] is True


def plans(gateway):
    plan = without_metadata(gateway.create_usage_plan(name="bare"))
    assert set(plan) == {"id", "name", "apiStages"} and plan["apiStages"] == [], plan
    bad = [
        {"throttle": {"burstLimit": 1}},
        {"throttle": {}},
        {"quota": {}},
        {"throttle": {"rateLimit": -1.0, "burstLimit": 1}},
        {"throttle": {"rateLimit": 1.0, "burstLimit": -1}},
        {"quota": {"limit": 1}},
        {"quota": {"period": "DAY"}},
        {"quota": {"limit": -1, "period": "DAY"}},
        {"apiStages": [{"apiId": API}]},
        {"apiStages": [{"apiId": API, "stage": "dev", "throttle": {"/nope/GET": {
            "rateLimit": 1.0, "burstLimit": 1}}}]},
    ]
    for parameters in bad:
        refused("BadRequestException", gateway.create_usage_plan, name="bad", **parameters)
    offsets = {
        "DAY": (1, "Usage Plan quota offset must be zero in the DAY period"),
        "WEEK": (7, "Usage Plan quota offset must be between 0 and 6 inclusive in the WEEK period"),
        "MONTH": (
            28, "Usage Plan quota offset must be between 0 and 27 inclusive in the MONTH period"
        ),
    }
    for period, (offset, message) in offsets.items():
        refused(
            "BadRequestException", gateway.create_usage_plan, message, name="bad",
            quota={"limit": 1, "offset": offset, "period": period},
        )
    refused(
        "ValidationException", gateway.create_usage_plan, name="bad",
        quota={"limit": 1, "period": "YEAR"},
    )
    for stage in ({"apiId": API, "stage": "nope"}, {"apiId": "other", "stage": "dev"}):
        message = refused(
            "NotFoundException", gateway.create_usage_plan, name="bad", apiStages=[stage]
        )
        start = f"Invalid API Stage {{api: {stage['apiId']}, stage: {stage['stage']}}} specified"
        assert message.startswith(start), message

    def update(*operations):
        return gateway.update_usage_plan(usagePlanId=plan["id"], patchOperations=patch(*operations))

    limited = update(
        ("replace", "/throttle/burstLimit", "10"), ("replace", "/throttle/rateLimit", "5"),
        ("replace", "/quota/period", "MONTH"), ("replace", "/quota/limit", "7"),
    )
    assert limited["throttle"] == {"burstLimit": 10, "rateLimit": 5.0}, limited
    assert limited["quota"] == {"limit": 7, "offset": 0, "period": "MONTH"}, limited
    assert limited["tags"] == {}, limited
    for operation in [
        ("replace", "/throttle/burstLimit", "1.5"),
        ("replace", "/throttle/rateLimit", "fast"),
        ("replace", "/quota/limit", "-3"),
        ("replace", "/nope", "x"),
        ("remove", "/name"),
        ("replace", "/name", ""),
        ("remove", "/apiStages", ""),
        ("remove", "/apiStages", "malformed"),
    ]:
        refused("BadRequestException", lambda: update(operation))
    refused("ValidationException", lambda: update(("frobnicate", "/name", "x")))
    refused("NotFoundException", lambda: update(("remove", "/apiStages", f"{API}:dev")))
    refused("NotFoundException", lambda: update(("add", "/apiStages", f"{API}:nope")))
    path = f"/apiStages/{API}:dev/throttle/~1game~1{{gameId}}/GET"
    added = update(
        ("add", "/apiStages", f"{API}:dev"),
        ("replace", f"{path}/rateLimit", "1"), ("replace", f"{path}/burstLimit", "2"),
    )
    throttle = {"/game/{gameId}/GET": {"rateLimit": 1.0, "burstLimit": 2}}
    assert added["apiStages"] == [{"apiId": API, "stage": "dev", "throttle": throttle}], added
    assert "throttle" not in update(("remove", path))["apiStages"][0]
    cleared = update(("remove", "/throttle"), ("remove", "/quota"))
    assert "throttle" not in cleared and "quota" not in cleared, cleared
    unknown = "Invalid Usage Plan ID specified"
    refused("NotFoundException", gateway.get_usage_plan, unknown, usagePlanId="nope")
    refused(
        "NotFoundException", gateway.update_usage_plan, unknown,
        usagePlanId="abcdefghij", patchOperations=[],
    )
    return plan["id"]


def plan_keys(gateway, plan):
    key = gateway.create_api_key(name="member")["id"]
    member = dict(usagePlanId=plan, keyId=key)
    refused("ValidationException", gateway.create_usage_plan_key, **member, keyType="OTHER")
    gateway.create_usage_plan_key(**member, keyType="API_KEY")
    refused("ConflictException", gateway.create_usage_plan_key, **member, keyType="API_KEY")
    refused(
        "NotFoundException", gateway.create_usage_plan_key,
        usagePlanId=plan, keyId="abcdefghij", keyType="API_KEY",
    )
    listed = gateway.get_usage_plan_keys(usagePlanId=plan)["items"]
    assert listed == [{"id": key, "type": "API_KEY", "name": "member"}], listed
    assert gateway.get_usage_plan_keys(usagePlanId="nope")["items"] == []
    found = gateway.get_usage_plans(keyId=key)["items"]
    assert [item["id"] for item in found] == [plan], found
    # One key, one plan for a stage.
    other = gateway.create_usage_plan(name="other", apiStages=[{"apiId": API, "stage": "dev"}])
    refused(
        "ConflictException", gateway.create_usage_plan_key,
        usagePlanId=other["id"], keyId=key, keyType="API_KEY",
    )
    # Its place goes with the key.
    gateway.delete_api_key(apiKey=key)
    assert gateway.get_usage_plan_keys(usagePlanId=plan)["items"] == []


def usage(gateway, plan):
    key = gateway.create_api_key(name="counted")["id"]
    gateway.create_usage_plan_key(usagePlanId=plan, keyId=key, keyType="API_KEY")
    gateway.update_usage_plan(
        usagePlanId=plan,
        patchOperations=patch(("add", "/quota/limit", "50"), ("add", "/quota/period", "DAY")),
    )
    days = dict(usagePlanId=plan, startDate="2026-01-01", endDate="2026-01-03")
    found = gateway.get_usage(**days)["items"]
    assert found == {key: [[0, 50]] * 3}, found
    for wrong in [
        {"startDate": "2026-01-04"}, {"startDate": "yesterday"}, {"endDate": "2027-01-01"},
    ]:
        refused("BadRequestException", gateway.get_usage, **{**days, **wrong})
    set_to = gateway.update_usage(
        usagePlanId=plan, keyId=key, patchOperations=patch(("replace", "/remaining", "10"))
    )
    assert set_to["items"][key][0][1] == 10, set_to
    for value in ("-1", "x", ""):
        refused(
            "BadRequestException", gateway.update_usage, usagePlanId=plan, keyId=key,
            patchOperations=patch(("replace", "/remaining", value)),
        )


def stages(gateway):
    first = gateway.create_deployment(restApiId=API, description="first")
    assert first["description"] == "first" and first["createdDate"], first
    second = gateway.create_deployment(restApiId=API, stageName="blue", variables={"v": "1"})
    found = [item["id"] for item in gateway.get_deployments(restApiId=API)["items"]]
    assert found[:2] == [second["id"], first["id"]], found
    one = without_metadata(gateway.get_deployment(restApiId=API, deploymentId=first["id"]))
    assert set(one) == {"id", "description", "createdDate"}, one
    one = gateway.get_deployment(
        restApiId=API, deploymentId=first["id"], embed=["apisummary"]
    )
    assert one["apiSummary"]["/game"]["POST"]["apiKeyRequired"] is True, one
    made = without_metadata(
        gateway.create_stage(restApiId=API, stageName="green", deploymentId=first["id"])
    )
    assert made["methodSettings"] == {} and made["tracingEnabled"] is False, made
    assert "tags" not in gateway.get_stage(restApiId=API, stageName="green")
    refused(
        "ConflictException", gateway.create_stage,
        restApiId=API, stageName="green", deploymentId=first["id"],
    )
    for name in ("a b", "game", "x" * 129):
        refused(
            "BadRequestException", gateway.create_stage,
            restApiId=API, stageName=name, deploymentId=first["id"],
        )
    refused(
        "BadRequestException", gateway.create_stage,
        restApiId=API, stageName="red", deploymentId="abcdefghij",
    )
    refused(
        "BadRequestException", gateway.delete_deployment,
        "Active stages pointing to this deployment must be moved or deleted",
        restApiId=API, deploymentId=first["id"],
    )

    def update(*operations):
        return gateway.update_stage(
            restApiId=API, stageName="green", patchOperations=patch(*operations)
        )

    moved = update(
        ("replace", "/deploymentId", second["id"]), ("replace", "/description", "moved"),
        ("replace", "/variables/one", "1"),
    )
    assert moved["deploymentId"] == second["id"] and moved["variables"] == {"one": "1"}, moved
    for operation in [
        ("replace", "/nope", "x"), ("replace", "/deploymentId", "nope"),
        ("replace", "/*/*/throttling/rateLimit", "1"),
    ]:
        refused("BadRequestException", lambda: update(operation))
    pointing = gateway.get_stages(restApiId=API, deploymentId=second["id"])["item"]
    assert [stage["stageName"] for stage in pointing] == ["blue", "green"], pointing
    gateway.delete_deployment(restApiId=API, deploymentId=first["id"])
    refused(
        "NotFoundException", gateway.get_deployment, restApiId=API, deploymentId=first["id"]
    )
    gateway.delete_stage(restApiId=API, stageName="green")
    for call in (gateway.get_stage, gateway.delete_stage):
        refused(
            "NotFoundException", call, "Invalid Stage identifier specified",
            restApiId=API, stageName="green",
        )


def api(gateway):
    assert gateway.get_account()["features"] == ["UsagePlans"]
    read = gateway.get_rest_api(restApiId=API)
    assert read["apiKeySource"] == "HEADER" and read["createdDate"], read
    renamed = gateway.update_rest_api(
        restApiId=API,
        patchOperations=patch(("replace", "/name", "games"), ("replace", "/description", "d")),
    )
    assert (renamed["name"], renamed["description"]) == ("games", "d"), renamed
    for operation in [("replace", "/apiKeySource", "AUTHORIZER"), ("replace", "/policy", "{}")]:
        refused(
            "BadRequestException", gateway.update_rest_api,
            restApiId=API, patchOperations=patch(operation),
        )
    refused(
        "NotFoundException", gateway.get_rest_api,
        "Invalid API identifier specified 000000000000:other", restApiId="other",
    )
    root = gateway.get_resources(restApiId=API, limit=1)["items"][0]
    assert root["id"] == read["rootResourceId"] and root["path"] == "/", root
    resources = gateway.get_resources(restApiId=API, limit=500)["items"]
    game = {found["path"]: found["id"] for found in resources}["/game"]
    assert gateway.get_resource(restApiId=API, resourceId=game)["resourceMethods"] == {
        "POST": {}, "PUT": {}
    }
    method = gateway.get_method(restApiId=API, resourceId=game, httpMethod="PUT")
    assert method["apiKeyRequired"] is True and method["authorizationType"] == "NONE", method
    resource = "Invalid Resource identifier specified"
    refused("NotFoundException", gateway.get_resource, resource, restApiId=API, resourceId="nope")
    refused(
        "NotFoundException", gateway.get_method, "Invalid Method identifier specified",
        restApiId=API, resourceId=game, httpMethod="DELETE",
    )
    refused(
        "BadRequestException", gateway.update_method, restApiId=API, resourceId=game,
        httpMethod="PUT", patchOperations=patch(("replace", "/authorizationType", "AWS_IAM")),
    )
    for call, parameters in [
        (gateway.create_rest_api, {"name": "another"}),
        (gateway.create_resource, {"restApiId": API, "parentId": root["id"], "pathPart": "x"}),
        (gateway.get_authorizers, {"restApiId": API}),
        (gateway.get_domain_names, {}),
        (gateway.delete_rest_api, {"restApiId": API}),
    ]:
        message = refused("BadRequestException", call, **parameters)
        assert "one REST API" in message and "CreateUsagePlan" in message, message
    assert "tags" not in gateway.get_rest_apis()["items"][0]


def tags(gateway, plan):
    for path in (f"/restapis/{API}", f"/restapis/{API}/stages/dev", f"/usageplans/{plan}"):
        arn = f"arn:aws:apigateway:us-east-1::{path}"
        gateway.tag_resource(resourceArn=arn, tags={"a": "1", "b": "2"})
        gateway.untag_resource(resourceArn=arn, tagKeys=["a", "missing"])
        assert gateway.get_tags(resourceArn=arn)["tags"] == {"b": "2"}
    refused("BadRequestException", gateway.get_tags, resourceArn="arn:aws:s3:::bucket")
    arn = "arn:aws:apigateway:us-east-1::/apikeys/abcdefghij"
    refused("NotFoundException", gateway.get_tags, resourceArn=arn)


def main():
    gateway = client()
    keys(gateway)
    imports(gateway)
    plan = plans(gateway)
    plan_keys(gateway, plan)
    usage(gateway, plan)
    stages(gateway)
    api(gateway)
    tags(gateway, plan)


if __name__ == "__main__":
    main()
