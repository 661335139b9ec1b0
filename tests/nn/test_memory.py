"""Memory figures, from this machine and from trees of files that stand for others."""

import mmap
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wasinn_nb.nn import memory
from wasinn_nb.nn.cgroups import groups
from wasinn_nb.nn.memory import format_bytes

MIB = 1 << 20
GIB = 1 << 30

V2 = "31 23 0:28 / /sys/fs/cgroup rw,relatime shared:9 - cgroup2 cgroup2 rw,nsdelegate"
V1 = "35 31 0:32 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory"
V1_CPU = "32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct"


class Tree:
    """A root with just the files that are asked for."""

    def __init__(self, root):
        self.root = root
        self.write("proc/meminfo", f"MemTotal: {16 * GIB // 1024} kB\nMemAvailable: 8388608 kB\n")

    def write(self, name, text):
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(str(text))
        return self

    def cgroup(self, line, mounts):
        return self.write("proc/self/cgroup", line).write("proc/self/mountinfo", mounts)

    def group(self, path, **files):
        for name, text in files.items():
            self.write(f"sys/fs/cgroup/{path}/{name.replace('__', '.')}", text)
        return self


@pytest.fixture
def tree(tmp_path):
    return Tree(tmp_path)


def test_the_resident_set_grows_and_shrinks():
    with memory.measured() as taken:
        block = mmap.mmap(-1, 64 * MIB)
        for page in range(0, 64 * MIB, 4096):
            block[page] = 1
    assert 60 * MIB < taken.delta < 80 * MIB
    with memory.measured() as given:
        block.close()
    assert -80 * MIB < given.delta < -60 * MIB


@pytest.mark.skipif(sys.platform != "linux", reason="glibc keeps what is freed")
def test_trimming_gives_freed_memory_back():
    code = """
import ctypes
from wasinn_nb.nn import memory
libc = ctypes.CDLL(None)
libc.malloc.restype, libc.malloc.argtypes = ctypes.c_void_p, [ctypes.c_size_t]
libc.free.argtypes = [ctypes.c_void_p]
blocks = [libc.malloc(64_000) for _ in range(1000)]
for block in blocks: ctypes.memset(block, 1, 64_000)
full = memory.rss()
for block in blocks[:-1]: libc.free(block)  # the last one keeps the heap from shrinking by itself
freed = memory.rss()
memory.trim()
print(full - freed, full - memory.rss())
"""
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    before, after = map(int, out.stdout.split())
    assert before < 10_000_000
    assert after > 55_000_000


def test_this_machine_has_memory():
    assert 0 < memory.available() <= memory.total()
    assert 0 < memory.rss() < memory.total()


def test_without_limits_the_kernel_knows(tree):
    assert memory.available(tree.root) == 8 * GIB
    assert memory.total(tree.root) == 16 * GIB
    tree.cgroup("0::/user.slice", V2).group("user.slice", memory__max="max", memory__current=GIB)
    assert memory.available(tree.root) == 8 * GIB
    assert memory.total(tree.root) == 16 * GIB


def test_a_limit_of_version_2_without_the_file_cache(tree):
    tree.cgroup("0::/app", V2).group(
        "app",
        memory__max=4 * GIB,
        memory__current=3 * GIB,
        memory__stat=f"anon {GIB}\ninactive_file {GIB}\nactive_file {512 * MIB}\nshmem {GIB}\n",
    )
    assert memory.available(tree.root) == 4 * GIB - 3 * GIB + GIB + 512 * MIB
    assert memory.total(tree.root) == 4 * GIB


def test_the_tightest_ancestor_counts(tree):
    tree.cgroup("0::/pod/app", V2)
    tree.group("pod/app", memory__max=4 * GIB, memory__current=MIB)
    tree.group("pod", memory__max=2 * GIB, memory__current=2 * GIB - 100 * MIB)
    assert memory.available(tree.root) == 100 * MIB
    assert memory.total(tree.root) == 2 * GIB
    tree.group("pod", memory__high=GIB)
    assert memory.available(tree.root) == 0


def test_a_limit_of_version_1_counts_child_groups(tree):
    tree.cgroup("4:memory:/docker/abc\n1:cpu:/\n0::/", V1).group(
        "memory/docker/abc",
        memory__limit_in_bytes=2 * GIB,
        memory__usage_in_bytes=GIB,
        memory__stat=f"inactive_file 5\ntotal_inactive_file {MIB}\ntotal_active_file {MIB}\n",
    )
    tree.group("memory", memory__limit_in_bytes=9223372036854771712, memory__usage_in_bytes=GIB)
    assert memory.available(tree.root) == GIB + 2 * MIB


def test_a_container_sees_its_group_at_the_mount(tree):
    mount = V1.replace("0:32 / ", "0:32 /docker/abc ")
    tree.cgroup("4:memory:/docker/abc", mount).group(
        "memory", memory__limit_in_bytes=GIB, memory__usage_in_bytes=0
    )
    assert memory.available(tree.root) == GIB
    tree.cgroup("4:memory:/another/namespace", V1)  # a path that is not visible from inside
    assert memory.available(tree.root) == GIB


def test_both_versions_at_once(tree):
    tree.cgroup("4:memory:/a\n0::/", f"{V1}\n{V2}")
    tree.group("memory/a", memory__limit_in_bytes=GIB, memory__usage_in_bytes=MIB)
    assert {group.version for group in groups("memory", tree.root)} == {1, 2}
    assert memory.available(tree.root) == GIB - MIB


@given(st.text(max_size=200), st.text(max_size=200), st.text(max_size=80))
def test_odd_files_are_passed_over(tmp_path_factory, cgroup, mounts, number):
    tree = Tree(tmp_path_factory.mktemp("tree"))
    tree.root.joinpath("proc/self").mkdir()
    tree.root.joinpath("proc/self/cgroup").write_bytes(cgroup.encode("utf-8", "surrogatepass"))
    tree.root.joinpath("proc/self/mountinfo").write_bytes(mounts.encode("utf-8", "surrogatepass"))
    assert memory.available(tree.root) == 8 * GIB
    tree.cgroup("0::/a", V2)
    path = tree.root / "sys/fs/cgroup/a/memory.max"
    path.parent.mkdir(parents=True)
    path.write_bytes(number.encode("utf-8", "surrogatepass"))
    assert 0 <= memory.available(tree.root) <= 8 * GIB


def test_a_group_cannot_lead_out_of_its_mount(tree):
    tree.cgroup("0::/../../../etc", V2).group("", memory__max=GIB, memory__current=0)
    assert [group.path for group in groups("memory", tree.root)] == [tree.root / "sys/fs/cgroup"]


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0 bytes"),
        (1, "1 byte"),
        (999, "999 bytes"),
        (1000, "1.00 KB"),
        (9_990, "9.99 KB"),
        (99_900, "99.9 KB"),
        (123_456_789, "123 MB"),
        (1_230_000_000, "1.23 GB"),
        (-4_560_000, "-4.56 MB"),
    ],
)
def test_sizes_for_people(count, text):
    assert format_bytes(count) == text


@given(st.integers(-(10**14), 10**14))
def test_a_size_keeps_three_digits(count):
    number, unit = format_bytes(count).split()
    scale = {"byte": 1, "bytes": 1, "KB": 1e3, "MB": 1e6, "GB": 1e9, "TB": 1e12}[unit]
    assert abs(float(number) * scale - count) <= 0.006 * abs(count)
