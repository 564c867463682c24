"""Scrapes a running server with a real Prometheus that has our rules, while games are played and
watched, and checks that Prometheus sees what the rules and the dashboard need:

- every rule is evaluated without an error, and none fires on a healthy server;
- every query of the dashboard has data, but for those in MAY_BE_EMPTY;
- the answers to the dashboard's variable name the server;
- once the server is gone, TurnkeyDown is pending.

Usage: check.py TURNKEY PROMETHEUS [PICTURES]. The first two are programs. PICTURES is a directory
for pictures of Prometheus' own pages: these need Chromium, and Debian's Prometheus as it is installed.
"""

import base64
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
RULES = ROOT / "deploy/prometheus/alerts.yaml"
DASHBOARD = ROOT / "deploy/grafana/turnkey.json"

# Short, so that a rate has its samples soon. Grafana's $__rate_interval is four intervals or more.
INTERVAL_SECONDS = 1
RATE_INTERVAL = "15s"
PATIENCE_SECONDS = 180

# Counters that a healthy server never moves: their series begin with the first event.
MAY_BE_EMPTY = {"turnkey_live_drops_total"}


def main():
    turnkey, prometheus = sys.argv[1:3]
    pictures = Path(sys.argv[3]) if len(sys.argv) > 3 else None
    with tempfile.TemporaryDirectory(prefix="turnkey-monitoring-") as work:
        server = Server(turnkey, Path(work))
        monitor = None
        players = Players(server)
        try:
            players.start()
            monitor = Prometheus(prometheus, Path(work), server.control)
            check_target(monitor)
            check_dashboard(monitor)
            check_rules(monitor)
            if pictures:
                take_pictures(monitor, pictures)
            players.stop()
            server.stop()
            check_down(monitor)
            if pictures:
                take_picture(monitor, pictures / "alerts-down.png", "/classic/alerts")
        finally:
            players.stop()
            if monitor:
                monitor.stop()
            server.stop()
    print("Prometheus, the rules and the dashboard's queries work.")


class Server:
    """A server on a database of its own, as its first start makes it."""

    def __init__(self, turnkey, work):
        ports = work / "ports.json"
        data = work / "data"
        environment = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("TURNKEY_", "DATABASE_URL"))
        }
        self.process = subprocess.Popen(
            [turnkey, "--data-dir", data, "--listen", "127.0.0.1:0"]
            + ["--control-listen", "127.0.0.1:0", "--ports-file", ports],
            stdout=(work / "server.log").open("w"),
            stderr=subprocess.STDOUT,
            env=environment,
        )
        until("the server is ready", ports.exists)
        addresses = json.loads(ports.read_text())
        self.public, self.control = addresses["public"], addresses["control"]
        credentials = (data / "credentials.env").read_text()
        self.key = re.search(r"TURNKEY_API_KEY='?([^'\n]+)", credentials).group(1)

    def call(self, method, path, body, token=None):
        headers = {"x-api-key": self.key, "content-type": "application/json"}
        if token:
            headers["authorization"] = f"Bearer {token}"
        url = f"http://{self.public}{path}"
        data = json.dumps(body).encode()
        request = urllib.request.Request(url, data, headers, method=method)
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)

    def stop(self):
        end(self.process)


class Players(threading.Thread):
    """Plays one game after another, each watched by a socket, until it is told to stop."""

    def __init__(self, server):
        super().__init__(daemon=True)
        self.server = server
        self.stopping = threading.Event()
        self.played = 0

    def run(self):
        while not self.stopping.is_set():
            try:
                self.play()
            except urllib.error.HTTPError as error:
                # The limits of the plan that the first start makes.
                if error.code != 429:
                    raise
                self.stopping.wait(1)

    def play(self):
        call = self.server.call
        created = call("POST", "/game", {"name": "Ann"})
        game, ann = created["game"]["gameId"], created["player"]["token"]
        with self.watch(game):
            joined = call("POST", "/join", {"invite": created["invite"], "name": "Bob"})
            tokens = [ann, joined["player"]["token"]]
            for turn, cell in enumerate([4, 0, 2, 1, 6]):
                move = {"gameId": game, "move": cell, "version": turn + 2}
                call("PUT", "/game", move, tokens[turn % 2])
                self.stopping.wait(0.2)
        self.played += 1

    def watch(self, game):
        """A socket that takes every frame, and whose frames go nowhere."""
        host, port = self.server.public.rsplit(":", 1)
        watcher = socket.create_connection((host, int(port)), timeout=30)
        nonce = base64.b64encode(os.urandom(16)).decode()
        watcher.sendall(
            f"GET /live?game={game} HTTP/1.1\r\nhost: {self.server.public}\r\n"
            f"x-api-key: {self.server.key}\r\nconnection: Upgrade\r\nupgrade: websocket\r\n"
            f"sec-websocket-version: 13\r\nsec-websocket-key: {nonce}\r\n"
            "sec-websocket-protocol: turnkey.v1\r\n\r\n".encode()
        )
        status = watcher.recv(12)
        if status != b"HTTP/1.1 101":
            sys.exit(f"FAILED: no socket was opened: {status}")
        return watcher

    def stop(self):
        self.stopping.set()
        if self.is_alive():
            self.join()


