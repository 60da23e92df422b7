"""What a person does on each view, by mouse and by keyboard."""

from playwright.sync_api import expect

from stage import assert_usable, settle


def rows(page):
    return page.locator("[data-series]")


def fleet(at, folder):
    with at.page() as page:
        assert rows(page).count() == 12, "six streams of two jobs"
        states = {row.get_attribute("data-state") for row in rows(page).all()}
        assert {"ok", "failed"} <= states, states
        failed = page.locator("[data-series='hourly/food-court']")
        assert "credentials" in failed.inner_text() or "password" in failed.inner_text(), failed.inner_text()
        alert = page.locator("[data-alert=refused]").first
        assert "food-court" in alert.inner_text(), alert.inner_text()

        page.fill("#search", "lobby")
        assert rows(page).count() == 2
        assert "2" in page.inner_text("#rows-shown")
        page.fill("#search", "nowhere")
        assert rows(page).count() == 0
        page.fill("#search", "")
        page.check("#only-troubled")
        assert {row.get_attribute("data-state") for row in rows(page).all()} <= {"failed", "suspect"}
        page.uncheck("#only-troubled")
        page.select_option("#job-filter", "daily")
        assert all(row.get_attribute("data-series").startswith("daily/") for row in rows(page).all())
        page.select_option("#job-filter", "")

        for column in ["stream", "job", "exported_until", "lag", "missing_buckets", "gaps", "token", "next_run", "state"]:
            header = page.locator(f"[role=columnheader][data-column={column}]")
            header.get_by_role("button").click()
            assert header.get_attribute("aria-sort") == "ascending", column
            header.get_by_role("button").press("Enter")
            assert header.get_attribute("aria-sort") == "descending", column
        page.locator("[role=columnheader][data-column=stream]").get_by_role("button").click()
        names = [row.get_attribute("data-series").split("/")[1] for row in rows(page).all()]
        assert names == sorted(names), names

        # The way of a keyboard: skip to what matters, and on to a stream.
        page.reload()
        settle(page)
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.textContent").startswith("Skip"), "the first stop"
        page.locator("[data-series='hourly/lobby'] a").first.press("Enter")
        settle(page)
        assert page.url.endswith("#/stream/hourly/lobby"), page.url
        assert page.evaluate("document.activeElement.tagName") == "H1", "the focus follows the view"

        for theme in ["dark", "light", "auto"]:
            page.select_option("#theme", theme)
        page.select_option("#theme", "dark")
        page.reload()
        settle(page)
        assert page.input_value("#theme") == "dark", "what was chosen is kept"


def calendar(at, folder):
    with at.page("#/stream/hourly/escalator") as page:
        days = page.locator("[data-date]")
        assert days.count() >= 365, days.count()
        missing = page.locator("[data-date][data-state=partly], [data-date][data-state=nothing], [data-date][data-state=suspect]").last
        missing.hover()
        tip = page.locator(".tip:visible")
        assert missing.get_attribute("data-date") in tip.inner_text(), tip.inner_text()
        days.nth(10).click()
        before = page.evaluate("document.activeElement.dataset.date")
        page.keyboard.press("ArrowRight")
        after = page.evaluate("document.activeElement.dataset.date")
        assert days_between(page, before, after) == 7, (before, after)
        page.keyboard.press("ArrowDown")
        assert abs(days_between(page, after, page.evaluate("document.activeElement.dataset.date"))) in (1, 6)
        shown = days.first.get_attribute("data-date")
        page.get_by_role("button", name="A year back").click()
        expect(days.first).not_to_have_attribute("data-date", shown)
        page.get_by_role("link", name="Audience of this stream").click()
        settle(page)
        assert "stream=escalator" in page.url, page.url


def days_between(page, one, other):
    return page.evaluate("([one, other]) => (Date.parse(other) - Date.parse(one)) / 86400000", [one, other])


def audience(at, folder):
    with at.page("#/audience") as page:
        for choice in ["24h", "3d", "7d", "month", "custom"]:
            page.locator(f"input[name=range][value='{choice}']").check(force=True)
            settle(page)
            assert f"range={choice}" in page.url, page.url
            assert page.locator("[data-figure=passing_by]").count() > 0, choice
        page.fill("#from", "2026-01-05")
        page.fill("#until", "2026-01-18")
        page.keyboard.press("Tab")
        settle(page)
        assert "from=2026-01-05" in page.url and "until=2026-01-18" in page.url, page.url
        page.locator("#step-back").click()
        settle(page)
        assert "from=2025-12-22" in page.url, page.url
        page.locator("#step-forward").click()
        settle(page)
        for points in ["bucket", "day", "week", "month", "auto"]:
            page.select_option("#res", points)
            settle(page)
        page.select_option("#what", "stream")
        settle(page)
        page.fill("#stream", "lobby")
        page.locator("#stream").press("Enter")
        settle(page)
        assert "stream=lobby" in page.url, page.url
        page.select_option("#what", "tag")
        settle(page)
        assert "tag=" in page.url, page.url
        page.select_option("#tag", "zone:hall")
        settle(page)
        page.select_option("#job", "daily")
        settle(page)
        assert "job=daily" in page.url, page.url
        page.go_back()
        settle(page)
        assert "job=hourly" in page.url or "job=" not in page.url, page.url

    with at.page("#/audience?job=hourly&stream=lobby") as page:
        toggle = page.get_by_role("checkbox", name="period before").first
        toggle.uncheck()
        assert "before=off" in page.url, page.url
        chart = page.locator("[role=img]").first
        assert "passing by" in chart.get_attribute("aria-label").lower(), chart.get_attribute("aria-label")
        chart.focus()
        page.keyboard.press("ArrowLeft")
        assert page.locator(".chart .tip:visible").count() == 1, "the last point is told"
        page.keyboard.press("Escape")
        for cell in [page.locator("[role=gridcell][data-value]").first]:
            cell.hover()
        assert page.locator(".tip:visible").count() >= 1


def runs(at, folder):
    with at.page("#/runs") as page:
        outcomes = [row.get_attribute("data-outcome") for row in page.locator("[data-run]").all()]
        assert outcomes and outcomes[-1] in ("done", "incomplete"), outcomes


def locked(at, address, token):
    # The browser itself notes each refusal.
    with at.page(address=address, quiet=False) as page:
        assert page.locator("[data-figure], [data-series]").count() == 0
        assert_usable(page, "the question for the token")
        page.fill("#token", "guessed")
        page.keyboard.press("Enter")
        page.wait_for_selector("[role=alert]")
        page.fill("#token", token)
        page.keyboard.press("Enter")
        page.wait_for_selector("[data-series]")
        page.reload()
        page.wait_for_selector("[data-series]")
        assert token not in page.url
        assert page.evaluate("JSON.stringify(localStorage)").find(token) < 0, "kept after the tab is closed"


def unanswered(at):
    with at.page(quiet=False) as page:
        page.route("**/api/**", lambda route: route.abort())
        page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
        page.wait_for_selector("#banner:visible", timeout=30000)
        assert "trying again" in page.inner_text("#banner"), page.inner_text("#banner")
        assert rows(page).count() == 12, "what was known stays"
        page.unroute("**/api/**")
        page.wait_for_selector("#banner", state="hidden", timeout=60000)
