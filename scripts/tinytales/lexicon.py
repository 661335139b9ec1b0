"""The words of the tales. A template names a list here as ``{list}`` and gets one word of it."""

from __future__ import annotations

from typing import Final


def words(text: str) -> tuple[str, ...]:
    """The words of ``text``."""
    return tuple(text.split())


def phrases(text: str) -> tuple[str, ...]:
    """The phrases of ``text``, which semicolons part."""
    return tuple(part.strip() for part in text.replace("\n", " ").split(";") if part.strip())


ANIMALS: Final = words("""
    fox cat dog rabbit bear mouse owl hedgehog squirrel badger otter beaver deer wolf frog toad
    turtle duck goose hen rooster swan crow robin sparrow pigeon parrot penguin seal whale dolphin
    octopus crab snail ant bee ladybug butterfly spider cricket horse pony donkey goat sheep lamb
    cow pig piglet lion tiger elephant giraffe zebra monkey hippo camel kangaroo koala panda bat
    mole hamster lizard crocodile moose raccoon puppy kitten duckling fish eagle
""")
PEOPLE: Final = words("""
    girl boy baker sailor farmer king queen prince princess knight painter gardener fisherman
    clockmaker teacher doctor shepherd tailor cook miller captain pirate wizard witch giant
    carpenter postman librarian musician inventor grandmother grandfather child
""")
FANTASY: Final = words("""
    dragon unicorn elf fairy gnome mermaid troll ghost monster robot goblin phoenix snowman
    scarecrow dinosaur
""")
THINGS: Final = words("""
    teapot cloud lantern boat train tractor candle pencil star raindrop leaf pumpkin doll bus
    snowflake clock bicycle toaster shoe pebble
""")
EMOJI: Final[dict[str, str]] = {
    "fox": "🦊", "cat": "🐱", "dog": "🐶", "rabbit": "🐰", "bear": "🐻", "mouse": "🐭", "owl": "🦉",
    "frog": "🐸", "turtle": "🐢", "duck": "🦆", "penguin": "🐧", "whale": "🐳", "bee": "🐝",
    "butterfly": "🦋", "pig": "🐷", "lion": "🦁", "tiger": "🐯", "elephant": "🐘", "monkey": "🐵",
    "panda": "🐼", "dragon": "🐉", "unicorn": "🦄", "robot": "🤖", "ghost": "👻", "hedgehog": "🦔",
    "wolf": "🐺", "horse": "🐴", "cow": "🐮", "fish": "🐟", "snail": "🐌", "mermaid": "🧜",
    "wizard": "🧙", "princess": "👸", "boat": "⛵", "train": "🚂", "star": "⭐", "snowman": "⛄",
}  # fmt: skip
CLOSING_EMOJI: Final = words("🌙 ⭐ 🌈 🌻 🎈 ✨ 🌊 🍓 💛 🏡")

GIRL_NAMES: Final = words("""
    Zoë Lily Mia Anna Clara Ruby Nora Ida Maja Inès Chloë Åsa Sofía Élise Luna Daisy Rosa Hazel
    Poppy Willow Ella Freya Greta Hanna Iris Juno Kiki Lotte Mina Nell Olive Pearl Sally Tilly Una
    Vera Wilma Yuki Amélie Bea Dora Emma Fern Goldie Heidi Ivy Jana Kaja Lulu Molly Süße Tess Zuzu
""")
BOY_NAMES: Final = words("""
    René Tom Max Ben Leo Otto Finn Hugo Jürgen José Noël Søren Łukasz Björn Oskar Pip Theo Emil
    Felix Gus Henry Ivan Jack Karl Luis Milo Ned Oliver Paul Rafael Sam Tim Uwe Victor Walter Zack
    André Bruno Chip Dan Eli Fritz George Hans Igor Jasper Kurt Louis Moritz Nico Pablo Rudi Toby
""")

