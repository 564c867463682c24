# Sourced, not run. The alert rules and the dashboard's queries are read by Prometheus' own promtool.

. "$(dirname "${BASH_SOURCE[0]}")/apt.sh"

PROMETHEUS=${CARGO_TARGET_DIR:-target}/prometheus

# Puts promtool at target/prometheus/promtool, where it is not there yet. Debian's package is only
# unpacked: installed, it would start a Prometheus.
ensure_promtool() {
  if [ -x "$PROMETHEUS/promtool" ]; then
    return
  fi
  mkdir -p "$PROMETHEUS"
  if command -v promtool >/dev/null; then
    ln -sf "$(command -v promtool)" "$PROMETHEUS/promtool"
    return
  fi
  if ! command -v apt-get >/dev/null; then
    echo "Install Prometheus (brew install prometheus): tests read the alert rules with its promtool." >&2
    return 1
  fi
  as_root apt-get update -q
  (cd "$PROMETHEUS" && apt-get download -q prometheus && dpkg-deb -x prometheus_*.deb package)
  ln -sf package/usr/bin/promtool "$PROMETHEUS/promtool"
}

# Puts Prometheus itself at target/prometheus/prometheus.
ensure_prometheus() {
  ensure_promtool
  # Beside promtool, wherever that was found.
  ln -sf "$(dirname "$(readlink -f "$PROMETHEUS/promtool")")/prometheus" "$PROMETHEUS/prometheus"
}
