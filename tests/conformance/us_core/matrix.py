"""Requests made from the table of searches that a version of US Core demands, with values taken from the data: every combination, by GET
and POST, references with and without type, tokens with and without system, every comparator, several values joined, chains."""
import datetime

from us_core import judge as judging
from us_core.replay import encode

PATIENTS = ("85", "355")
RESOURCES_PER_ROW = 2  # of each patient, whose values make the questions
DAY = datetime.timedelta(days=1)


class Matrix:
    def __init__(self, client, judge):
        self.client, self.judge = client, judge
        self.answers = {}  # a request may be asked by many rows

    def run_row(self, row):
        """{request: faults} of one row of us_core_search.csv, and how many requests found something."""
        results, found = {}, 0
        for verb, query in self.requests(row):
            request = f"{verb} {row['resource']}?{encode(query)}"
            if request not in self.answers:
                self.answers[request] = self.ask(verb, row["resource"], query)
            matched, faults = self.answers[request]
            results[request] = faults
            found += bool(matched)
        return results, found

    def ask(self, verb, type_name, query):
        if verb == "POST":
            status, answer = self.client.post_search(type_name, encode(query))
        else:
            status, answer = self.client.get(f"/{type_name}?{encode(query)}")
        if status != 200:
            return [], [f"status {status}, expected 200"]
        return judging.judge_search(self.client, self.judge.world, self.judge, type_name, query, answer)

    def requests(self, row):
        names = row["params"].split("+")
        for resource in self.samples(row, names):
            values = {name: self.texts(resource, name) for name in names}
            plain = [(name, values[name][0]) for name in names]
            yield "GET", plain
            yield "POST", plain
            yield "GET", [(name, values[name][-1]) for name in names]
            yield from (("GET", query) for query in self.compared(row, resource, plain))
            yield from (("GET", query) for query in self.joined(row, names, plain))
            if row["profile"] != "us_core_provenance":
                yield "GET", plain + [("_revinclude", "Provenance:target")]
        yield from (("GET", query) for query in self.chained(row))

    def samples(self, row, names):
        examples = dict(part.split("=", 1) for part in row["example_values"].split(";") if "=" in part)
        wanted = {name: ",".join(text.split("|")) for name, text in examples.items()}
        taken = dict.fromkeys(PATIENTS, 0)
        for resource in self.judge.world.of_type(row["resource"]):
            patient = self.patient_of(resource) if "patient" in names else PATIENTS[0]
            if taken.get(patient, RESOURCES_PER_ROW) >= RESOURCES_PER_ROW:
                continue
            if all(self.judge.values(resource, name)[1] for name in names) and \
                    all(self.judge.matches(resource, name, text) for name, text in wanted.items() if name in names):
                taken[patient] += 1
                yield resource

    def patient_of(self, resource):
        references = [v.get("reference", "") for v in self.judge.values(resource, "patient")[1]]
        return next((r.split("/")[1] for r in references if r.startswith("Patient/")), None)

    def texts(self, resource, name):
        """Ways to ask for the first value: the shortest first, the fullest last."""
        kind, found = self.judge.values(resource, name)
        value = found[0]
        if name == "_lastUpdated":  # the server's own clock: only days can be told
            return ["ge" + (datetime.datetime.fromisoformat(value) - DAY).strftime("%Y-%m-%d")]
        if kind == "reference":
            return [value["reference"].split("/")[-1], value["reference"]] if name == "patient" else [value["reference"]]
        if kind == "date":
            return [value.get("start", value.get("end")) if isinstance(value, dict) else value]
        if kind == "string":
            return [judging.strings_of(value)[0].replace(",", "\\,")]
        if kind == "token" and isinstance(value, dict):
            coding = value["coding"][0] if "coding" in value else value
            code = coding.get("code", coding.get("value"))
            return [code, f"{coding['system']}|{code}"] if coding.get("system") else [code]
        return [value]

    def compared(self, row, resource, plain):
        for part in row["comparators_shall"].split(";"):
            name, _, comparators = part.partition(":")
            for comparator in comparators.split(",") if comparators else []:
                text = self.texts(resource, name)[0].removeprefix("ge")
                low, _ = judging.instant_range(text)
                moment = datetime.datetime.fromtimestamp(low, datetime.timezone.utc)
                around = moment + DAY if comparator in ("lt", "le") else moment - DAY
                texts = (text, around.strftime("%Y-%m-%dT%H:%M:%S+00:00"), around.strftime("%Y-%m-%d"))
                for stamp in texts:
                    yield [(n, comparator + stamp if n == name else v) for n, v in plain]

    def joined(self, row, names, plain):
        for part in row["multiple_or"].split(";"):
            name = part.split(":")[0]
            if name in names:
                every = {self.texts(r, name)[0] for r in self.judge.world.of_type(row["resource"])
                         if self.judge.values(r, name)[1]}
                yield [(n, ",".join(sorted(every)[:10]) if n == name else v) for n, v in plain]

    def chained(self, row):
        for part in row["chain"].split(";"):
            name, _, rest = part.split(":")[0].partition(".")
            for resource in self.judge.world.of_type(row["resource"]) if rest else []:
                for value in self.judge.values(resource, name)[1]:
                    target = self.judge.world.resources.get(value.get("reference"))
                    if target and self.judge.values(target, rest)[1]:
                        for text in self.texts(target, rest):
                            yield [(f"{name}.{rest}", text)]
