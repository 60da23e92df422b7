"use strict";
/** Where the daemon wants a token, a person is asked for it. It is kept until the tab is closed, and sent nowhere else. */
(() => {
  const { el } = eyes;

  /** A small form; `onDone` is called when there is a token to try. */
  eyes.tokenForm = (onDone) => {
    const input = el("input", {
      type: "password",
      id: "token",
      autocomplete: "off",
      required: true,
      spellcheck: "false",
      "aria-describedby": "token-help",
    });
    const refused = eyes.api.hasToken();
    const form = el(
      "form",
      {
        class: "card token",
        onsubmit: (event) => {
          event.preventDefault();
          eyes.api.keepToken(input.value.trim());
          onDone();
        },
      },
      el("h1", {}, "A token is needed"),
      el(
        "p",
        { id: "token-help" },
        "This page shows figures only to those who know the token of the HTTP address. It is what ",
        el("code", {}, "http.token"),
        " in the configuration refers to; whoever runs the exporter has it.",
      ),
      refused &&
        el(
          "p",
          { class: "error", role: "alert" },
          eyes.icon("failed"),
          "That token was not accepted. Check it, and try again.",
        ),
      el("label", { class: "field" }, el("span", {}, "Token"), input),
      el("button", { class: "button primary", type: "submit" }, "Show the page"),
    );
    queueMicrotask(() => input.focus());
    return form;
  };
})();
