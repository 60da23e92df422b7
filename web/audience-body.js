"use strict";
/** What is shown of one answer of `/api/series`: the same in the page and in a report. */
(() => {
  const { el, chartData: data, zone } = eyes;

  /** A figure with its title, a line on what it is, and what belongs to it. */
  eyes.card = (title, about, ...children) => {
    const id = eyes.uid("card");
    return el(
      "section",
      { class: "card", "aria-labelledby": id },
      el("header", {}, el("h3", { id }, title), about && el("p", { class: "quiet" }, about)),
      children,
    );
  };

  const people = [
    { key: "passing_by", label: "passing by", colour: "--data-1" },
    { key: "interested", label: "interested", colour: "--data-2" },
  ];
  const times = [
    { key: "stop_time_seconds", label: "stop time", colour: "--data-3" },
    { key: "attention_time_seconds", label: "attention time", colour: "--data-4" },
  ];
  const STATE = ["expected", "exported", "provisional", "missing", "lacking", "pending", "suspect"];

  /** The columns of the table behind a chart: instants, figures, and how far they can be trusted. */
  function columns(answer, figures, show) {
    const text = (name, label, shown) => ({ name, label, value: (point) => point[name], show: shown });
    return [
      text("local_start", "Begins", (point) => data.pointName(point, answer)),
      { ...text("utc_offset"), isInFileOnly: true },
      { ...text("start"), isInFileOnly: true },
      { ...text("end"), isInFileOnly: true },
      ...figures.map(({ key, label }) => ({
        ...text(key, label[0].toUpperCase() + label.slice(1), (point) => show(point[key])),
        number: true,
      })),
      ...STATE.map((name) => ({
        ...text(name, name[0].toUpperCase() + name.slice(1), (point) => eyes.number(point[name])),
        number: true,
      })),
    ];
  }

  function tip(answer, figures, show, isBeforeShown) {
    const before = new Map(figures.map(({ key }) => [key, data.underlay(answer, key)]));
    const word = eyes.unitWord(answer.unit, answer.streams.length);
    return (index) => {
      const point = answer.points[index];
      const state = eyes.pointWords(point, word);
      const line = ({ key, label, colour }) => {
        const was = isBeforeShown() ? before.get(key)[index] : null;
        const swatch = el("span", { class: "swatch" });
        swatch.style.background = `var(${colour})`;
        return el(
          "div",
          {},
          swatch,
          `${label} `,
          el("b", {}, show(point[key])),
          was !== null && el("span", { class: "quiet" }, ` before ${show(was)}`),
        );
      };
      return [
        el("strong", {}, data.pointName(point, answer)),
        ...figures.map(line),
        ...(state ? [el("div", { class: "state" }, state)] : []),
      ];
    };
  }

  function legend(figures, points) {
    const entry = ({ label, colour }) => {
      const swatch = el("span", { class: "swatch line" });
      swatch.style.background = `var(${colour})`;
      return el("span", {}, swatch, label);
    };
    return [
      ...figures.map(entry),
      points.some(data.isUnfinished) &&
        el("span", {}, el("span", { class: "swatch open" }), "may still change"),
      points.some(data.isGap) && el("span", {}, el("span", { class: "swatch gap" }), "no figures"),
      points.some(data.isPartial) && el("span", {}, el("span", { class: "swatch hollow" }), "only a part"),
    ];
  }

  function beforeToggle(options, chart) {
    const input = el("input", {
      type: "checkbox",
      checked: options.showsBefore(),
      onchange: () => {
        options.setBefore(input.checked);
      },
    });
    options.listen((yes) => {
      input.checked = yes;
      chart.showBefore(yes);
    });
    return el(
      "label",
      { class: "check small" },
      input,
      el("span", { class: "swatch dotted" }),
      "period before",
    );
  }

  const PER = { bucket: "", day: "a day", week: "a week", month: "a month" };
  const per = ({ resolution, unit }) => PER[resolution] || `an ${unit}`.replace("an day", "a day");

  /** A chart over time with its legend, table and CSV; a card that says so where there is nothing to draw. */
  function overTime(title, about, figures, show, answer, file, options) {
    const { points } = answer;
    if (!points.some((point) => figures.some(({ key }) => point[key] !== null))) {
      return eyes.card(
        title,
        about,
        el(
          "p",
          { class: "quiet" },
          "No figures in this range. Choose another one, or look at the calendar of the stream for what is there.",
        ),
      );
    }
    const told = figures.map(({ key, label }) => `${label}: ${data.extremes(answer, key, show)}`).join(". ");
    const chart = eyes.chart({
      answer,
      figures,
      show,
      label: `${title}, ${rangeWords(answer)}. ${told}. The table below has every figure.`,
      tip: tip(answer, figures, show, options.showsBefore),
      showsBefore: options.showsBefore(),
      width: options.width,
      height: options.height,
    });
    const hasBefore = answer.before?.points?.length > 0;
    const drawnBefore = hasBefore && beforeToggle(options, chart);
    return eyes.card(
      title,
      about,
      el("div", { class: "legend" }, legend(figures, points), drawnBefore),
      chart.node,
      eyes.tableBehind({
        label: title.toLowerCase(),
        file,
        columns: columns(answer, figures, show),
        rows: points,
      }),
    );
  }

  /** `Mon 2026-11-16 21:00 to Mon 2026-11-23 21:00`; whole days are told as days, the last one included. */
  function rangeWords({ from, to, timezone }) {
    const [a, b] = [from, to].map((instant) => zone.clock(Date.parse(instant), timezone));
    if (!a.endsWith("T00:00") || !b.endsWith("T00:00")) return `${zone.ofClock(a)} to ${zone.ofClock(b)}`;
    const [first, last] = [a.slice(0, 10), zone.addDays(b.slice(0, 10), -1)];
    return first === last ? zone.day(first) : `${zone.day(first)} to ${zone.day(last)}`;
  }

  const who = ({ streams }) => (streams.length === 1 ? streams[0] : `${streams.length}-streams`);
  const fileOf = (answer) =>
    `${answer.job}_${who(answer)}_${answer.from.slice(0, 10)}_${answer.to.slice(0, 10)}`;

  const overall = (answer, file, options) =>
    overTime(
      "People over time",
      `How many passed by, and how many were interested, ${per(answer)}`,
      people,
      (v) => eyes.number(v),
      answer,
      `${file}_people`,
      options,
    );
  const duration = (answer, file, options) =>
    overTime(
      "Stop and attention time",
      "Seconds, mean of those interested",
      times,
      eyes.seconds,
      answer,
      `${file}_times`,
      options,
    );

  /**
   * Everything about an answer. `options`: `showsBefore()`, `setBefore(yes)`, `listen(callback)`; `width` and `height` for
   * paper.
   */
  eyes.audienceBody = (answer, options) => [eyes.bigFigures(answer), cards(answer, options)];

  function cards(told, options) {
    const answer = data.marked(told);
    const file = fileOf(answer);
    return el(
      "div",
      { class: "cards" },
      overall(answer, file, options),
      duration(answer, file, options),
      eyes.shares(answer, file),
      eyes.heatmap(answer, file),
    );
  }
  Object.assign(eyes.audienceBody, { cards, rangeWords, columns, people, times, fileOf });
})();
