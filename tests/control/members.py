"""Walks API Gateway's own model of each operation: every member of its input is kept, refused when
it is really sent, or harmless for a reason that is given here. What is not served is named."""

import datetime

from world import API, client, patch, refused

# Members that are taken and change nothing.
HARMLESS = {
    ("CreateApiKey", "generateDistinctId"): "true is so: an id is never the key's value",
    ("GetTags", "position"): "API Gateway's model says that it does not support it",
    ("GetTags", "limit"): "API Gateway's model says that it does not support it",
}


def today():
    return datetime.datetime.now(datetime.timezone.utc).date().isoformat()


class World:
    """Makes what the calls are about."""

    def __init__(self, gateway):
        self.gateway = gateway
        self.count = 0

    def name(self):
        self.count += 1
        return f"member{self.count}"

    def key(self, **more):
        return self.gateway.create_api_key(name=self.name(), **more)["id"]

    def plan(self, **more):
        return self.gateway.create_usage_plan(name=self.name(), **more)["id"]

    def deployment(self):
        return self.gateway.create_deployment(restApiId=API)["id"]

    def stage(self):
        name = self.name()
        self.gateway.create_stage(restApiId=API, stageName=name, deploymentId=self.deployment())
        return name

    def resource(self):
        resources = self.gateway.get_resources(restApiId=API, limit=500)["items"]
        return {found["path"]: found["id"] for found in resources}["/game"]


def arn(path):
    return f"arn:aws:apigateway:us-east-1::{path}"


def same(sent, read, *names):
    for name in names or sent:
        assert read[name] == sent[name], (name, sent, read)


# Each makes a call with every member that its operation keeps, sees that it is kept, and gives the
# call's parameters.


def create_api_key(world, gateway):
    sent = dict(
        name=world.name(), description="d", enabled=True, customerId="c", tags={"t": "1"},
        value=f"a-value-of-a-test-{world.name()}",
    )
    made = gateway.create_api_key(**sent)
    same(sent, made)
    read = gateway.get_api_key(apiKey=made["id"])
    same(sent, read, "name", "description", "enabled", "customerId", "tags")
    sent["value"] = f"another-value-of-a-test-{world.name()}"
    return sent


def import_api_keys(world, gateway):
    file = f"name,key\nx,a-value-of-32-characters-{world.name()}\ny,short\n".encode()
    sent = dict(body=file, format="csv", failOnWarnings=True)
    refused("BadRequestException", gateway.import_api_keys, **sent)
    made = gateway.import_api_keys(**{**sent, "failOnWarnings": False})
    assert len(made["ids"]) == 1, made
    return sent


def get_api_keys(world, gateway):
    keys = [world.key(customerId="of-list") for _ in range(2)]
    sent = dict(customerId="of-list", nameQuery="member", limit=1, includeValues=True)
    first = gateway.get_api_keys(**sent)
    assert len(first["items"]) == 1 and "hash" in first["warnings"][0], first
    sent["position"] = first["position"]
    second = gateway.get_api_keys(**sent)
    assert [page["items"][0]["id"] for page in (second, first)] == keys, (first, second)
    assert gateway.get_api_keys(nameQuery="no such name")["items"] == []
    assert "warnings" not in gateway.get_api_keys(limit=1)
    return sent


def get_api_key(world, gateway):
    # The CLI's model of an answer has no place for the warning; it is on the wire.
    sent = dict(apiKey=world.key(), includeValue=True)
    assert "value" not in gateway.get_api_key(**sent)
    return sent


def create_usage_plan(world, gateway):
    sent = dict(
        name=world.name(), description="d", tags={"t": "1"},
        throttle={"burstLimit": 3, "rateLimit": 2.0},
        quota={"limit": 7, "offset": 1, "period": "WEEK"},
        apiStages=[{
            "apiId": API, "stage": world.stage(),
            "throttle": {"/game/POST": {"burstLimit": 1, "rateLimit": 1.0}},
        }],
    )
    made = gateway.create_usage_plan(**sent)
    same(sent, made)
    same(sent, gateway.get_usage_plan(usagePlanId=made["id"]))
    return sent


