"""Guests as cells build them: C through the compiler, traps at the cell's own line."""

from __future__ import annotations

import pytest

from wasinn_nb.guest.build.model import Source
from wasinn_nb.guest.errors import GuestOutOfMemory, GuestTrap


@pytest.fixture
def cell(builder, runner):
    def cell(text, language="c"):
        source = Source(text, language, label="In[7]", first_line=2)
        return runner.guest(builder.build(source), source=source)

    return cell


def test_a_trap_points_at_the_line_of_the_cell(cell):
    guest = cell(
        "#include <stdio.h>\n"
        "static __attribute__((noinline)) int f(int x) {\n"
        "  return 10 / x;\n"
        "}\n"
        'int main(int argc, char **argv) { printf("%d\\n", argc); return f(argc - 1); }\n'
    )
    with pytest.raises(
        GuestTrap, match=r"at In\[7\]:4: division by zero\.\n +4 \|   return 10 / x;"
    ) as caught:
        guest.run()
    run = caught.value.run
    assert run.stdout == "1\n", "what was printed before is there"
    assert (caught.value.line, run.trap.frames[0].function) == (4, "f")
    assert guest.run(args=["x", "y", "z"], check=False).stdout == "4\n"


def test_a_recursion_without_end(cell):
    guest = cell(
        "int g(volatile int *p) { volatile int x = *p; return g((int *)&x) + x; }\n"
        "int main(void) { int x = 1; return g(&x); }\n"
    )
    with pytest.raises(GuestTrap, match=r"In\[7\]:2: (stack overflow|access outside)"):
        guest.run()


def test_sleeping_and_the_clock_agree(cell):
    guest = cell(
        "#include <time.h>\n#include <unistd.h>\n#include <stdio.h>\n"
        "int main(void) {\n"
        "  struct timespec a, b;\n"
        "  clock_gettime(CLOCK_MONOTONIC, &a);\n"
        "  b = a; b.tv_nsec += 30000000;\n"
        "  if (b.tv_nsec >= 1000000000) { b.tv_sec++; b.tv_nsec -= 1000000000; }\n"
        "  clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &b, 0);\n"
        "  usleep(20000);\n"
        "  clock_gettime(CLOCK_MONOTONIC, &b);\n"
        '  printf("%ld", (b.tv_sec - a.tv_sec) * 1000 + (b.tv_nsec - a.tv_nsec) / 1000000);\n'
        "}\n"
    )
    assert 50 <= int(guest.run().stdout) < 5000


def test_malloc_that_fails(cell):
    guest = cell(
        "#include <stdlib.h>\n#include <string.h>\n#include <stdio.h>\n"
        "int main(void) {\n"
        "  for (;;) {\n"
        "    char *p = malloc(1 << 20);\n"
        "    if (!p) abort();\n"
        "    memset(p, 1, 1 << 20);\n"
        '    fprintf(stderr, "%p", (void *)p);\n'
        "  }\n"
        "}\n"
    )
    with pytest.raises(GuestOutOfMemory, match="its 32 MiB"):
        guest.run(memory_limit=32)
