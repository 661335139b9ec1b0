"""Models that the notebook has loaded, for the guest in this cell.

    from wasi_nn import Graph

    story = Graph.load("story", temperature=0.7)
    for token in story.generate("Once upon a time", max_tokens=60):
        print(token, end="")

Tensors go in and out by the model's names for them:

    digits = Graph.load("digits")
    scores = digits.compute({"image": Tensor(pixels, (1, 1, 8, 8))})["probabilities"]
"""

from wit_world.imports.models import Description, Finish, Token, Usage

from wasi_nn._errors import (
    Busy,
    Cancelled,
    ContextFull,
    InvalidArgument,
    InvalidEncoding,
    MissingMemory,
    NNError,
    NotFound,
    PromptTooLong,
    RuntimeFailure,
    SecurityFailure,
    Timeout,
    TooLarge,
    UnknownFailure,
    UnsupportedOperation,
)
from wasi_nn._exchange import input, input_text, output  # noqa: A004 - as in other languages
from wasi_nn._models import Context, Graph
from wasi_nn._streams import TokenStream
from wasi_nn._tensors import Tensor, TensorType

__all__ = [
    "Busy",
    "Cancelled",
    "Context",
    "ContextFull",
    "Description",
    "Finish",
    "Graph",
    "InvalidArgument",
    "InvalidEncoding",
    "MissingMemory",
    "NNError",
    "NotFound",
    "PromptTooLong",
    "RuntimeFailure",
    "SecurityFailure",
    "Tensor",
    "TensorType",
    "Timeout",
    "Token",
    "TokenStream",
    "TooLarge",
    "UnknownFailure",
    "UnsupportedOperation",
    "Usage",
    "input",
    "input_text",
    "output",
]

for _name in __all__:
    if isinstance(globals()[_name], type):
        globals()[_name].__module__ = __name__
del _name
