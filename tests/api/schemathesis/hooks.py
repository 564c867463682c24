"""Makes each Idempotency-Key one of its own call: a repeat with another body is 422, rightly, and
nothing that a schema could say."""

import uuid

import schemathesis

HEADER = "Idempotency-Key"
LONGEST = 255


@schemathesis.hook
def before_call(context, case, kwargs):
    if case.meta is None or case.meta.generation.mode.is_negative:
        return
    key = (case.headers or {}).get(HEADER)
    if key is not None:
        own = str(uuid.uuid4())
        case.headers[HEADER] = key[: LONGEST - len(own)] + own
