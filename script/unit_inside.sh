#!/usr/bin/env bash
# Run by script/unit inside its container, not by hand: docs/DEPLOY.md, "Bare metal", and a game.
set -euo pipefail
. /root/play.sh

# shellcheck disable=SC2034 # for play.sh
PUBLIC=127.0.0.1:8080
CONTROL=127.0.0.1:8081

main() {
  say "$(systemctl --version | head -1)"
  make_database
  make_settings

  say "starting"
  systemctl daemon-reload
  systemctl enable --now turnkey
  until_ok curl -fsS -o /dev/null "http://$PUBLIC/readyz"
  systemctl show turnkey --property=ActiveState,SubState,DynamicUser,LimitNOFILE
  ps -o user:20,args -C turnkey

  say "making the first key"
  # As root, from the files that only root reads.
  export DATABASE_URL_FILE=/etc/turnkey/database_url
  turnkey deploy prod
  turnkey plan create phones --stage prod --rate 50 --burst 100
  # shellcheck disable=SC2034 # for play.sh
  api_key=$(turnkey key create --plan phones --name android | grep -o 'tk_[A-Za-z0-9]*' | head -1)

  say "playing a game"
  play_game
  [ "$(curl -sS -o /dev/null -w '%{http_code}' -H "authorization: Bearer wrong" "http://$CONTROL/metrics")" != 500 ]

  say "no secret in its environment, no file of its own, no capability"
  check_process

  say "killing it"
  before=$(systemctl show turnkey --property=MainPID --value)
  systemctl kill --signal=KILL turnkey
  until_ok came_back "$before"
  play_game

  say "stopping it"
  began=$SECONDS
  systemctl stop turnkey
  result=$(systemctl show turnkey --property=Result --value)
  echo "$result after $((SECONDS - began)) s"
  [ "$result" = success ] || fail "it did not end by itself"

  say "what systemd says of it"
  systemd-analyze verify /etc/systemd/system/turnkey.service
  systemd-analyze security --no-pager turnkey | tail -1
  journalctl --unit turnkey --no-pager --output cat | grep -c '"level"' || true
  echo "The unit works."
}

make_database() {
  password=$(openssl rand -hex 24 2>/dev/null || head -c 24 /dev/urandom | od -An -tx1 | tr -d ' \n')
  until_ok pg_isready --quiet --host=/var/run/postgresql
  printf "create role turnkey login password '%s'" "$password" | su postgres -c 'psql --quiet'
  su postgres -c 'createdb --owner turnkey turnkey'
}

make_settings() {
  install -d -m 700 /etc/turnkey
  for file in database_url turnkey_secret admin_token turnkey.env; do
    install -m 600 /dev/null "/etc/turnkey/$file"
  done
  printf 'postgres://turnkey:%s@127.0.0.1/turnkey' "$password" >/etc/turnkey/database_url
  head -c 32 /dev/urandom | base64 >/etc/turnkey/turnkey_secret
  head -c 24 /dev/urandom | base64 | tr -d '/+=\n' >/etc/turnkey/admin_token
  echo 'TURNKEY_DEFAULT_STAGE=prod' >/etc/turnkey/turnkey.env
}

check_process() {
  local pid
  pid=$(systemctl show turnkey --property=MainPID --value)
  if tr '\0' '\n' <"/proc/$pid/environ" | grep -qF -e "$password" -e "$(cat /etc/turnkey/turnkey_secret)"; then
    fail "a secret is in the environment"
  fi
  grep -q '^CapEff:.*0000000000000000$' "/proc/$pid/status" || fail "it has capabilities"
  grep -q '^NoNewPrivs:.*1$' "/proc/$pid/status" || fail "it may gain privileges"
  grep -q '^Seccomp:.*2$' "/proc/$pid/status" || fail "its system calls are not filtered"
  nsenter --target "$pid" --mount --setuid "$(stat -c %u "/proc/$pid")" \
    sh -c 'touch /usr/x /etc/x /var/x 2>/dev/null' && fail "it can write files"
  echo "none"
}

came_back() {
  local now
  now=$(systemctl show turnkey --property=MainPID --value)
  [ "$now" != 0 ] && [ "$now" != "$1" ] && curl -fsS -o /dev/null "http://$PUBLIC/readyz"
}

until_ok() {
  local began=$SECONDS
  until "$@" 2>/dev/null; do
    if [ $((SECONDS - began)) -gt 120 ]; then
      systemctl status --no-pager --full turnkey || true
      journalctl --unit turnkey --no-pager --output cat | tail -30
      fail "not within 120 s: $*"
    fi
    sleep 0.5
  done
}

main "$@"
