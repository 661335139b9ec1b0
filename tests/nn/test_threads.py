"""How many threads are used, on machines that are trees of files."""

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.nn.test_memory import V1_CPU, V2, Tree
from wasinn_nb.nn import threads
from wasinn_nb.nn.threads import default_threads, parse_cpu_list, physical_cores, usable_cpus


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """A machine of so many cores, with so many threads each; this process may use all of them."""

    def make(cores, siblings=1, allowed=None):
        tree = Tree(tmp_path)
        for cpu in range(cores * siblings):
            together = ",".join(str(cpu % cores + cores * n) for n in range(siblings))
            place = f"sys/devices/system/cpu/cpu{cpu}/topology"
            tree.write(f"{place}/core_cpus_list", together + "\n")
        usable = set(range(cores * siblings)) if allowed is None else allowed
        monkeypatch.setattr(threads, "_affinity", lambda: usable)
        return tree

    return make


@pytest.mark.parametrize(("cores", "expected"), [(1, 1), (2, 1), (4, 3), (16, 15)])
def test_one_core_stays_free(machine, cores, expected):
    assert default_threads(machine(cores).root) == expected


def test_hyper_threads_are_one_core(machine):
    root = machine(8, siblings=2).root
    assert physical_cores(root) == 8
    assert usable_cpus(root) == 16
    assert default_threads(root) == 7


def test_affinity_counts_cores_not_threads(machine):
    root = machine(8, siblings=2, allowed={0, 8, 1, 9}).root
    assert (physical_cores(root), usable_cpus(root), default_threads(root)) == (2, 4, 1)


@pytest.mark.parametrize(
    ("quota", "expected"), [("400000 100000", 4), ("250000 100000", 2), ("50000 100000", 1)]
)
def test_a_quota_of_version_2(machine, quota, expected):
    tree = machine(16).cgroup("0::/pod/app", V2)
    tree.group("pod/app", cpu__max="max 100000").group("pod", cpu__max=quota)
    assert usable_cpus(tree.root) == expected
    assert default_threads(tree.root) == expected


def test_a_quota_of_version_1(machine):
    tree = machine(16).cgroup("3:cpu,cpuacct:/app", V1_CPU)
    tree.group("cpu,cpuacct/app", cpu__cfs_quota_us=300_000, cpu__cfs_period_us=100_000)
    assert usable_cpus(tree.root) == 3
    tree.group("cpu,cpuacct/app", cpu__cfs_quota_us=-1)
    assert usable_cpus(tree.root) == 16


def test_old_kernels_name_siblings_otherwise(machine):
    tree = machine(2, siblings=2)
    for path in tree.root.rglob("core_cpus_list"):
        path.rename(path.with_name("thread_siblings_list"))
    assert physical_cores(tree.root) == 2


def test_a_machine_that_tells_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr(threads, "_affinity", lambda: {0, 1, 2})
    (tmp_path / "sys/devices/system/cpu").mkdir(parents=True)
    assert physical_cores(tmp_path) == 3


def test_this_machine():
    assert 1 <= default_threads() <= usable_cpus() <= (os.cpu_count() or 1)
    assert 1 <= physical_cores() <= (os.cpu_count() or 1)


@given(st.sets(st.integers(0, 300), min_size=1))
def test_lists_as_linux_writes_them(cpus):
    ranges, rest = [], sorted(cpus)
    while rest:
        run = [rest.pop(0)]
        while rest and rest[0] == run[-1] + 1:
            run.append(rest.pop(0))
        ranges.append(str(run[0]) if len(run) == 1 else f"{run[0]}-{run[-1]}")
    assert parse_cpu_list(",".join(ranges) + "\n") == cpus


@given(st.text(max_size=60))
def test_any_list_is_a_set(text):
    assert all(cpu >= 0 for cpu in parse_cpu_list(text))


@given(st.text(max_size=40))
def test_any_quota_leaves_a_processor(tmp_path_factory, text):
    tree = Tree(tmp_path_factory.mktemp("tree")).cgroup("0::/", V2)
    path = tree.root / "sys/fs/cgroup/cpu.max"
    path.parent.mkdir(parents=True)
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    assert usable_cpus(tree.root) >= 1
