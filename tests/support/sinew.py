"""What the scenario tests share: a running Sinew, an MLLP peer, and FHIR requests. Python's own library only."""
import json
import pathlib
import re
import signal
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent


class Server:
    """`sinew serve` on free ports with a store of its own; restartable, killable."""

    def __init__(self, program, folder=None, *options):
        self.program = str(program)
        self.folder = pathlib.Path(folder or tempfile.mkdtemp())
        self.store = self.folder / "sinew.db"
        self.options = [str(o) for o in options]
        self.process = None

    def start(self):
        self.log = open(self.folder / "log", "a+")
        at = self.log.tell()
        command = [self.program, "serve", "--store", str(self.store), "--http", "127.0.0.1:0",
                   "--mllp", "127.0.0.1:0", *self.options]
        self.process = subprocess.Popen(command, stderr=self.log, stdout=self.log)
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            self.log.seek(at)
            text = self.log.read()
            ports = dict(re.findall(r'"event":"(http|mllp) listening".*?"port":(\d+)', text))
            if len(ports) == 2:
                self.http_port, self.mllp_port = int(ports["http"]), int(ports["mllp"])
                self.base = f"http://127.0.0.1:{self.http_port}/fhir"
                return self
            if self.process.poll() is not None:
                break
            time.sleep(0.02)
        raise AssertionError(f"the server did not start:\n{text}")

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(20) == 0, "the server did not stop cleanly"

    def kill(self):
        self.process.kill()
        self.process.wait()

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        if self.process and self.process.poll() is None:
            self.stop()

    def request(self, method, path, body=None, headers=None):
        """(status, headers, parsed JSON or text)"""
        url = path if path.startswith("http") else self.base + path
        data = json.dumps(body).encode() if isinstance(body, (dict, list)) else body
        headers = {"Content-Type": "application/fhir+json", **(headers or {})}
        request = urllib.request.Request(url, data=data, method=method, headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=20) as response:
                status, sent, raw = response.status, response.headers, response.read()
        except urllib.error.HTTPError as error:
            status, sent, raw = error.code, error.headers, error.read()
        text = raw.decode()
        return status, sent, json.loads(text) if text.startswith("{") else text

    def get(self, path):
        return self.request("GET", path)[2]

    def wait_for(self, condition, seconds=20):
        """Polls until `condition()` is true; its value."""
        deadline = time.monotonic() + seconds
        while True:
            value = condition()
            if value:
                return value
            assert time.monotonic() < deadline, "waited in vain"
            time.sleep(0.05)


class Mllp:
    """A peer that frames by hand, so that a fault of ours cannot hide in our own client."""

    def __init__(self, port, timeout=20):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout)
        self.buffer = b""

    def send(self, message):
        self.socket.sendall(b"\x0b" + (message if isinstance(message, bytes) else message.encode()) + b"\x1c\r")

    def receive(self):
        while b"\x1c\r" not in self.buffer:
            more = self.socket.recv(65536)
            if not more:
                raise ConnectionError("closed")
            self.buffer += more
        frame, self.buffer = self.buffer.split(b"\x1c\r", 1)
        assert frame[:1] == b"\x0b"
        return frame[1:].decode()

    def ask(self, message):
        self.send(message)
        return self.receive()

    def close(self):
        self.socket.close()


def segment(message, name):
    """The fields of the first segment of that name; index = HL7 field number (not for MSH)."""
    for line in message.split("\r"):
        if line.startswith(name + "|"):
            return line.split("|")
    return []


def run(program, *arguments, stdin=None):
    """(exit status, standard output, standard error) of a command."""
    done = subprocess.run([str(program), *map(str, arguments)], input=stdin, capture_output=True, cwd=ROOT)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def shared_corpus(*parts):
    """A folder of the shared corpora, or None when it is not here."""
    folder = ROOT.parent.joinpath("shared", "corpora", *parts)
    return folder if folder.is_dir() else None
