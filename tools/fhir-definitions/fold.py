#!/usr/bin/env python3
"""Writes data/fhir/fold.tsv: how string search folds the letters of Latin, Greek and Cyrillic.

    tools/fhir-definitions/fold.py

Each letter becomes its compatibility decomposition without combining marks, in lower case; letters
that Unicode does not decompose (ø, ł, ß) become what a keyboard without them types.
"""

import pathlib
import unicodedata

OUT = pathlib.Path(__file__).resolve().parents[2] / "data/fhir/fold.tsv"
BLOCKS = ((0x80, 0x24F), (0x370, 0x52F), (0x1E00, 0x1FFF), (0x2C60, 0x2C7F), (0xFB00, 0xFB06),
          (0xFF01, 0xFF5E))
UNDECOMPOSED = {"æ": "ae", "œ": "oe", "ø": "o", "đ": "d", "ð": "d", "ħ": "h", "ı": "i", "ĸ": "k",
                "ł": "l", "ŋ": "n", "ŧ": "t", "þ": "th", "ß": "ss", "ə": "e", "ƒ": "f", "ς": "σ",
                "ɨ": "i", "ʉ": "u", "ɓ": "b", "ɗ": "d", "ɛ": "e", "ɔ": "o", "ɣ": "g", "ƴ": "y"}


def fold(character):
    text = unicodedata.normalize("NFKD", character)
    text = "".join(c for c in text if not unicodedata.combining(c)).lower()
    text = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    return "".join(UNDECOMPOSED.get(c, c) for c in text)


def main():
    lines = [f"# Source: Unicode Character Database {unicodedata.unidata_version}, Unicode License v3;"
             " the letters it does not decompose are ours.",
             "# Written by tools/fhir-definitions/fold.py; do not edit.",
             "code_point\tfolded"]
    for first, last in BLOCKS:
        for code_point in range(first, last + 1):
            character = chr(code_point)
            if not unicodedata.category(character).startswith(("L", "N", "P")):
                continue
            folded = fold(character)
            if folded != character and folded.strip() == folded and folded:
                lines.append(f"{code_point:04X}\t{folded}")
    OUT.write_text("\n".join(lines) + "\n", "utf-8")
    print(f"{OUT}: {len(lines) - 3} rows")


if __name__ == "__main__":
    main()
