"""What the page asks of its server, asked by a test: launch something, wait for it."""

from __future__ import annotations

from typing import Any

import httpx

from assetflow.clock import wait_until

ENDED = ("success", "failed", "cancelled")


class PageApi:
    """A visitor without a browser."""

    def __init__(self, url: str, door: str | None = None, token: str | None = None) -> None:
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        self._client = httpx.Client(base_url=url, headers=headers, timeout=60.0, follow_redirects=True)
        if door is not None:
            self._client.get(door)  # a ticket in it makes us known
        if csrf := self.get("/session")["csrf"]:
            self._client.headers["X-CSRF-Token"] = csrf

    def get(self, path: str, **query: Any) -> Any:
        """What there is at a path below /api/v1."""
        return self._client.get(f"/api/v1{path}", params=query).raise_for_status().json()

    def post(self, path: str, **body: Any) -> Any:
        """What comes of asking for something to be done."""
        answer = self._client.post(f"/api/v1{path}", json=body, headers={"Origin": str(self._client.base_url)})
        answer.raise_for_status()
        return answer.json() if answer.content else None

    def refused(self, path: str, **body: Any) -> int:
        """With which status a write is answered."""
        return self._client.post(
            f"/api/v1{path}", json=body, headers={"Origin": str(self._client.base_url)}
        ).status_code

    def launched(self, **body: Any) -> str:
        """The id of a new run."""
        return str(self.post("/runs", **body)["run_id"])

    def ended(self, run_id: str, timeout: float = 90.0) -> dict[str, Any]:
        """A run, once it has ended."""
        assert wait_until(lambda: self.get(f"/runs/{run_id}")["status"] in ENDED, timeout=timeout), run_id
        return dict(self.get(f"/runs/{run_id}"))

    def close(self) -> None:
        self._client.close()
