"""Every error assetflow raises on purpose.

::

    AssetflowError                      root; carries `where` and `fix`
    ├── InvalidDefinitionError          a definition is wrong, said before anything runs
    │   └── CircularDependencyError     assets that need each other (also a ValueError)
    ├── InvalidInvocationError          a definition is called or submitted the wrong way
    ├── InvalidConfigDefinitionError    a schema describes no config
    ├── InvalidConfigError              config does not fit its schema; `errors` has everything wrong
    ├── ConfigMappingFunctionError      a function given to `configured` raised
    ├── InvalidSubsetError              a selection names assets that do not exist
    ├── InvalidMetadata                 a metadata value cannot be recorded
    ├── InvariantViolationError         a rule of the API is broken while running
    │   └── UnserializableValueError    a value cannot be stored by its IO manager
    ├── UnknownPartitionError           there is no partition of this key
    ├── InvalidPropertyError            a context is asked for what only a run has
    ├── TypeCheckDidNotPass             a value does not fit its annotation
    ├── StepOutputNotFoundError         a required output was not produced
    ├── AssetCheckFailedError           a blocking check of an asset has failed
    ├── UnknownResourceError            an undeclared resource is asked for
    ├── ResourceFunctionError           a resource function raised
    ├── LoadError                       a module or file with definitions does not load
    ├── SettingsError                   assetflow.toml or the environment is wrong
    ├── StorageError                    a place where values are kept does not do what it was asked
    ├── ServiceUnreachableError         Redis or the broker does not answer
    │   ├── ServerFullError             Redis has no memory left for anything new
    │   └── HistoryUnreachableError     the database of the history does not answer
    ├── HistorySchemaError              the tables of the history are of another version
    ├── UnsupportedServerError          Redis answers but cannot carry runs
    ├── CodeMismatchError               a worker has another version of the code than the plan
    ├── SignatureError                  a plan or a bundle is unsigned, forged or of another key
    ├── DamagedRecordError              a stored record cannot be read as what it should be
    ├── ConflictError                   the same run key was submitted with another request
    ├── RunNotFoundError                no run has this id
    ├── AlertError                      nobody could be told that a run has failed
    ├── StepLostError                   the processes that ran a step died too often
    ├── StepTimedOut                    a step ran for too long (also a TimeoutError)
    ├── LostPlaceError                  a slot and the store disagree about where the slot is
    ├── RunFailed                       the run ended without success
    └── WaitTimeout                     the run did not end in the given time (also a TimeoutError)
    CheckError                          an argument has the wrong type or form
    └── ParameterCheckError

Errors of a user's own code are never wrapped in these: they travel as they are.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class AssetflowError(Exception):
    """Something assetflow was asked to do cannot be done.

    Args:
        message: what is wrong, one sentence.
        where: the place in the user's code or settings, such as ``pipeline.py:12 (asset "sales")``.
        fix: what to do about it.
    """

    def __init__(self, message: str = "", *, where: str | None = None, fix: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.where = where
        self.fix = fix

    def __str__(self) -> str:
        lines = [self.message]
        if self.where:
            lines.append(f"  at: {self.where}")
        if self.fix:
            lines.append(f"  fix: {self.fix}")
        return "\n".join(lines)

    def __reduce__(self) -> tuple[object, ...]:
        return (_rebuild, (type(self), self.message, self.where, self.fix))


def _rebuild(kind: type[AssetflowError], message: str, where: str | None, fix: str | None) -> AssetflowError:
    return kind(message, where=where, fix=fix)


class InvalidDefinitionError(AssetflowError):
    """A definition is wrong; raised when it is made or loaded, never while a run is going on."""


class CircularDependencyError(InvalidDefinitionError, ValueError):
    """Assets depend on each other in a circle."""


class InvalidInvocationError(AssetflowError):
    """A definition is called, or a run is asked for, in a way it does not support."""


class InvalidConfigDefinitionError(AssetflowError):
    """What is given as a schema describes no config.

    Args:
        message: what is wrong.
        path: of the part of the schema it is about, such as ``a.b[].c``; empty for the whole.
    """

    def __init__(self, message: str = "", *, where: str | None = None, fix: str | None = None, path: str = "") -> None:
        super().__init__(
            f"{message} (at {path.removeprefix('.')} of the schema)" if path else message, where=where, fix=fix
        )
        self._problem = message
        self._path = path

    def below(self, part: str) -> InvalidConfigDefinitionError:
        """The same error, seen from the schema around: ``.name`` of a field, ``[]`` of a list, ``{}`` of a map."""
        return InvalidConfigDefinitionError(self._problem, where=self.where, fix=self.fix, path=part + self._path)

    def located(self, where: str | None) -> InvalidConfigDefinitionError:
        """The same error, with the place of the definition that has the schema."""
        return InvalidConfigDefinitionError(self._problem, where=self.where or where, fix=self.fix, path=self._path)


class ConfigErrorReason(StrEnum):
    """In which way a part of a config is wrong."""

    RUNTIME_TYPE_MISMATCH = "RUNTIME_TYPE_MISMATCH"
    MISSING_REQUIRED_FIELD = "MISSING_REQUIRED_FIELD"
    MISSING_REQUIRED_FIELDS = "MISSING_REQUIRED_FIELDS"
    FIELD_NOT_DEFINED = "FIELD_NOT_DEFINED"
    FIELDS_NOT_DEFINED = "FIELDS_NOT_DEFINED"
    SELECTOR_FIELD_ERROR = "SELECTOR_FIELD_ERROR"
    FAILED_POST_PROCESSING = "FAILED_POST_PROCESSING"


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigError:
    """One thing that is wrong in a config.

    Attributes:
        path: of the part it is about, such as ``root:ops:sales:config``.
        message: a sentence that names the path too.
    """

    reason: ConfigErrorReason
    path: str
    message: str


class InvalidConfigError(AssetflowError):
    """The given config does not fit the schema.

    Args:
        message: which config it is.
        errors: everything wrong in it; they become part of the message.

    Attributes:
        errors: what was given.
    """

    def __init__(
        self,
        message: str = "",
        *,
        where: str | None = None,
        fix: str | None = None,
        errors: Iterable[ConfigError] = (),
    ) -> None:
        self.errors = list(errors)
        self._title = message
        lines = [f"\n    Error {number}: {error.message}" for number, error in enumerate(self.errors, start=1)]
        super().__init__(message + "".join(lines), where=where, fix=fix)

    def __reduce__(self) -> tuple[object, ...]:
        return (_rebuild_config_error, (self._title, self.where, self.fix, self.errors))


def _rebuild_config_error(
    message: str, where: str | None, fix: str | None, errors: list[ConfigError]
) -> InvalidConfigError:
    return InvalidConfigError(message, where=where, fix=fix, errors=errors)


class ConfigMappingFunctionError(AssetflowError):
    """A function that turns one config into another raised; its own error is the cause."""


class InvalidSubsetError(AssetflowError):
    """A selection names something that cannot be materialized."""


class InvalidMetadata(AssetflowError):
    """A metadata value is of a kind that cannot be recorded."""


class InvariantViolationError(AssetflowError):
    """A rule of the API was broken while code was running."""


class UnknownPartitionError(AssetflowError):
    """There is no partition of this key."""


class InvalidPropertyError(AssetflowError):
    """A context is asked for something that only a run has."""


class UnserializableValueError(InvariantViolationError):
    """A value cannot be stored by the IO manager of its asset."""


class TypeCheckDidNotPass(AssetflowError):
    """A value does not have the type its annotation promises."""


class AssetCheckFailedError(AssetflowError):
    """A blocking check of an asset has failed: what needs the asset is not made."""


class StepOutputNotFoundError(AssetflowError):
    """A step ended without producing an output that is required."""


class UnknownResourceError(AssetflowError):
    """Code asks for a resource that its asset does not declare."""


class ResourceFunctionError(AssetflowError):
    """The function that builds a resource raised; its own error is the cause."""


class LoadError(AssetflowError):
    """A module or file that should hold definitions does not load."""


class SettingsError(AssetflowError):
    """A setting has a value that cannot be used."""


class StorageError(AssetflowError):
    """A place where values are kept refuses something, fails, or cannot be reached; what S3 said is the cause."""


class ServiceUnreachableError(AssetflowError):
    """Redis or the broker does not answer."""


class ServerFullError(ServiceUnreachableError):
    """Redis has no memory left for anything new. What is running goes on, and ends."""


class HistoryUnreachableError(ServiceUnreachableError):
    """The database that keeps the history does not answer. Runs go on, and are recorded when it is back."""


class HistorySchemaError(AssetflowError):
    """The tables of the history are of another version, or cannot be made. They are never changed unasked."""


class UnsupportedServerError(AssetflowError):
    """The server answers, but runs would not be safe on it."""


class CodeMismatchError(AssetflowError):
    """This process has another version of the code than a run was planned with.

    Attributes:
        is_old: the right version is on the disk by now, so that a new process would have it.
    """

    is_old = False


class SignatureError(AssetflowError):
    """A plan or a code bundle is unsigned, forged, or signed with another key."""


class DamagedRecordError(AssetflowError):
    """A stored record cannot be read as what it should be."""


class ConflictError(AssetflowError):
    """The same run key was used before, with another request.

    Attributes:
        run_id: of the run that has the key; empty if it is not known.
    """

    run_id = ""


class RunNotFoundError(AssetflowError):
    """No run has this id."""


class AlertError(AssetflowError):
    """Somebody who is to be told of a failed run did not take the message."""


class StepLostError(AssetflowError):
    """A step was started several times, and each time its process died or its worker vanished."""


class StepTimedOut(AssetflowError, TimeoutError):
    """A step ran for longer than its timeout; raised in the step's own code, so that it can clean up."""


class LostPlaceError(AssetflowError):
    """A slot's batch number is not the one the store expects: the store was rolled back, or the slot replaced."""


class RunFailed(AssetflowError):
    """The run ended without success; the step's own exception is the cause where it could be kept."""


class WaitTimeout(AssetflowError, TimeoutError):
    """The run did not end within the time given to ``wait``. The run goes on."""


class CheckError(Exception):
    """An argument has the wrong type or form."""


class ParameterCheckError(CheckError):
    """One named parameter has the wrong type."""
