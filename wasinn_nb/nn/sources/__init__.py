"""What a user writes as the source of a model, and how it becomes files on this machine."""

from wasinn_nb.nn.sources.resolver import Source, SourceResolver, describe_source, is_remote
from wasinn_nb.nn.sources.sniff import sniff

__all__ = ["Source", "SourceResolver", "describe_source", "is_remote", "sniff"]
