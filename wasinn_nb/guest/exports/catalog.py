"""Everything that a component exports, as Python has it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from wasmtime import component

from wasinn_nb.abi.wit.codec import Codec
from wasinn_nb.guest.exports import naming
from wasinn_nb.guest.exports.docs import Docs
from wasinn_nb.guest.exports.functions import Described, Enter, Export, Function, Param, method
from wasinn_nb.guest.exports.namespace import Interface, Members
from wasinn_nb.guest.exports.naming_types import types_of
from wasinn_nb.guest.exports.reading import Named, Types, Unsupported, is_named
from wasinn_nb.guest.exports.resources import Handle, Resource

if TYPE_CHECKING:
    from wasinn_nb.guest.engine import Engine
    from wasinn_nb.guest.exports.calls import Caller
    from wasinn_nb.guest.exports.live import Live
    from wasinn_nb.guest.modules import CompiledModule

_MAIN = "wasi:cli/run@"
_CONSTRUCTOR, _METHOD, _STATIC = "[constructor]", "[method]", "[static]"


class Catalog:
    """Fills the namespace of one component.

    Args:
        module, engine: the component.
        caller: who calls.
        docs: what its author says.
        home: what classes say that they are from.
    """

    def __init__(
        self, module: CompiledModule, engine: Engine, caller: Caller, docs: Docs, home: str
    ) -> None:
        self._caller = caller
        self._docs = docs
        self._home = home
        self._engine = engine.native
        self._world = self._items(module.native.type.exports(engine.native))
        self._interfaces = {
            name: self._items(item.exports(engine.native))
            for name, item in self._world.items()
            if isinstance(item, component.ComponentInstanceType) and not name.startswith(_MAIN)
        }
        self._all = (*self._interfaces.items(), ("", self._world))
        used = [one for owner, items in self._all for one in self._used(owner, items)]
        self._named = [one for owner, items in self._all for one in _named(owner, items)]
        self._named += [one for one in used if not one.owner]
        others = [one for one in used if one.owner]
        for name, item in self._items(module.native.type.imports(engine.native)).items():
            if isinstance(item, component.ComponentInstanceType):
                others += _named(name, self._items(item.exports(engine.native)))
        self._types = Types([*self._named, *others], docs, home)

    def fill(self, exports: Members) -> None:
        """Add everything."""
        spaces: dict[str, Members] = {"": exports}
        for name in self._interfaces:
            spaces[name] = Members()
            space = Interface(name, spaces[name], self._docs.interface_docs(name))
            names = naming.interface(name), naming.long_interface(name), naming.version(name)
            exports.add(name, space, *names)
        classes = {
            (owner, name): self._resource_class(owner, name, item)
            for owner, items in self._all
            for name, item in items.items()
            if isinstance(item, component.ResourceType)
        }
        for one in self._named:
            made = self._types.named(one).annotation
            spaces[one.owner].add(one.name, made, naming.camel(one.name))
        for (owner, name), made in classes.items():
            spaces[owner].add(name, made, naming.camel(name))
        for owner, items in (("", self._world), *self._interfaces.items()):
            for name, item in items.items():
                if isinstance(item, component.FuncType):
                    self._add_function(spaces[owner], owner, name, item, classes)
        placed = {id(member) for space in spaces.values() for member in space.by_own.values()}
        for name, made in self._types.made():
            if id(made) not in placed:
                exports.add(name, made, naming.camel(name))

    def _used(self, owner: str, items: dict[str, Any]) -> Iterator[Named]:
        """The types of functions, by the names that WIT has for them."""
        for name, item in items.items():
            said = self._docs.function(owner, name)
            if isinstance(item, component.FuncType) and said is not None:
                yield from types_of(item, said)

    def _items(self, items: dict[str, Any]) -> dict[str, Any]:
        """What there is of types that are known here."""
        found: dict[str, Any] = {}
        for name, item in items.items():
            try:
                found[name] = item.ty
            except TypeError:
                continue
        return found

    def _resource_class(self, owner: str, name: str, native: Any) -> type[Resource]:
        space: dict[str, Any] = {
            "__slots__": (),
            "__doc__": self._docs.type_docs(owner, name) or f"resource {name}",
            "__module__": self._home,
            "__init__": _no_constructor(name),
            "_drop": staticmethod(self._dropper(name)),
            "_signatures": [],
        }
        made: type[Resource] = type(naming.camel(name), (Resource,), space)
        self._types.add_resource(native, name, made)
        return made

    def _dropper(self, name: str) -> Callable[[Handle], None]:
        def drop(handle: Handle) -> None:
            def work(live: Live) -> None:
                if not handle.state:  # another thread may have closed it meanwhile
                    live.component.drop(handle.take("it was closed"))

            self._caller.call(f"{naming.snake(name)}.close", work)

        return drop

    def _add_function(
        self,
        space: Members,
        owner: str,
        name: str,
        native: Any,
        classes: dict[tuple[str, str], type[Resource]],
    ) -> None:
        mark, bracket, rest = name.rpartition("]")
        resource, _, plain = rest.partition(".")
        made: Any = classes.get((owner, resource)) if bracket else None
        if made is None:
            described = self._described(owner, name, naming.snake(name), native)
            export = Export(described, self._caller, self._enter(owner, name, described))
            space.add(name, Function(export), naming.snake(name))
            return
        kind = mark + bracket
        own = made.__name__ if kind == _CONSTRUCTOR else f"{made.__name__}.{naming.snake(plain)}"
        described = self._described(owner, name, own, native, bound=kind == _METHOD)
        export = Export(described, self._caller, self._enter(owner, name, described))
        if kind == _CONSTRUCTOR:
            made.__init__ = _constructor(export)
            made.__signature__ = export.signature
            made.__doc__ = f"{made.__doc__}\n\n{described.signature}"
            made._signatures.insert(0, described.signature)  # noqa: SLF001 - made here
            return
        attribute = naming.snake(plain)
        while attribute in vars(Resource) or attribute in vars(made):
            attribute += "_"
        bare = method(export)
        setattr(made, attribute, staticmethod(bare) if kind == _STATIC else bare)
        signature = described.signature.partition(".")[2]
        made._signatures.append(signature)  # noqa: SLF001 - made here

    def _described(
        self, owner: str, own: str, name: str, native: Any, *, bound: bool = False
    ) -> Described:
        docs = self._docs.function_docs(owner, own)
        try:
            params = tuple(
                Param(wit, naming.snake(wit), self._types.form(item, owner))
                for wit, item in native.params
            )
            result = native.result
            form = None if result is None else self._types.form(result, owner)
        except (Unsupported, TypeError) as problem:
            words = str(problem) if isinstance(problem, Unsupported) else "it has an unknown type"
            return Described(name, docs=docs, problem=words, text="(...)")
        return Described(name, params, form, docs, bound=bound)

    def _enter(self, owner: str, name: str, described: Described) -> Enter:
        codecs: list[Codec] = [param.form.codec for param in described.params]
        result = described.result.codec if described.result else None
        interface = owner or None

        def enter(live: Live, values: Sequence[Any]) -> Any:
            return live.component.call(interface, name, codecs, values, result)

        return enter


def _named(owner: str, items: dict[str, Any]) -> list[Named]:
    return [Named(owner, name, item) for name, item in items.items() if is_named(item)]


def _no_constructor(name: str) -> Callable[..., None]:
    def refuse(self: Any, *_args: Any, **_kwargs: Any) -> None:
        raise TypeError(f"{type(self).__name__} has no constructor; the guest's functions give it.")

    refuse.__doc__ = f"The guest makes no {name} for its callers."
    return refuse


def _constructor(export: Export) -> Callable[..., None]:
    def construct(self: Resource, /, *args: Any, **kwargs: Any) -> None:
        made: Resource = export(*args, **kwargs)
        self._handle = made._handle  # noqa: SLF001 - of the same class
        del made._handle  # noqa: SLF001 - as above

    construct.__doc__ = export.described.docs or export.described.signature
    return construct