def get_usage_plans(world, gateway):
    key, plans = world.key(), [world.plan(), world.plan()]
    for plan in plans:
        gateway.create_usage_plan_key(usagePlanId=plan, keyId=key, keyType="API_KEY")
    sent = dict(keyId=key, limit=1)
    first = gateway.get_usage_plans(**sent)
    sent["position"] = first["position"]
    found = [page["items"][0]["id"] for page in (gateway.get_usage_plans(**sent), first)]
    assert found == plans, (found, plans)
    return sent


def create_usage_plan_key(world, gateway):
    sent = dict(usagePlanId=world.plan(), keyId=world.key(), keyType="API_KEY")
    made = gateway.create_usage_plan_key(**sent)
    assert (made["id"], made["type"]) == (sent["keyId"], "API_KEY"), made
    return {**sent, "keyId": world.key()}


def get_usage_plan_keys(world, gateway):
    plan, keys = world.plan(), [world.key(), world.key()]
    for key in keys:
        gateway.create_usage_plan_key(usagePlanId=plan, keyId=key, keyType="API_KEY")
    sent = dict(usagePlanId=plan, nameQuery="member", limit=1)
    first = gateway.get_usage_plan_keys(**sent)
    sent["position"] = first["position"]
    found = [page["items"][0]["id"] for page in (gateway.get_usage_plan_keys(**sent), first)]
    assert found == keys, (found, keys)
    assert gateway.get_usage_plan_keys(usagePlanId=plan, nameQuery="nope")["items"] == []
    return sent


def get_usage(world, gateway):
    plan, keys = world.plan(), sorted([world.key(), world.key()])
    for key in keys:
        gateway.create_usage_plan_key(usagePlanId=plan, keyId=key, keyType="API_KEY")
    sent = dict(usagePlanId=plan, startDate=today(), endDate=today(), limit=1)
    first = gateway.get_usage(**sent)
    second = gateway.get_usage(**sent, position=first["position"])
    assert [list(first["items"]), list(second["items"])] == [keys[:1], keys[1:]], (first, second)
    sent["keyId"] = keys[1]
    assert list(gateway.get_usage(**sent)["items"]) == keys[1:]
    return {**sent, "position": first["position"]}


def create_deployment(world, gateway):
    sent = dict(
        restApiId=API, stageName=world.name(), stageDescription="s", description="d",
        variables={"v": "1"},
    )
    made = gateway.create_deployment(**sent)
    assert made["description"] == "d", made
    stage = gateway.get_stage(restApiId=API, stageName=sent["stageName"])
    assert (stage["description"], stage["variables"]) == ("s", {"v": "1"}), stage
    return sent


def get_deployments(world, gateway):
    made = [world.deployment(), world.deployment()]
    sent = dict(restApiId=API, limit=1)
    first = gateway.get_deployments(**sent)
    sent["position"] = first["position"]
    second = gateway.get_deployments(**sent)
    assert [page["items"][0]["id"] for page in (second, first)] == made, (first, second)
    return sent


def get_deployment(world, gateway):
    sent = dict(restApiId=API, deploymentId=world.deployment())
    assert "apiSummary" not in gateway.get_deployment(**sent)
    sent["embed"] = ["apisummary"]
    assert "/game" in gateway.get_deployment(**sent)["apiSummary"]
    refused("BadRequestException", gateway.get_deployment, **{**sent, "embed": ["other"]})
    return sent


def create_stage(world, gateway):
    sent = dict(
        stageName=world.name(), deploymentId=world.deployment(), description="d",
        variables={"v": "1"}, tags={"t": "1"},
    )
    same(sent, gateway.create_stage(restApiId=API, **sent))
    same(sent, gateway.get_stage(restApiId=API, stageName=sent["stageName"]))
    return dict(sent, restApiId=API, stageName=world.name())


def get_stages(world, gateway):
    deployment = world.deployment()
    sent = dict(restApiId=API, deploymentId=deployment)
    assert gateway.get_stages(**sent)["item"] == []
    assert gateway.get_stages(restApiId=API)["item"] != []
    return sent


