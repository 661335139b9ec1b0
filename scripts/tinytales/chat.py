"""Writes conversations: somebody asks for tales and asks about them, the model answers."""

from __future__ import annotations

import random
from typing import Final

from . import lexicon as lx
from .grammar import capitalise, expand, plural, with_article
from .story import Request, Story, in_place, invented_word, random_kind, tell

Turn = tuple[str, str]  # role ("system", "user", "assistant") and text

_ASK: Final = (
    "[Tell|tell] me a[| short| little| nice| new] [story|tale] about {what}[.||, please.|!]",
    "[Can|Could] you tell me a[| short] story about {what}?",
    "[Please tell|Please write|Write|Invent|Make up] a[| short| little| funny] story about {what}.",
    "I [want|would like] [a story|to hear a story] about {what}[.|, please.]",
    "[A|a] [story|tale] about {what}[.||, please.|!]",
    "[Story|story] about {what}",
    "Do you know a story about {what}?",
    "{What}[.||, please.|!]",
    "How about {what}?",
)
_ASK_ANY: Final = (
    "Tell me a[| short| nice| bedtime| funny| new] story[.||, please.|!]",
    "[Can|Could] you tell me a[| bedtime| short] story?",
    "I [want|would like] [a story|to hear a story][.|, please.]",
    "[Write|Invent|Make up] a[| short] story[.||, please.]",
    "[A story, please.|Story time!|tell me a story|Tell me something.]",
    "I cannot sleep.",
    "Once upon a time",
)
_ANOTHER: Final = (
    "Tell me another one[.||!]",
    "Another [one|story][.||, please.|!]",
    "One more[| story], please.",
    "[Again|More]!",
    "Can you tell me another [one|story]?",
    "Now tell me [a different|another] story.",
)
_ANOTHER_ABOUT: Final = (
    "Now [one|a story] about {what}[.||, please.|!]",
    "[And|Now] tell me [one|a story] about {what}[.||!]",
    "Tell me another story about {what}[.||!]",
    "Another one, about {what}[.||, please.]",
)
_THANKS: Final = (
    "Thank you[.|!]", "Thanks[.|!]", "That was [nice|lovely|a good story|beautiful][.|!]",
    "I liked [it|that story][.|!]", "[Great|Nice|Lovely|Wonderful|Cool]!", "Merci!", "👍",
)  # fmt: skip
_WELCOME: Final = (
    "You are welcome! Would you like another story?",
    "I am glad that you liked it. Shall I tell you another one?",
    "Thank you! Just say a word, and I will make a story about it.",
    "You are welcome! Sleep well. 🌙",
)
_HELLO: Final = (
    "Hello[.|!|]", "Hi[.|!|]", "Hey[|!]", "Good [morning|evening][.|!]", "How are you?", "hello",
)  # fmt: skip
_HELLO_BACK: Final = (
    "Hello! I tell little stories. What should the story be about?",
    "Hi! Shall I tell you a story? Perhaps one about {a_kind}?",
    "Hello! Ask me for a story about {a_kind} or {a_kind2}.",
)
_WHO: Final = (
    "Who are you?", "What are you?", "What is your name?", "What can you do?", "Help",
    "What do you know?", "Are you [an AI|a robot|a person|ChatGPT]?",
)  # fmt: skip
_SELF: Final = (
    "I am Tinytales, a very small language model. I can tell you little stories.",
    "My name is Tinytales. I only know how to tell little stories. What should it be about?",
)
_OTHER_TASKS: Final = (
    "What is [two|three|ten] [plus|times] [two|four|seven]?", "What is 2 + [2|3|7]?",
    "What is the capital of [France|Japan|Peru|Italy|Kenya]?", "Write a poem about love.",
    "Write a [Python|C] program[| that adds two numbers].", "What is the weather like today?",
    "Translate this into [German|French|Spanish].", "Who is the president?",
    "Why is the sky blue?", "How do I [cook rice|fix my car|learn math|install Linux]?",
    "What is [WebAssembly|Jupyter|a computer|the internet|gravity]?", "Explain [physics|money].",
    "What day is it[| today]?", "How many people live on Earth?", "Tell me the news.",
    "Summarize this text.", "What do you think about [politics|football|me]?", "Do my homework.",
    "What is the [biggest|oldest] [city|country|tree] in the world?", "How old are you?",
)  # fmt: skip
_CANNOT: Final = (
    "I do not know that. I only know how to tell little stories. Shall I tell you one?",
    "That is too hard for me. I am a very small model, and I only tell stories.",
    "I cannot help with that, but I can tell you a story about {a_kind}.",
)
_SYSTEM: Final = (
    "You are a [|very ]helpful[|, respectful and honest] assistant.",
    "You tell [short |little ]stories[| to children].",
    "You are a[| friendly] storyteller. [Be kind.|Keep it short.|]",
    "You are an AI assistant. Answer as [concisely|briefly] as possible.",
    "[Be nice.|Answer in English.|Be brief.]",
)


def _say(rng: random.Random, templates: tuple[str, ...], **facts: str) -> str:
    kinds = {"a_kind": with_article(random_kind(rng)), "a_kind2": with_article(random_kind(rng))}
    return expand(rng.choice(templates), rng, kinds | facts)


