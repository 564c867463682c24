"""The ten steps that secure the game API, once with the AWS CLI and once with boto3."""

import datetime

from world import API, aws, client, curl, patch, until, until_curl, without_metadata


def today():
    return datetime.datetime.now(datetime.timezone.utc).date().isoformat()


def with_the_cli():
    # 1. The API, and its resource `game`.
    (api,) = aws("get-rest-apis")["items"]
    assert api["id"] == API, api
    resources = aws("get-resources", "--rest-api-id", API, "--embed", "methods")["items"]
    (game,) = [resource for resource in resources if resource["path"] == "/game"]
    assert set(game["resourceMethods"]) == {"POST", "PUT"}, game
    # 2. API Key Required.
    for verb in ("POST", "PUT"):
        method = aws(
            "update-method", "--rest-api-id", API, "--resource-id", game["id"],
            "--http-method", verb,
            "--patch-operations", "op=replace,path=/apiKeyRequired,value=true",
        )
        assert method["apiKeyRequired"] is True, method
    # 3. Deploy.
    deployment = aws("create-deployment", "--rest-api-id", API, "--stage-name", "prod")
    assert set(deployment) >= {"id", "createdDate"}, deployment
    # 4. Keys: generated and custom.
    generated = aws("create-api-key", "--name", "app", "--enabled")
    assert generated["value"].startswith("tk_") and generated["enabled"], generated
    custom_value = "a-custom-value-of-thirty-chars"
    custom = aws("create-api-key", "--name", "custom", "--enabled", "--value", custom_value)
    assert custom["value"] == custom_value, custom
    # 5. A plan with throttle and quota.
    plan = aws(
        "create-usage-plan", "--name", "basic",
        "--throttle", "rateLimit=50,burstLimit=100",
        "--quota", "limit=1000,period=MONTH",
    )
    assert plan["throttle"] == {"rateLimit": 50.0, "burstLimit": 100}, plan
    assert plan["quota"] == {"limit": 1000, "offset": 0, "period": "MONTH"}, plan
    # 6. The stage.
    updated = aws(
        "update-usage-plan", "--usage-plan-id", plan["id"],
        "--patch-operations", f"op=add,path=/apiStages,value={API}:prod",
    )
    assert updated["apiStages"] == [{"apiId": API, "stage": "prod"}], updated
    # 7. The keys.
    for key in (generated, custom):
        added = aws(
            "create-usage-plan-key", "--usage-plan-id", plan["id"],
            "--key-id", key["id"], "--key-type", "API_KEY",
        )
        assert added == {"id": key["id"], "type": "API_KEY", "name": key["name"]}, added
    # 8. The source of keys.
    api = aws(
        "update-rest-api", "--rest-api-id", API,
        "--patch-operations", "op=replace,path=/apiKeySource,value=HEADER",
    )
    assert api["apiKeySource"] == "HEADER", api
    # 9. The call.
    until_curl(201, "prod", generated["value"])
    statuses = {
        "without a key": curl("prod"),
        "with a wrong key": curl("prod", "tk_wrong"),
        "with the generated key": curl("prod", generated["value"]),
        "with the custom key": curl("prod", custom_value),
    }
    for what, status in statuses.items():
        print(f"POST /prod/game {what}: {status}")
    assert list(statuses.values()) == [403, 403, 201, 201], statuses
    # 10. The use: at least the two calls with the generated key.
    asked = (
        "get-usage", "--usage-plan-id", plan["id"], "--key-id", generated["id"],
        "--start-date", today(), "--end-date", today(),
    )

    def counted():
        usage = client().get_usage(
            usagePlanId=plan["id"], keyId=generated["id"], startDate=today(), endDate=today()
        )
        used, remaining = usage["items"][generated["id"]][0]
        return (used, remaining) == (2, 998), (used, remaining)

    until(counted, seconds=20)
    usage = aws(*asked)
    assert usage["items"] == {generated["id"]: [[2, 998]]}, usage


def with_boto3():
    gateway = client()
    assert [api["id"] for api in gateway.get_rest_apis()["items"]] == [API]
    resources = gateway.get_paginator("get_resources").paginate(
        restApiId=API, embed=["methods"], PaginationConfig={"PageSize": 3}
    )
    resources = {found["path"]: found for page in resources for found in page["items"]}
    game = resources["/game"]
    assert resources["/"]["id"] == game["parentId"], game
    assert game["resourceMethods"]["POST"]["apiKeyRequired"] is True, game
    for verb in ("POST", "PUT"):
        gateway.update_method(
            restApiId=API, resourceId=game["id"], httpMethod=verb,
            patchOperations=patch(("replace", "/apiKeyRequired", "true")),
        )
    gateway.create_deployment(restApiId=API, stageName="beta")
    key = gateway.create_api_key(name="beta app", enabled=True)
    plan = gateway.create_usage_plan(
        name="beta",
        throttle={"rateLimit": 10, "burstLimit": 20},
        quota={"limit": 100, "period": "DAY"},
    )
    gateway.update_usage_plan(
        usagePlanId=plan["id"], patchOperations=patch(("add", "/apiStages", f"{API}:beta"))
    )
    gateway.create_usage_plan_key(usagePlanId=plan["id"], keyId=key["id"], keyType="API_KEY")
    gateway.update_rest_api(
        restApiId=API, patchOperations=patch(("replace", "/apiKeySource", "HEADER"))
    )
    until_curl(201, "beta", key["value"])
    assert curl("beta") == 403
    assert curl("beta", "x" * 30) == 403
    # The key is of this stage only.
    assert curl("prod", key["value"]) == 403
    usage = without_metadata(
        gateway.get_usage(usagePlanId=plan["id"], startDate=today(), endDate=today())
    )
    assert usage["usagePlanId"] == plan["id"] and list(usage["items"]) == [key["id"]], usage
    # A method is open only once that is deployed.
    gateway.update_method(
        restApiId=API, resourceId=game["id"], httpMethod="POST",
        patchOperations=patch(("replace", "/apiKeyRequired", "false")),
    )
    assert curl("beta") == 403
    stages = gateway.get_stages(restApiId=API)["item"]
    (before,) = [stage for stage in stages if stage["stageName"] == "beta"]
    gateway.create_deployment(restApiId=API, stageName="beta", description="open")
    until_curl(201, "beta")
    assert curl("prod") == 403
    # The rollback.
    gateway.update_stage(
        restApiId=API, stageName="beta",
        patchOperations=patch(("replace", "/deploymentId", before["deploymentId"])),
    )
    until_curl(403, "beta")
    gateway.delete_stage(restApiId=API, stageName="beta")
    until_curl(404, "beta", key["value"])


if __name__ == "__main__":
    with_the_cli()
    with_boto3()
