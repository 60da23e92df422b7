"""A report as it is mailed: opened from disk without any network, and printed."""

import re
import subprocess

from stage import assert_usable, figure

# A4 at 96 pixels an inch.
PAPER_WIDTH = 794

# Something around it is not to be divided.
UNCUT = """node => {
    for (let at = node; at; at = at.parentElement)
        if (getComputedStyle(at).breakInside.startsWith("avoid")) return true;
    return false;
}"""


def check(browser, asked):
    out = asked.pictures / "report.html"
    command = ["report", "--config", asked.folder / "exporter.toml", "--tag", "site:paris-nord", "--from", "2026-01-01"]
    subprocess.run([asked.program, *command, "--to", "2026-02-01", "--out", out], check=True, stdout=subprocess.DEVNULL)
    context = browser.new_context(offline=True, viewport={"width": 1280, "height": 900})
    page = context.new_page()
    wrong = []
    page.on("console", lambda said: said.type in ("error", "warning") and wrong.append(said.text))
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("request", lambda request: request.url.startswith(("file:", "data:", "blob:")) or wrong.append(request.url))
    page.goto(out.resolve().as_uri())
    page.wait_for_selector("h1")
    assert_usable(page, "report")
    page.screenshot(path=asked.pictures / "report.png", full_page=True)
    with page.expect_download() as download:
        page.locator("[data-csv]").first.click()
    assert download.value.suggested_filename.endswith(".csv")
    pages = printed(page, asked.pictures / "report.pdf")
    passing_by = figure(page, "passing_by")
    context.close()
    assert not wrong, wrong

    # The page shows the same.
    live = browser.new_context().new_page()
    live.goto(f"{asked.address}/#/audience?job=hourly&tag=site:paris-nord&range=custom&from=2026-01-01&until=2026-01-31")
    live.wait_for_selector("[data-figure=passing_by]")
    assert figure(live, "passing_by") == passing_by
    live.context.close()
    return pages


def printed(page, path):
    """Prints to A4; nothing that is drawn may be wider than the paper or cut by its edge."""
    page.emulate_media(media="print")
    page.set_viewport_size({"width": PAPER_WIDTH, "height": 1123})
    for drawn in page.locator("canvas, .card, table, svg").all():
        box = drawn.bounding_box()
        assert box is None or box["x"] >= 0 and box["x"] + box["width"] <= PAPER_WIDTH + 1, (box, drawn.inner_text()[:80])
    for canvas in page.locator("canvas").all():
        assert canvas.evaluate(UNCUT), "a chart may be cut between two pages"
    content = page.pdf(path=path, format="A4", prefer_css_page_size=True, print_background=True)
    sizes = re.findall(rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]", content)
    for width, height in sizes:
        assert abs(float(width) - 595) < 2 and abs(float(height) - 842) < 2, (width, height)
    return len(sizes)
