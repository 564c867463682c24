"""Which rules a stage serves: with the AWS CLI, with boto3, and by the games that come of it."""

import json
import os
import urllib.request

from world import API, CONTROL, PUBLIC, aws, client, patch, refused, until, until_curl

gateway = client()


def deploy(stage=None, **rules):
    """CreateDeployment; what Turnkey shows of it."""
    named = {"stageName": stage} if stage else {}
    made = gateway.create_deployment(restApiId=API, variables=rules, **named)
    return rules_of(made["id"])


def rules_of(deployment):
    request = urllib.request.Request(f"{CONTROL}/turnkey/deployments/{deployment}")
    request.add_header("authorization", f"Bearer {os.environ['TURNKEY_ADMIN_TOKEN']}")
    with urllib.request.urlopen(request) as answer:
        shown = json.load(answer)
    assert shown["id"] == deployment, shown
    return shown["rules"]


def call(verb, path, body, token=None):
    request = urllib.request.Request(PUBLIC + path, method=verb, data=json.dumps(body).encode())
    request.add_header("content-type", "application/json")
    request.add_header("x-api-key", key["value"])
    if token:
        request.add_header("authorization", f"Bearer {token}")
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


class Gomoku:
    """A game that one player plays on both sides, on a board of 6 by 5."""

    def __init__(self, stage):
        self.stage = stage
        options = {"rows": 5, "columns": 6}
        body = {"variant": "gomoku", "options": options, "opponent": "self"}
        made = call("POST", f"/{stage}/game", body)
        self.game, self.token = made["game"], made["player"]["token"]
        self.rules = self.game["rules"]

    def play(self, *moves):
        for move in moves:
            body = {"gameId": self.game["gameId"], "version": self.game["version"], "move": move}
            self.game = call("PUT", f"/{self.stage}/game", body, self.token)

    def is_won_by_an_overline(self):
        """Black gets six in a row with the stone between its five."""
        self.play(0, 12, 1, 13, 2, 14, 4, 18, 5, 19, 3)
        return self.game["status"] == "finished"


def until_rules(stage, version):
    """A deployment holds within a second."""

    def asked():
        found = Gomoku(stage).rules
        return found == version, found

    until(asked)


# Two stages by two deployments, the first one with the AWS CLI.
first = aws(
    "create-deployment", "--rest-api-id", API, "--stage-name", "one",
    "--variables", "rules_gomoku=1,colour=blue",
)
assert set(first) == {"id", "createdDate"}, first
assert rules_of(first["id"])["gomoku"] == 1
assert deploy("two", rules_gomoku="2")["gomoku"] == 2
# The rules are no variables of the stage.
stage = aws("get-stage", "--rest-api-id", API, "--stage-name", "one")
assert stage["variables"] == {"colour": "blue"}, stage
assert "variables" not in gateway.get_stage(restApiId=API, stageName="two")

key = gateway.create_api_key(name="phone", enabled=True)
stages = [{"apiId": API, "stage": name} for name in ("one", "two")]
plan = gateway.create_usage_plan(name="both", apiStages=stages)
gateway.create_usage_plan_key(usagePlanId=plan["id"], keyId=key["id"], keyType="API_KEY")
until_curl(201, "one", key["value"])
assert Gomoku("one").rules == 1 and Gomoku("one").is_won_by_an_overline()
assert Gomoku("two").rules == 2 and not Gomoku("two").is_won_by_an_overline()

# Running games keep theirs after a redeploy; what is not named stays as it was.
running = Gomoku("one")
assert deploy("one", rules_connect_four="1")["gomoku"] == 1
assert deploy("one", rules_gomoku="2", rules_tic_tac_toe="1")["gomoku"] == 2
until_rules("one", 2)
assert running.rules == 1 and running.is_won_by_an_overline()
# Pointing the stage back is the rollback.
gateway.update_stage(
    restApiId=API, stageName="one",
    patchOperations=patch(("replace", "/deploymentId", first["id"])),
)
until_rules("one", 1)
assert deploy("one")["gomoku"] == 1

# Without a stage: as in the newest deployment. A stage that is new: the newest rules.
assert deploy()["gomoku"] == 1
assert deploy(rules_gomoku="2")["gomoku"] == 2
assert deploy()["gomoku"] == 2
deploy("one", rules_gomoku="1")
assert deploy("three")["gomoku"] == 2

# What there is not, and where rules do not belong.
create = gateway.create_deployment
message = refused(
    "BadRequestException", create, restApiId=API, variables={"rules_chess": "1"}, stageName="one"
)
assert "there is no variant 'chess'" in message and "connect-four, gomoku, " in message, message
refused(
    "BadRequestException", create, "Invalid rules: gomoku has no version '3'. It has 1, 2",
    restApiId=API, variables={"rules_gomoku": "3"},
)
for variables in ({"rules_gomoku": "1"}, {"rules_": ""}):
    message = refused(
        "BadRequestException", gateway.create_stage,
        restApiId=API, stageName="four", deploymentId=first["id"], variables=variables,
    )
    assert "CreateDeployment" in message, message
for op in ("add", "replace", "remove"):
    message = refused(
        "BadRequestException", gateway.update_stage,
        restApiId=API, stageName="one",
        patchOperations=patch((op, "/variables/rules_gomoku", "1")),
    )
    assert "CreateDeployment" in message, message
refused("NotFoundException", gateway.get_stage, restApiId=API, stageName="four")
