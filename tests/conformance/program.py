"""The conformance program in Python; README.md says what each line is."""

import sys

from wasi_nn import Finish, Graph, NNError, Tensor

PROMPT = "Once upon a time"
COUNTING = {"grammar": 'root ::= "One, two, 你好."'}
YES = {"grammar": 'root ::= "Yes."'}
ENDINGS = {
    Finish.END: "end of sequence",
    Finish.STOP: "stop",
    Finish.LENGTH: "length",
    Finish.CONTEXT_FULL: "context full",
}


def tells(line, stream):
    print(f"{line}: [{stream.text()}], {ENDINGS[stream.usage.finish]}")


def says(line, call):
    try:
        call()
    except NNError as error:
        print(f"{line}: {error.code.replace('-', ' ')}")
    else:
        print(f"{line}: success")


def load():
    model = Graph.load("text", {"ctx-size": 256, "temp": 0})
    return model, model.context()


def describe(model):
    print("== model")
    print(f"architecture: {model.info.architecture}")
    print(f"context length: {model.info.context_length}")
    print(f"embedding length: {model.info.embedding_length}")


def generate(context):
    print("== text")
    stream = context.generate(PROMPT, max_tokens=8)
    tokens = len(list(stream))
    print(f"prompt: {stream.usage.prompt_tokens} tokens")
    print(f"limit: {tokens} tokens, {ENDINGS[stream.usage.finish]}")

    context.configure(COUNTING)
    tells("whole", context.generate(PROMPT))
    stream = context.generate(PROMPT)
    pieces = "".join(str(token) for token in stream)
    same = "the same" if pieces == "One, two, 你好." else "others"
    print(f"pieces: {same}, {ENDINGS[stream.usage.finish]}")
    tells("stop", context.generate(PROMPT, stop="two"))

    context.configure({"grammar": "", "ignore-eos": True})
    count = 0
    stream = context.generate(PROMPT)
    try:
        for _ in stream:
            count += 1
    except NNError as error:
        print(f"room: {count} tokens, {error.code.replace('-', ' ')}")
    context.configure({"ignore-eos": False})

    says("long prompt", lambda: context.generate(" the" * 300))
    context.configure(COUNTING)
    tells("after it", context.generate(PROMPT))


def chat(model):
    print("== chat")
    context = model.context(YES)
    dialogue = [("system", "Be brief."), ("user", "Is it day?")]
    first = context.chat(dialogue)
    answer = first.text()
    print(f"first: [{answer}], {ENDINGS[first.usage.finish]}")
    second = context.chat([*dialogue, ("assistant", answer), ("user", "Is it night?")])
    print(f"second: [{second.text()}], {second.usage.prompt_tokens} prompt tokens")


def dot(a, b):
    return sum(x * y for x, y in zip(a, b, strict=True))


def embed(model):
    print("== embedding")
    context = model.context()
    cat = context.embed("A cat sat on the mat.")
    ship = context.embed("A ship left the port.")
    again = context.embed("A cat sat on the mat.")
    print(f"length: {len(cat)}")
    print(f"norm: {dot(cat, cat) ** 0.5:.3f}")
    print(f"same text: {dot(cat, again):.3f}")
    print(f"other text: {'less than 1' if dot(cat, ship) < 0.999 else '1'}")


def draw():
    """A bar, and a ring."""
    pixels = [[[[0.0] * 8 for _ in range(8)]] for _ in range(2)]
    (bar,), (ring,) = pixels
    for y in range(1, 7):
        bar[y][3] = bar[y][4] = ring[y][2] = ring[y][5] = 1.0
    for x in range(2, 6):
        ring[0][x] = ring[7][x] = 1.0
    return Tensor(pixels)


def tensors():
    print("== tensors")
    context = Graph.load("digits").context()
    image = draw()

    def classify(line):
        scores = context.compute({"image": image})["probabilities"]
        print(f"{line}: {scores[0].argmax()} {scores[1].argmax()}")

    classify("digits")
    says("wrong shape", lambda: context.compute({"image": image.reshape(2, 64)}))
    says("wrong type", lambda: context.compute({"image": Tensor(bytes(128), (2, 1, 8, 8))}))
    says("no such input", lambda: context.compute({"7": image}))
    classify("after them")


def errors(context):
    print("== errors")
    says("unknown name", lambda: Graph.load("nobody"))
    says("file gone", lambda: Graph.load("gone"))
    says("no model", lambda: Graph.load("broken"))
    says("unreadable", lambda: Graph.load("unreadable"))
    says("other settings", lambda: Graph.load("busy", {"use-mmap": False}))
    says("far too large", lambda: Graph.load("crowded", {"ctx-size": 134217728}))
    says("bad value", lambda: context.configure({"top-k": "many"}))
    says("bad grammar", lambda: context.configure({"grammar": "root = nothing"}))
    says("not in this host", lambda: context.configure({"image": "eyes.png"}))


def main():
    text, context = load()
    describe(text)
    generate(context)
    chat(text)
    embed(text)
    tensors()
    errors(context)

    print("== unload")
    text.unload()
    print("unload: done")
    says("generate", lambda: context.generate(PROMPT))
    text, context = load()
    context.configure(COUNTING)
    tells("load again", context.generate(PROMPT))


try:
    main()
except NNError as error:
    sys.exit(str(error))