def get_rest_apis(world, gateway):
    found = gateway.get_rest_apis(limit=1)
    assert len(found["items"]) == 1 and "position" not in found, found
    assert gateway.get_rest_apis(limit=0)["items"] == []
    position = gateway.get_resources(restApiId=API, limit=1)["position"]
    sent = dict(limit=1, position=position)
    assert gateway.get_rest_apis(**sent)["items"] == []
    return sent


def get_resources(world, gateway):
    sent = dict(restApiId=API, limit=2)
    first = gateway.get_resources(**sent)
    sent = dict(sent, position=first["position"], embed=["methods"])
    second = gateway.get_resources(**sent)
    assert first["items"][0]["path"] == "/" and second["items"][0]["path"] != "/", first
    refused("BadRequestException", gateway.get_resources, **{**sent, "embed": ["other"]})
    return sent


def get_resource(world, gateway):
    sent = dict(restApiId=API, resourceId=world.resource(), embed=["methods"])
    methods = gateway.get_resource(**sent)["resourceMethods"]
    assert methods["POST"]["apiKeyRequired"] is True, methods
    return sent


def tag_resource(world, gateway):
    sent = dict(resourceArn=arn(f"/apikeys/{world.key()}"), tags={"t": "1"})
    gateway.tag_resource(**sent)
    assert gateway.get_tags(resourceArn=sent["resourceArn"])["tags"] == {"t": "1"}
    return sent


def untag_resource(world, gateway):
    tagged = dict(resourceArn=arn(f"/apikeys/{world.key(tags={'t': '1', 'u': '2'})}"))
    gateway.untag_resource(**tagged, tagKeys=["t"])
    assert gateway.get_tags(**tagged)["tags"] == {"u": "2"}
    return dict(tagged, tagKeys=["t"])


def get_tags(world, gateway):
    return dict(resourceArn=arn(f"/apikeys/{world.key()}"))


def described(read_name, **about):
    """An update of a description, seen in the answer."""

    def update(world, gateway):
        parameters = {name: make(world) for name, make in about.items()}
        sent = dict(parameters, patchOperations=patch(("replace", "/description", "other")))
        call = getattr(gateway, read_name)
        assert call(**sent)["description"] == "other", read_name
        removed = call(**parameters, patchOperations=patch(("remove", "/description")))
        assert "description" not in removed, removed
        return sent

    return update


def update_method(world, gateway):
    sent = dict(
        restApiId=API, resourceId=world.resource(), httpMethod="POST",
        patchOperations=patch(("replace", "/apiKeyRequired", "false")),
    )
    assert gateway.update_method(**sent)["apiKeyRequired"] is False
    sent["patchOperations"] = patch(("replace", "/apiKeyRequired", "true"))
    assert gateway.update_method(**sent)["apiKeyRequired"] is True
    return sent


def update_account(world, gateway):
    sent = dict(patchOperations=patch(("add", "/features", "UsagePlans")))
    account = gateway.update_account(**sent)
    assert account["features"] == ["UsagePlans"], account
    assert set(account["throttleSettings"]) == {"burstLimit", "rateLimit"}, account
    return sent


def update_usage(world, gateway):
    plan, key = world.plan(quota={"limit": 9, "period": "DAY"}), world.key()
    gateway.create_usage_plan_key(usagePlanId=plan, keyId=key, keyType="API_KEY")
    sent = dict(
        usagePlanId=plan, keyId=key, patchOperations=patch(("replace", "/remaining", "3"))
    )
    assert gateway.update_usage(**sent)["items"][key] == [[0, 3]]
    return sent


API_ID = dict(restApiId=lambda world: API)
PROOFS = {
    "CreateApiKey": create_api_key,
    "ImportApiKeys": import_api_keys,
    "GetApiKeys": get_api_keys,
    "GetApiKey": get_api_key,
    "UpdateApiKey": described("update_api_key", apiKey=World.key),
    "CreateUsagePlan": create_usage_plan,
    "GetUsagePlans": get_usage_plans,
    "UpdateUsagePlan": described("update_usage_plan", usagePlanId=World.plan),
    "CreateUsagePlanKey": create_usage_plan_key,
    "GetUsagePlanKeys": get_usage_plan_keys,
    "GetUsage": get_usage,
    "UpdateUsage": update_usage,
    "CreateDeployment": create_deployment,
    "GetDeployments": get_deployments,
    "GetDeployment": get_deployment,
    "UpdateDeployment": described("update_deployment", **API_ID, deploymentId=World.deployment),
    "CreateStage": create_stage,
    "GetStages": get_stages,
    "UpdateStage": described("update_stage", **API_ID, stageName=World.stage),
    "GetRestApis": get_rest_apis,
    "UpdateRestApi": described("update_rest_api", **API_ID),
    "GetResources": get_resources,
    "GetResource": get_resource,
    "UpdateMethod": update_method,
    "UpdateAccount": update_account,
    "TagResource": tag_resource,
    "UntagResource": untag_resource,
    "GetTags": get_tags,
}