class Prometheus:
    def __init__(self, prometheus, work, control):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.address = f"127.0.0.1:{free.getsockname()[1]}"
        configuration = work / "prometheus.yaml"
        configuration.write_text(
            f"global: {{scrape_interval: {INTERVAL_SECONDS}s, evaluation_interval: {INTERVAL_SECONDS}s}}\n"
            f"rule_files: [{RULES}]\n"
            "scrape_configs:\n"
            f"  - {{job_name: turnkey, static_configs: [{{targets: ['{control}']}}]}}\n"
        )
        self.process = subprocess.Popen(
            [prometheus, f"--config.file={configuration}", f"--storage.tsdb.path={work}/series"]
            + [f"--web.listen-address={self.address}"],
            stdout=(work / "prometheus.log").open("w"),
            stderr=subprocess.STDOUT,
        )
        until("Prometheus is ready", lambda: self.get("/-/ready") is not None)

    def get(self, path, **query):
        url = f"http://{self.address}{path}?{urllib.parse.urlencode(query)}"
        try:
            with urllib.request.urlopen(url, timeout=30) as answer:
                return answer.read()
        except (urllib.error.URLError, ConnectionError):
            return None

    def ask(self, path, **query):
        answer = self.get(path, **query)
        return answer and json.loads(answer)["data"]

    def query(self, query):
        """The series of an answer that hold a number."""
        answer = self.ask("/api/v1/query", query=query)
        if answer is None:
            sys.exit(f"FAILED: Prometheus cannot read the query {query}")
        return [series for series in answer["result"] if series["value"][1] != "NaN"]

    def alerts(self):
        return {
            alert["labels"]["alertname"]: alert["state"]
            for alert in self.ask("/api/v1/alerts")["alerts"]
        }

    def stop(self):
        end(self.process)


def check_target(monitor):
    def is_up():
        targets = monitor.ask("/api/v1/targets")["activeTargets"]
        return [target["health"] for target in targets] == ["up"]

    until("the server is scraped", is_up)


def check_dashboard(monitor):
    queries = list(dashboard_queries())
    started = time.monotonic()
    for title, query in queries:
        name = re.search(r"turnkey_\w+", query).group()
        if name in MAY_BE_EMPTY:
            monitor.query(query)
            print(f"  may be empty  {title}: {query}")
            continue
        until(f"panel {title} has data: {query}", lambda: monitor.query(query))
        print(f"  has data      {title}: {query}")
    instances = monitor.ask("/api/v1/label/instance/values", **{"match[]": "turnkey_ready"})
    if len(instances) != 1:
        sys.exit(f"FAILED: the variable `instance` has {instances}")
    print(f"{len(queries)} queries of the dashboard, in {time.monotonic() - started:.0f} s")


def dashboard_queries():
    for panel in json.loads(DASHBOARD.read_text())["panels"]:
        for target in panel.get("targets", []):
            query = target["expr"].replace("$__rate_interval", RATE_INTERVAL)
            yield panel["title"], query.replace("$instance", ".*")


def check_rules(monitor):
    def rules():
        groups = monitor.ask("/api/v1/rules")["groups"]
        return [rule for group in groups for rule in group["rules"]]

    until("every rule was evaluated", lambda: all(r["health"] != "unknown" for r in rules()))
    for rule in rules():
        print(f"  {rule['health']}, {rule['state']}  {rule['name']}")
        if rule["health"] != "ok" or rule["state"] != "inactive":
            sys.exit(f"FAILED: {rule['name']}: {rule.get('lastError')} {rule['alerts']}")


def check_down(monitor):
    until("TurnkeyDown is pending", lambda: monitor.alerts().get("TurnkeyDown") == "pending")
    print(f"after the server's end: {monitor.alerts()}")


def take_pictures(monitor, pictures):
    pictures.mkdir(parents=True, exist_ok=True)
    take_picture(monitor, pictures / "targets.png", "/classic/targets")
    take_picture(monitor, pictures / "alerts.png", "/classic/alerts")
    shown = [
        "sum by (status) (rate(turnkey_http_requests_total[15s]))",
        "histogram_quantile(0.99, sum by (le) (rate(turnkey_http_request_duration_seconds_bucket[15s])))",
        "sum(rate(turnkey_live_frames_total[15s]))",
    ]
    graphs = "&".join(
        f"g{at}.expr={urllib.parse.quote(query)}&g{at}.tab=0&g{at}.range_input=2m"
        for at, query in enumerate(shown)
    )
    take_picture(monitor, pictures / "graph.png", f"/classic/graph?{graphs}")


def take_picture(monitor, file, path):
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if not chromium:
        sys.exit("FAILED: pictures need Chromium: apt-get install chromium")
    subprocess.run(
        [chromium, "--headless=new", "--no-sandbox", "--disable-dev-shm-usage"]
        + ["--window-size=1400,1600", "--virtual-time-budget=15000", f"--screenshot={file}"]
        + [f"http://{monitor.address}{path}"],
        check=True,
        capture_output=True,
        timeout=120,
    )
    print(f"picture: {file}")


def until(what, condition):
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        if time.monotonic() > deadline:
            sys.exit(f"FAILED: not within {PATIENCE_SECONDS} s: {what}")
        time.sleep(0.2)


def end(process):
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        process.wait(60)


if __name__ == "__main__":
    main()
