# Sourced, not run. Plays a game over HTTP at $PUBLIC, with the API key in $api_key.

say() { printf '\n== %s\n' "$*"; }
fail() {
  echo "FAILED: $*" >&2
  exit 1
}

# Prints the part $1 (in Python's words) of the JSON on standard input.
field() { python3 -c "import json,sys; print(json.load(sys.stdin)$1)"; }

api() {
  curl -fsS --config <(printf 'header = "x-api-key: %s"\n' "$api_key") \
    -H 'content-type: application/json' "http://$PUBLIC$1" "${@:2}"
}

# X and O in turn; X wins with the last move.
play_game() {
  local created game ann bob token version=2 answer
  created=$(api /game -d '{"name":"Ann"}')
  game=$(field '["game"]["gameId"]' <<<"$created")
  ann=$(field '["player"]["token"]' <<<"$created")
  bob=$(api /join -d "{\"invite\":\"$(field '["invite"]' <<<"$created")\",\"name\":\"Bob\"}" |
    field '["player"]["token"]')
  for cell in 4 0 2 1 6; do
    token=$ann
    [ $((version % 2)) -eq 0 ] || token=$bob
    answer=$(api /game -X PUT -H "authorization: Bearer $token" \
      -d "{\"gameId\":\"$game\",\"move\":$cell,\"version\":$version}")
    version=$((version + 1))
  done
  field '["result"]' <<<"$answer"
  [ "$(field '["result"]["winner"]' <<<"$answer")" = X ] || fail "X did not win"
  [ "$(api "/game/$game/events" | field '["version"]')" = 7 ] || fail "the game has not seven events"
}
