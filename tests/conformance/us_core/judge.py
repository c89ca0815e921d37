"""What a search has to find, told from the resources alone: the paths are those the certification kit looks at, the matching is written
here from FHIR R4 search.html, and nothing of the server is asked."""
import calendar
import collections
import datetime
import re
import unicodedata
import urllib.parse

from us_core.world import same_content

PREFIXES = ("eq", "ne", "gt", "lt", "ge", "le", "sa", "eb", "ap")
STRING_TYPES = {"string", "HumanName", "Address"}
DATE_TYPES = {"date", "dateTime", "instant", "Period"}
DATE_CHOICES = "(Date|DateTime|Instant|Period)"  # of a choice of types, what a date parameter looks at
TOKEN_TYPES = {"CodeableConcept", "Coding", "code", "Identifier"}
NAME_PARTS = ("family", "given", "prefix", "suffix", "text")
ADDRESS_PARTS = ("line", "city", "district", "state", "postalCode", "country", "text")
KINDS = {**dict.fromkeys(STRING_TYPES, "string"), **dict.fromkeys(DATE_TYPES, "date"), **dict.fromkeys(TOKEN_TYPES, "token"),
         "Reference": "reference", "canonical": "uri", "http://hl7.org/fhirpath/System.String": "id"}


class Judge:
    def __init__(self, world, parameter_rows):
        """Rows of us_core_search_params.csv of one version."""
        self.world = world
        self.parameters = {}
        for row in parameter_rows:
            kind = KINDS.get(row["type"])
            if kind:
                self.parameters[row["resource"], row["param"]] = kind, row["paths"].split(";")
        for type_name in {key[0] for key in self.parameters}:
            self.parameters[type_name, "_id"] = "id", [type_name + ".id"]
            self.parameters[type_name, "_lastUpdated"] = "date", [type_name + ".meta.lastUpdated"]
        self.cache = {}

    def values(self, resource, name):
        key = id(resource), name
        if key not in self.cache:
            kind, paths = self.parameters[resource["resourceType"], name]
            choice = DATE_CHOICES if kind == "date" else r"[A-Z]\w*"
            self.cache[key] = kind, [v for path in paths for v in walk(resource, path, choice)]
        return self.cache[key]

    def matches(self, resource, name, text):
        if "." in name:
            return self.matches_chain(resource, *name.split(".", 1), text)
        kind, found = self.values(resource, name)
        wanted = [re.sub(r"\\(.)", r"\1", alternative) for alternative in re.split(r"(?<!\\),", text)]
        return any(MATCH[kind](value, alternative) for alternative in wanted for value in found)

    def matches_chain(self, resource, name, rest, text):
        targets = [self.world.resources.get(v.get("reference")) for v in self.values(resource, name)[1]]
        return any(target and self.matches(target, rest, text) for target in targets)

    def expected(self, type_name, query):
        """The resources of a type that satisfy every (name, value) of a query; names it does not know fail with KeyError."""
        criteria = [(name, value) for name, value in query if name not in ("_include", "_revinclude", "_count")]
        result = set()
        for resource in self.world.of_type(type_name):
            if all(self.matches(resource, name, value) for name, value in criteria):
                result.add(f"{type_name}/{resource['id']}")
        return result


def included(world, matched, query):
    """What _include and _revinclude of the forms the kit sends add to the matches."""
    found = set()
    for name, value in query:
        if (name, value) == ("_revinclude", "Provenance:target"):
            for provenance in world.of_type("Provenance"):
                if any(t.get("reference") in matched for t in provenance.get("target", [])):
                    found.add(f"Provenance/{provenance['id']}")
        elif name == "_include":
            element = {"medication": "medicationReference"}.get(value.split(":")[1], value.split(":")[1])
            for key in matched:
                for target in walk(world.resources[key], f"{key.split('/')[0]}.{element}"):
                    if target.get("reference") in world.resources:
                        found.add(target["reference"])
        elif name == "_revinclude":
            raise KeyError(value)
    return found - matched


def walk(resource, path, choice=r"[A-Z]\w*"):
    """The values at a path of the kit: `Type.a.b`, a choice by its stem, an extension by its url."""
    step = re.match(r"(\w+)\.extension\.where\(url='([^']+)'\)\.(\w+)$", path)
    if step:
        return [v for e in resource.get("extension", []) if e.get("url") == step[2]
                for k, v in e.items() if k.startswith(step[3])]
    values = [resource]
    for name in path.split(".")[1:]:
        following = []
        for value in values:
            if not isinstance(value, dict):
                continue
            members = [value[name]] if name in value else \
                [v for k, v in value.items() if re.fullmatch(name + choice, k)]
            for member in members:
                following += member if isinstance(member, list) else [member]
        values = following
    return values


def folded(text):
    return "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c)).casefold()


def strings_of(value):
    if isinstance(value, str):
        return [value]
    found = []
    for part in NAME_PARTS + ADDRESS_PARTS:
        member = value.get(part)
        found += member if isinstance(member, list) else [member] if member else []
    return found


