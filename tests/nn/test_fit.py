"""Where a load would take memory, what a reload gives back, and what is refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wasinn_nb.nn import fit
from wasinn_nb.nn.backend import Device, GraphMemory, MemoryEstimate, Share
from wasinn_nb.nn.errors import MissingMemory
from wasinn_nb.nn.fit import HOST, check_memory, given_back, places, room
from wasinn_nb.nn.types import ExecutionTarget

MB = 10**6
GPU = Device("GPU0", ExecutionTarget.GPU, "a card", total=1000 * MB, free=400 * MB)
MUTE = Device("GPU1", ExecutionTarget.GPU, "an old card")
SPLIT = MemoryEstimate(
    600 * MB, 200 * MB, 100 * MB, {"GPU0": Share(500 * MB, 200 * MB, 50 * MB)}, mapped=80 * MB
)


@pytest.fixture
def machine(monkeypatch):
    def make(free, total):
        monkeypatch.setattr(fit.memory, "available", lambda: free)
        monkeypatch.setattr(fit.memory, "total", lambda: total)

    return make


def test_each_place_has_its_share_and_what_is_free(machine):
    machine(300 * MB, 4000 * MB)
    host, gpu, mute = places(SPLIT, [GPU, MUTE], {})
    assert (host.name, host.needed, host.free, host.total) == (
        HOST,
        150 * MB,
        300 * MB,
        4000 * MB,
    )
    assert host.share == Share(100 * MB, 0, 50 * MB)
    assert (gpu.needed, gpu.free, gpu.description) == (750 * MB, 400 * MB, "a card")
    assert (host.fits, gpu.fits, mute.fits) == (True, False, True)
    assert (mute.needed, mute.free, mute.total) == (0, None, 0)


def test_what_is_loaded_gives_back_all_but_the_pages_of_its_file():
    idle = given_back(SPLIT, GraphMemory(weights=600 * MB), measured=100 * MB)
    assert idle == {HOST: 20 * MB, "GPU0": 500 * MB}
    used = given_back(SPLIT, GraphMemory(600 * MB, contexts=300 * MB), measured=100 * MB)
    assert used == {HOST: 20 * MB + 50 * MB, "GPU0": 750 * MB}
    # no more than the process grew by when the model was loaded
    assert given_back(SPLIT, GraphMemory(), measured=5 * MB)[HOST] == 5 * MB
    assert given_back(None, GraphMemory(contexts=7), measured=5) == {HOST: 7}


def test_what_comes_back_counts_as_free_up_to_all_there_is(machine):
    machine(300 * MB, 310 * MB)
    host, gpu = places(SPLIT, [GPU], {HOST: 20 * MB, "GPU0": 500 * MB})
    assert (host.free, gpu.free) == (310 * MB, 900 * MB)
    assert room([GPU, MUTE], {"GPU0": 900 * MB}) == {"GPU0": 1000 * MB}


def test_a_load_is_refused_for_the_place_that_is_too_small(machine):
    machine(300 * MB, 4000 * MB)
    with pytest.raises(MissingMemory, match=r"750 MB of the memory of GPU0 .*400 MB is") as caught:
        check_memory("m", SPLIT, places(SPLIT, [GPU], {}))
    assert "n-gpu-layers" in caught.value.hint
    machine(100 * MB, 4000 * MB)
    with pytest.raises(MissingMemory, match=r"150 MB of memory .*and 100 MB is free"):
        check_memory("m", SPLIT, places(SPLIT, [], {}))
    machine(200 * MB, 4000 * MB)
    check_memory("m", SPLIT, places(SPLIT, [GPU], {"GPU0": 350 * MB}))


sizes = st.integers(0, 2**40)
shares = st.builds(Share, sizes, sizes, sizes)


@given(shares, st.dictionaries(st.sampled_from("abc"), shares), sizes, sizes)
def test_the_parts_of_an_estimate_are_the_whole(host, devices, mapped, contexts):
    everything = [host, *devices.values()]
    estimate = MemoryEstimate(
        sum(share.weights for share in everything),
        sum(share.kv_cache for share in everything),
        sum(share.compute for share in everything),
        devices,
        mapped=min(mapped, host.weights),
    )
    assert estimate.on_host == host
    assert estimate.host + estimate.device == estimate.total
    back = given_back(estimate, GraphMemory(contexts=contexts), measured=2**41)
    assert min(back.values()) >= 0
    most = estimate.weights - estimate.mapped + contexts
    if estimate.kv_cache + estimate.compute:
        assert most - len(everything) <= sum(back.values()) <= most
