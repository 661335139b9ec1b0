"""Measures a finished ``tinytales.gguf`` through llama.cpp and prints the figures as JSON.

    python scripts/tinytales/evaluate.py wasinn_nb/models/tinytales.gguf

Needs ``llama-cpp-python``; with ``--checkpoint`` also ``torch``, to compare the logits.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import sys
from pathlib import Path
from typing import Any, Final

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import numpy as np
from llama_cpp import Llama

from scripts.tinytales import lexicon as lx
from scripts.tinytales.chat import conversation_about
from scripts.tinytales.corpus import HELD_OUT, SPECIAL_TOKENS, document, documents
from scripts.tinytales.grammar import article, with_article

_LIMIT: Final = 400
_WORD: Final = re.compile(r"[^\W\d_]+(?:'s)?")


def load(path: Path) -> Llama:
    """The model, set to keep the logits of every position."""
    return Llama(str(path), n_ctx=1024, n_batch=1024, n_threads=1, logits_all=True, verbose=False)


def sample(model: Llama, prompt: str, seed: int, temperature: float = 0.8) -> tuple[str, bool]:
    """A completion and whether it ended by itself within the limit of tokens."""
    out: Any = model.create_completion(
        prompt, max_tokens=_LIMIT, temperature=temperature, seed=seed, top_k=40, top_p=0.95
    )
    choice = out["choices"][0]
    return choice["text"], choice["finish_reason"] == "stop"


def ask(model: Llama, messages: list[dict[str, str]], seed: int, temperature: float) -> str:
    """The answer to a conversation."""
    out: Any = model.create_chat_completion(
        messages=messages,  # type: ignore[arg-type]
        max_tokens=_LIMIT, temperature=temperature, seed=seed,
    )  # fmt: skip
    return str(out["choices"][0]["message"]["content"])


def wrong_articles(text: str) -> list[str]:
    """Every ``a`` or ``an`` in ``text`` that does not fit the word after it."""
    pairs = re.findall(r"\b([Aa]n?) ([^\W\d_]\w*)", text)
    return [f"{a} {word}" for a, word in pairs if a.lower() != article(word)]


def known_words() -> set[str]:
    """Words of the first training documents."""
    text = " ".join(documents(0, 20_000))
    return {word.lower() for word in _WORD.findall(text)}


def tales(model: Llama, count: int) -> dict[str, Any]:
    """Figures over ``count`` tales from "Once upon a time"."""
    vocabulary = known_words()
    results = [sample(model, "Once upon a time", seed) for seed in range(count)]
    texts = ["Once upon a time" + text for text, _ in results]
    words = [_WORD.findall(text) for text in texts]
    unknown = sorted({w for ws in words for w in ws if w.lower() not in vocabulary})
    openings = {tuple(ws[:16]) for ws in words}
    return {
        "tales": count,
        "ended_by_themselves": sum(stopped for _, stopped in results) / count,
        "mean_words": sum(map(len, words)) / count,
        "distinct_texts": len(set(texts)),
        "distinct_openings_of_16_words": len(openings),
        "unknown_words": unknown,
        "wrong_articles": [pair for text in texts for pair in wrong_articles(text)],
        "broken_utf8": sum("\ufffd" in text for text in texts),
    }


def subjects(model: Llama, count: int) -> dict[str, Any]:
    """How often a tale is about what the user asked for."""
    rng = random.Random("subjects")
    kinds = rng.sample(lx.ANIMALS + lx.PEOPLE + lx.FANTASY, count)
    hits = both = named = 0
    for seed, kind in enumerate(kinds):
        thing, name = rng.choice(lx.OBJECTS), rng.choice(lx.GIRL_NAMES + lx.BOY_NAMES)
        question = f"Tell me a story about {with_article(kind)}."
        text = ask(model, [{"role": "user", "content": question}], seed, 0.8)
        hits += kind in text
        question = f"Tell me a story about {with_article(kind)} and {with_article(thing)}."
        text = ask(model, [{"role": "user", "content": question}], seed, 0.8)
        both += kind in text and thing in text
        question = f"Tell me a story about {with_article(kind)} named {name}."
        text = ask(model, [{"role": "user", "content": question}], seed, 0.8)
        named += kind in text and name in text
    return {"requests": count, "subject": hits / count, "two_subjects": both / count,
            "subject_and_name": named / count}  # fmt: skip


def follow_ups(model: Llama, count: int) -> dict[str, Any]:
    """Questions about held-out tales: greedy answers that match the expected one exactly."""
    right: dict[str, list[bool]] = {}
    for number in range(count):
        turns = conversation_about(random.Random(f"follow {HELD_OUT + number}"))
        messages = [{"role": role, "content": text} for role, text in turns]
        answer = ask(model, messages[:-1], 0, 0.0).strip()
        question = " ".join(turns[-2][1].split()[:2])
        right.setdefault(question, []).append(answer == turns[-1][1])
    total = sum(map(sum, right.values()))
    return {"questions": count, "right": total / count,
            "by_question": {q: f"{sum(v)}/{len(v)}" for q, v in sorted(right.items())}}  # fmt: skip


def held_out_loss(model: Llama, count: int) -> dict[str, float]:
    """Mean loss per token over ``count`` held-out documents, each from an empty context."""
    total, tokens = 0.0, 0
    for seed in range(HELD_OUT + 500_000, HELD_OUT + 500_000 + count):
        ids = model.tokenize(document(seed).encode(), add_bos=False, special=True)[:1024]
        model.n_tokens = 0
        model.eval(ids)
        logits = model.scores[: len(ids) - 1].astype(np.float64)
        logits -= logits.max(axis=1, keepdims=True)
        chosen = logits[np.arange(len(ids) - 1), ids[1:]]
        total -= float((chosen - np.log(np.exp(logits).sum(axis=1))).sum())
        tokens += len(ids) - 1
    loss = total / tokens
    return {"documents": count, "tokens": tokens, "loss": loss, "perplexity": float(np.exp(loss))}


def logit_difference(model: Llama, checkpoint: Path) -> dict[str, float]:
    """Compare the logits with those of the network in PyTorch, over one held-out document."""
    import torch

    from scripts.tinytales.model import ModelConfig, TaleModel

    network = TaleModel(ModelConfig())
    network.load_state_dict(torch.load(checkpoint, weights_only=True)["model"])
    ids = model.tokenize(document(HELD_OUT + 9).encode(), add_bos=False, special=True)[:512]
    model.n_tokens = 0
    model.eval(ids)
    theirs = model.scores[: len(ids)]
    with torch.inference_mode():
        ours = network(torch.tensor([ids]))[0].numpy()
    agree = (ours.argmax(1) == theirs.argmax(1)).mean()
    return {"positions": len(ids), "largest_difference": float(np.abs(ours - theirs).max()),
            "same_best_token": float(agree)}  # fmt: skip


def vocabulary(model: Llama) -> dict[str, Any]:
    """How special tokens and emoji are tokenized."""
    emoji = sorted(set(lx.EMOJI.values()) | set(lx.CLOSING_EMOJI))
    counts = [len(model.tokenize(e.encode(), add_bos=False, special=False)) for e in emoji]
    single = [len(model.tokenize(t.encode(), add_bos=False, special=True)) for t in SPECIAL_TOKENS]
    return {"fewest_tokens_of_an_emoji": min(counts), "tokens_of_special_tokens": single}


def main() -> None:
    """Parse the command line, measure, print."""
    parser = argparse.ArgumentParser(description="Measure a tinytales.gguf.")
    parser.add_argument("model", type=Path)
    parser.add_argument("--checkpoint", type=Path, help="compare the logits with PyTorch's")
    parser.add_argument("--count", type=int, default=60, help="samples of each kind")
    args = parser.parse_args()
    model = load(args.model)
    report: dict[str, Any] = {"bytes": args.model.stat().st_size, "vocabulary": vocabulary(model)}
    if args.checkpoint:
        report["logits"] = logit_difference(model, args.checkpoint)
    report["held_out"] = held_out_loss(model, 2 * args.count)
    report["tales"] = tales(model, args.count)
    report["subjects"] = subjects(model, args.count)
    report["follow_ups"] = follow_ups(model, 2 * args.count)
    print(json.dumps(report, indent=2, ensure_ascii=False))


if __name__ == "__main__":
    main()
