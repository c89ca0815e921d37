"""Which must-support elements of a profile are in none of the resources: the questions of the certification kit, answered from the
resources alone. Rows are those of us_core_must_support.csv."""
import json

from us_core import judge as judging


def missing(rows, resources):
    """Names of what no resource has. What references point at is another test of the kit's."""
    chosen = {frozenset(alternatives(row)) for row in rows if row["kind"] == "choice"}
    absent = set()
    for row in rows:
        detail = json.loads(row["detail"] or "{}")
        if row["kind"] == "element":
            if not any(element_values(r, row["path"], detail, rows) for r in resources):
                absent.add(row["path"])
        elif row["kind"] == "extension":
            if not any(has_extension(r, row["path"], detail["url"]) for r in resources):
                absent.add(row["id"])
        elif row["kind"] == "slice":
            if not any(slice_values(r, row["path"], detail["discriminator"]) for r in resources):
                absent.add(row["id"])
    # Of a choice one is enough.
    for group in chosen:
        if group and not group <= absent:
            absent -= group
    return absent


def alternatives(row):
    detail = json.loads(row["detail"])
    return detail.get("paths", []) + detail.get("extension_ids", [])


def element_values(resource, path, detail, rows):
    """`class:group.value`: within the slice; `valueQuantity:valueQuantity.code`: the choice's own name."""
    values = [resource]
    steps = path.replace("[x]", "").split(".")
    for number, step in enumerate(steps):
        name, _, slice_name = step.partition(":")
        following = [v for value in values if isinstance(value, dict) for v in judging.walk(value, "X." + name)]
        if slice_name and slice_name != name:
            row = next((r for r in rows if r["kind"] == "slice" and json.loads(r["detail"])["slice_name"] == slice_name), None)
            following = [v for v in following if row is None or in_slice(v, json.loads(row["detail"])["discriminator"])]
        values = following
    if "fixed_value" in detail:
        values = [v for v in values if v == detail["fixed_value"]]
    return [v for v in values if v not in ("", None, {}, [])]


def has_extension(resource, path, url):
    holders = [resource] if path == "extension" else judging.walk(resource, "X." + path.removesuffix(".extension"))
    if path != "extension" and not any(isinstance(h, dict) for h in holders):
        holders = judging.walk(resource, "X._" + path.removesuffix(".extension"))
    return any(e.get("url") == url for h in holders if isinstance(h, dict) for e in h.get("extension", []))


def slice_values(resource, path, discriminator):
    if discriminator["type"] == "type":
        name, code = path.replace("[x]", ""), discriminator["code"]
        return [v for k, v in resource.items() if k.lower() == (name + code).lower()]
    return [v for v in judging.walk(resource, "X." + path.replace("[x]", "")) if in_slice(v, discriminator)]


def in_slice(value, discriminator):
    kind, path = discriminator["type"], discriminator.get("path", "")
    inner = judging.walk(value, "X." + path) if path and isinstance(value, dict) else [value]
    if kind == "value":
        pairs = [(p["path"], p["value"]) for p in discriminator["values"]]
        return all(any(v == wanted for v in (judging.walk(value, "X." + p) if p else [value])) for p, wanted in pairs)
    if kind == "patternIdentifier":
        return any(v.get("system") == discriminator["system"] for v in inner)
    if kind == "requiredBinding":
        wanted = [v if isinstance(v, dict) else {"code": v} for v in discriminator["values"]]
    else:
        wanted = [{"system": discriminator.get("system"), "code": discriminator["code"]}]
    return any(coding.get("code") == w["code"] and w.get("system") in (None, coding.get("system"))
               for v in inner for coding in codings(v) for w in wanted)


def codings(value):
    if isinstance(value, str):
        return [{"code": value}]
    return value.get("coding", [value])
