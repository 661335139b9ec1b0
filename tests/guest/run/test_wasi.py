"""The WASI functions that the host provides itself, with whatever a guest may pass."""

from __future__ import annotations

import ctypes
import struct

from hypothesis import given
from hypothesis import strategies as st

from wasinn_nb.abi.core.faults import OutOfBounds
from wasinn_nb.abi.core.memory import GuestMemory
from wasinn_nb.guest.trap import parse_trap
from wasinn_nb.guest.wasi import WasiShadow
from wasinn_nb.nn.cancel import CancelToken

SIZE = 4096
CANARY = b"\xa5" * 4096

pointers = st.integers(0, 0xFFFFFFFF) | st.integers(0, SIZE) | st.integers(SIZE - 60, SIZE + 60)
subscriptions = st.builds(
    struct.Struct("<QB7xIxxxxQQH6x").pack,
    st.integers(0, 2**64 - 1),
    st.integers(0, 255) | st.sampled_from([0, 1, 2]),
    st.integers(0, 2**32 - 1) | st.sampled_from([0, 1]),
    st.integers(0, 2**64 - 1) | st.just(0),
    st.just(0),
    st.integers(0, 65535) | st.sampled_from([0, 1]),
)


@given(
    st.lists(subscriptions | st.binary(min_size=48, max_size=48), max_size=5),
    pointers,
    pointers,
    st.integers(0, 6) | st.integers(0, 2**32 - 1),
    pointers,
)
def test_poll_oneoff(records, at, events, count, happened):
    # a stopped run does not sleep
    cancel = CancelToken()
    cancel.cancel()
    raw = ctypes.create_string_buffer(bytes(SIZE) + CANARY, SIZE + len(CANARY))
    shadow = WasiShadow(cancel, 0)
    shadow._memory = GuestMemory(lambda _: (ctypes.addressof(raw), SIZE))
    shadow._memory.caller = 1
    data = b"".join(records)
    if at + len(data) <= SIZE:
        raw[at : at + len(data)] = data
    try:
        errno = shadow._poll(at, events, count, happened)
    except OutOfBounds:
        return
    finally:
        assert raw.raw[SIZE:] == CANARY
        shadow.close()
    assert errno in {0, 28}
    if errno == 0:
        assert 1 <= struct.unpack_from("<I", raw, happened)[0] <= count


@given(st.text(max_size=300) | st.from_regex(r"(\s*\d+:\s+0x1 - \w+\n\s+at \w+:\d+:\d+\n)*"))
def test_any_backtrace(text):
    trap = parse_trap(text, "In[1]")
    assert trap.text == text
    assert trap.line >= 0
