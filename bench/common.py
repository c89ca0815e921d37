"""What the scripts beside this one share. Python's own library only."""
import http.client
import pathlib
import subprocess
import threading
import time


def cpu_seconds(pid):
    """Processor time a process has had so far, user and system."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / 100


def resident(pid):
    """Bytes of memory a process holds: {"all", "own", "file"}; `file` are pages of files it has mapped."""
    names = {"VmRSS": "all", "RssAnon": "own", "RssFile": "file"}
    sizes = {}
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        name, _, value = line.partition(":")
        if name in names:
            sizes[names[name]] = int(value.split()[0]) * 1024
    return sizes


def post_all(server, bodies, connections, failures, latencies):
    """Posts what the iterator gives: each connection takes the next body when its last was answered."""
    bodies, lock = iter(bodies), threading.Lock()

    def take():
        with lock:
            return next(bodies, None)

    def work():
        connection = http.client.HTTPConnection("127.0.0.1", server.http_port)
        while (body := take()) is not None:
            began = time.monotonic()
            connection.request("POST", "/fhir", body, {"Content-Type": "application/fhir+json"})
            response = connection.getresponse()
            answer = response.read()
            latencies.append(time.monotonic() - began)
            if response.status != 200:
                failures.append(f"{response.status} {answer[:300]!r}")
    threads = [threading.Thread(target=work) for _ in range(connections)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def wrk(server, script, connections, seconds, *arguments):
    """What a script of wrk prints at its end behind "MIX ", and the processor time of the server meanwhile."""
    before = cpu_seconds(server.process.pid)
    command = ["wrk", "-t", "1", "-c", connections, "-d", seconds, "-s", script, f"http://127.0.0.1:{server.http_port}/", "--", *arguments]
    text = subprocess.run([str(c) for c in command], stdout=subprocess.PIPE, text=True, check=True).stdout
    return next(line for line in text.splitlines() if line.startswith("MIX "))[4:], cpu_seconds(server.process.pid) - before