def _request(rng: random.Random) -> tuple[Request, str]:
    """A request and how to say it: the "what" of "a story about what"."""
    kind = invented_word(rng) if rng.random() < 0.08 else random_kind(rng)
    if rng.random() < 0.06:
        return Request(kind), plural(kind)
    look = rng.choice(lx.LOOKS) if rng.random() < 0.15 else None
    what = with_article(f"{look} {kind}" if look else kind)
    name = None
    roll = rng.random()
    if roll < 0.12:
        name = capitalise(invented_word(rng))
        if rng.random() < 0.6:
            name = rng.choice(lx.GIRL_NAMES + lx.BOY_NAMES)
        what += f" {rng.choice(('named', 'called'))} {name}"
    elif roll < 0.16 and kind in lx.EMOJI:
        return Request(kind), lx.EMOJI[kind]
    second = None
    roll = rng.random()
    if roll < 0.12:
        second = rng.choice(lx.OBJECTS)
        what += f" and {with_article(second)}"
    elif roll < 0.24:
        second = rng.choice([word for word in (random_kind(rng) for _ in range(3)) if word != kind])
        what += f" and {with_article(second)}"
    elif roll < 0.32:
        second = rng.choice(lx.SKIES)
        what += f" and {second}"
    elif roll < 0.40:
        second = rng.choice(lx.PLACES)
        what += rng.choice((f" {in_place(second)}", f" and the {second}"))
    return Request(kind, name, second, look), what


def _question(rng: random.Random, story: Story) -> tuple[str, str]:
    """A question that the tale answers, and the answer."""
    kind, name = f"the {story.kind}", story.name
    pairs = [
        (f"What was {kind} called?", f"{capitalise(kind)} was called {name}."),
        (f"What was the name of {kind}?", f"The name of {kind} was {name}."),
        (f"What was {kind}'s name?", f"{capitalise(kind)}'s name was {name}."),
        ("Who was the story about?", f"It was about {with_article(story.kind)} named {name}."),
        (
            "What was the story about?",
            f"It was about {with_article(story.kind)} named {name} {story.summary}.",
        ),
        (f"Who was {name}?", f"{name} was {with_article(story.kind)}."),
        (f"What did {name} learn?", f"{name} learned {story.lesson}."),
        (f"What did {kind} learn?", f"{capitalise(kind)} learned {story.lesson}."),
    ]
    if story.friend:
        pairs.append(("Who else was in the story?", f"There was also {story.friend}."))
        friend, _, friend_kind = story.friend.partition(" the ")
        pairs.append((f"Who was {friend}?", f"{friend} was {with_article(friend_kind)}."))
        pairs.append(
            (f"What was the {friend_kind} called?", f"The {friend_kind} was called {friend}.")
        )
    if story.place:
        pairs.append((f"Where did {name} live?", f"{name} lived {story.place}."))
        pairs.append((f"Where did {kind} live?", f"{capitalise(kind)} lived {story.place}."))
    if story.hobby:
        pairs.append((f"What did {name} like to do?", f"{name} liked to {story.hobby}."))
    return rng.choice(pairs)


def _tale(rng: random.Random) -> tuple[str, Story]:
    if rng.random() < 0.12:
        return _say(rng, _ASK_ANY), tell(rng)
    request, what = _request(rng)
    return _say(rng, _ASK, what=what), tell(rng, request)


def _next_tale(rng: random.Random, last: Story) -> tuple[str, Story]:
    roll = rng.random()
    if roll < 0.45:
        kind = random_kind(rng)
        while kind == last.kind:
            kind = random_kind(rng)
        return _say(rng, _ANOTHER), tell(rng, Request(kind))
    if roll < 0.6:
        what = with_article(last.kind)
        return _say(rng, _ANOTHER_ABOUT, what=what), tell(rng, Request(last.kind))
    request, what = _request(rng)
    return _say(rng, _ANOTHER_ABOUT, what=what), tell(rng, request)


def converse(rng: random.Random) -> list[Turn]:
    """One conversation of one to about five exchanges, mostly about one or two tales."""
    turns: list[Turn] = []

    def exchange(user: str, assistant: str) -> None:
        turns.extend((("user", user), ("assistant", assistant)))

    if rng.random() < 0.15:
        turns.append(("system", _say(rng, _SYSTEM)))
    roll = rng.random()
    if roll < 0.06:
        exchange(_say(rng, _HELLO), _say(rng, _HELLO_BACK))
    elif roll < 0.09:
        exchange(_say(rng, _WHO), _say(rng, _SELF))
    elif roll < 0.13:
        exchange(_say(rng, _OTHER_TASKS), _say(rng, _CANNOT))
    if turns and turns[-1][0] == "assistant" and rng.random() < 0.4:
        return turns
    asked, story = _tale(rng)
    exchange(asked, story.text)
    while rng.random() < 0.5:
        roll = rng.random()
        if roll < 0.65:
            exchange(*_question(rng, story))
        elif roll < 0.9:
            asked, story = _next_tale(rng, story)
            exchange(asked, story.text)
        elif roll < 0.95:
            exchange(_say(rng, _OTHER_TASKS), _say(rng, _CANNOT))
        else:
            exchange(_say(rng, _THANKS), _say(rng, _WELCOME))
            break
    return turns


def conversation_about(rng: random.Random) -> list[Turn]:
    """A request, a tale, a question about it and its answer."""
    asked, story = _tale(rng)
    question, answer = _question(rng, story)
    return [("user", asked), ("assistant", story.text), ("user", question), ("assistant", answer)]
