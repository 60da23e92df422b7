"use strict";
/** When people come: the mean of passing by in each hour of the local week. */
(() => {
  const { el, zone } = eyes;
  const LEVELS = 7;
  const two = (n) => String(n).padStart(2, "0");

  /** 0 is nobody; 1 to 7 are seventh parts of the most. */
  const level = (value, most) =>
    most > 0 && value > 0 ? Math.max(1, Math.ceil((value / most) * LEVELS)) : 0;

  function cell(one, row, column, most) {
    const known = one.passing_by !== null;
    return el(
      "td",
      {
        role: "gridcell",
        class: `heat ${known ? `heat-${level(one.passing_by, most)}` : "heat-none"}`,
        "data-row": row,
        "data-col": column,
        "data-value": one.passing_by ?? "",
      },
      el("span", { class: "heat-value" }, known ? eyes.number(one.passing_by) : eyes.unseen("no figures")),
    );
  }

  function table(week, most) {
    const hours = Array.from({ length: 24 }, (_, hour) => hour);
    const head = el(
      "tr",
      { role: "row" },
      el("th", { role: "columnheader", scope: "col" }, eyes.unseen("Weekday")),
      hours.map((hour) =>
        el("th", { role: "columnheader", scope: "col", class: hour % 3 ? "minor" : null }, two(hour)),
      ),
    );
    const rows = week.map((day, row) =>
      el(
        "tr",
        { role: "row" },
        el("th", { role: "rowheader", scope: "row" }, zone.WEEKDAYS[row]),
        day.map((one, hour) => cell(one, row, hour, most)),
      ),
    );
    return el(
      "table",
      {
        class: "heatmap",
        role: "grid",
        "aria-readonly": "true",
        "aria-label": "Mean of passing by, by weekday and hour; arrow keys move",
      },
      el("thead", { role: "rowgroup" }, head),
      el("tbody", { role: "rowgroup" }, rows),
    );
  }

  function legend(most) {
    const steps = Array.from({ length: LEVELS + 1 }, (_, n) => el("span", { class: `heat heat-${n}` }));
    return el(
      "p",
      { class: "legend quiet", "aria-hidden": "true" },
      "nobody ",
      el("span", { class: "ramp" }, steps),
      ` ${eyes.number(most)} an hour`,
      el("span", { class: "ramp" }, el("span", { class: "heat heat-none" })),
      "no figures",
    );
  }

  const COLUMNS = [
    { name: "weekday", label: "Weekday", value: (row) => row.weekday },
    { name: "hour", label: "Hour", value: (row) => row.hour, show: (row) => `${two(row.hour)}:00` },
    {
      name: "passing_by_mean",
      label: "Passing by (mean)",
      value: (row) => row.passing_by,
      show: (row) => eyes.number(row.passing_by, 1),
      number: true,
    },
    {
      name: "hours",
      label: "Hours it is the mean of",
      value: (row) => row.buckets,
      show: (row) => eyes.number(row.buckets),
      number: true,
    },
  ];

  const flat = (week) =>
    week.flatMap((day, weekday) =>
      day.map((one, hour) => ({ weekday: zone.WEEKDAYS[weekday], hour, ...one })),
    );

  /** The figure, or `null` where figures are by day. */
  eyes.heatmap = (answer, file) => {
    const { week } = answer;
    if (!week.length) return null;
    const rows = flat(week);
    const most = Math.max(0, ...rows.map((row) => row.passing_by ?? 0));
    if (rows.every((row) => row.passing_by === null))
      return eyes.card(
        "When they come",
        "Passing by in each hour of the week",
        el("p", { class: "quiet" }, "No figures in this range."),
      );
    const grid = table(week, most);
    const scroll = el("div", { class: "scroll bare" }, grid);
    const box = el("div", { class: "tipped heat-box" }, scroll);
    const lines = ({ dataset }) => {
      const one = week[dataset.row][dataset.col];
      const at = `${zone.WEEKDAYS[dataset.row]} ${two(dataset.col)}:00–${two((Number(dataset.col) + 1) % 24)}:00`;
      return [
        at,
        one.passing_by === null ? "no figures" : `${eyes.number(one.passing_by, 1)} passing by`,
        `mean of ${eyes.count(one.buckets, "hour")}`,
      ];
    };
    const { tip, live, tell } = eyes.gridTip(box, lines);
    box.append(tip, live);
    eyes.gridKeys(grid, [...grid.querySelectorAll("td")], null, tell);
    return eyes.card(
      "When they come",
      `Passing by in each hour of the week, mean of this range (${answer.timezone})`,
      box,
      legend(most),
      eyes.tableBehind({ label: "when they come", file: `${file}_week`, columns: COLUMNS, rows }),
    );
  };
})();
