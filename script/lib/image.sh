# Sourced, not run. Builds and runs images with Docker where its engine runs, else with buildah and
# podman. Where no registry of images is reached, the one base that the Dockerfile names is stood in
# for by one of the same Debian release, made with debootstrap from this machine's Rust.

. "$(dirname "${BASH_SOURCE[0]}")/apt.sh"

# Sets ENGINE, and installs what it needs.
choose_engine() {
  if command -v docker >/dev/null && docker info >/dev/null 2>&1; then
    ENGINE=docker
    return
  fi
  ENGINE=podman
  # Both keep their images in the same place.
  export STORAGE_DRIVER=${STORAGE_DRIVER:-overlay}
  local missing=() program
  for program in buildah podman runc; do
    command -v "$program" >/dev/null || missing+=("$program")
  done
  if [ ${#missing[@]} -gt 0 ]; then
    apt_install "${missing[@]}"
  fi
}

# Builds directory $1 as image $2.
build_image() {
  local base
  if [ "$ENGINE" = docker ]; then
    docker build --tag "$2" "$1"
    return
  fi
  base=$(sed -n 's/^FROM \(.*\) AS build$/\1/p' "$1/Dockerfile")
  if ! buildah inspect --type image "$base" >/dev/null 2>&1 && ! buildah pull "$base"; then
    echo "$base cannot be had: standing in for it." >&2
    stand_in "$base"
  fi
  # Only Docker's own format holds a HEALTHCHECK.
  buildah bud --format docker --layers --pull-never --isolation chroot --network host \
    --tag "$2" "$1"
}

# `docker` or `podman` with these arguments. Podman gets what it needs where no systemd runs.
engine() {
  if [ "$ENGINE" = docker ]; then
    docker "$@"
  else
    podman --cgroup-manager=cgroupfs --runtime runc "$@"
  fi
}

# Makes an image called $1: Debian with a C compiler and this machine's Rust, as rust:*-slim has them.
stand_in() {
  local work container root
  command -v debootstrap >/dev/null || apt_install debootstrap
  work=$(mktemp -d)
  as_root debootstrap --variant=minbase --include=ca-certificates,gcc,libc6-dev \
    "${1##*-}" "$work/root" "${DEBIAN_MIRROR:-http://deb.debian.org/debian}" >&2
  as_root mkdir -p "$work/root/usr/local/rust"
  # Without its pages and sources; cargo and rustc find their library beside them.
  root=$(rustc --print sysroot)
  tar -C "$root" --exclude share/doc --exclude lib/rustlib/src -cf - . |
    as_root tar -C "$work/root/usr/local/rust" -xf -
  # A machine without a registry may have authorities of its own.
  as_root cp -L /etc/ssl/certs/ca-certificates.crt "$work/root/etc/ssl/certs/ca-certificates.crt"
  container=$(buildah from scratch)
  buildah add --quiet "$container" "$work/root" / >/dev/null
  buildah config --env PATH=/usr/local/rust/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
    --label turnkey.stand-in=true "$container"
  buildah commit --quiet --rm "$container" "$1" >/dev/null
  as_root rm -rf "$work"
}
