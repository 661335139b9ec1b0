"""What a guest's numbers and bytes mean in a dialect, whichever way they came."""

from __future__ import annotations

from collections.abc import Sequence

from wasinn_nb.abi.core.contexts import CONFIGURED
from wasinn_nb.abi.core.dialect import Dialect
from wasinn_nb.abi.core.enums import sniff_encoding, tensor_type
from wasinn_nb.abi.core.faults import UnknownEncoding, UnknownEnum
from wasinn_nb.abi.core.host import GraphLease, NNHost
from wasinn_nb.nn.errors import (
    InvalidArgument,
    InvalidEncoding,
    RuntimeFailure,
    UnsupportedOperation,
)
from wasinn_nb.nn.tensor import Buffer
from wasinn_nb.nn.types import ExecutionTarget, GraphEncoding, TensorType

MAX_BUILDERS = 64
_IR_PARTS = 2
_MAX_CONFIG = 4 << 20  # the biases of all tokens of a large vocabulary fit


def read_target(dialect: Dialect, number: int) -> ExecutionTarget:
    """The execution target of that number."""
    target = dialect.targets.get(number)
    if target is None:
        raise UnknownEnum(f"There is no execution target {number}.")
    return target


def read_encoding(dialect: Dialect, number: int, head: bytes) -> GraphEncoding:
    """The encoding of that number, for a model that begins with ``head``."""
    number &= dialect.encoding_mask
    kind = dialect.encodings.get(number)
    if kind is None:
        raise UnknownEncoding(f"There is no graph encoding {number}.")
    if number in dialect.sniff and (seen := sniff_encoding(head)) is not None:
        return seen
    if kind is not GraphEncoding.AUTODETECT or number in dialect.sniff:
        return kind
    raise UnsupportedOperation("This dialect has no automatic detection of the encoding.")


def read_tensor_type(
    dialect: Dialect, number: int, dims: tuple[int, ...], nbytes: int, *, is_text: bool
) -> TensorType:
    """The type of that number, for so much data."""
    kind = dialect.tensor_types.get(number)
    if kind is None:
        raise UnknownEnum(f"There is no tensor type {number}.")
    if is_text:
        return TensorType.U8
    if dialect.two_generations:
        return tensor_type(number, dims, nbytes) or kind
    return kind


def load_parts(
    host: NNHost, dialect: Dialect, parts: Sequence[bytes], encoding: int, target: int
) -> GraphLease:
    """A model from the guest's own bytes."""
    device = read_target(dialect, target)
    head = parts[0][:64] if parts else b""
    kind = read_encoding(dialect, encoding, head)
    if head.startswith(b"preload:"):
        host.warn("The guest tried to load a file of this machine by its path (refused).")
        raise InvalidArgument(
            "A guest cannot name a file of this machine.",
            hint="Register the model under a name and let the guest load it by name.",
        )
    config = dialect.configs.get(kind)
    if kind in CONFIGURED and len(parts) == 2:
        *parts, config = parts
    check_config(len(config or b""))
    try:
        return host.acquire_buffers(parts, kind, device, config)
    except (InvalidArgument, InvalidEncoding) as error:
        # a wrong number of parts is an invalid argument everywhere
        if kind in dialect.unreadable and len(parts) == _IR_PARTS:
            raise RuntimeFailure(error.message, hint=error.hint) from None
        raise


def echo_after(lease: GraphLease, data: Buffer, before: bool) -> bool:  # noqa: FBT001
    """Whether a context's text also goes to standard output, now that it took these settings."""
    config = lease.config
    if "stream-stdout" not in config.schema:
        return before
    return bool(config.overlay(config.schema.parse_guest(data).values)["stream-stdout"])


def check_config(length: int) -> None:
    """Refuse what would keep the host reading for long, where a run cannot be stopped."""
    if length > _MAX_CONFIG:
        raise InvalidArgument(f"The configuration has {length} bytes; the most is {_MAX_CONFIG}.")
