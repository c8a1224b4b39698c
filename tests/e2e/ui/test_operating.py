"""What operators and administrators press: promote and take back, limit, drain, let in and out."""

from __future__ import annotations

import re

import httpx
import pytest
from playwright.sync_api import Page, expect

from assetflow.clock import wait_until
from tests.support.page_api import PageApi


@pytest.fixture(scope="module")
def staged(api: PageApi) -> PageApi:
    """The pantry, filled in staging; production has a shopping list of its own."""
    for more in ({"selection": ["shopping_list"], "env": "production", "confirm_env": "production"}, {"env": "staging"}):
        run_id = api.launched(**{"selection": ["shopping_list", "eggs"], **more})
        assert api.ended(run_id)["status"] == "success"
    return api


def compared(api: PageApi) -> dict[str, str]:
    """How each asset stands in staging and production."""
    return {one["key"]: one["state"] for one in api.get("/environments/diff", a="staging", b="production")["items"]}


def test_what_staging_has_made_is_promoted_once_the_name_is_typed_and_taken_back(kitchen, staged, opened):
    page: Page = opened(kitchen, "/environments?a=staging&b=production")
    rows = page.get_by_role("grid", name="Differences")
    expect(rows.locator("[role=row][data-key]")).to_have_count(2)
    expect(rows.locator("[data-key=shopping_list]")).to_contain_text("differs")
    expect(rows.locator("[data-key=eggs]")).to_contain_text("only in staging")
    promote = page.get_by_role("button", name=re.compile("^Promote"))
    expect(promote).to_be_disabled()
    page.get_by_label("Select all").check()
    promote.click()
    dialog = page.get_by_role("dialog", name="Promote 2 assets to production?")
    expect(dialog.get_by_role("listitem")).to_have_text(["shopping_list", "eggs"])
    expect(dialog).to_contain_text("1 of them is new in production: with no version before to go back to, it stays")
    sure = dialog.get_by_role("button", name="Promote to production")
    expect(sure).to_be_disabled()
    dialog.get_by_label("Type production to confirm").fill("productio")
    expect(sure).to_be_disabled()
    dialog.get_by_label("Type production to confirm").fill("production")
    sure.click()
    expect(dialog).to_have_count(0)
    expect(page.get_by_role("status").filter(has_text="2 assets promoted to production")).to_be_visible()
    expect(page.get_by_text("Nothing differs")).to_be_visible()
    assert compared(staged) == {"shopping_list": "same", "eggs": "same"}

    past = page.get_by_role("region", name="Promotions").locator("[data-promotion]")
    expect(past).to_contain_text("2 assets")
    past.get_by_role("button", name="Take back").click()
    dialog = page.get_by_role("dialog", name="Take back the promotion to production?")
    expect(dialog.get_by_role("button", name="Take back")).to_be_disabled()
    expect(dialog.get_by_role("note")).to_contain_text("Not taken back: 1 asset that was new in production")
    expect(dialog.get_by_role("note")).to_contain_text("eggs")
    dialog.get_by_label("Type production to confirm").fill("production")
    page.keyboard.press("Enter")
    told = page.get_by_role("status").filter(has_text="1 asset in production is as before. 1 asset was new")
    expect(told).to_be_visible()
    expect(past).to_contain_text("taken back")
    expect(rows.locator("[data-key=shopping_list]")).to_contain_text("differs")
    assert compared(staged) == {"shopping_list": "differs", "eggs": "same"}  # there were no eggs before


