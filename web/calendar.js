"use strict";
/**
 * The coverage calendar: weeks are columns, days rows from Monday. How full a cell is tells how much of the day is there; its
 * look tells the worst that is to be said of it, by colour and by shape.
 */
(() => {
  const { el, zone } = eyes;

  /** From the worst to the best; the first that fits is the state of a day. */
  const STATES = [
    { name: "not_expected", mark: "", words: "nothing expected", fits: (day) => !day.expected },
    { name: "failed", mark: "!", words: "some could not be had", fits: (day) => day.failed > 0 },
    { name: "due", mark: "…", words: "some not asked yet", fits: (day) => day.due > 0 },
    { name: "suspect", mark: "0", words: "suspect zeros", fits: (day) => day.suspect },
    {
      name: "nothing",
      mark: "×",
      words: "nothing there: the service has none",
      fits: (day) => exported(day) === 0,
    },
    {
      name: "partly",
      mark: "",
      words: "partly there, the rest missing for good",
      fits: (day) => day.missing > 0,
    },
    {
      name: "provisional",
      mark: "",
      words: "all there, may still change",
      fits: (day) => day.provisional > 0,
    },
    { name: "complete", mark: "", words: "complete", fits: () => true },
  ];
  const exported = (day) => day.final + day.provisional + day.vanished;
  const stateOf = (day) => STATES.find(({ fits }) => fits(day));

  const COUNTS = [
    ["final", "final"],
    ["provisional", "provisional"],
    ["vanished", "kept although the service has them no more"],
    ["missing", "missing for good"],
    ["failed", "could not be had"],
    ["due", "not asked yet"],
    ["pending", "waited for"],
    ["not_due", "not due"],
  ];

  /** A day in words, its date first. */
  function lines(day, unit) {
    const state = stateOf(day);
    const there = day.expected ? [`${exported(day)} of ${eyes.count(day.expected, unit)} there`] : [];
    const rest = COUNTS.filter(([name]) => day[name] && name !== "final").map(
      ([name, words]) => `${day[name]} ${words}`,
    );
    return [zone.day(day.date), state.words, ...there, ...rest];
  }

  function cell(day, row, column, unit) {
    const { name, mark } = stateOf(day);
    const node = el("div", {
      role: "gridcell",
      class: `day day-${name}`,
      "data-date": day.date,
      "data-state": name,
      "data-row": row,
      "data-col": column,
      "data-mark": mark,
      "aria-label": lines(day, unit).join(", "),
    });
    node.style.setProperty("--share", String(day.expected ? exported(day) / day.expected : 0));
    node.style.gridColumn = String(column + 2);
    return node;
  }

  /** The first column in which a month has a day, with its name; names too close to the next are left out. */
  function months(days, columnOf) {
    const firsts = new Map();
    for (const day of days)
      if (!firsts.has(day.date.slice(0, 7))) firsts.set(day.date.slice(0, 7), columnOf(day.date));
    const list = [...firsts];
    return list
      .filter(([, column], i) => i === list.length - 1 || list[i + 1][1] - column > 2)
      .map(([month, column]) => {
        const isYear = month.endsWith("-01") || column === list[0][1];
        const node = el(
          "span",
          {},
          zone.MONTHS[Number(month.slice(5)) - 1],
          isYear && ` ${month.slice(0, 4)}`,
        );
        node.style.gridColumn = `${column + 2} / span ${isYear ? 4 : 3}`;
        return node;
      });
  }

  function grid(answer) {
    const { days, unit } = answer;
    const start = zone.weekday(days[0].date);
    const columnOf = (date) => Math.floor((zone.daysBetween(days[0].date, date) + start) / 7);
    const rows = zone.WEEKDAYS.map((name, row) => {
      const label = el("div", { role: "rowheader", class: row % 2 ? "minor" : null }, name);
      return el(
        "div",
        { role: "row", class: "week-row" },
        label,
        days
          .filter(({ date }) => zone.weekday(date) === row)
          .map((day) => cell(day, row, columnOf(day.date), unit)),
      );
    });
    const node = el(
      "div",
      {
        class: "calendar",
        role: "grid",
        "aria-readonly": "true",
        "aria-label": `What is there of every day of ${answer.stream}; arrow keys move by day and week`,
      },
      rows,
    );
    const head = el("div", { class: "month-row", "aria-hidden": "true" }, months(days, columnOf));
    const whole = el("div", { class: "calendar-whole" }, head, node);
    whole.style.setProperty("--weeks", String(columnOf(days.at(-1).date) + 1));
    return { whole, node };
  }

  function legend(days) {
    const present = new Set(days.map((day) => stateOf(day).name));
    const entry = ({ name, mark, words }) => {
      const sample = el("span", { class: `day day-${name}`, "data-mark": mark, "aria-hidden": "true" });
      sample.style.setProperty(
        "--share",
        name === "nothing" || name === "not_expected"
          ? "0"
          : name === "complete" || name === "provisional" || name === "suspect"
            ? "1"
            : "0.6",
      );
      return el("li", {}, sample, words);
    };
    return el(
      "ul",
      { class: "legend calendar-legend" },
      STATES.filter(({ name }) => present.has(name))
        .reverse()
        .map(entry),
    );
  }

  const latestExpected = (days) => days.findLast((day) => day.expected)?.date ?? days.at(-1).date;

  /** The calendar with its legend. On a narrow screen it scrolls inside its own box, the latest days in sight. */
  eyes.calendar = (answer, hasLegend = true) => {
    const { days, unit } = answer;
    if (!days.length) return el("p", { class: "quiet" }, "No day lies in this period.");
    const { whole, node } = grid(answer);
    const scroll = el("div", { class: "scroll bare calendar-scroll" }, whole);
    const box = el("div", { class: "tipped" }, scroll);
    const byDate = new Map(days.map((day) => [day.date, day]));
    const { tip, live, tell } = eyes.gridTip(box, (day) => lines(byDate.get(day.dataset.date), unit));
    box.append(tip, live);
    const cells = [...node.querySelectorAll("[data-date]")];
    eyes.gridKeys(
      node,
      cells,
      cells.find((one) => one.dataset.date === latestExpected(days)),
      tell,
    );
    eyes.onWidth(scroll, () => {
      scroll.scrollLeft = scroll.scrollWidth;
    });
    return el("div", {}, box, hasLegend && legend(days));
  };

  const FIELDS = [
    "expected",
    "final",
    "provisional",
    "vanished",
    "missing",
    "failed",
    "due",
    "pending",
    "not_due",
  ];

  /** Sums of the days of each month, the latest first. */
  function byMonth(days) {
    const sums = new Map();
    for (const day of days) {
      const month = day.date.slice(0, 7);
      const sum = sums.get(month) ?? { month, ...Object.fromEntries(FIELDS.map((name) => [name, 0])) };
      for (const name of FIELDS) sum[name] += day[name];
      sums.set(month, sum);
    }
    return [...sums.values()].reverse();
  }

  const LABELS = {
    expected: "Expected",
    final: "Final",
    provisional: "Provisional",
    vanished: "Kept only here",
    missing: "Missing",
    failed: "Could not be had",
    due: "Not asked yet",
    pending: "Waited for",
    not_due: "Not due",
  };
  const ALWAYS = ["expected", "final", "missing"];
  const number = (name) => ({
    name,
    label: LABELS[name],
    value: (row) => row[name],
    show: (row) => eyes.number(row[name]),
    number: true,
  });
  const share = {
    name: "share",
    label: "There",
    value: (row) => (row.expected ? exported(row) / row.expected : null),
    show: (row) => eyes.percent(row.expected ? exported(row) / row.expected : null),
    number: true,
  };

  Object.assign(eyes.calendar, {
    exported,
    legend,
    /** What is nowhere in the months has no column. */
    monthColumns: (months) => [
      { name: "month", label: "Month", value: (row) => row.month },
      share,
      ...FIELDS.filter((name) => ALWAYS.includes(name) || months.some((row) => row[name])).map(number),
    ],
    dayColumns: [
      { name: "date", label: "Day", value: (row) => row.date },
      ...FIELDS.map(number),
      { name: "suspect", label: "Suspect", value: (row) => row.suspect },
    ],
    byMonth,
  });
})();
