"use strict";
/** What a calendar tells in words: its totals, and its troubles. */
(() => {
  const { el, zone } = eyes;
  const TROUBLES_SHOWN = 6;

  const TROUBLE = {
    failed: "could not be had",
    due: "not asked yet",
    missing: "missing",
    suspect: "suspect zeros",
    vanished: "no longer at the service",
  };

  function trouble(one, answer) {
    const [from, to] = [one.from, one.to].map((at) => zone.short(Date.parse(at), answer.timezone));
    return el(
      "li",
      { "data-trouble": one.state },
      eyes.icon(one.state === "suspect" ? "suspect" : one.state === "missing" ? "never_run" : "failed"),
      el(
        "div",
        {},
        el(
          "p",
          {},
          el("strong", {}, `${from} to ${to}`),
          ` ${eyes.count(one.buckets, answer.unit)} ${TROUBLE[one.state] ?? one.state.replaceAll("_", " ")}`,
        ),
        el("p", {}, one.message),
      ),
    );
  }

  /** What is wrong in the period, at most a hundred of it, as the daemon tells it. */
  eyes.troubles = (answer, shown = TROUBLES_SHOWN) => {
    if (!answer.troubles.length)
      return el("p", { class: "calm" }, eyes.icon("ok"), "Nothing to tell in this period.");
    const items = answer.troubles.map((one) => trouble(one, answer));
    const rest = items.slice(shown);
    return el(
      "div",
      { class: "stack" },
      el("ul", { class: "alerts" }, items.slice(0, shown)),
      rest.length > 0 &&
        el(
          "details",
          {},
          el("summary", {}, eyes.count(rest.length, "more trouble")),
          el("ul", { class: "alerts" }, rest),
        ),
    );
  };

  /** The totals of a calendar, as a sentence with its numbers. */
  eyes.calendarTotals = ({ total, unit }) => {
    const figures = {
      ...total,
      exported: eyes.calendar.exported(total),
      lacking: total.failed + total.due,
      suspect: 0,
    };
    const share = total.expected ? eyes.percent(figures.exported / total.expected) : null;
    const raw = ["expected", "exported", "provisional", "missing", "lacking"].map((name) =>
      el("data", { hidden: true, value: figures[name], "data-figure": name }),
    );
    return el(
      "p",
      { class: "coverage" },
      share && el("strong", {}, `${share} `),
      total.expected
        ? eyes.coverageWords({ ...figures, pending: total.pending }, unit)
        : "Nothing is expected in this period.",
      raw,
    );
  };
})();
