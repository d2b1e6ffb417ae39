"""Finding a module's parts by path, and walking over all of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, cast

from kajo import Tensor
from kajo.nn.parameter import Parameter

if TYPE_CHECKING:
    from kajo.nn.modules.module import Module


class ModuleWalking:
    """What a module has: its modules, parameters and buffers, alone or with all below it."""

    _modules: dict[str, Module | None]

    # Looking up by path --------------------------------------------------------------------

    def get_submodule(self, target: str) -> Module:
        """The module at a dotted path.

        Args:
            target: such as ``"encoder.layers.0"``; the empty path is this module.

        Returns:
            The module there.

        Raises:
            AttributeError: if a part of the path is missing or not a module.

        Example:
            >>> import kajo
            >>> kajo.nn.Sequential(kajo.nn.ReLU()).get_submodule("0")
            ReLU()
        """
        module: Any = self
        for name in target.split(".") if target else ():
            if not hasattr(module, name):
                raise AttributeError(f"{module._get_name()} has no attribute `{name}`")
            module = getattr(module, name)
            if not isinstance(module, ModuleWalking):
                raise AttributeError(f"`{name}` is not an nn.Module")
        return cast("Module", module)

    def set_submodule(self, target: str, module: Module, strict: bool = False) -> None:
        """Put `module` at a dotted path.

        Args:
            target: the path; all but its last part must exist.
            module: what is to stand there.
            strict: refuse a last part that does not exist yet.

        Raises:
            ValueError: if the path is empty or `module` is not a module.
            AttributeError: if a part of the path is missing or not a module.

        Example:
            >>> import kajo
            >>> model = kajo.nn.Sequential(kajo.nn.ReLU())
            >>> model.set_submodule("0", kajo.nn.Tanh())
            >>> model[0]
            Tanh()
        """
        if not target:
            raise ValueError("Cannot set the submodule without a target name!")
        if not isinstance(module, ModuleWalking):
            raise ValueError(f"`module` is not an nn.Module, found {type(module)}")
        path, _, name = target.rpartition(".")
        parent = self.get_submodule(path)
        if strict and not hasattr(parent, name):
            raise AttributeError(f"{parent._get_name()} has no attribute `{name}`")
        if hasattr(parent, name) and not isinstance(getattr(parent, name), ModuleWalking):
            raise AttributeError(f"`{name}` is not an nn.Module")
        setattr(parent, name, module)

    def _get_at(self, target: str) -> tuple[Module, str, Any]:
        path, _, name = target.rpartition(".")
        module = self.get_submodule(path)
        if not hasattr(module, name):
            raise AttributeError(f"{module._get_name()} has no attribute `{name}`")
        return module, name, getattr(module, name)

    def get_parameter(self, target: str) -> Parameter:
        """The parameter at a dotted path.

        Args:
            target: such as ``"0.weight"``.

        Returns:
            The parameter there.

        Raises:
            AttributeError: if a part of the path is missing, or it leads to something else.

        Example:
            >>> import kajo
            >>> kajo.nn.Sequential(kajo.nn.Linear(1, 2)).get_parameter("0.bias").shape
            kajo.Size([2])
        """
        _, name, found = self._get_at(target)
        if not isinstance(found, Parameter):
            raise AttributeError(f"`{name}` is not an nn.Parameter")
        return found

    def get_buffer(self, target: str) -> Tensor:
        """The buffer at a dotted path.

        Args:
            target: such as ``"0.running_mean"``.

        Returns:
            The buffer there.

        Raises:
            AttributeError: if a part of the path is missing, or it leads to something else.

        Example:
            >>> import kajo
            >>> kajo.nn.BatchNorm1d(2).get_buffer("running_mean")
            tensor([0., 0.])
        """
        module, name, found = self._get_at(target)
        if name not in module._buffers:
            raise AttributeError(f"`{name}` is not a buffer")
        return cast(Tensor, found)

    # Walking -------------------------------------------------------------------------------

    def named_modules(
        self, memo: set[Module] | None = None, prefix: str = "", remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Module]]:
        """This module and all below it, with their paths, parents first.

        Args:
            memo: modules already given; they are left out.
            prefix: put before every path.
            remove_duplicate: give a module that is found twice only once.

        Yields:
            Pairs of path and module.

        Example:
            >>> import kajo
            >>> [name for name, _ in kajo.nn.Sequential(kajo.nn.ReLU()).named_modules()]
            ['', '0']
        """
        memo = set() if memo is None else memo
        whole = cast("Module", self)
        if whole in memo:
            return
        if remove_duplicate:
            memo.add(whole)
        yield prefix, whole
        for name, module in self._modules.items():
            if module is not None:
                path = f"{prefix}.{name}" if prefix else name
                yield from module.named_modules(memo, path, remove_duplicate)

    def modules(self, remove_duplicate: bool = True) -> Iterator[Module]:
        """This module and all below it, each once.

        Args:
            remove_duplicate: give a module that is found twice only once.

        Yields:
            Modules, parents first.

        Example:
            >>> import kajo
            >>> len(list(kajo.nn.Sequential(kajo.nn.ReLU()).modules()))
            2
        """
        for _, module in self.named_modules(remove_duplicate=remove_duplicate):
            yield module

    def named_children(self) -> Iterator[tuple[str, Module]]:
        """The modules directly below this one, with their names.

        Yields:
            Pairs of name and module.

        Example:
            >>> import kajo
            >>> dict(kajo.nn.Sequential(kajo.nn.ReLU()).named_children())
            {'0': ReLU()}
        """
        seen: set[Module] = set()
        for name, module in self._modules.items():
            if module is not None and module not in seen:
                seen.add(module)
                yield name, module

    def children(self) -> Iterator[Module]:
        """The modules directly below this one.

        Yields:
            Modules, each once.

        Example:
            >>> import kajo
            >>> list(kajo.nn.Sequential(kajo.nn.ReLU()).children())
            [ReLU()]
        """
        for _, module in self.named_children():
            yield module

    def _named_members(
        self,
        members_of: Callable[[Module], Any],
        prefix: str = "",
        recurse: bool = True,
        remove_duplicate: bool = True,
    ) -> Iterator[tuple[str, Any]]:
        seen: set[int] = set()
        walked = (
            self.named_modules(prefix=prefix, remove_duplicate=remove_duplicate)
            if recurse
            else [(prefix, cast("Module", self))]
        )
        for path, module in walked:
            for name, member in members_of(module):
                if member is None or id(member) in seen:
                    continue
                if remove_duplicate:
                    seen.add(id(member))
                yield (f"{path}.{name}" if path else name), member

    def named_parameters(
        self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Parameter]]:
        """All parameters with their paths.

        Args:
            prefix: put before every path.
            recurse: include those of submodules.
            remove_duplicate: give a parameter that is found twice only once.

        Yields:
            Pairs of path and parameter.

        Example:
            >>> import kajo
            >>> [name for name, _ in kajo.nn.Linear(1, 1).named_parameters()]
            ['weight', 'bias']
        """
        yield from self._named_members(
            lambda module: module._parameters.items(), prefix, recurse, remove_duplicate
        )

    def parameters(self, recurse: bool = True) -> Iterator[Parameter]:
        """All parameters, each once: what an optimiser is given.

        Args:
            recurse: include those of submodules.

        Yields:
            Parameters.

        Example:
            >>> import kajo
            >>> sum(p.numel() for p in kajo.nn.Linear(2, 3).parameters())
            9
        """
        for _, parameter in self.named_parameters(recurse=recurse):
            yield parameter

    def named_buffers(
        self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Tensor]]:
        """All buffers with their paths.

        Args:
            prefix: put before every path.
            recurse: include those of submodules.
            remove_duplicate: give a buffer that is found twice only once.

        Yields:
            Pairs of path and buffer.

        Example:
            >>> import kajo
            >>> [name for name, _ in kajo.nn.BatchNorm1d(1).named_buffers()]
            ['running_mean', 'running_var', 'num_batches_tracked']
        """
        yield from self._named_members(
            lambda module: module._buffers.items(), prefix, recurse, remove_duplicate
        )

    def buffers(self, recurse: bool = True) -> Iterator[Tensor]:
        """All buffers, each once.

        Args:
            recurse: include those of submodules.

        Yields:
            Tensors.

        Example:
            >>> import kajo
            >>> len(list(kajo.nn.BatchNorm1d(1).buffers()))
            3
        """
        for _, buffer in self.named_buffers(recurse=recurse):
            yield buffer
