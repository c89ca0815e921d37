"""What each leaf test of the certification kit comes to on this server: of the recorded requests, of requests made from the table of
searches where the record has none of a test's own, and of the resources that the searches gave back."""
import collections
import csv
import json

from us_core import judge as judging
from us_core import must_support

US_CORE = "http://hl7.org/fhir/us/core"
ALIASES = {"device": "implantabledevice", "headcircumferencepercentile": "headoccipitalfrontalcircumferencepercentile"}
SUFFIXES = ("provenance_revinclude_search", "reference_resolution", "must_support", "validation", "search", "read")
DATA_FILES = tuple(f"uscore_bundle_patient_{patient}.json" for patient in (85, 355, 907))  # whom the kit asks for
NOTE_TYPES = {"18842-5", "11488-4", "34117-2", "11506-3", "28570-0"}
NOTE_CATEGORIES = {"LP29708-2", "LP7839-6", "LP29684-5"}
PASS, SKIP, FAIL, NOT_RUN = "pass", "skip", "fail", "not run"


def table(path, version):
    with open(path, newline="") as file:
        return [row for row in csv.DictReader(file) if row["us_core_version"] == version]


def plain(name):
    return name.replace("us_core", "").replace("_", "").replace("-", "")


class Kit:
    def __init__(self, corpora, version, client, world, matrix, outcomes, tls_verdict):
        """`outcomes`: what Replay.run gave. `tls_verdict`: (verdict, why) of a server with a certificate."""
        folder = corpora / "uscdi"
        self.client, self.world, self.matrix, self.tls_verdict = client, world, matrix, tls_verdict
        self.searches = table(folder / "us_core_search.csv", version)
        self.must_support = table(folder / "us_core_must_support.csv", version)
        self.profiles = {plain(row["profile"]): row for row in table(folder / "us_core_profiles.csv", version)}
        self.prefix = "us_core_v" + version.replace(".", "")
        self.outcomes = collections.defaultdict(list)
        for outcome in outcomes:
            self.outcomes[outcome["record"]["test"]].append(outcome)
        self.group_resources = {}

    def run(self, tests):
        """[(id, verdict, why)] for the ids of leaf tests, in order."""
        self.tests = tests
        return [(test, *self.judge_test(test)) for test in tests]

    def judge_test(self, test):
        group, name = test.split("-")[2:4]
        special = getattr(self, "test_" + name.replace(self.prefix + "_", ""), None)
        if special:
            return special(group)
        kind = next(s for s in SUFFIXES if name.endswith(s + "_test"))
        key = plain(group.removeprefix(self.prefix))
        profile = self.profiles[ALIASES.get(key, key)]
        if kind in ("search", "provenance_revinclude_search"):
            return self.judge_search_test(test, group, name, kind, profile)
        return getattr(self, "judge_" + kind)(test, group, profile)

    # ------------------------------------------------------------ searches and reads

    def judge_search_test(self, test, group, name, kind, profile):
        recorded = self.outcomes.get(test)
        if recorded:
            faults = [f for outcome in recorded for f in outcome["faults"]]
            found = any(outcome["matched"] for outcome in recorded)
        elif kind == "search":
            wanted = name.removeprefix(group + "_").removesuffix("_search_test")
            row = next(r for r in self.searches if r["profile"] == profile["profile"] and self.named(r["params"]) == wanted)
            results, number = self.matrix.run_row(row)
            faults, found = [f for each in results.values() for f in each], number > 0
        else:
            return self.judge_revinclude(group, profile)
        if faults:
            return FAIL, faults[0]
        return (PASS, "") if found else (SKIP, "nothing in the data to find")

    @staticmethod
    def named(params):
        return params.replace("-", "_").replace("+", "_")

    def judge_revinclude(self, group, profile):
        query = [("_id", ",".join(r["id"] for r in self.resources(group, profile)[:20])), ("_revinclude", "Provenance:target")]
        matched, faults = self.matrix.ask("GET", profile["resource"], query)
        return (FAIL, faults[0]) if faults else (PASS, "") if matched else (SKIP, "nothing in the data to find")

    def judge_read(self, test, group, profile):
        faults = [f for outcome in self.outcomes.get(test, []) for f in outcome["faults"]]
        for resource in self.resources(group, profile):
            status, answer = self.client.get(f"/{profile['resource']}/{resource['id']}")
            if status != 200 or not judging.same_content(answer, resource):
                faults.append(f"{resource['id']}: status {status}, or not as it was sent")
        if faults:
            return FAIL, faults[0]
        return (PASS, "") if self.resources(group, profile) else (SKIP, "nothing in the data to read")

    # ------------------------------------------------------------ what the resources hold

    def resources(self, group, profile):
        """Those that the kit meets: of the type, with the codes of the group's first search, of the patients it asks for. As the server
        gives them."""
        if group not in self.group_resources:
            row = next((r for r in self.searches if r["profile"] == profile["profile"]), None)
            self.group_resources[group] = [self.returned(key) for key, resource in self.world.resources.items()
                                           if self.is_of_data(key, profile["resource"]) and self.has_examples(resource, row)]
        return self.group_resources[group]

    def has_examples(self, resource, row):
        examples = [p.split("=", 1) for p in row["example_values"].split(";") if "=" in p] if row else []
        return all(self.matrix.judge.matches(resource, name, text.replace("|", ",")) for name, text in examples)

    def returned(self, key):
        status, answer = self.client.get("/" + key)
        assert status == 200, key
        return answer

    def judge_must_support(self, test, group, profile):
        resources = self.resources(group, profile)
        if not resources:
            return SKIP, "nothing in the data"
        rows = [r for r in self.must_support if r["profile"] == profile["profile"]]
        absent = must_support.missing(rows, resources)
        return (FAIL, ", ".join(sorted(absent))) if absent else (PASS, "")

    def judge_reference_resolution(self, test, group, profile):
        resources = self.resources(group, profile)
        if not resources:
            return SKIP, "nothing in the data"
        for row in self.must_support:
            detail = json.loads(row["detail"] or "{}")
            if row["profile"] != profile["profile"] or row["kind"] != "element" or "Reference" not in detail.get("types", []):
                continue
            references = [v["reference"] for r in resources for v in must_support.element_values(r, row["path"], detail, self.must_support)
                          if isinstance(v, dict) and "/" in v.get("reference", "")]
            if references and not any(self.client.get("/" + r)[0] == 200 for r in dict.fromkeys(references)):
                return FAIL, f"no reference of {row['path']} can be read"
        return PASS, ""

    def judge_validation(self, test, group, profile):
        resources = self.resources(group, profile)
        if not resources:
            return SKIP, "nothing in the data"
        for resource in resources:
            status, outcome = self.client.request("POST", f"/{profile['resource']}/$validate?profile={profile['profile_url']}", resource)
            errors = [i for i in outcome.get("issue", []) if i["severity"] in ("error", "fatal")] if status == 200 else [outcome]
            if errors:
                return FAIL, f"{profile['resource']}/{resource['id']}: {json.dumps(errors[0])[:300]}"
        return PASS, ""

    # ------------------------------------------------------------ tests that stand alone

    def capability_statement(self):
        return self.client.get("/metadata")[1]

    def test_standalone_auth_tls(self, group):
        return self.tls_verdict

    def test_us_core_conformance_support(self, group):
        return (PASS, "") if self.capability_statement()["resourceType"] == "CapabilityStatement" else (FAIL, "no CapabilityStatement")

    def test_us_core_fhir_version(self, group):
        return (PASS, "") if self.capability_statement()["fhirVersion"] == "4.0.1" else (FAIL, "another version")

    def test_us_core_json_support(self, group):
        formats = {"json", "application/json", "application/json+fhir", "application/fhir+json"}
        return (PASS, "") if formats & set(self.capability_statement()["format"]) else (FAIL, "no JSON")

    def test_us_core_profile_support(self, group):
        declared = {p for r in self.capability_statement()["rest"][0]["resource"] for p in r.get("supportedProfile", [])}
        absent = {row["profile_url"] for row in self.profiles.values()} - declared
        return (FAIL, f"{len(absent)} profiles not declared, as {sorted(absent)[0]}") if absent else (PASS, "")

    def test_us_core_instantiate(self, group):
        declared = [u.split("|")[0] for u in self.capability_statement().get("instantiates", [])]
        return (PASS, "") if US_CORE + "/CapabilityStatement/us-core-server" in declared else (FAIL, "not declared")

    def is_of_data(self, key, type_name):
        return key.startswith(type_name + "/") and self.world.files[key] in DATA_FILES

    def of_data(self, type_name):
        return [self.returned(k) for k in self.world.resources if self.is_of_data(k, type_name)]

    def test_us_core_v400_document_reference_custodian_test(self, group):
        custodians = [r for r in self.of_data("DocumentReference") if r.get("custodian")]
        return (PASS, "") if custodians else (SKIP, "no custodian")

    def test_practitioner_address_test(self, group):
        practitioners = [r for r in self.of_data("Practitioner") if r.get("address")]
        return (PASS, "") if practitioners else (SKIP, "no address")

    def test_us_core_clinical_note_types(self, group):
        types = {c.get("code") for r in self.of_data("DocumentReference") for c in r.get("type", {}).get("coding", [])}
        categories = {c.get("code") for r in self.of_data("DiagnosticReport") for k in r.get("category", []) for c in k.get("coding", [])}
        absent = (NOTE_TYPES - types) | (NOTE_CATEGORIES - categories)
        return (FAIL, str(absent)) if absent else (PASS, "")

    def test_us_core_clinical_note_attachments(self, group):
        documents = {c["attachment"].get("url") for r in self.of_data("DocumentReference") for c in r.get("content", [])}
        forms = {f.get("url") for r in self.of_data("DiagnosticReport") for f in r.get("presentedForm", [])}
        lost = forms - documents - {None}
        return (FAIL, f"{len(lost)} attachments only in reports") if lost else (PASS, "")

    def test_us_core_screening_assessment_category(self, group):
        wanted = {"sdoh", "functional-status", "disability-status", "cognitive-status"}
        found = {c.get("code") for t in ("Condition", "Observation", "ServiceRequest") for r in self.of_data(t)
                 for k in r.get("category", []) for c in k.get("coding", [])}
        return (PASS, "") if wanted & found else (SKIP, "no such category")

    def test_us_core_311_data_absent_reason_extension(self, group):
        return self.find_in_data("http://hl7.org/fhir/StructureDefinition/data-absent-reason")

    def test_us_core_311_data_absent_reason_code_system(self, group):
        return self.find_in_data("http://terminology.hl7.org/CodeSystem/data-absent-reason")

    def find_in_data(self, text):
        keys = [k for k in self.world.resources if self.world.files[k] in DATA_FILES]
        return (PASS, "") if any(text in json.dumps(self.returned(k)) for k in keys) else (SKIP, "not in the data")
