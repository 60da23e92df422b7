"""A browser that notes everything that should not happen."""

import pathlib
from contextlib import contextmanager
from urllib.parse import urlsplit

import axe_playwright_python
from playwright.sync_api import sync_playwright

AXE = pathlib.Path(axe_playwright_python.__file__).with_name("axe.min.js").read_text()
SERIOUS = {"serious", "critical"}


class Stage:
    def __init__(self, browser, address):
        self.browser, self.address = browser, address

    @contextmanager
    def page(self, route="#/", width=1280, theme="light", quiet=True, address=None):
        """A page at a route. Fails if it logs an error, throws, or asks for anything beyond its origin."""
        address = address or self.address
        context = self.browser.new_context(
            viewport={"width": width, "height": 900 if width > 400 else 844},
            color_scheme=theme,
            reduced_motion="reduce",
            accept_downloads=True,
            timezone_id="America/New_York",
        )
        page = context.new_page()
        wrong = []
        page.on("console", lambda said: said.type in ("error", "warning") and wrong.append(f"console: {said.text}"))
        page.on("pageerror", lambda error: wrong.append(f"thrown: {error}"))
        origin = urlsplit(address)[:2]
        page.on(
            "request",
            lambda asked: asked.url.startswith(("data:", "blob:"))
            or urlsplit(asked.url)[:2] == origin
            or wrong.append(f"asked for {asked.url}"),
        )
        page.goto(f"{address}/{route}")
        settle(page)
        yield page
        context.close()
        if quiet:
            assert not wrong, f"{route}: {wrong}"


def settle(page):
    """Waits until the view has what it asked for."""
    page.wait_for_selector("main h1")
    page.wait_for_selector("main [aria-busy=true], main .loading", state="detached")


def assert_usable(page, what):
    """No serious finding of axe-core, by the rules of WCAG 2.1 A and AA."""
    page.evaluate(AXE)
    rules = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"]
    found = page.evaluate("rules => axe.run(document, { runOnly: rules })", rules)["violations"]
    serious = [
        (one["id"], one["help"], [node["html"][:120] for node in one["nodes"][:3]])
        for one in found
        if one["impact"] in SERIOUS
    ]
    assert not serious, f"{what}: {serious}"


def assert_no_sideways(page, what):
    """Nothing is wider than the window: only boxes of their own scroll sideways."""
    wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert wide <= 0, f"{what} is {wide} pixels too wide"


def figure(scope, name):
    """A figure as the page means it; `None` where it is not known."""
    value = scope.locator(f"data[data-figure='{name}']").first.get_attribute("value")
    return None if value == "" else float(value)


@contextmanager
def browser():
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        yield chromium
        chromium.close()
