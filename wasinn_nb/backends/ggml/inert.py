"""Settings that published guests send and that change nothing here.

llama.cpp's own tools read most of them, and hosts of today accept them all with these JSON types,
so they are checked and then left alone: a guest that sends one runs, with its type still verified.
"""

from __future__ import annotations

from wasinn_nb.nn.settings import Kind, Scope, Setting

_INT64 = 2.0**63

_WHY = "accepted for guests written for other hosts; has no effect"

_KEYS: dict[Kind, str] = {
    "bool": """
        always-regenerate-image-embd batched-bench-output-jsonl compute-ppl cont-batching ctx-shift
        display-prompt enable-chat-template enable-debug-log enable-log endpoint-metrics
        endpoint-props endpoint-slots escape hellaswag input-prefix-bos interactive
        interactive-first is-pp-shared kl-divergence log-json lora-init-without-apply mask-valid
        mask-valid-batch multiline-input multiple-choice no-perf no-perf-sampling process-output
        prompt-cache-all prompt-cache-ro simple-io special spm-infill stream-stdout strict-cpu
        strict-cpu-batch timing-per-token usage use-color verbose-prompt warmup webui winogrande
    """,
    "int": """
        chunk-size control-vector-layer-end control-vector-layer-start embd-normalize grp-attn-n
        grp-attn-w hellaswag-tasks i-chunk i-pos multiple-choice-tasks n-cache-reuse n-chunks
        n-ctx-speculative n-gpu-layers-speculative n-junk n-keep n-max-speculative
        n-min-speculative n-out-freq n-parallel n-pca-batch n-pca-iterations n-pl n-pp n-prev
        n-print n-probs n-save-freq n-sequences n-tg n-threads-http numa poll poll-batch port
        ppl-output-type ppl-stride priority priority-batch timeout-read timeout-write verbosity
        winogrande-tasks
    """,
    "float": "p-min-speculative p-split-speculative slot-prompt-similarity",
    "str": """
        chat-template chunk-separator context-files cvector-negative-file cvector-positive-file
        embd-out embd-sep hf-file hf-file-vocoder hf-repo hf-repo-vocoder hf-token hostname
        input-prefix input-suffix logits-file lookup-cache-dynamic lookup-cache-static model-alias
        model-url model-url-vocoder out-file path-prompt-cache prompt-file public-path
        slot-save-path ssl-file-cert ssl-file-key
    """,
}

_REASONS = {
    "stream-stdout": "the host prints what is generated to the guest's standard output",
    "enable-log": "the library's log is always kept; see it with `%wasinn doctor --log`",
    "enable-debug-log": "the library's log is always kept; see it with `%wasinn doctor --log`",
    "embd-normalize": "embeddings always have length 1 (Euclidean), as on other hosts",
    "n-parallel": "each execution context has a llama context of its own",
    "ctx-shift": "a full context ends the text with the error `context full`",
}

INERT: tuple[Setting, ...] = (
    *(
        Setting(
            key,
            kind,
            Scope.REQUEST,
            help=_REASONS.get(key, _WHY),
            minimum=-_INT64 if kind == "int" else None,
            maximum=_INT64 if kind == "int" else None,
            effect=False,
        )
        for kind, keys in _KEYS.items()
        for key in keys.split()
    ),
    Setting(
        "cvector-dimre-method",
        "str",
        Scope.REQUEST,
        help=_WHY,
        choices=("DIMRE_METHOD_PCA", "DIMRE_METHOD_MEAN"),
        effect=False,
    ),
)
"""Their settings; each says why it has no effect."""
