"""Tells one tale: draws a scene (who, where, with what), then expands a plot over it."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Final

from . import lexicon as lx
from .grammar import Facts, capitalise, expand, with_article
from .plots import PLOTS, Plot

_OPENINGS: Final = (
    "Once upon a time, there was {hero} named {Hn}.",
    "Once upon a time, there was {hero} called {Hn}.",
    "Once upon a time, there lived {hero} named {Hn} {inhome}.",
    "Once upon a time, {inahome}, there lived {hero} named {Hn}.",
    "Once upon a time, {hero} named {Hn} lived {inahome}.",
    "Once upon a time there was {hero}, and {his} name was {Hn}.",
    "Long ago, {inahome}, there lived {hero} called {Hn}.",
    "There once was {hero} named {Hn}, who lived {inahome}.",
    "Far away, {inahome}, lived {hero}. {His} name was {Hn}.",
    "{Hn} was {hero} who lived {inahome}.",
    "[Many years ago|In the old days], there was {hero} named {Hn} {inhome}.",
)
_HABITS: Final = (
    "{Hn} loved to {hobby}.",
    "{He} liked to {hobby}.",
    "Every {daytime}, {he} {hobbied}.",
    "{He} was known for {hobbying}.",
    "Most of all, {he} loved {hobbying}.",
    "{He} was very {look}, and {he} loved to {hobby}.",
)
_ENDINGS: Final = (
    "[From that day on|And so], {H} knew {lesson}.",
    "And {H} learned {lesson}.",
    "That night, {H} [slept very well|had sweet dreams|fell asleep with a smile].",
    "It was [a good|the best] day, and {H} never forgot it.",
    "And [if you listen closely|on quiet nights], you can still hear {H} laugh.",
    "And they lived happily ever after.",
    "[After that|From then on], {H} was always {glad} when {he} thought of it.",
    "And that is how {H} learned {lesson}.",
)
_SYLLABLES: Final = lx.words("""
    ba be bi bo da do fi fo ga go ka ki ko la li lo ma mi mo na ni no pa pi po ra ri ro sa si so
    ta ti to va vi za zi zo blim dorf fen gron jup kel lun mump nim plo quib sno trel vosh wib zan
