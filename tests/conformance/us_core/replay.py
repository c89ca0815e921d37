"""The requests that the certification kit sends for US Core 6.1.0, as recorded, judged by status and by content."""
import itertools
import json
import re
import urllib.parse

from us_core import judge as judging

UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


class Replay:
    def __init__(self, client, world, judge):
        self.client, self.world, self.judge = client, world, judge
        self.substitutes = {}  # recorded id of the other server: an id of ours

    def run(self, file):
        """One record per request: the request, the faults found, and what matched."""
        return [self.send(json.loads(line)) for line in open(file)]

    def send(self, record):
        path, _, query_text = record["path"].partition("?")
        steps = path.strip("/").split("/")
        query = judging.parse_query(query_text or record.get("body_derived", ""))
        if record.get("server_id"):
            steps, query = self.substitute(steps, query)
        if record["verb"] == "post":
            status, answer = self.client.post_search(steps[0], encode(query))
        else:
            target = "/" + "/".join(steps) + ("?" + encode(query) if query else "")
            status, answer = self.client.get(target)
        # Where the reference server refused (a parameter that it does not have), 200 with the right resources is better.
        faults = [] if status == 200 else [f"status {status}, expected 200: {diagnostics(answer)}"]
        matched = []
        if not faults and steps[-1] != "metadata":
            matched, faults = self.judge_content(steps, query, answer)
        return {"record": record, "sent": "/".join(steps) + ("?" + encode(query) if query else ""), "faults": faults,
                "matched": matched}

    def judge_content(self, steps, query, answer):
        if len(steps) == 2 and steps[1] != "_search":
            key = "/".join(steps)
            is_right = answer.get("id") == steps[1] and judging.same_content(answer, self.world.resources[key])
            return [key], [] if is_right else [f"{key} is not as it was sent"]
        if answer.get("resourceType") != "Bundle" or answer.get("type") != "searchset":
            return [], ["not a searchset"]
        return judging.judge_search(self.client, self.world, self.judge, steps[0], query, answer)

    def substitute(self, steps, query):
        """Ids that the other server gave become ids of ours that make the same question."""
        if len(steps) == 2 and UUID.fullmatch(steps[1]):
            return [steps[0], self.substitute_id(steps[0], steps[1])], query
        replaced = []
        for name, value in query:
            type_name, _, identity = value.rpartition("/")
            if name == "_id":
                value = self.substitute_id(steps[0], value)
            elif type_name and UUID.fullmatch(identity):
                others = [(n, v) for n, v in query if n != name]
                value = self.substitute_reference(steps[0], name, type_name, others)
            replaced.append((name, value))
        return steps, replaced

    def substitute_id(self, type_name, recorded):
        if f"{type_name}/{recorded}" in self.world.resources:
            return recorded
        if recorded not in self.substitutes:
            taken = set(self.substitutes.values())
            free = [r["id"] for r in self.world.of_type(type_name) if r["id"] not in taken]
            self.substitutes[recorded] = next(itertools.chain(free, [r["id"] for r in self.world.of_type(type_name)]))
        return self.substitutes[recorded]

    def substitute_reference(self, searched, name, type_name, others):
        for candidate in self.world.of_type(type_name):
            value = f"{type_name}/{candidate['id']}"
            if self.judge.expected(searched, others + [(name, value)]):
                return value
        raise AssertionError(f"nothing of the data has {name} at a {type_name}")


def encode(query):
    return "&".join(f"{name}={urllib.parse.quote(value, safe='/:,|$')}" for name, value in query)


def diagnostics(answer):
    issues = answer.get("issue", []) if isinstance(answer, dict) else []
    return "; ".join(issue.get("diagnostics") or issue.get("details", {}).get("text", "") for issue in issues)
