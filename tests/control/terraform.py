"""The calls that Terraform's aws_api_gateway_api_key, _usage_plan and _usage_plan_key make, in its
order: create, read after create, a second refresh, update, delete."""

import threading

from world import API, PUBLIC, client, curl, patch, refused, until_curl, without_metadata

VALUE = "configured-value-of-forty-characters-long"


def refresh_key(gateway, identifier):
    key = without_metadata(gateway.get_api_key(apiKey=identifier, includeValue=True))
    # The provider calls .Format() on both.
    assert key["createdDate"] and key["lastUpdatedDate"], key
    assert "value" not in key, "a stored value is a hash: nothing is given back"
    return key


def api_key(gateway, name, value):
    made = gateway.create_api_key(
        name=name, description="Managed by Terraform", enabled=True, value=value,
        tags={"team": "a"},
    )
    key = refresh_key(gateway, made["id"])
    assert key["description"] == "Managed by Terraform" and key["tags"] == {"team": "a"}, key
    assert refresh_key(gateway, made["id"]) == key, "a second refresh finds no difference"
    return made


def usage_plan(gateway):
    made = gateway.create_usage_plan(
        name="terraform", description="Managed by Terraform",
        apiStages=[
            {"apiId": API, "stage": "dev"},
            {
                "apiId": API, "stage": "next",
                "throttle": {"/game/POST": {"rateLimit": 5, "burstLimit": 10}},
            },
        ],
        throttle={"burstLimit": 5000, "rateLimit": 9000.5},
        quota={"limit": 100000, "offset": 2, "period": "WEEK"},
        tags={"team": "a"},
    )
    gateway.update_usage_plan(
        usagePlanId=made["id"], patchOperations=patch(("add", "/productCode", "MYCODE"))
    )
    read = gateway.get_usage_plan(usagePlanId=made["id"])
    assert read["productCode"] == "MYCODE", read
    assert read["quota"] == {"limit": 100000, "offset": 2, "period": "WEEK"}, read
    assert read["throttle"] == {"burstLimit": 5000, "rateLimit": 9000.5}, read
    assert read["tags"] == {"team": "a"}, read
    return made


def update_plan_under_traffic(gateway, plan, value):
    """All stages are removed and added again in one list; nobody who calls meanwhile sees that."""
    statuses, stop = [], threading.Event()

    def call():
        while not stop.is_set():
            statuses.append(curl("dev", value))

    caller = threading.Thread(target=call)
    caller.start()
    try:
        for _ in range(10):
            gateway.update_usage_plan(
                usagePlanId=plan["id"],
                patchOperations=patch(
                    ("replace", "/name", "terraform"),
                    ("replace", "/description", "changed"),
                    ("replace", "/productCode", "OTHER"),
                    ("remove", "/apiStages", f"{API}:dev"),
                    ("remove", "/apiStages", f"{API}:next"),
                    ("add", "/apiStages", f"{API}:dev"),
                    ("add", "/apiStages", f"{API}:next"),
                    ("replace", f"/apiStages/{API}:next/throttle//game/POST/rateLimit", "7.5"),
                    ("replace", f"/apiStages/{API}:next/throttle//game/POST/burstLimit", "9"),
                    ("replace", "/throttle/rateLimit", "8000"),
                    ("replace", "/throttle/burstLimit", "4000"),
                    ("replace", "/quota/limit", "90000"),
                    ("replace", "/quota/period", "MONTH"),
                    ("replace", "/quota/offset", "3"),
                ),
            )
    finally:
        stop.set()
        caller.join()
    assert statuses and set(statuses) == {201}, (PUBLIC, statuses)
    read = gateway.get_usage_plan(usagePlanId=plan["id"])
    stages = {stage["stage"]: stage.get("throttle") for stage in read["apiStages"]}
    assert stages == {
        "dev": None,
        "next": {"/game/POST": {"rateLimit": 7.5, "burstLimit": 9}},
    }, read
    assert read["quota"] == {"limit": 90000, "offset": 3, "period": "MONTH"}, read
    assert read["productCode"] == "OTHER" and read["description"] == "changed", read


def delete_plan(gateway, plan):
    refused("BadRequestException", gateway.delete_usage_plan, usagePlanId=plan["id"])
    gateway.update_usage_plan(
        usagePlanId=plan["id"],
        patchOperations=patch(
            ("remove", "/apiStages", f"{API}:dev"), ("remove", "/apiStages", f"{API}:next")
        ),
    )
    gateway.delete_usage_plan(usagePlanId=plan["id"])
    refused("NotFoundException", gateway.get_usage_plan, usagePlanId=plan["id"])


def main():
    gateway = client()
    gateway.create_deployment(restApiId=API, stageName="next")
    # `value` unset is sent as an empty text.
    generated = api_key(gateway, "generated", "")
    configured = api_key(gateway, "configured", VALUE)
    assert configured["value"] == VALUE and generated["value"].startswith("tk_")
    disabled = gateway.create_api_key(name="disabled, as Go omits false", value="")
    assert disabled["enabled"] is False, disabled
    plan = usage_plan(gateway)
    member = gateway.create_usage_plan_key(
        usagePlanId=plan["id"], keyId=configured["id"], keyType="API_KEY"
    )
    for _ in range(2):
        read = gateway.get_usage_plan_key(usagePlanId=plan["id"], keyId=member["id"])
        assert (read["type"], read["name"]) == ("API_KEY", "configured"), read
        assert "value" not in read, read
    until_curl(201, "dev", VALUE)
    update_plan_under_traffic(gateway, plan, VALUE)

    changed = gateway.update_api_key(
        apiKey=generated["id"],
        patchOperations=patch(
            ("replace", "/enabled", "false"),
            ("replace", "/description", ""),
            ("replace", "/name", "renamed"),
            ("replace", "/customerId", "customer"),
        ),
    )
    assert changed["enabled"] is False and changed["name"] == "renamed", changed
    assert "description" not in changed and changed["customerId"] == "customer", changed
    arn = f"arn:aws:apigateway:eu-central-1::/apikeys/{generated['id']}"
    gateway.untag_resource(resourceArn=arn, tagKeys=["team"])
    gateway.tag_resource(resourceArn=arn, tags={"stage": "two words", "x": "a/b+c"})
    assert refresh_key(gateway, generated["id"])["tags"] == {"stage": "two words", "x": "a/b+c"}

    gateway.delete_usage_plan_key(usagePlanId=plan["id"], keyId=configured["id"])
    refused(
        "NotFoundException", gateway.get_usage_plan_key,
        usagePlanId=plan["id"], keyId=configured["id"],
    )
    delete_plan(gateway, plan)
    for key in (generated, configured, disabled):
        gateway.delete_api_key(apiKey=key["id"])
        refused("NotFoundException", gateway.get_api_key, apiKey=key["id"], includeValue=True)
        refused("NotFoundException", gateway.delete_api_key, apiKey=key["id"])


if __name__ == "__main__":
    main()
