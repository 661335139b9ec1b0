"""The memory that a header promises, against what llama.cpp takes."""

import subprocess
import sys

import pytest

from tests.backends.gguf_writer import ARRAY, F32, STRING, U32, llama
from wasinn_nb.backends.ggml.gguf import estimate, kv_bytes, model_info, read_gguf
from wasinn_nb.nn.backend import Device
from wasinn_nb.nn.types import ExecutionTarget

MB = 1_000_000


def info(**shape):
    return model_info(read_gguf(llama(**shape).pack()))


def test_the_cache_counts_key_heads_only():
    # 2 layers, 256 cells, keys and values of 2 heads of 8, two bytes each
    assert kv_bytes(info(), 256) == 2 * 256 * 2 * (2 * 8) * 2
    assert kv_bytes(info(keys=4), 256) == 2 * kv_bytes(info(), 256)
    assert kv_bytes(info(), 257) == kv_bytes(info(), 512)


def test_the_cache_in_other_types():
    f16 = kv_bytes(info(width=256, keys=4), 512)
    assert kv_bytes(info(width=256, keys=4), 512, "f32", "f32") == 2 * f16
    assert kv_bytes(info(width=256, keys=4), 512, "q8_0", "f16") == f16 // 2 + f16 // 2 * 34 // 64
    assert kv_bytes(info(width=256, keys=4), 512, "q4_0", "q4_0") == f16 * 18 // 64


def test_heads_by_layer_and_lengths_of_their_own():
    file = llama().set("llama.attention.head_count_kv", ARRAY, (U32, [4, 1]))
    layered = model_info(read_gguf(file.pack()))
    assert kv_bytes(layered, 256) == 256 * 2 * (4 + 1) * 8 * 2
    file.set("llama.attention.key_length", U32, 16).set("llama.attention.value_length", U32, 4)
    assert kv_bytes(model_info(read_gguf(file.pack())), 256) == 256 * (4 + 1) * (16 + 4) * 2


def test_no_cache_without_attention():
    file = llama().set("general.architecture", STRING, "mamba")
    file.entries = [(k.replace("llama.", "mamba."), t, v) for k, t, v in file.entries]
    assert kv_bytes(model_info(read_gguf(file.pack())), 4096) == 0


def test_an_estimate_grows_with_what_it_is_for():
    small = estimate(info(), {"ctx-size": 256, "ubatch-size": 64})
    assert small.weights == info().nbytes
    assert small.kv_cache == kv_bytes(info(), 256)
    assert small.device == 0
    assert estimate(info(), {"ctx-size": 4096}).kv_cache == 16 * small.kv_cache
    assert estimate(info(), {}).kv_cache == small.kv_cache  # the model was trained for 256
    assert estimate(info(), {"ctx-size": 4096, "ubatch-size": 512}).compute > small.compute
    assert estimate(info(), {}, repack=True).weights > small.weights


GB = 10**9
GPUS = tuple(Device(f"GPU{n}", ExecutionTarget.GPU, "", 8 * GB, free * GB) for n, free in
             enumerate((6, 2)))  # fmt: skip


def on_gpu(**config):
    config = {key.replace("_", "-"): value for key, value in config.items()}
    return estimate(info(), config, gpus=GPUS[:1])


def test_layers_on_a_device():
    none, output, both, everything = (on_gpu(n_gpu_layers=n) for n in (0, 1, 3, 99))
    assert none.device == 0
    assert estimate(info(), {"n-gpu-layers": 3}).device == 0
    assert none.total == everything.total
    # the output layer is the first to go, and brings no cache
    assert output.devices["GPU0"].kv_cache == 0
    assert 0 < output.devices["GPU0"].weights < both.devices["GPU0"].weights
    assert both == everything == on_gpu(n_gpu_layers=-1)
    assert everything.devices["GPU0"].kv_cache == everything.kv_cache
    assert everything.host == everything.total - everything.device > 0
    assert on_gpu(n_gpu_layers=3, no_kv_offload=True).on_host.kv_cache == everything.kv_cache


def test_odd_metadata_does_not_break_the_description():
    file = llama().set("llama.feed_forward_length", ARRAY, (U32, [64, 128]))
    file.set("llama.context_length", F32, 1.0).set("general.name", U32, 3)
    odd = model_info(read_gguf(file.pack()))
    assert odd.context_length == 0
    assert odd.name == "3"
    assert estimate(odd, {}).compute > 0


@pytest.mark.parametrize(
    ("shape", "dtype", "n_ctx", "n_ubatch"),
    [
        ("1m", "f32", 512, 512),
        ("1m", "q8_0", 8192, 512),
        ("15m", "f16", 2048, 512),
        ("15m", "f16", 512, 64),
        ("15m", "q4_0", 4096, 256),
        pytest.param("115m", "q8_0", 2048, 128, marks=pytest.mark.slow),
    ],
)
def test_the_estimate_is_what_llama_cpp_takes(root, tmp_path, shape, dtype, n_ctx, n_ubatch):
    pytest.importorskip("llama_cpp")
    from benchmarks.random_model import write_named

    path = tmp_path / "model.gguf"
    write_named(path, shape, dtype=dtype)
    expected = estimate(
        model_info(read_gguf(path)),
        {"ctx-size": n_ctx, "batch-size": n_ubatch, "ubatch-size": n_ubatch},
    )
    command = [sys.executable, "-m", "tests.backends.gguf_measure", path, str(n_ctx), str(n_ubatch)]
    run = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True)
    taken = int(run.stdout)
    print(f"estimated {expected.total / MB:.1f} MB, taken {taken / MB:.1f} MB")
    assert abs(expected.total - taken) < max(20 * MB, 0.1 * taken)
