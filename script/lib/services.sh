# Sourced, not run. Images that deploy/compose.yaml names, where podman runs and no registry of images
# is reached: Debian's Postgres and HAProxy, made to behave like the images as far as the file needs.
# TURNKEY_SERVICES_ROOT names a Debian with both that debootstrap made before.

. "$(dirname "${BASH_SOURCE[0]}")/image.sh"

# Makes an image $2 of a server that was built before, from the last stage of the Dockerfile.
image_of_binary() {
  local work
  work=$(mktemp -d)
  mkdir -p "$work/image/etc/ssl/certs"
  cp "$1" "$work/image/turnkey"
  strip "$work/image/turnkey"
  ldd "$1" | grep -o '/[^ ]*' | xargs cp --parents --dereference --target-directory="$work/image"
  cp --dereference /etc/ssl/certs/ca-certificates.crt "$work/image/etc/ssl/certs/"
  echo 'hosts: files dns' >"$work/image/etc/nsswitch.conf"
  sed -n '/^FROM scratch/,$p' Dockerfile | sed 's/^COPY --from=build /COPY /; s/^COPY \/image/COPY image/' \
    >"$work/Dockerfile"
  if [ "$ENGINE" = docker ]; then
    docker build --tag "$2" "$work"
  else
    buildah bud --format docker --isolation chroot --tag "$2" "$work"
  fi
  rm -rf "$work"
}

# Sees that the images of Postgres and HAProxy that file $1 names are there.
ensure_service_images() {
  local postgres haproxy
  postgres=$(sed -n 's/^ *image: \(.*\/postgres:.*\)$/\1/p' "$1")
  haproxy=$(sed -n 's/^ *image: \(.*\/haproxy:.*\)$/\1/p' "$1")
  if buildah inspect --type image "$postgres" >/dev/null 2>&1 &&
    buildah inspect --type image "$haproxy" >/dev/null 2>&1; then
    return
  fi
  if buildah pull "$postgres" && buildah pull "$haproxy"; then
    return
  fi
  echo "$postgres and $haproxy cannot be had: standing in for them." >&2
  stand_in_services "$postgres" "$haproxy"
}

# Makes the images $1 (Postgres) and $2 (HAProxy) from Debian's packages.
stand_in_services() {
  local work container
  command -v debootstrap >/dev/null || apt_install debootstrap
  work=$(mktemp -d)
  if [ -n "${TURNKEY_SERVICES_ROOT:-}" ]; then
    as_root cp -a "$TURNKEY_SERVICES_ROOT" "$work/root"
  else
    as_root debootstrap --variant=minbase --include=postgresql,haproxy \
      bookworm "$work/root" "${DEBIAN_MIRROR:-http://deb.debian.org/debian}" >&2
  fi
  postgres_entrypoint | as_root tee "$work/root/usr/local/bin/start-postgres" >/dev/null
  as_root chmod 755 "$work/root/usr/local/bin/start-postgres"
  as_root mkdir -p "$work/root/var/lib/postgresql/data" "$work/root/usr/local/etc/haproxy"
  container=$(buildah from scratch)
  buildah add --quiet "$container" "$work/root" / >/dev/null
  buildah config --label turnkey.stand-in=true --stop-signal SIGINT \
    --env PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
    --entrypoint '["/usr/local/bin/start-postgres"]' "$container"
  buildah commit --quiet --format docker "$container" "$1" >/dev/null
  # Like the image: a user without rights, and SIGUSR1, which lets open connections end.
  buildah config --stop-signal SIGUSR1 --user haproxy \
    --entrypoint '["/usr/sbin/haproxy", "-W", "-db", "-f", "/usr/local/etc/haproxy/haproxy.cfg"]' "$container"
  buildah commit --quiet --format docker --rm "$container" "$2" >/dev/null
  as_root rm -rf "$work"
}

# What the image of Postgres does with its variables, on the volume that it is given.
postgres_entrypoint() {
  cat <<'SCRIPT'
#!/bin/bash
set -euo pipefail
bin=$(echo /usr/lib/postgresql/*/bin)
data=/var/lib/postgresql/data
postgres() { setpriv --reuid postgres --regid postgres --clear-groups "$bin/$@"; }
mkdir -p /var/run/postgresql
chown postgres: "$data" /var/run/postgresql
if [ ! -s "$data/PG_VERSION" ]; then
  password=$(mktemp)
  cat "$POSTGRES_PASSWORD_FILE" >"$password"
  chown postgres: "$password"
  postgres initdb --pgdata "$data" --username "$POSTGRES_USER" --pwfile "$password" --encoding UTF8 \
    --auth-local trust --auth-host scram-sha-256
  rm "$password"
  echo 'host all all all scram-sha-256' >>"$data/pg_hba.conf"
  postgres pg_ctl --pgdata "$data" --wait -o "-c listen_addresses=" start
  postgres createdb --username "$POSTGRES_USER" "$POSTGRES_DB"
  postgres pg_ctl --pgdata "$data" --mode fast stop
fi
exec setpriv --reuid postgres --regid postgres --clear-groups "$bin/postgres" -D "$data" -c listen_addresses='*'
SCRIPT
}
