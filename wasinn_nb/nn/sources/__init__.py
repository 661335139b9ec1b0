"""What a user writes as the source of a model, and how it becomes files on this machine."""

from wasinn_nb.nn.sources.resolver import (
    Source,
    SourceResolver,
    describe_source,
    encoding_of_name,
    is_remote,
)
from wasinn_nb.nn.sources.sniff import sniff

__all__ = ["Source", "SourceResolver", "describe_source", "encoding_of_name", "is_remote", "sniff"]
