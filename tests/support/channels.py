"""What the tests of connectors share: a server with channels, messages with numbers, and folders of what left."""
import collections
import pathlib
import signal
import socket
import time

from support.sinew import Server


def message(number, patient=None, event="A08", control_id=None):
    """An ADT message known by its number."""
    return (f"MSH|^~\\&|ADT|HOSP|SINEW|HOSP|20260301120000||ADT^{event}^ADT_A01|{control_id or f'M{number}'}|P|2.5.1\r"
            f"EVN|{event}|20260301120000\rPID|1||{patient or f'P{number % 7}'}^^^HOSP^MR||Test^T||19700203|F\rPV1|1|N\r")


def unmappable(number):
    """A message that no table makes anything of but a failure, and that is passed on all the same."""
    return f"MSH|^~\\&|ADT|HOSP|SINEW|HOSP|20260301120000||ZZZ^Z99|U{number}|P|2.5.1\rPID|1||P{number}\rZZ1|x\r"


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


class Channels(Server):
    """A server whose channels are texts; `{folder}` in them is the server's own folder."""

    def __init__(self, program, *texts):
        super().__init__(program)
        self.channels = self.folder / "channels"
        self.channels.mkdir()
        self.options = ["--channels", str(self.channels)]
        self.write(*texts)

    def write(self, *texts):
        for number, text in enumerate(texts):
            (self.channels / f"{number}.yaml").write_text(text.replace("{folder}", str(self.folder)))

    def reload(self, *texts):
        self.write(*texts)
        said = self.logged("channels read again")
        self.process.send_signal(signal.SIGHUP)
        self.wait_for(lambda: self.logged("channels read again") > said)

    def logged(self, text):
        return (self.folder / "log").read_text().count(text)

    def source(self, name):
        found = [s for s in self.get(f"http://127.0.0.1:{self.http_port}/sources")["sources"] if s["source"] == name]
        return found[0] if found else {}

    def port_of(self, name):
        """The port that a listening source found."""
        where = self.wait_for(lambda: self.source(name).get("where"))
        return int(where.split("://")[-1].split("/")[0].rsplit(":", 1)[1])

    def destination(self, name):
        url = f"http://127.0.0.1:{self.http_port}/deliveries"
        found = [d for d in self.get(url)["destinations"] if d["destination"] == name]
        return found[0] if found else {}

    def post(self, path):
        return self.request("POST", f"http://127.0.0.1:{self.http_port}{path}")[0]

    def out(self, name="out"):
        folder = self.folder / name
        return sorted(p for p in folder.iterdir()) if folder.is_dir() else []

    def left(self, name="out"):
        """How often each control id left, by the files of a destination named {control_id}-{item}.hl7."""
        return collections.Counter(p.name.rsplit("-", 1)[0] for p in self.out(name))


FILES_OUT = """
destinations:
  - name: files
    file: {folder: "{folder}/out", name: "{control_id}-{item}.hl7"}
"""


def check_exactly_once(server, expected, seconds=60, name="out"):
    """Waits until all have left; then none may have left twice."""
    wanted = set(expected)
    server.wait_for(lambda: wanted <= set(server.left(name)), seconds)
    time.sleep(0.3)
    left = server.left(name)
    assert set(left) == wanted, set(left) ^ wanted
    twice = {k: n for k, n in left.items() if n != 1}
    assert not twice, f"came twice: {twice}"


def run_all(tests):
    for test in tests:
        test()
        print(f"pass: {test.__name__.replace('_', ' ')}", flush=True)
