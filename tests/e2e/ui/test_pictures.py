"""Pictures of the screens, compared with those that are kept."""

from __future__ import annotations

import base64
import os
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.support.page import Project

KEPT = Path(__file__).parent / "pictures"
SIZE = (360, 225)
MOST = 0.003  # of the pixels may differ: two runs differ by 0.0004, a missing row of buttons makes 0.005
SCREENS = {
    "home": "/", "assets": "/assets", "folders": "/assets?view=folders", "graph": "/graph",
    "group": "/graph?group=market", "tree": "/graph?view=tree", "asset": "/asset?key=harvest",
    "partitions": "/asset?key=diary&tab=partitions",
    "lineage": "/asset?key=beds&tab=lineage", "versions": "/asset?key=harvest&tab=versions",
    "definition": "/asset?key=harvest&tab=definition", "login": "/login",
}  # fmt: skip
PAINTED = "() => new Promise((done) => requestAnimationFrame(() => setTimeout(done, 100)))"
HIDE_WHAT_PASSES = """() => {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(`
        time, .num, .command, .mono, .card-node-line, .home-list .clip, dd { opacity: 0 !important }
        dd, .mono, .command { white-space: nowrap !important; overflow: hidden; max-height: 1.5em }
    `);
    document.adoptedStyleSheets = [sheet];
}"""
READ = """
    const read = async (text, size) => {
        const bytes = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
        const picture = await createImageBitmap(new Blob([bytes]));
        const canvas = new OffscreenCanvas(...(size ?? [picture.width, picture.height]));
        const context = canvas.getContext('2d');
        context.imageSmoothingQuality = 'high';
        context.drawImage(picture, 0, 0, canvas.width, canvas.height);
        return canvas;
    };
"""
SHRINK = f"""async ([picture, size]) => {{
    {READ}
    const small = await (await read(picture, size)).convertToBlob({{type: 'image/webp', quality: 0.8}});
    return btoa(String.fromCharCode(...new Uint8Array(await small.arrayBuffer())));
}}"""
DIFFERENT = f"""async ([one, other]) => {{
    {READ}
    const [a, b] = [await read(one), await read(other)];
    if (a.width !== b.width || a.height !== b.height) return 1;
    const [left, right] = [a, b].map((it) => it.getContext('2d').getImageData(0, 0, it.width, it.height).data);
    let different = 0;
    for (let i = 0; i < left.length; i += 4)
        if ([0, 1, 2].some((k) => Math.abs(left[i + k] - right[i + k]) > 24)) different++;
    return different / (left.length / 4);
}}"""


@pytest.fixture(scope="module")
def made(garden: Project) -> Project:
    """The garden, with all of it made once and nothing else done."""
    garden.command("materialize", "-m", "garden", "* and not group:diary")
    return garden


@pytest.mark.slow
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_screens_look_as_they_did(made, opened, theme):
    """Each of twelve screens is, a quarter as large, what is kept of it, but for three pixels in a thousand.

    What is compared is small: letters are drawn a little differently by every version of a browser and every machine
    (the fonts are the page's own, so they are as wide everywhere), and at this size that is a shade of grey. A card
    that is missing, a column that is elsewhere or a colour of the other theme are many pixels. Times, numbers, paths
    and names that differ from run to run or from machine to machine are not drawn.

    `ASSETFLOW_KEEP_PICTURES=1` keeps what is seen now as what is to be seen; all that was seen, in full, is in
    `.assetflow/screenshots`.
    """
    full = Path(__file__).resolve().parents[3] / ".assetflow" / "screenshots"
    full.mkdir(parents=True, exist_ok=True)
    page: Page = opened(made, "/", theme=theme, reduced_motion="reduce")
    found: dict[str, float] = {}
    for name, path in SCREENS.items():
        if name == "login":
            page.goto(made.url + path)
        else:  # before that nothing is known to be made
            with page.expect_response(lambda response: "/assets/status" in response.url) as told:
                page.goto(made.url + path)
            told.value.finished()
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        expect(page.locator(".loading")).to_have_count(0)
        page.evaluate("document.fonts.ready")
        page.evaluate(PAINTED)
        page.evaluate(HIDE_WHAT_PASSES)
        shot = page.screenshot(path=full / f"{name}-{theme}.png")
        small = page.evaluate(SHRINK, [base64.b64encode(shot).decode(), SIZE])
        kept = KEPT / f"{name}-{theme}.webp"
        if os.environ.get("ASSETFLOW_KEEP_PICTURES"):
            kept.parent.mkdir(exist_ok=True)
            kept.write_bytes(base64.b64decode(small))
        found[name] = page.evaluate(DIFFERENT, [small, base64.b64encode(kept.read_bytes()).decode()])
    print({name: f"{share:.4f}" for name, share in found.items()})
    assert {name: share for name, share in found.items() if share > MOST} == {}
