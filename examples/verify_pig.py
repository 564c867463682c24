#!/usr/bin/env python3
"""Verifies every die of a finished game of Pig, from its events alone.

    curl -s -H "x-api-key: $KEY" "$BASE/game/$GAME/events?limit=500" | python3 examples/verify_pig.py

It needs Python and nothing else: it shares no line with the server. docs/RULES.md explains the
recipe. With `--draws` it reads {"seed", "gameId", "version", "entropy", "below"} and prints the
commitment, the key and the draws of that event.
"""

import hashlib
import hmac
import json
import sys
import uuid


def commitment(seed):
    return hashlib.sha256(seed).hexdigest()


def key_of(seed, game, version, entropy):
    """The key of the draws of the event that makes `version`. `entropy` has a text for each seat."""
    added = hashlib.sha256()
    for text in entropy:
        data = text.encode("ascii")
        added.update(len(data).to_bytes(4, "big") + data)
    message = b"turnkey/1\0" + uuid.UUID(game).bytes + version.to_bytes(4, "big") + added.digest()
    return hmac.new(seed, message, hashlib.sha256).digest()


def quarter_round(state, a, b, c, d):
    for to, add, turn, by in ((a, b, d, 16), (c, d, b, 12), (a, b, d, 8), (c, d, b, 7)):
        state[to] = (state[to] + state[add]) & 0xFFFFFFFF
        mixed = state[turn] ^ state[to]
        state[turn] = ((mixed << by) | (mixed >> (32 - by))) & 0xFFFFFFFF


def stream(key):
    """ChaCha20 of RFC 8439 with a zero nonce and the counter from 0, as 32-bit numbers."""
    words = [int.from_bytes(key[at : at + 4], "little") for at in range(0, 32, 4)]
    counter = 0
    while True:
        start = [0x61707865, 0x3320646E, 0x79622D32, 0x6B206574, *words, counter, 0, 0, 0]
        state = start.copy()
        for _ in range(10):
            for column in range(4):
                quarter_round(state, column, 4 + column, 8 + column, 12 + column)
            for diagonal in range(4):
                quarter_round(
                    state,
                    diagonal,
                    4 + (diagonal + 1) % 4,
                    8 + (diagonal + 2) % 4,
                    12 + (diagonal + 3) % 4,
                )
        yield from ((one + other) & 0xFFFFFFFF for one, other in zip(state, start))
        counter += 1


def random_below(numbers, n):
    limit = 2**32 - 2**32 % n
    return next(number for number in numbers if number < limit) % n


def expect(condition, what):
    if not condition:
        sys.exit(f"not fair: {what}")


def verify(events):
    """Plays the game again; what each die showed."""
    first = events[0]["data"]
    expect(events[0]["type"] == "game_created", "the first event creates the game")
    expect(first["variant"] == "pig", "it is a game of Pig")
    seeds = [event["data"]["seed"] for event in events if "seed" in event["data"]]
    expect(len(seeds) == 1, "one event shows the seed: the one that ended the game")
    seed = bytes.fromhex(seeds[0])
    expect(commitment(seed) == first["commitment"], "the seed is the one that was promised")

    names = sorted(first["seats"])
    given = {name: first.get("entropy", "") for name in names if first["seats"][name]}
    scores, playing = dict.fromkeys(names, 0), list(names)
    turn, points, dice = names[0], 0, []

    def pass_turn():
        nonlocal turn, points
        later = [name for name in playing if name > turn]
        turn, points = (later + playing)[0] if playing else turn, 0

    for expected, event in enumerate(events, 1):
        data = event["data"]
        expect(event["version"] == expected, f"version {expected} is there")
        if event["type"] == "player_seated":
            given[data["seat"]] = data.get("entropy", "")
        elif event["type"] == "seat_left":
            given.pop(data["seat"])
        elif event["type"] == "resigned" and not data["result"]:
            playing.remove(data["seat"])
            if data["seat"] == turn:
                pass_turn()
        elif event["type"] == "move_played":
            expect(data["seat"] == turn, f"at version {expected} it is the turn of {turn}")
            if data["move"] == "roll":
                entropy = [given[name] for name in names]
                key = key_of(seed, event["gameId"], event["version"], entropy)
                die = random_below(stream(key), 6) + 1
                dice.append(die)
                points += die
                if die == 1:
                    pass_turn()
            else:
                mover = turn
                scores[mover] += points
                pass_turn()
                won = scores[mover] >= first["options"]["target"]
                result = data.get("result")
                expect(won == bool(result), f"{mover} has {scores[mover]} at version {expected}")
                if result:
                    told = {name: seat["score"] for name, seat in result["seats"].items()}
                    expect(told == scores, f"the scores are {scores}, not {told}")
    return {"dice": dice, "scores": scores}


def draws(asked):
    seed = bytes.fromhex(asked["seed"])
    key = key_of(seed, asked["gameId"], asked["version"], asked["entropy"])
    numbers = stream(key)
    drawn = [random_below(numbers, below) for below in asked["below"]]
    return {"commitment": commitment(seed), "key": key.hex(), "draws": drawn}


if __name__ == "__main__":
    told = json.load(sys.stdin)
    print(json.dumps(draws(told) if sys.argv[1:] == ["--draws"] else verify(told["events"])))
