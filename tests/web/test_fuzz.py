"""The whole API, asked for everything that its description allows, and much that it does not."""

from __future__ import annotations

import httpx
import pytest

from tests.support.web import API, WebServer

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900), pytest.mark.filterwarnings("ignore")]
UNTOUCHED = (f"{API}/live", f"{API}/logout", f"{API}/workers/{{name}}/drain", f"{API}/login")


def test_nothing_that_is_asked_for_breaks_the_server(web: WebServer) -> None:
    import schemathesis  # imported here: it takes a second, and is for nightly runs
    from hypothesis import HealthCheck, Phase, given, settings

    schema = schemathesis.openapi.from_dict(httpx.get(f"{web.url}{API}/openapi.json", timeout=60).json())
    held = {"Authorization": f"Bearer {web.token('admin')}", "Origin": web.url}
    asked = 0
    for found in schema.get_all_operations():
        operation = found.ok()
        if operation.path in UNTOUCHED:
            continue

        @given(case=operation.as_strategy())
        @settings(
            max_examples=10,
            deadline=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
            database=None,
            derandomize=True,
        )
        def ask(case: schemathesis.Case) -> None:
            nonlocal asked
            asked += 1
            answer = case.call(base_url=web.url, headers=held, timeout=60)
            assert answer.status_code < 500 or answer.status_code == 503, f"{case.as_curl_command()}: {answer.text}"
            if answer.status_code >= 400:
                assert answer.json()["error"]["message"]

        ask()
    assert asked > 200
    assert httpx.get(f"{web.url}/readyz").status_code == 200
