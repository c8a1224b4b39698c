"""Every refusal in one form: what, where, and what to do."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse

from assetflow.errors import (
    AssetflowError,
    CheckError,
    ConflictError,
    InvalidInvocationError,
    InvalidSubsetError,
    RunNotFoundError,
    ServiceUnreachableError,
    StorageError,
    UnknownPartitionError,
)
from assetflow.log import logger
from assetflow.web.desk_keeper import DefinitionsUnloadedError, DeskLateError, DeskRefusedError


class Problem(BaseModel):
    """What is wrong, where, and what to do about it."""

    code: str
    message: str
    where: str | None = None
    fix: str | None = None
    details: list[dict[str, Any]] | None = None


class ErrorAnswer(BaseModel):
    """The body of every answer that is a refusal."""

    error: Problem


class Refused(Exception):
    """A request is refused.

    Args:
        status: of the answer.
        code: for programs.
    """

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        where: str | None = None,
        fix: str | None = None,
        details: list[dict[str, Any]] | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.problem = Problem(code=code, message=message, where=where, fix=fix, details=details)
        self.headers = headers


_CODES = {
    400: "malformed", 401: "unauthorized", 403: "forbidden", 404: "not_found", 405: "not_allowed", 409: "conflict",
    413: "too_large", 414: "too_large", 415: "unsupported", 421: "misdirected", 422: "invalid", 429: "too_many",
    503: "unavailable", 504: "late",
}  # fmt: skip
_KINDS = {  # of a desk's refusals, by the name of the error
    "ConflictError": (409, "conflict"),
    "HistoryUnreachableError": (503, "unavailable"),
    "ServiceUnreachableError": (503, "unavailable"),
    "ServerFullError": (503, "unavailable"),
    "StorageError": (503, "unavailable"),
    "RunNotFoundError": (404, "not_found"),
}

REFUSALS: dict[int | str, dict[str, Any]] = {
    status: {"model": ErrorAnswer, "description": _CODES[status].replace("_", " ")}
    for status in (400, 401, 403, 404, 409, 413, 415, 421, 422, 429, 503, 504)
}


def install(app: FastAPI) -> None:
    """Answer every error in this form."""

    @app.exception_handler(Refused)
    async def refused(request: Request, error: Refused) -> JSONResponse:
        _tell(request, error.problem)
        return answer(error.status, error.problem, error.headers)

    @app.exception_handler(AssetflowError)
    async def known(request: Request, error: AssetflowError) -> JSONResponse:
        status, problem = problem_of(error)
        _tell(request, problem)
        return answer(status, problem)

    @app.exception_handler(CheckError)
    async def wrong(_request: Request, error: CheckError) -> JSONResponse:
        return answer(422, Problem(code="invalid", message=str(error)))

    @app.exception_handler(RequestValidationError)
    async def invalid(_request: Request, error: RequestValidationError) -> JSONResponse:
        found = [{"path": ".".join(map(str, one["loc"])), "message": one["msg"]} for one in error.errors()[:20]]
        if any(one["type"] == "json_invalid" for one in error.errors()):
            return answer(400, Problem(code="malformed", message="the body is no JSON"))
        message = "; ".join(f"{one['path']}: {one['message']}" for one in found)
        return answer(422, Problem(code="invalid", message=message[:2000], details=found))

    @app.exception_handler(HTTPException)
    async def plain(_request: Request, error: HTTPException) -> JSONResponse:
        code = _CODES.get(error.status_code, "failed")
        message = "there is nothing here" if error.status_code == 404 else str(error.detail)
        return answer(error.status_code, Problem(code=code, message=message), dict(error.headers or {}))

    @app.exception_handler(Exception)
    async def unexpected(request: Request, error: Exception) -> JSONResponse:
        logger.error("%s %s failed", request.method, request.url.path, exc_info=error)
        return answer(
            500,
            Problem(code="failed", message=f"something went wrong here: {type(error).__name__}", fix="see the log"),
        )


def _tell(request: Request, problem: Problem) -> None:
    """Say in the audit why something was refused."""
    about = dict(getattr(request.state, "about", {}))
    request.state.about = {**about, "refused": f"{problem.code}: {problem.message}"}


def problem_of(error: AssetflowError) -> tuple[int, Problem]:
    """The status and the body that belong to an error of ours."""
    status, code, details = 422, "invalid", None
    if isinstance(error, DeskRefusedError):
        status, code = _KINDS.get(error.refusal.kind, (422, "invalid"))
        details = error.refusal.details or None
        if error.message.startswith("there is no asset"):
            status, code = 404, "not_found"
        if "it is not said which to make" in error.message:
            code = "partitions_needed"
    elif isinstance(error, RunNotFoundError):
        status, code = 404, "not_found"
    elif isinstance(error, ConflictError):
        status, code, details = 409, "conflict", [{"run_id": error.run_id}]
    elif isinstance(error, DeskLateError):
        status, code = 504, "late"
    elif isinstance(error, DefinitionsUnloadedError):
        status, code = 503, "not_loaded"
    elif isinstance(error, ServiceUnreachableError | StorageError):
        status, code = 503, "unavailable"
    elif not isinstance(error, InvalidInvocationError | InvalidSubsetError | UnknownPartitionError):
        logger.warning("a request was refused: %s: %s", type(error).__name__, error)
    return status, Problem(code=code, message=error.message, where=error.where, fix=error.fix, details=details)


def answer(status: int, problem: Problem, headers: dict[str, str] | None = None) -> JSONResponse:
    """A refusal as it goes over the wire."""
    return JSONResponse({"error": problem.model_dump()}, status, headers)
