# SPDX-License-Identifier: MIT
"""What functions of modules give, and what these things have: by the interpreter's sources."""

from __future__ import annotations

FILE = "builtins.open()"
"""The class of an open file, which has no name."""
NAMED_TUPLE = "collections.namedtuple()"
"""That of what namedtuple() gives."""
RESULTS = {
    "re.match": "re.Match", "re.search": "re.Match", "re.compile": "re.Pattern",
    "re.Pattern.match": "re.Match", "re.Pattern.search": "re.Match",
    "builtins.open": FILE, "io.open": FILE,
    **dict.fromkeys(("time.localtime", "time.gmtime", "os.stat", "os.statvfs", "sys.exc_info"),
                    "builtins.tuple")}
"""Classes of results by what is called. These tuples have no names for their elements."""
VALUES = {"sys.version_info": "builtins.tuple"}

_STREAM = frozenset("read readinto readline write seek tell flush close".split())
MEMBERS = {
    "re.Pattern": frozenset("match search sub split".split()),
    "io.BytesIO": _STREAM | {"getvalue"}, "io.StringIO": _STREAM | {"getvalue"},
    FILE: _STREAM | {"readlines", "fileno"},
    **dict.fromkeys(("hashlib.sha1", "hashlib.sha256", "hashlib.md5"),
                    frozenset({"update", "digest"}))}
"""All members by extmod/modre.c, py/objstringio.c, extmod/vfs_*_file.c and extmod/modhashlib.c."""
_MATCH = frozenset({"group"})
_MATCH_OF_PORTS = {"rp2": frozenset("groups span start end".split())}
"""By MICROPY_PY_RE_MATCH_* in the ports' mpconfigport.h."""


def members(kind: str, port: str) -> frozenset[str] | None:
    """The members of a class that no file describes; None for all others."""
    if kind == "re.Match":
        return _MATCH | _MATCH_OF_PORTS.get(port, frozenset())
    return MEMBERS.get(kind)


def plain(name: str) -> str:
    """A dotted name without the u of old modules: ure.match is re.match."""
    return name[1:] if name[1:].split(".")[0] in _OLD and name[0] == "u" else name


_OLD = {"re", "io", "time", "os", "hashlib", "collections", "sys", "struct"}
