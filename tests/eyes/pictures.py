"""Every view at three widths, light and dark: fit for everybody, and kept for those who want to see it."""

import stage

VIEWS = {
    "fleet": "#/",
    "fleet-troubled": "#/?troubled=1",
    "stream": "#/stream/hourly/escalator",
    "stream-failed": "#/stream/hourly/food-court",
    "audience": "#/audience?job=hourly&stream=lobby",
    "audience-all": "#/audience?job=hourly&range=month",
    "audience-daily": "#/audience?job=daily&stream=lobby&range=month",
    "audience-empty": "#/audience?job=hourly&stream=food-court",
    "runs": "#/runs",
}
WIDTHS = [390, 1280, 2560]


def take_small(at, folder):
    """The two of the README."""
    for name, route, height in [("fleet", VIEWS["fleet"], 700), ("audience", VIEWS["audience"], 885)]:
        with at.page(route) as page:
            page.screenshot(path=folder / f"{name}.png", clip={"x": 0, "y": 0, "width": 1280, "height": height})


def take(at, folder):
    taken = 0
    for name, route in VIEWS.items():
        with at.page(route, width=WIDTHS[0]) as page:
            for width in WIDTHS:
                page.set_viewport_size({"width": width, "height": 900})
                for theme in ["light", "dark"]:
                    page.emulate_media(color_scheme=theme, reduced_motion="reduce")
                    what = f"{name}-{width}-{theme}"
                    # Charts follow the window and the theme a moment later.
                    page.wait_for_timeout(150)
                    page.screenshot(path=folder / f"{what}.png", full_page=True)
                    stage.assert_no_sideways(page, what)
                    if width != max(WIDTHS):
                        # What is on a wall is what is on a desk, with more room.
                        stage.assert_usable(page, what)
                    taken += 1
    return taken
