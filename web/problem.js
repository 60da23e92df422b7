"use strict";
/** While something is loaded, and when it could not be. */
(() => {
  const { el } = eyes;

  /** Shows itself only when it takes longer than a moment: see `.loading` in the style sheet. */
  eyes.loading = () => el("p", { class: "loading", role: "status" }, "Loading…");

  const TITLES = {
    0: "The daemon does not answer",
    400: "This cannot be asked",
    404: "There is no such thing",
    422: "That is too much for one answer",
    503: "Not now",
  };
  const NEXT = {
    0: "Is it running? It is asked again when you press the button.",
    400: "Choose another range.",
    404: "It may have been taken out of the configuration. Choose another one.",
    422: "Choose a shorter range, or fewer streams.",
  };

  /** Puts into `box` what went wrong and what to do. `retry` asks again. */
  eyes.showProblem = (box, error, retry) => {
    if (error.name === "AbortError") return;
    if (error.status === 401) {
      eyes.onUnauthorised();
      return;
    }
    if (error.status === undefined) throw error;
    const title = TITLES[error.status] ?? "Something went wrong";
    const told = eyes.notice(
      "bad",
      title,
      `${error.message}.`,
      NEXT[error.status] ?? "Try again in a moment.",
    );
    told.setAttribute("role", "alert");
    told.lastElementChild.append(el("p", {}, eyes.button("Try again", retry)));
    box.replaceChildren(told);
  };
})();
