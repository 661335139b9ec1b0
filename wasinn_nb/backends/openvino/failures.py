"""OpenVINO's exceptions in few words: without the C++ source lines that they come from."""

from __future__ import annotations

import re

from wasinn_nb.nn.errors import MissingMemory, NNError, RuntimeFailure

_SOURCE_LINE = re.compile(r"(Exception from \S+:\d+:?|Check '.*' failed at \S+:\d+:?)\s*")
_NOISE = re.compile(
    r"(Caught exception:|FrontEnd API failed with \w+:?|NotFound:|Not Implemented:|Summary:)\s*"
)
_DIRECTORY = re.compile(r'"?(?:[A-Za-z]:)?[\\/][^\s":]*[\\/](lib[^\s":]+|[^\s":]+\.dll)"?')
_LONGEST = 400


def reason(error: BaseException) -> str:
    """What an exception of OpenVINO says, in one line and without a full stop."""
    lines = []
    for line in str(error).splitlines():
        text = _NOISE.sub("", _SOURCE_LINE.sub("", line)).strip()
        if text and text not in lines:
            lines.append(_DIRECTORY.sub(r"\1", text))
    text = " ".join(lines) or type(error).__name__
    if len(text) > _LONGEST:
        text = text[:_LONGEST].rsplit(" ", 1)[0] + " ..."
    return text.rstrip(". ") if not text.endswith("...") else text


def is_cancellation(error: BaseException) -> bool:
    """Whether an inference ended because it was cancelled."""
    return "was canceled" in str(error)


_LOST = ("device lost", "device_lost", "DEVICE_LOST", "CL_OUT_OF_RESOURCES", "disconnected")


def is_shortage(text: str) -> bool:
    """Whether what OpenVINO says is that memory ran out."""
    return "bad_alloc" in text or "Failed to allocate" in text


def device_failure(error: BaseException, device: str) -> NNError:
    """The error of an inference that failed."""
    text = reason(error)
    if is_shortage(text):
        return MissingMemory(
            f"The inference on {device} failed: {text}.",
            hint="Give it smaller inputs, or unload another model.",
        )
    hint = "Load the model again, or on another device."
    if any(sign in str(error) for sign in _LOST):
        return RuntimeFailure(f"OpenVINO lost the device {device}: {text}.", hint=hint)
    return RuntimeFailure(f"The inference on {device} failed: {text}.")