def match_string(value, wanted):
    return any(folded(text).startswith(folded(wanted)) for text in strings_of(value))


def match_token(value, wanted):
    codings = value.get("coding", []) if isinstance(value, dict) and "coding" in value else [value]
    system, bar, code = wanted.rpartition("|")
    for coding in codings:
        if isinstance(coding, str):
            coding = {"code": coding, "system": None}
        own = coding.get("code", coding.get("value"))
        if bar and coding.get("system") is not None and (coding.get("system") or "") != system:
            continue
        if bar and coding.get("system", "") is not None and not coding.get("system") and system:
            continue
        # Systems that say case does not matter are few; none of those in this data differs in case alone.
        if own is not None and (own.lower() == code.lower() or not code):
            return True
    return False


def match_reference(value, wanted):
    reference = value.get("reference", "")
    return reference == wanted or ("/" not in wanted and reference.split("/")[-1] == wanted)


def match_date(value, wanted):
    prefix = wanted[:2] if wanted[:2] in PREFIXES else "eq"
    low, high = instant_range(wanted[2:] if wanted[:2] in PREFIXES else wanted)
    if isinstance(value, dict):
        if not value.get("start") and not value.get("end"):
            return False
        start = instant_range(value["start"])[0] if value.get("start") else -float("inf")
        end = instant_range(value["end"])[1] if value.get("end") else float("inf")
    else:
        start, end = instant_range(value)
    return {
        "eq": low <= start and end <= high,
        "ne": not (low <= start and end <= high),
        "gt": end > high,
        "lt": start < low,
        "ge": end > high or (low <= start and end <= high),
        "le": start < low or (low <= start and end <= high),
        "sa": start >= high,
        "eb": end <= low,
        "ap": start < high and low < end,
    }[prefix]


def instant_range(text):
    """[first, after the last) second of what a date says at its precision; without a zone: UTC."""
    if len(text) <= 10:
        parts = [int(p) for p in text.split("-")]
        low = datetime.datetime(*(parts + [1, 1])[:3], tzinfo=datetime.timezone.utc)
        if len(parts) == 1:
            high = low.replace(year=low.year + 1)
        elif len(parts) == 2:
            high = low + datetime.timedelta(days=calendar.monthrange(low.year, low.month)[1])
        else:
            high = low + datetime.timedelta(days=1)
        return low.timestamp(), high.timestamp()
    fraction = re.search(r"\.(\d+)", text)
    text = re.sub(r"\.\d+", "", text).replace("Z", "+00:00")
    moment = datetime.datetime.fromisoformat(text)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=datetime.timezone.utc)
    low = moment.timestamp() + (float("0." + fraction[1]) if fraction else 0)
    return low, low + (10 ** -len(fraction[1]) if fraction else 1)


MATCH = {"string": match_string, "token": match_token, "reference": match_reference, "date": match_date,
         "uri": lambda value, wanted: value == wanted, "id": lambda value, wanted: value == wanted}


def parse_query(text):
    return urllib.parse.parse_qsl(text.replace("+", "%2B"), keep_blank_values=True)


def judge_search(client, world, judge, type_name, query, first):
    """Compares an answer (first page given) with what has to be found. Returns the matched keys and a list of faults."""
    faults, matched, extra = [], [], set()
    for page in client.pages(first):
        of_page = []  # an include may come again with another page, but not twice in one
        for entry in page.get("entry", []):
            resource, mode = entry["resource"], entry.get("search", {}).get("mode")
            key = f"{resource['resourceType']}/{resource.get('id')}"
            if mode == "outcome":
                continue
            (matched if mode == "match" else of_page).append(key)
            if key in world.resources and "http" in entry.get("fullUrl", "") and not entry["fullUrl"].endswith("/" + key):
                faults.append(f"fullUrl of {key} is {entry['fullUrl']}")
            if key not in world.resources:
                faults.append(f"{key} was never loaded")
            elif not same_content(resource, world.resources[key]):
                faults.append(f"{key} is not as it was sent")
        faults += [f"include {key} twice" for key, number in collections.Counter(of_page).items() if number > 1]
        extra.update(of_page)
    expected = judge.expected(type_name, query)
    faults += compare("match", matched, expected)
    faults += compare("include", extra, included(world, expected, query))
    total = first.get("total")
    if total is not None and total != len(expected):
        faults.append(f"total is {total}, expected {len(expected)}")
    return matched, faults


def compare(what, found, expected):
    faults = [f"{what} {key} twice" for key, number in collections.Counter(found).items() if number > 1]
    missing, wrong = sorted(expected - set(found)), sorted(set(found) - expected)
    if missing:
        faults.append(f"{len(missing)} of {len(expected)} {what} missing, as {missing[0]}")
    if wrong:
        faults.append(f"{len(wrong)} {what} too many, as {wrong[0]}")
    return faults