def test_pools_and_runs_are_limited_and_let_go_again(kitchen, api, gate, opened):
    page: Page = opened(kitchen, "/workers", strict=False)  # a limit of none is refused
    pools = page.locator("section.card", has=page.get_by_role("heading", name="Pools"))
    pools.get_by_role("button", name="Limit").click()
    dialog = page.get_by_role("dialog", name="Limit a pool")
    dialog.get_by_label("Pool").fill("stove")
    dialog.get_by_label("At most").fill("0")
    dialog.get_by_role("button", name="Set").click()
    expect(dialog.get_by_role("alert")).to_contain_text("limit")
    dialog.get_by_label("At most").fill("1")
    dialog.get_by_role("button", name="Set").click()
    expect(dialog).to_have_count(0)
    expect(pools.locator("li", has_text="stove")).to_contain_text("0 of 1")

    runs = page.locator("section.card", has=page.get_by_role("heading", name="Run limits"))
    runs.get_by_role("button", name="Limit").click()
    dialog = page.get_by_role("dialog", name="Limit runs")
    dialog.get_by_label("Tag").fill("meal=supper")
    dialog.get_by_label("At most").fill("1")
    page.keyboard.press("Enter")
    expect(dialog).to_have_count(0)

    first, second = api.launched(job="supper"), api.launched(job="supper")
    expect(pools.locator("li", has_text="stove")).to_contain_text("1 of 1")
    expect(runs.locator("li", has_text="meal=supper")).to_contain_text("1 of 1 · 1 waiting")
    runs.get_by_role("button", name="Change the limit of meal=supper").click()
    dialog = page.get_by_role("dialog", name="Limit of meal=supper")
    expect(dialog.get_by_label("At most")).to_have_value("1")
    dialog.get_by_label("At most").fill("")
    dialog.get_by_role("button", name="Set").click()
    expect(runs.locator("li", has_text="meal=supper")).to_have_count(0)
    gate.touch()
    assert {api.ended(run_id)["status"] for run_id in (first, second)} == {"success"}
    expect(pools.locator("li", has_text="stove")).to_contain_text("0 of 1")


def test_a_drained_worker_ends_what_it_has_and_another_takes_its_place(kitchen, api, gate, opened):
    run_id = api.launched(job="supper")
    page: Page = opened(kitchen, "/workers")
    worker = page.get_by_test_id("worker")
    expect(worker.locator(".worker-steps")).to_contain_text("first_course")
    [before] = api.get("/workers")["items"]
    worker.get_by_role("button", name="Drain").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("finishes 1 step")
    dialog.get_by_role("button", name="Drain").click()
    expect(page.get_by_role("status").filter(has_text="takes nothing more")).to_be_visible()
    expect(worker).to_contain_text("draining")
    expect(worker.get_by_role("button", name="Drain")).to_have_count(0)
    assert api.get(f"/runs/{run_id}")["status"] == "running"
    gate.touch()
    assert api.ended(run_id)["status"] == "success"
    steps = api.get(f"/runs/{run_id}")["step_list"]
    assert {one["slot"].partition(":")[0] == before["name"] for one in steps[:1]} == {True}
    assert wait_until(lambda: before["name"] not in {one["name"] for one in api.get("/workers")["items"]}, timeout=60)
    expect(worker.get_by_text("draining")).to_have_count(0)
    expect(worker).to_have_count(1)


def test_a_token_is_shown_once_lets_in_and_is_revoked(kitchen, opened):
    page: Page = opened(kitchen, "/settings?tab=tokens", permissions=["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name="New token").click()
    dialog = page.get_by_role("dialog", name="A new token")
    dialog.get_by_label("Name").fill("night watch")
    dialog.get_by_label("Role").select_option("viewer")
    dialog.get_by_label("Lasts").select_option("a week")
    dialog.get_by_label("Writes to").select_option("staging")
    dialog.get_by_role("button", name="Make it").click()
    shown = page.get_by_role("dialog", name="Your new token")
    shown.get_by_role("button", name="Copy").click()
    secret = page.evaluate("navigator.clipboard.readText()")
    expect(shown.locator(".command")).to_contain_text(secret)
    shown.get_by_role("button", name="Done").click()
    assert secret not in page.content()

    guest = PageApi(kitchen.url, token=secret)
    assert (guest.get("/session")["user"], guest.get("/session")["role"]) == ("night watch", "viewer")
    assert guest.refused("/runs", selection=["flour"]) == 403

    page.reload()
    row = page.get_by_role("row", name=re.compile("night watch"))
    expect(row).to_contain_text("staging")
    expect(row).to_contain_text("in 7 d")
    row.get_by_role("button", name="Revoke").click()
    dialog = page.get_by_role("dialog", name="Revoke night watch?")
    dialog.get_by_role("button", name="Revoke").click()
    expect(row).to_contain_text("revoked")
    expect(row.get_by_role("button", name="Revoke")).to_have_count(0)
    with pytest.raises(httpx.HTTPStatusError, match="401"):
        guest.get("/session")
    guest.close()
