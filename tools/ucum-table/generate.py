#!/usr/bin/env python3
"""Writes data/ucum/prefixes.tsv and data/ucum/units.tsv from ucum-essence.xml.

usage: tools/ucum-table/generate.py ucum-essence.xml
The file is published by the UCUM Organization (https://ucum.org, repository ucum-org/ucum).
"""
import pathlib
import sys
import xml.etree.ElementTree as tree

NAMESPACE = "{http://unitsofmeasure.org/ucum-essence}"
FOLDER = pathlib.Path(__file__).resolve().parent.parent.parent / "data/ucum"
HEAD = (
    "# Source: UCUM essence {version} of {date}, https://ucum.org. The Unified Code for Units of Measure is copyright\n"
    "# 1999-2024 Regenstrief Institute, Inc., all rights reserved; used under the UCUM Copyright Notice and License 1.1.\n"
    "# Written by tools/ucum-table/generate.py; do not edit.\n"
)


def number(text):
    """Plain decimal notation or d[.d]e[-]n."""
    return text.replace("E", "e").replace("+", "")


def main():
    if len(sys.argv) != 2 or sys.argv[1] == "--help":
        print(__doc__)
        return 2
    root = tree.parse(sys.argv[1]).getroot()
    head = HEAD.format(version=root.get("version"), date=root.get("revision-date"))
    rows = []
    for prefix in root.findall(NAMESPACE + "prefix"):
        rows.append((prefix.get("Code"), number(prefix.find(NAMESPACE + "value").get("value"))))
    text = "".join("\t".join(row) + "\n" for row in rows)
    (FOLDER / "prefixes.tsv").write_text(head + "code\tfactor\n" + text)

    rows = []
    for base in root.findall(NAMESPACE + "base-unit"):
        rows.append((base.get("Code"), "yes", "base", "", ""))
    for unit in root.findall(NAMESPACE + "unit"):
        value = unit.find(NAMESPACE + "value")
        function = value.find(NAMESPACE + "function")
        kind = "special" if function is not None else "arbitrary" if unit.get("isArbitrary") == "yes" else "ratio"
        if function is not None:
            factor, of = function.get("value"), function.get("Unit")
            kind += ":" + function.get("name")
        else:
            factor, of = value.get("value"), value.get("Unit")
        rows.append((unit.get("Code"), unit.get("isMetric"), kind, number(factor), of))
    text = "".join("\t".join(row).rstrip("\t") + "\n" for row in rows)
    (FOLDER / "units.tsv").write_text(head + "code\tmetric\tkind\tfactor\tunit\n" + text)
    return 0


sys.exit(main())