""")


@dataclass(frozen=True)
class Request:
    """What a listener asked for; None leaves it to the teller."""

    kind: str | None = None
    name: str | None = None
    second: str | None = None  # a word of OBJECTS, SKIES, PLACES or a kind of character
    look: str | None = None  # "brave"


@dataclass(frozen=True)
class Story:
    """A tale and what there is to know about it."""

    text: str
    kind: str
    name: str
    summary: str
    lesson: str
    friend: str | None  # "Bo the dog", where the tale has one
    place: str | None  # "in the forest", where the opening says it
    hobby: str | None  # "paint pictures", where the tale says it
    second: str | None  # what a request could have named beside the hero


def invented_word(rng: random.Random) -> str:
    """A word that no dictionary has, so that the model learns to repeat what it is given."""
    return "".join(rng.choice(_SYLLABLES) for _ in range(rng.randint(2, 3)))


def random_kind(rng: random.Random) -> str:
    """A kind of character: mostly animals."""
    group = rng.choices((lx.ANIMALS, lx.PEOPLE, lx.FANTASY, lx.THINGS), (60, 22, 12, 6))[0]
    return rng.choice(group)


def _person(rng: random.Random, kind: str, name: str | None, *, female: bool) -> tuple[str, bool]:
    if kind in lx.FEMALE_KINDS or kind in lx.MALE_KINDS:
        female = kind in lx.FEMALE_KINDS
    if name is None:
        if rng.random() < 0.08:
            name = capitalise(invented_word(rng))
        else:
            name = rng.choice(lx.GIRL_NAMES if female else lx.BOY_NAMES)
    elif name in lx.GIRL_NAMES and kind not in lx.MALE_KINDS:
        female = True
    elif name in lx.BOY_NAMES and kind not in lx.FEMALE_KINDS:
        female = False
    return name, female


def in_place(place: str) -> str:
    """``"forest"`` to ``"in the forest"``."""
    return f"{lx.PREPOSITIONS.get(place, 'in')} the {place}"


def _choose_plot(rng: random.Random, second: str | None) -> Plot:
    if second is None:
        return rng.choice(PLOTS)
    if second in lx.SKIES:
        fitting = {"sky"}
        fitting |= {"moon", "light"} if second == "the moon" else set()
        fitting |= {"sun", "light"} if second == "the sun" else set()
        fitting |= {"light"} if second == "the rainbow" else set()
    elif second in lx.PLACES:
        fitting = {"place"}
    elif second in lx.OBJECTS:
        fitting = {"object", "toy"}
    else:
        fitting = {"friend"}
    return rng.choice([plot for plot in PLOTS if plot.second in fitting])


def _second_word(rng: random.Random, plot: Plot) -> str | None:
    words = {
        "object": lx.OBJECTS, "toy": lx.OBJECTS, "gift": lx.GIFTS, "moon": ("the moon",),
        "sun": ("the sun",), "light": ("the moon", "the sun", "the rainbow"), "sky": lx.SKIES,
        "place": lx.PLACES,
    }.get(plot.second)  # fmt: skip
    return rng.choice(words) if words else None


def _scene(rng: random.Random, plot: Plot, request: Request) -> dict[str, str | tuple[str, ...]]:
    second = request.second or _second_word(rng, plot)
    kind = request.kind or random_kind(rng)
    female = rng.random() < 0.5
    name, female = _person(rng, kind, request.name, female=female)
    friend_kind = second if plot.second == "friend" and second else random_kind(rng)
    while friend_kind == kind:
        friend_kind = random_kind(rng)
    friend, friend_female = name, female
    while friend == name:
        wanted = not female if rng.random() < 0.75 else female
        friend, friend_female = _person(rng, friend_kind, None, female=wanted)
    other = random_kind(rng)
    while other in (kind, friend_kind):
        other = random_kind(rng)
    place = second if second in lx.PLACES else rng.choice(lx.PLACES)
    obj = second if plot.second in ("object", "toy", "gift") and second else "ball"
    spots = rng.sample(lx.SPOTS, 3)
    colors = rng.sample(lx.COLORS, 2)
    noises = rng.sample(lx.NOISES, 2)
    season = rng.randrange(4)
    tool = rng.choice(lx.TOOLS)
    hobby = rng.choice(lx.HOBBIES)
    greeting, language, meaning = rng.choice(lx.GREETINGS)
    look = request.look or (rng.choice(lx.LOOKS) if rng.random() < 0.65 else "")
    home = place
    while plot.name == "journey" and home == place:
        home = rng.choice(lx.PLACES)
    home_look = f"{rng.choice(lx.PLACE_LOOKS)} {home}"
    at_home = lx.PREPOSITIONS.get(home, "in")
    return {
        "Hn": name, "H": (name, name, name, f"the {kind}"),
        "H2": (f"{name}'s", f"{name}'s", f"the {kind}'s"), "kind": kind,
        "he": "she" if female else "he", "him": "her" if female else "him",
        "his": "her" if female else "his", "himself": "herself" if female else "himself",
        "Fn": friend, "F": (friend, friend, f"the {friend_kind}"), "fkind": friend_kind,
        "F2": f"{friend}'s",
        "fhe": "she" if friend_female else "he", "fhim": "her" if friend_female else "him",
        "fhis": "her" if friend_female else "his",
        "other": other, "ohis": "her" if other in lx.FEMALE_KINDS else "his",
        "hero": with_article(f"{look} {kind}".strip()),
        "place": f"the {place}", "inplace": in_place(place), "inhome": in_place(home),
        "inahome": f"{at_home} {with_article(home_look)}" if home != "sea" else "by the sea",
        "obj": obj, "objadj": rng.choice(lx.OBJECT_LOOKS + lx.COLORS),
        "toy": rng.choice(lx.OBJECTS), "sky": second if second in lx.SKIES else "the moon",
        "s1": spots[0], "s2": spots[1], "s3": spots[2], "color": colors[0], "color2": colors[1],
        "noise": noises[0], "noise2": noises[1], "season": lx.SEASONS[season],
        "season2": lx.SEASONS[(season + 1) % 4], "tool": tool,
        "that_tool": "the " + tool.split(" ", 1)[1], "daytime": rng.choice(lx.DAYTIME),
        "hobby": hobby[0], "hobbied": hobby[1], "hobbying": hobby[2],
        "treat": rng.choice(lx.TREATS), "drink": rng.choice(lx.DRINKS),
        "smallanimal": rng.choice(lx.SMALL_ANIMALS),
        "pet": rng.choice(lx.GIRL_NAMES + lx.BOY_NAMES), "plant": rng.choice(lx.PLANTS),
        "skill": rng.choice(lx.SKILLS), "greeting": greeting, "language": language,
        "meaning": meaning, "the_end_of_day": ("sunset", "evening", "the sun went down"),
        "lesson": plot.lesson,
    }  # fmt: skip


def _body(rng: random.Random, plot: Plot, facts: Facts) -> list[str]:
    lines = [line for line in plot.lines if not line.startswith("?") or rng.random() < 0.5]
    return [expand(line.removeprefix("?"), rng, facts) for line in lines]


def tell(rng: random.Random, request: Request | None = None) -> Story:
    """One tale that fits ``request``; the same state of ``rng`` gives the same tale."""
    request = request or Request()
    plot = _choose_plot(rng, request.second)
    facts = _scene(rng, plot, request)
    kind, name = str(facts["kind"]), str(facts["Hn"])
    opening = rng.choice(_OPENINGS)
    habit = rng.choice(_HABITS) if rng.random() < 0.5 else None
    start = [expand(part, rng, facts) for part in (opening, habit) if part]
    body = _body(rng, plot, facts)
    endings = _ENDINGS if "{F" in "".join(plot.lines) else _ENDINGS[:5]
    end = [expand(rng.choice(endings), rng, facts)]
    if rng.random() < 0.3:
        end.append("The end.")
    if rng.random() < 0.12:
        end.append(lx.EMOJI.get(kind) or rng.choice(lx.CLOSING_EMOJI))
    if rng.random() < 0.4:
        text = "\n\n".join(" ".join(part) for part in (start, body, end))
    else:
        text = " ".join(start + body + end)
    friend = f"{facts['Fn']} the {facts['fkind']}" if "{Fn}" in "".join(plot.lines) else None
    second = {
        "friend": str(facts["fkind"]), "place": str(facts["place"]), "moon": "the moon",
        "sun": "the sun", "light": str(facts["sky"]), "sky": str(facts["sky"]),
        "object": str(facts["obj"]), "toy": str(facts["obj"]), "gift": str(facts["obj"]),
    }.get(plot.second)  # fmt: skip
    summary = expand(plot.summary, rng, facts | {"H": name, "F": str(facts["Fn"])})
    return Story(
        text=text,
        kind=kind,
        name=name,
        summary=summary[:1].lower() + summary[1:],
        lesson=plot.lesson,
        friend=friend,
        place=str(facts["inhome"]) if "home}" in opening else None,
        hobby=str(facts["hobby"]) if habit and "hobb" in habit else None,
        second=second,
    )
