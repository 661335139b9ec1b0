"""C++ cells, with exceptions and without."""

from __future__ import annotations

import pytest

from wasinn_nb.guest.build.errors import BuildError
from wasinn_nb.guest.build.model import Source
from wasinn_nb.guest.build.relabel import relabel
from wasinn_nb.guest.languages import cpp, cxx_exceptions
from wasinn_nb.guest.languages.base import CompileFailed

THROWS = """#include <cstdio>
#include <stdexcept>
#include <vector>
struct Guard { ~Guard() { std::puts("unwound"); } };
__attribute__((noinline)) static void fail(int n) {
  Guard g;
  if (n > 0) throw std::runtime_error("boom");
}
int main(int argc, char **) {
  try { fail(argc); } catch (const std::exception &e) { std::printf("caught %s\\n", e.what()); }
  try {
    (void)std::vector<int>{1}.at(argc + 8);
  } catch (const std::out_of_range &) {
    std::puts("range");
  }
}
"""


def test_exceptions_are_thrown_caught_and_unwind(build, run):
    done = run(build(THROWS, "cpp").wasm)
    assert (done.trap, done.stdout) == ("", "unwound\ncaught boom\nrange\n")


def test_an_uncaught_exception_names_the_cell_s_line(build, run):
    module = build("int main() {\n  throw 1;\n}", "c++")
    assert "at In[7]:3:3" in relabel(run(module.wasm).trap, module)


def test_without_exceptions_the_rest_still_builds(build, run, monkeypatch):
    def none(*_: object) -> tuple[str, ...]:
        raise CompileFailed("no such sources")

    monkeypatch.setattr(cxx_exceptions, "objects", none)
    text = """#include <cstdio>
#include <string>
int main() { std::puts(std::string(3, 'x').c_str()); }
"""
    module = build(text, "cpp")
    assert run(module.wasm).stdout == "xxx\n"
    with pytest.raises(BuildError, match=r"(?s)In\[7\]:2:14: error: .*hint: exceptions are off"):
        build("int main() { throw 1; }", "cpp")


def test_an_error_inside_a_header_stands_at_the_use(build):
    text = """#include <algorithm>
#include <vector>
struct S {};
int main() {
  std::vector<S> v;
  std::sort(v.begin(), v.end());
}
"""
    with pytest.raises(BuildError) as caught:
        build(text, "cpp")
    errors = [one for one in caught.value.diagnostics if one.severity == "error"]
    assert [one.line for one in errors] == [7]
    assert errors[0].message.startswith("in __algorithm/")


def test_a_template_error_notes_where_it_was_used(build):
    text = (
        "template <class T> T twice(T t) { return t.nope(); }\nint main() {\n  return twice(3);\n}"
    )
    with pytest.raises(BuildError) as caught:
        build(text, "cpp")
    found = caught.value.diagnostics[0]
    assert found.line == 2
    assert found.notes[0].startswith("note: In[7]:4: in instantiation")


def test_an_undefined_overload_is_found_by_its_name(build):
    text = '#include <string>\nint bar(const std::string &);\nint main() {\n  return bar("x");\n}'
    with pytest.raises(BuildError) as caught:
        build(text, "cpp")
    assert (caught.value.diagnostics[0].line, caught.value.diagnostics[0].column) == (5, 10)


def test_the_standard_can_be_chosen(build):
    text = "#if __cplusplus > 201703L\n#error newer\n#endif\nint main() {}"
    with pytest.raises(BuildError, match="newer"):
        build(text, "cpp")
    assert build(text, "cpp", flags=("-std=c++17",)).wasm


def test_a_missing_header_is_one_error_with_what_to_include():
    log = (
        "cell.cpp:2:6: error: no template named 'map' in namespace 'std'; did you mean 'max'?\n"
        "cell.cpp:2:18: error: expected ';' after expression\n"
        "cell.cpp:2:19: error: use of undeclared identifier 'm'\n"
        "cell.cpp:3:1: error: use of undeclared identifier 'm'\n"
        "cell.cpp:3:5: error: use of undeclared identifier 'other'\n"
    )
    source = Source("std::map<int,int> m;\nm + other;", "cpp", first_line=2)
    first, other = cpp.LANGUAGE.explain(log, source)
    assert first.message == "no template named 'map' in namespace 'std'"
    assert first.notes == ("hint: #include <map>",)
    assert other.message == "use of undeclared identifier 'other'"
