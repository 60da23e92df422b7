"use strict";
/** Light, dark, or as the system has it. */
(() => {
  const KEY = "audience-exporter.theme";
  const CHOICES = ["auto", "light", "dark"];

  function remembered() {
    try {
      return localStorage.getItem(KEY);
    } catch {
      return null;
    }
  }

  function apply(theme) {
    if (theme === "auto") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = theme;
    eyes.forgetColours();
  }

  function choose(theme) {
    apply(theme);
    try {
      localStorage.setItem(KEY, theme);
    } catch {
      // It then lasts as long as the page.
    }
  }

  /** A picker, which shows and sets what is in use. */
  function picker() {
    const now = CHOICES.includes(remembered()) ? remembered() : "auto";
    const option = (theme) => eyes.el("option", { value: theme, selected: theme === now }, theme);
    const select = eyes.el(
      "select",
      { id: "theme", "aria-label": "Theme", onchange: () => choose(select.value) },
      CHOICES.map(option),
    );
    return eyes.el("label", { class: "theme" }, eyes.el("span", {}, "Theme"), select);
  }

  /** Paper is white: what is printed is drawn in light colours, whatever the screen has. */
  function lightOnPaper() {
    let before;
    addEventListener("beforeprint", () => {
      before = document.documentElement.dataset.theme ?? "auto";
      apply("light");
    });
    addEventListener("afterprint", () => apply(before));
  }

  function start() {
    const theme = remembered();
    if (CHOICES.includes(theme)) apply(theme);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", eyes.forgetColours);
    lightOnPaper();
  }

  eyes.theme = { start, picker };
})();
