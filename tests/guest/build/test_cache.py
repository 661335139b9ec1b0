"""The store: what it returns is what was put there, whatever happens to the disk."""

from __future__ import annotations

import errno
import multiprocessing
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wasinn_nb.guest.build.cache import ArtifactCache


@pytest.fixture
def cache(tmp_path: Path) -> ArtifactCache:
    return ArtifactCache(tmp_path / "store")


def entry_files(cache: ArtifactCache) -> list[Path]:
    return [path for path, _ in cache._files()]


@given(data=st.binary(max_size=2000), key=st.text(min_size=1), kind=st.sampled_from(["a", "b"]))
@settings(max_examples=50)
def test_what_was_put_is_got(tmp_path_factory, data, key, kind):
    cache = ArtifactCache(tmp_path_factory.mktemp("store"))
    assert cache.get(kind, key) is None
    assert cache.put(kind, key, data)
    assert cache.get(kind, key) == data
    assert cache.get("other", key) is None
    assert all(path.is_relative_to(cache.root / kind) for path in entry_files(cache))


def test_a_second_put_replaces_the_first(cache):
    cache.put("k", "key", b"old")
    cache.put("k", "key", b"new")
    assert cache.get("k", "key") == b"new"
    assert len(entry_files(cache)) == 1


@given(data=st.data())
@settings(max_examples=100)
def test_a_damaged_entry_is_a_miss_and_goes_away(tmp_path_factory, data):
    cache = ArtifactCache(tmp_path_factory.mktemp("store"))
    cache.put("k", "key", b"payload of some length")
    (path,) = entry_files(cache)
    stored = path.read_bytes()
    if data.draw(st.booleans()):
        damaged = stored[: data.draw(st.integers(0, len(stored) - 1))]
    else:
        at = data.draw(st.integers(0, len(stored) - 1))
        flipped = stored[at] ^ data.draw(st.integers(1, 255))
        damaged = stored[:at] + bytes([flipped]) + stored[at + 1 :]
    path.write_bytes(damaged)
    assert cache.get("k", "key") is None
    assert not path.exists()
    assert cache.put("k", "key", b"again")
    assert cache.get("k", "key") == b"again"


def test_an_entry_under_another_s_name_is_a_miss(cache):
    cache.put("k", "first", b"1")
    cache.put("k", "second", b"2")
    first, second = sorted(entry_files(cache))
    first.replace(second)
    assert cache.get("k", "second") is None


@pytest.mark.parametrize("failing", ["write", "replace", "mkdir"])
def test_a_full_disk_keeps_nothing_and_breaks_nothing(cache, monkeypatch, failing):
    cache.put("k", "before", b"there")

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    if failing == "write":
        monkeypatch.setattr(ArtifactCache, "_write", full)
    elif failing == "replace":
        monkeypatch.setattr(os, "replace", full)
    else:
        monkeypatch.setattr(Path, "mkdir", full)
    assert cache.put("k", "key", b"data") is False
    assert "No space left" in cache.problem
    assert cache.get("k", "before") == b"there"
    assert len(entry_files(cache)) == 1
    monkeypatch.undo()
    assert cache.put("k", "key", b"data")
    assert cache.problem == ""


@pytest.mark.skipif(sys.platform != "linux" or os.geteuid() != 0, reason="needs to mount")
def test_a_really_full_disk(tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(disk)], check=False
    )
    if mounted.returncode != 0:
        pytest.skip("mounting is not allowed here")
    try:
        cache = ArtifactCache(disk)
        assert cache.put("k", "small", b"x" * 1000)
        assert cache.put("k", "large", b"x" * 1_000_000) is False
        assert cache.problem
        assert cache.get("k", "small") == b"x" * 1000
        assert len(entry_files(cache)) == 1
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def test_a_root_that_is_no_directory_is_a_cache_that_keeps_nothing(tmp_path):
    (tmp_path / "store").write_text("a file")
    cache = ArtifactCache(tmp_path / "store")
    assert cache.get("k", "key") is None
    assert cache.put("k", "key", b"data") is False
    with cache.lock("k", "key") as held:
        assert held is False


def test_the_entries_used_longest_ago_go_first(tmp_path):
    cache = ArtifactCache(tmp_path, limit=10_000)
    for number in range(5):
        cache.put("k", f"key{number}", bytes(1000))
    now = time.time()
    for age, number in enumerate([4, 3, 2, 1, 0]):
        os.utime(cache._path("k", f"key{number}"), (now - age * 100, now - age * 100))
    assert cache.get("k", "key0") is not None
    assert cache.prune(3500) > 0
    kept = [number for number in range(5) if cache.get("k", f"key{number}") is not None]
    assert kept == [0, 4]


def test_the_store_stays_near_its_limit(tmp_path):
    cache = ArtifactCache(tmp_path, limit=100_000)
    for number in range(400):
        assert cache.put("k", f"key{number}", bytes(1000))
    assert 50_000 < cache.size() <= 105_000
    assert cache.get("k", "key399") is not None


def test_processes_that_write_little_prune_too(tmp_path):
    for number in range(60):
        assert ArtifactCache(tmp_path, limit=20_000).put("k", f"key{number}", bytes(900))
    assert ArtifactCache(tmp_path).size() <= 20_000


def test_more_than_the_limit_is_not_kept(tmp_path):
    cache = ArtifactCache(tmp_path, limit=100)
    assert cache.put("k", "key", bytes(200)) is False
    assert entry_files(cache) == []


def test_files_of_writers_that_died_go_away_later(cache):
    cache.put("k", "key", b"data")
    abandoned = entry_files(cache)[0].with_name("x.tmp")
    abandoned.write_bytes(b"half")
    cache.prune()
    assert abandoned.exists()
    os.utime(abandoned, (0, 0))
    cache.prune()
    assert not abandoned.exists()
    assert cache.get("k", "key") == b"data"


def _hammer(root: str, seed: int) -> int:
    """Write and read the same few keys; returns how many reads were wrong."""
    cache = ArtifactCache(Path(root), limit=40_000)
    wrong = 0
    for turn in range(150):
        key = f"key{(turn * 7 + seed) % 9}"
        cache.put("k", key, key.encode() * (500 + turn))
        found = cache.get("k", key)
        wrong += found is not None and set(found) != set(key.encode())
        if turn % 40 == seed:
            cache.clear()
    return wrong


def test_many_processes_at_once_never_see_a_torn_entry(tmp_path):
    with multiprocessing.get_context("spawn").Pool(4) as pool:
        assert pool.starmap(_hammer, [(str(tmp_path), seed) for seed in range(4)]) == [0, 0, 0, 0]