def members(shape, path=()):
    """Every member below a shape as a path; `[]` is an item of a list, `{}` a value of a map."""
    if shape.type_name == "structure":
        for name, member in shape.members.items():
            yield (*path, name), member
            yield from members(member, (*path, name))
    elif shape.type_name == "list":
        yield from members(shape.member, (*path, "[]"))
    elif shape.type_name == "map":
        yield from members(shape.value, (*path, "{}"))


def sample(shape):
    """Something that the model takes for this shape, and that says something."""
    return {
        "string": lambda: (getattr(shape, "enum", None) or ["sampled"])[0],
        "boolean": lambda: True,
        "integer": lambda: 1,
        "double": lambda: 1.0,
        "timestamp": lambda: 1,
        "blob": lambda: b"x",
        "list": lambda: [sample(shape.member)],
        "map": lambda: {"sampled": sample(shape.value)},
        "structure": lambda: {name: sample(member) for name, member in shape.members.items()},
    }[shape.type_name]()


def holds(sent, path):
    """Whether the call carried this member."""
    if not path:
        return True
    name, *rest = path
    if name == "[]":
        return any(holds(item, rest) for item in sent)
    if name == "{}":
        return any(holds(value, rest) for value in sent.values())
    return isinstance(sent, dict) and name in sent and holds(sent[name], rest)


def with_member(sent, path, value):
    """The call, carrying this member as well."""
    name, *rest = path
    if name == "[]":
        return [with_member(sent[0] if sent else {}, rest, value), *sent[1:]]
    if name == "{}":
        return {"sampled": with_member({}, rest, value)}
    below = value
    if rest:
        empty = [] if rest[0] == "[]" else {}
        below = with_member(sent.get(name, empty), rest, value)
    return {**sent, name: below}


def check_operation(gateway, world, operation, method):
    shape = operation.input_shape
    if shape is None:
        return
    sent = PROOFS[operation.name](world, gateway) if operation.name in PROOFS else {}
    for path, member in members(shape):
        name = ".".join(path)
        is_in_path = len(path) == 1 and member.serialization.get("location") == "uri"
        if is_in_path or holds(sent, path):
            continue
        call = with_member(sent, path, sample(member))
        if (operation.name, name) in HARMLESS:
            method(**call)
            continue
        message = refused("BadRequestException", method, **call)
        assert path[0] in message or path[-1] in message, (operation.name, name, message)
        print(f"{operation.name} {name}: {message[:100]}")


def main():
    gateway = client()
    model = gateway.meta.service_model
    methods = {
        operation: getattr(gateway, name)
        for name, operation in gateway.meta.method_to_api_mapping.items()
    }
    message = refused("BadRequestException", gateway.create_rest_api, name="another")
    served = message.split("It serves ")[1].split(";")[0].split(", ")
    assert set(PROOFS) <= set(served) and len(served) == 39, served
    world = World(gateway)
    for name in model.operation_names:
        operation = model.operation_model(name)
        if name in served:
            check_operation(gateway, world, operation, methods[name])
            continue
        parameters = {}
        if operation.input_shape is not None:
            required = operation.input_shape.required_members
            parameters = {
                member: sample(operation.input_shape.members[member]) for member in required
            }
        message = refused("BadRequestException", methods[name], **parameters)
        assert message.startswith(f"{name} is not served"), (name, message)
    refused(
        "BadRequestException", gateway.create_api_key, name="x", generateDistinctId=False
    )


if __name__ == "__main__":
    main()
