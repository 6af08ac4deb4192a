# SPDX-License-Identifier: MIT
"""Descriptions of CMSIS-Packs, by PACK.xsd and the document of the format.

https://github.com/Open-CMSIS-Pack/Open-CMSIS-Pack-Spec/blob/v1.7.7/schema/PACK.xsd
https://open-cmsis-pack.github.io/Open-CMSIS-Pack-Spec/main/html/packFormat.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from xml.etree import ElementTree

PARTS = ("vendor", "name", "description", "url", "license", "releases", "conditions", "components")
"""PACK.xsd, element package: those that we use, of which these must be there."""
CATEGORIES = ("doc", "header", "include", "library", "object", "source", "sourceC", "sourceCpp",
              "sourceAsm", "linkerScript", "utility", "image", "preIncludeGlobal",
              "preIncludeLocal", "genSource", "genHeader", "genParams", "genAsset", "other")
"""PACK.xsd, FileCategoryType."""
CORES = ("Cortex-M0", "Cortex-M0+", "Cortex-M1", "Cortex-M3", "Cortex-M4", "Cortex-M7",
         "Cortex-M23", "Cortex-M33", "Cortex-M35P", "Cortex-M52", "Cortex-M55", "Cortex-M85")
"""PACK.xsd, DcoreEnum."""
VERSION = re.compile(r"\d+\.\d+\.\d+(-[\w.-]+)?(\+[\w.-]+)?")
"""PACK.xsd, VersionType."""


def problems(files: Mapping[str, bytes]) -> Iterator[str]:
    """What is wrong with a pack, of its files by path."""
    described = [path for path in files if path.endswith(".pdsc")]
    if len(described) != 1:
        yield "there is not one .pdsc"
        return
    try:
        root = ElementTree.fromstring(files[described[0]])
    except ElementTree.ParseError:
        yield "the .pdsc is no XML"
        return
    if not re.fullmatch(r"1\.\d+(\.\d+)?", root.get("schemaVersion", "")):
        yield "schemaVersion is none"
    yield from (f"{part} is missing" for part in PARTS if root.find(part) is None)
    yield from (f"{each.tag} is no part" for each in root if each.tag not in PARTS)
    names = f"{root.findtext('vendor')}.{root.findtext('name')}.pdsc"
    if described[0] != names:  # packFormat.html: the file is <vendor>.<name>.pdsc
        yield f"the .pdsc is not called {names}"
    if not (root.findtext("url") or "").startswith("https://"):  # PACK.xsd, xs:anyURI
        yield "url is no address"
    if root.findtext("license") not in files:  # a path in the pack
        yield "the license is missing"
    for release in root.iterfind("releases/release"):
        if not VERSION.fullmatch(release.get("version", "")):
            yield "the version of a release is none"
        if not re.fullmatch(r"\d{4}-\d\d-\d\d", release.get("date", "")):  # xs:date
            yield "the date of a release is none"
    conditions = {each.get("id") for each in root.iterfind("conditions/condition")}
    for accepted in root.iterfind("conditions/condition/accept"):
        if accepted.get("Dcore") not in CORES:
            yield f"the core {accepted.get('Dcore')} is not known"
    for component in root.iterfind("components/component"):
        yield from (f"{key} of a component is missing" for key in ("Cclass", "Cgroup", "Cversion")
                    if not component.get(key))  # required attributes
        if component.get("condition") not in conditions:  # xs:keyref
            yield "the condition of a component is missing"
    for file in root.iterfind(".//files/file"):
        name = file.get("name", "")
        if file.get("category") not in CATEGORIES:
            yield f"the category of {name} is none"
        if not any(path == name or (name.endswith("/") and path.startswith(name))
                   for path in files):
            yield f"{name} is missing"
