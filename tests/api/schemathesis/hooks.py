"""What no schema could say, and is 422 or 400, rightly.

Each Idempotency-Key is made one of its own call: a repeat with another body is 422. Names are kept
to characters that Unicode knows and that can be seen, and to a length in grapheme clusters: no
pattern has words for either."""

import unicodedata
import uuid

import schemathesis

HEADER = "Idempotency-Key"
LONGEST = 255


@schemathesis.hook
def before_call(context, case, kwargs):
    if case.meta is None or case.meta.generation.mode.is_negative:
        return
    if isinstance(case.body, dict) and isinstance(case.body.get("name"), str):
        case.body["name"] = nameable(case.body["name"])
    key = (case.headers or {}).get(HEADER)
    if key is not None:
        own = str(uuid.uuid4())
        case.headers[HEADER] = key[: LONGEST - len(own)] + own


def nameable(name):
    """As much of it as may be a name."""
    seen = "".join(filter(is_seen, name)).strip()[:40]
    while len(unicodedata.normalize("NFC", seen).encode()) > 200:
        seen = seen[:-1]
    return seen.strip() or "Ann"


def is_seen(character):
    if unicodedata.category(character) in ("Cc", "Cf", "Cn", "Cs", "Zl", "Zp"):
        return False
    # Marks, selectors and fillers that are not shown; Python has no property for them.
    hidden = ("VARIATION SELECTOR", "FILLER", "JOINER", "INHERENT", "BRAILLE PATTERN BLANK")
    return not any(word in unicodedata.name(character, "") for word in hidden)
