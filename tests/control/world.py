"""What the stories share: where the server is, the AWS clients, curl, and how to expect a refusal."""

import json
import os
import subprocess
import time

import boto3
import botocore.config
import botocore.exceptions

PUBLIC = os.environ["TURNKEY_PUBLIC"]
CONTROL = os.environ["TURNKEY_CONTROL"]
API = "turnkey"


def client():
    config = botocore.config.Config(retries={"max_attempts": 1})
    return boto3.client("apigateway", endpoint_url=CONTROL, config=config)


def aws(*arguments):
    """Runs the AWS CLI; what it printed, read as JSON."""
    command = ["aws", "--endpoint-url", CONTROL, "--output", "json", "apigateway", *arguments]
    print("$ aws --endpoint-url http://127.0.0.1:8081 apigateway", *arguments, flush=True)
    done = subprocess.run(command, capture_output=True, text=True)
    print(done.stdout.strip() or done.stderr.strip() or "(no output)", flush=True)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout) if done.stdout.strip() else None


def curl(stage, key=None):
    """POST /{stage}/game; the status."""
    command = ["curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", "-X", "POST"]
    command += ["-H", "content-type: application/json", "-d", "{}"]
    if key is not None:
        command += ["-H", f"x-api-key: {key}"]
    done = subprocess.run(command + [f"{PUBLIC}/{stage}/game"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return int(done.stdout)


def until(condition, seconds=10):
    """Waits for a condition; fails with what it last gave where it does not come to hold."""
    end = time.monotonic() + seconds
    while True:
        holds, found = condition()
        if holds:
            return found
        assert time.monotonic() < end, f"not in {seconds} s: {found}"
        time.sleep(0.02)


def until_curl(status, stage, key=None):
    """A change holds within 1 s on every instance; a busy machine is given more."""

    def answered():
        found = curl(stage, key)
        return found == status, found

    until(answered)


def refused(kind, call, message=None, **parameters):
    """The call fails with this typed error; its message, which must be `message` where given."""
    try:
        call(**parameters)
    except botocore.exceptions.ClientError as error:
        found = error.response["Error"]
        assert found["Code"] == kind, (kind, found)
        if message is not None:
            assert found["Message"] == message, found
        return found["Message"]
    raise AssertionError(f"{call} with {parameters} must be refused with {kind}")


def patch(*operations):
    """Patch operations, each (op, path) or (op, path, value)."""
    names = ("op", "path", "value")
    return [dict(zip(names, operation)) for operation in operations]


def without_metadata(answer):
    answer.pop("ResponseMetadata", None)
    return answer
