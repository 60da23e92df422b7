"use strict";
/** The big figures of a range, each beside that of the period before. */
(() => {
  const { el } = eyes;

  const rate = ({ interested, passing_by: passing }) =>
    interested === null || !passing ? null : interested / passing;

  const FIGURES = [
    { name: "passing_by", label: "Passing by", read: (f) => f.passing_by, show: (v) => eyes.number(v) },
    { name: "interested", label: "Interested", read: (f) => f.interested, show: (v) => eyes.number(v) },
    {
      name: "interest_rate",
      label: "Share interested",
      read: rate,
      show: (v) => eyes.percent(v),
      isShare: true,
    },
    {
      name: "stop_time_seconds",
      label: "Stop time",
      read: (f) => f.stop_time_seconds,
      show: eyes.seconds,
      note: "mean of those interested",
    },
    {
      name: "attention_time_seconds",
      label: "Attention time",
      read: (f) => f.attention_time_seconds,
      show: eyes.seconds,
      note: "mean of those interested",
    },
  ];

  /** Shares are compared by subtraction: of percents of percents nobody knows what they are of. */
  const points = (difference) => `${eyes.number(Math.abs(difference) * 100, 1)} points`;

  /** `▲ 12 %`, and in words for those to whom the page is read. */
  function changeOf(figure, now, before) {
    const was = figure.read(before);
    const share = eyes.change(now, was);
    const raw = el("data", { value: was ?? "", "data-figure": `${figure.name}_before` }, figure.show(was));
    if (was === null)
      return [
        el("span", { "aria-hidden": "true" }, "no figures before"),
        eyes.unseen("no figures in the period before"),
      ];
    if (share === null) return ["before: ", raw];
    const by = figure.isShare ? points(now - was) : eyes.percent(Math.abs(share), 1);
    const arrow = Math.abs(share) < 0.0005 ? "=" : share > 0 ? "▲" : "▼";
    const words =
      arrow === "="
        ? "as much as the period before, "
        : `${by} ${share > 0 ? "more" : "less"} than the period before, `;
    return [
      el("span", { class: "change", "aria-hidden": "true" }, arrow === "=" ? "= same" : `${arrow} ${by}`),
      eyes.unseen(words),
      el("span", { class: "quiet" }, el("span", { "aria-hidden": "true" }, "before "), raw),
    ];
  }

  function big(figure, summary, before) {
    const now = figure.read(summary);
    const value = el("data", { value: now ?? "", "data-figure": figure.name }, figure.show(now));
    return el(
      "div",
      { class: "figure" },
      el("dt", {}, figure.label, figure.note && eyes.unseen(`, ${figure.note}`)),
      el("dd", { class: "big" }, value),
      el("dd", { class: "then" }, before ? changeOf(figure, now, before) : null),
    );
  }

  /** The share of the expected that is there; of nothing expected it is `null`. */
  const there = (f) => (f.expected ? f.exported / f.expected : null);

  /** Where one of the two periods lacks more than the other, their totals are not alike. */
  function warning(summary, before) {
    const [now, was] = [there(summary), before && there(before)];
    if (now === null || was === null || was === undefined || Math.abs(now - was) < 0.02) return null;
    return el(
      "p",
      { class: "caution" },
      eyes.icon("suspect"),
      `Compare with care: ${eyes.percent(now)} of this period is there, and ${eyes.percent(was)} of the one before.`,
    );
  }

  const COUNTS = ["expected", "exported", "provisional", "missing", "lacking", "pending", "suspect"];

  /** How much of the range is there: a bar, and the sentence that it draws. */
  function coverage(summary, word) {
    const share = there(summary);
    const bar = el("span", { class: "meter", "aria-hidden": "true" }, el("span", {}));
    bar.firstChild.style.width = `${(share ?? 0) * 100}%`;
    const raw = COUNTS.map((name) => el("data", { hidden: true, value: summary[name], "data-figure": name }));
    const words =
      summary.expected || summary.exported
        ? eyes.coverageWords(summary, word)
        : "Nothing is expected in this range yet.";
    return el(
      "p",
      { class: "coverage" },
      share !== null && bar,
      share !== null && el("strong", {}, eyes.percent(share)),
      " ",
      words,
      raw,
    );
  }

  /** Figures, what covers them, and a word of caution where there is need. */
  eyes.bigFigures = (answer) => {
    const before = answer.before?.summary;
    const word = eyes.unitWord(answer.unit, answer.streams.length);
    return el(
      "div",
      { class: "card" },
      el(
        "dl",
        { class: "figures" },
        FIGURES.map((figure) => big(figure, answer.summary, before)),
      ),
      coverage(answer.summary, word),
      warning(answer.summary, before),
    );
  };
})();