OBJECTS: Final = words("""
    kite ball hat book drum key umbrella acorn apple scarf bell whistle flute map spoon basket
    blanket button coin cup crown feather flag jar ladder lamp letter marble mirror mitten nut
    orange pie ribbon ring rope sandwich shell sled stone sweater teacup ticket top violin wagon
    watch cake cookie balloon bucket carrot egg trumpet pillow necklace compass hammer paintbrush
""")
GIFTS: Final = words("""
    scarf cake necklace kite basket hat pie blanket card birdhouse crown puppet painting sweater
    bracelet boat box cushion whistle mobile
""")
TREATS: Final = phrases("""
    warm bread; honey cake; apple pie; vegetable soup; hot chocolate; blueberry pancakes; jam tarts;
    pumpkin soup; ginger cookies; cheese on toast; cherry pie; corn muffins; mint tea; nut bread;
    crème brûlée; rice pudding; strawberry jam; baked potatoes
""")
COLORS: Final = words("""
    red blue green yellow purple orange pink white silver golden brown black violet
""")
LOOKS: Final = words("""
    little small tiny young old tall round thin quiet cheerful sleepy hungry brave
    shy clever curious kind gentle funny busy lazy proud lonely grumpy polite patient clumsy
    careful honest silly friendly stubborn naïve
""")
OBJECT_LOOKS: Final = words("""
    shiny old new pretty wooden tiny striped spotted soft beautiful strange bright special magic
    plain heavy round lovely
""")
GLAD: Final = words("happy glad proud pleased cheerful delighted thrilled joyful")
SAD: Final = words("sad upset worried unhappy gloomy sorry miserable")
AFRAID: Final = words("afraid scared frightened nervous")
WEATHER: Final = words("sunny rainy windy snowy cloudy foggy warm cold bright chilly stormy frosty")
DAYTIME: Final = words("morning afternoon evening day")
SEASONS: Final = words("spring summer autumn winter")
PLANTS: Final = phrases("""
    sunflower; pumpkin; apple tree; rose; bean; strawberry plant; tulip; oak tree; carrot;
    watermelon; cherry tree; pear tree; daisy; blueberry bush
""")
PLACES: Final = words("""
    forest village meadow valley garden farm castle town harbor island mountain cave lighthouse
    windmill orchard swamp desert city cottage library market barn jungle beach café sea
""")
SPOTS: Final = phrases("""
    under the bed; behind the door; in the tall grass; beside the well; under an old bridge;
    on top of the shelf; inside a hollow log; near the pond; behind a big rock; under the stairs;
    in the kitchen; at the edge of the field; between two roots; next to the gate; in a bush;
    under a pile of leaves; by the river; on the roof; in the wheelbarrow; inside a boot
""")
SKIES: Final = phrases("the moon; the sun; the rainbow; the wind; the snow; the rain")
SKILLS: Final = phrases("""
    swim; whistle; skate; juggle; read; row a boat; climb a rope; play the flute; ride a bicycle;
    tie a bow; dance; sing; bake bread; write a letter; count to one hundred; jump rope; draw a
    horse; do a handstand; fly a kite; play chess; catch a ball; knit a sock
""")
NOISES: Final = phrases("""
    a soft tapping; a low humming; a loud bump; a long creak; a tiny squeak; a strange whisper;
    a slow drip; a gentle rattle; a deep snore; a quick scratching
""")
SMALL_ANIMALS: Final = words("mouse kitten bird squirrel beetle bat hedgehog puppy frog duckling")
TOOLS: Final = phrases("""
    a long rope; a ladder; a strong stick; a fishing net; a wooden plank; a thick branch; a wide
    board; an old oar
""")
DRINKS: Final = words("tea milk cocoa lemonade water juice")
NUMBERS: Final = words("two three four five six seven eight nine ten")

# Base form; past tense; form in -ing.
HOBBIES: Final[tuple[tuple[str, ...], ...]] = tuple(
    tuple(part.strip() for part in line.split(";"))
    for line in """
    paint pictures; painted pictures; painting pictures
    read books; read books; reading books
    sing songs; sang songs; singing songs
    bake bread; baked bread; baking bread
    count the clouds; counted the clouds; counting the clouds
    collect shells; collected shells; collecting shells
    climb trees; climbed trees; climbing trees
    dance in the rain; danced in the rain; dancing in the rain
    build towers; built towers; building towers
    pick flowers; picked flowers; picking flowers
    play the drum; played the drum; playing the drum
    watch the stars; watched the stars; watching the stars
    tell jokes; told jokes; telling jokes
    swim in the lake; swam in the lake; swimming in the lake
    write poems; wrote poems; writing poems
    grow vegetables; grew vegetables; growing vegetables
    catch fish; caught fish; catching fish
    ride the train; rode the train; riding the train
    draw maps; drew maps; drawing maps
    fix old clocks; fixed old clocks; fixing old clocks
    knit socks; knitted socks; knitting socks
    make soup; made soup; making soup
    roll down hills; rolled down hills; rolling down hills
    chase butterflies; chased butterflies; chasing butterflies
    dig holes; dug holes; digging holes
    wear funny hats; wore funny hats; wearing funny hats
    sleep in the sun; slept in the sun; sleeping in the sun
    look for treasure; looked for treasure; looking for treasure
    feed the birds; fed the birds; feeding the birds
    jump in puddles; jumped in puddles; jumping in puddles
    whistle in the morning; whistled in the morning; whistling in the morning
    drink tea; drank tea; drinking tea
    """.strip().splitlines()
)

# A greeting, its language, and what it means.
GREETINGS: Final[tuple[tuple[str, str, str], ...]] = (
    ("Привет", "Russian", "hello"),
    ("こんにちは", "Japanese", "hello"),
    ("你好", "Chinese", "hello"),
    ("안녕", "Korean", "hello"),
    ("שלום", "Hebrew", "peace"),
    ("مرحبا", "Arabic", "hello"),
    ("Γειά σου", "Greek", "hello"),
    ("नमस्ते", "Hindi", "hello"),
    ("¡Hola!", "Spanish", "hello"),
    ("Olá", "Portuguese", "hello"),
    ("Grüß dich", "German", "hello"),
    ("Cześć", "Polish", "hello"),
    ("Merci", "French", "thank you"),
    ("ありがとう", "Japanese", "thank you"),
    ("Дякую", "Ukrainian", "thank you"),
)

LISTS: Final[dict[str, tuple[str, ...]]] = {
    "color": COLORS,
    "look": LOOKS,
    "objlook": OBJECT_LOOKS,
    "glad": GLAD,
    "sad": SAD,
    "afraid": AFRAID,
    "weather": WEATHER,
    "daytime": DAYTIME,
    "season": SEASONS,
    "treat": TREATS,
    "noise": NOISES,
    "tool": TOOLS,
    "drink": DRINKS,
    "number": NUMBERS,
}

FEMALE_KINDS: Final = frozenset(
    words("girl queen princess witch mermaid grandmother hen cow fairy doll duckling")
)
MALE_KINDS: Final = frozenset(
    words("boy king prince wizard rooster grandfather fisherman postman knight snowman")
)
PREPOSITIONS: Final[dict[str, str]] = {
    "mountain": "on", "island": "on", "farm": "on", "beach": "on", "market": "at", "sea": "by",
}  # fmt: skip
PLACE_LOOKS: Final = words("quiet small green faraway sunny old windy little peaceful pretty")
