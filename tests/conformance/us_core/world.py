"""The data of the reference server, loaded over HTTP, and what a server that took it in has to hold afterwards."""
import datetime
import http.client
import json
import pathlib
import re
import urllib.parse

REPAIRS_MAX = 50  # of one bundle
LINK_NAMES = ("reference", "url")


class Client:
    """One connection; answers are (status, parsed JSON or text)."""

    def __init__(self, port, base="/fhir"):
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self.port, self.base = port, base

    def request(self, method, path, body=None, headers=None):
        data = json.dumps(body).encode() if isinstance(body, (dict, list)) else body.encode() if body else None
        headers = {"Content-Type": "application/fhir+json", **(headers or {})}
        self.connection.request(method, path if path.startswith("/fhir") else self.base + path, data, headers)
        response = self.connection.getresponse()
        raw = response.read().decode()
        return response.status, json.loads(raw) if raw.startswith(("{", "[")) else raw

    def get(self, path):
        return self.request("GET", path)

    def post_search(self, type_name, form):
        return self.request("POST", f"/{type_name}/_search", form, {"Content-Type": "application/x-www-form-urlencoded"})

    def pages(self, bundle):
        """This page and those that follow it; fails when a link leads nowhere."""
        while True:
            yield bundle
            following = next((link["url"] for link in bundle.get("link", []) if link["relation"] == "next"), None)
            if not following:
                return
            parts = urllib.parse.urlsplit(following)
            status, bundle = self.get(parts.path + "?" + parts.query)
            assert status == 200, f"page answered {status}"


class World:
    """`resources`: "Type/id" to the resource as it was sent, with the links between them as the server must write them."""

    def __init__(self):
        self.loaded = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S+00:00")
        self.resources = {}
        self.repairs = []  # file and path of what had to be taken out
        self.files = {}  # "Type/id" to the file it came from

    def of_type(self, type_name):
        return [r for r in self.resources.values() if r["resourceType"] == type_name]

    def add(self, resource, source):
        key = f"{resource['resourceType']}/{resource['id']}"
        resource.setdefault("meta", {})["lastUpdated"] = self.loaded
        self.resources[key] = resource
        self.files[key] = source

    def load(self, client, path):
        document = json.loads(pathlib.Path(path).read_text())
        if document["resourceType"] != "Bundle":
            status, answer = client.request("PUT", f"/{document['resourceType']}/{document['id']}", document)
            assert status in (200, 201), (path, status, answer)
            self.add(document, path.name)
            return
        answer = self.post(client, document, path.name)
        places = {}
        for entry, answered in zip(document["entry"], answer["entry"]):
            type_name, identity = answered["response"]["location"].split("/_history/")[0].split("/")[-2:]
            places[id(entry)] = (type_name, identity)
        links = {entry["fullUrl"]: "/".join(places[id(entry)]) for entry in document["entry"] if entry.get("fullUrl")}
        for entry in document["entry"]:
            resource = relinked(entry["resource"], links)
            resource["id"] = places[id(entry)][1]
            self.add(resource, path.name)

    def post(self, client, document, name):
        """Posts a transaction; elements that R4 does not know are taken out, one by one as the server names them, and remembered: the
        reference server drops them without a word, ours refuses the bundle."""
        for _ in range(REPAIRS_MAX):
            status, answer = client.request("POST", "", document)
            if status == 200:
                return answer
            issue = answer["issue"][0]
            assert "unknown element" in issue["diagnostics"], (name, status, answer)
            self.repairs.append(f"{name}\t{issue['expression'][0]}")
            remove(document, issue["expression"][0])
        raise AssertionError(f"{name}: more than {REPAIRS_MAX} repairs")


def remove(document, path):
    """Takes out the element at `Bundle.entry[1].resource.a.b`."""
    steps = re.findall(r"\w+|\[\d+\]", path)[1:]
    at = document
    for step in steps[:-1]:
        at = at[int(step[1:-1])] if step.startswith("[") else at[step]
    last = steps[-1]
    del at[int(last[1:-1]) if last.startswith("[") else last]


def relinked(value, links, name=""):
    """Links are what stands in references and in elements of type uri; identifiers keep what they are.
    Source: FHIR R4 http.html#trules."""
    if isinstance(value, dict):
        return {key: relinked(member, links, key) for key, member in value.items()}
    if isinstance(value, list):
        return [relinked(member, links, name) for member in value]
    return links.get(value, value) if name in LINK_NAMES else value


def same_content(stored, sent):
    """Equal but for what the server itself writes into meta."""
    def plain(resource):
        meta = {k: v for k, v in resource.get("meta", {}).items() if k not in ("versionId", "lastUpdated")}
        return {**{k: v for k, v in resource.items() if k != "meta"}, **({"meta": meta} if meta else {})}
    return plain(stored) == plain(sent)
