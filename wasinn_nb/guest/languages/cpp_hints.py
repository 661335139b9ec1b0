"""The headers of C++'s standard library, for names that a cell uses without theirs.

clang says of such a name that there is none, or that it is undefined, and proposes another of the
library; then it stumbles over the rest of the line.
"""

from __future__ import annotations

import re
from dataclasses import replace

from wasinn_nb.guest.build.model import Diagnostic

_MISSING = re.compile(
    r"no (?:template|type|member) named '(?P<name>\w+)' in namespace 'std'(?:; did you mean .*)?"
    r"|implicit instantiation of undefined template 'std::(?P<undefined>\w+)<.*"
)
_UNDECLARED = re.compile(r"use of undeclared identifier '(?P<name>\w+)'")
_HEADERS = {
    "algorithm": "all_of any_of binary_search copy count_if fill find find_if for_each max_element"
    " min_element minmax_element remove_if reverse shuffle sort stable_sort transform unique",
    "array": "array",
    "bitset": "bitset",
    "chrono": "chrono",
    "cmath": "abs ceil cos exp floor fabs log log2 pow round sin sqrt tan tanh",
    "cstdint": "int8_t int16_t int32_t int64_t uint8_t uint16_t uint32_t uint64_t",
    "cstdio": "fflush fprintf fputs fwrite printf puts snprintf",
    "cstdlib": "exit free malloc",
    "cstring": "memcpy memset strcmp strlen",
    "deque": "deque",
    "expected": "expected unexpected",
    "format": "format",
    "fstream": "basic_fstream basic_ifstream basic_ofstream fstream ifstream ofstream",
    "functional": "bind function hash plus",
    "iomanip": "setfill setprecision setw",
    "iostream": "cerr cin clog cout",
    "list": "list",
    "map": "map multimap",
    "memory": "make_shared make_unique shared_ptr unique_ptr weak_ptr",
    "numbers": "numbers",
    "numeric": "accumulate gcd iota inner_product lcm partial_sum reduce",
    "optional": "make_optional nullopt optional",
    "print": "print println",
    "queue": "priority_queue queue",
    "random": "mt19937 normal_distribution random_device uniform_int_distribution"
    " uniform_real_distribution",
    "ranges": "ranges views",
    "regex": "regex regex_match regex_replace regex_search smatch",
    "set": "multiset set",
    "span": "span",
    "sstream": "basic_istringstream basic_ostringstream basic_stringstream istringstream"
    " ostringstream stringstream",
    "stack": "stack",
    "stdexcept": "invalid_argument logic_error out_of_range runtime_error",
    "string": "basic_string getline stod stoi string to_string",
    "string_view": "basic_string_view string_view",
    "tuple": "make_tuple tie tuple",
    "unordered_map": "unordered_map",
    "unordered_set": "unordered_set",
    "utility": "exchange forward make_pair move pair swap",
    "variant": "get_if holds_alternative variant visit",
    "vector": "vector",
}
_HEADER_OF = {name: header for header, names in _HEADERS.items() for name in names.split()}


def with_headers(found: list[Diagnostic]) -> list[Diagnostic]:
    """Diagnostics with the header to include, without those that follow from its absence."""
    lacking: dict[int | None, str] = {}
    kept = []
    for one in found:
        match = _MISSING.fullmatch(one.message)
        name = match and (match["name"] or match["undefined"])
        if match and name in _HEADER_OF:
            message, _, _ = one.message.partition("; did you mean")
            note = f"hint: #include <{_HEADER_OF[name]}>"
            one = replace(one, message=message, notes=(note, *one.notes))  # noqa: PLW2901
            lacking[one.line] = one.source_line or ""
        elif one.severity == "error" and (one.line in lacking or _follows(one, lacking)):
            continue
        kept.append(one)
    return kept


def _follows(found: Diagnostic, lacking: dict[int | None, str]) -> bool:
    """Whether it is about a name that a line declares whose type is not known."""
    match = _UNDECLARED.fullmatch(found.message)
    if match is None:
        return False
    declared = re.compile(rf"\b{match['name']}\b")
    return any(declared.search(line) for line in lacking.values())
