"""fault_of: which errors of a command are told in words, and which are bugs."""

from traceback import walk_tb

from features.core.errors import MachineError, RadweaveError


def fault_of(error: Exception) -> RadweaveError | None:
    """The error in words for the user; None if it is a bug."""
    from features.core.storage.place import remote_fault

    if isinstance(error, RadweaveError):
        return error
    if isinstance(error, MemoryError):
        return MachineError(f"the memory of this machine does not suffice {error}".strip())
    names = [frame.f_globals.get("__name__", "") for frame, _ in walk_tb(error.__traceback__)]
    if isinstance(error, ValueError) and any(name.startswith("prefect.settings") for name in names):
        told = "; ".join(line.strip() for line in str(error).splitlines()[1:] if "errors.pydantic.dev" not in line)
        return RadweaveError(f"a setting of Prefect is wrong, in the environment (PREFECT_…) or its profile: {told}")
    return remote_fault(error)
