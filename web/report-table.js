"use strict";
/** The table at the end of a report: a line for each day at the finest, so that it stays fit for paper. */
(() => {
  const { el, chartData: data } = eyes;
  const COUNTS = ["expected", "exported", "provisional", "missing", "lacking", "pending", "suspect"];
  const SUMS = [
    "passing_by",
    "interested",
    "gender_female",
    "gender_male",
    "gender_unknown",
    "category_senior_female",
    "category_senior_male",
    "category_young_female",
    "category_young_male",
    "age_senior",
    "age_young",
    "age_unknown",
  ];
  const MEANS = ["stop_time_seconds", "attention_time_seconds"];

  /** Unknown and unknown is unknown; unknown and a number is the number. */
  const plus = (a, b) => (a === null ? b : b === null ? a : a + b);
  const sum = (points, key) => points.reduce((all, point) => plus(all, point[key]), null);

  /** The mean over points, weighed by who was interested; `null` where nobody was. */
  function mean(points, key) {
    const known = points.filter((point) => point[key] !== null && point.interested > 0);
    const weight = sum(known, "interested");
    return weight ? known.reduce((all, point) => all + point[key] * point.interested, 0) / weight : null;
  }

  function joined(points) {
    const figures = [...COUNTS, ...SUMS].map((key) => [key, sum(points, key)]);
    return {
      ...points[0],
      end: points.at(-1).end,
      ...Object.fromEntries(figures),
      ...Object.fromEntries(MEANS.map((key) => [key, mean(points, key)])),
    };
  }

  /** Points of hours as points of local days; wider ones as they are. */
  function byDay(answer) {
    if (answer.resolution !== "bucket" || answer.unit !== "hour") return answer;
    const days = Map.groupBy ? Map.groupBy(answer.points, dateOf) : grouped(answer.points);
    return { ...answer, resolution: "day", points: [...days.values()].map(joined) };
  }
  const dateOf = (point) => point.local_start.slice(0, 10);
  function grouped(points) {
    const days = new Map();
    for (const point of points) days.set(dateOf(point), [...(days.get(dateOf(point)) ?? []), point]);
    return days;
  }

  const NAMES = { bucket: "day", day: "day", week: "week", month: "month" };

  function columns(answer, word) {
    const figure = (name, label, show = (value) => eyes.number(value)) => ({
      name,
      label,
      value: (row) => row[name],
      show: (row) => show(row[name]),
      number: true,
    });
    return [
      {
        name: "local_start",
        label: NAMES[answer.resolution][0].toUpperCase() + NAMES[answer.resolution].slice(1),
        value: (row) => row.local_start,
        show: (row) => data.pointName(row, answer).replace("week of ", ""),
      },
      figure("passing_by", "Passing by"),
      figure("interested", "Interested"),
      figure("stop_time_seconds", "Stop time", eyes.seconds),
      figure("attention_time_seconds", "Attention", eyes.seconds),
      {
        name: "exported",
        label: "There",
        value: (row) => row.exported,
        show: (row) => `${eyes.number(row.exported)}/${eyes.number(row.expected)}`,
        number: true,
      },
      { name: "note", label: "Note", value: (row) => eyes.pointWords(row, word), show: (row) => note(row) },
    ];
  }

  /** One word where the line is not whole and final. */
  function note(row) {
    const words = [
      [row.suspect, "suspect zeros"],
      [row.lacking, "incomplete"],
      [row.missing, "missing hours"],
      [row.provisional, "provisional"],
      [row.pending, "not over"],
    ];
    return words
      .filter(([n]) => n)
      .map(([, word]) => word)
      .slice(0, 2)
      .join(", ");
  }

  const LABELS = { stop_time_seconds: "stop time", attention_time_seconds: "attention time" };
  const all = ["passing_by", "interested", ...MEANS, ...SUMS.slice(2)].map((key) => ({
    key,
    label: LABELS[key] ?? key.replaceAll("_", " "),
  }));

  /** The section: the table, and the CSV of all points as they were asked for. */
  eyes.reportTable = (answer) => {
    const shown = eyes.chartData.marked(byDay(answer));
    const word = eyes.unitWord(answer.unit, answer.streams.length);
    const file = `${eyes.audienceBody.fileOf(answer)}_all`;
    const table = eyes.dataTable(
      `Table by ${NAMES[shown.resolution]}`,
      columns(shown, word),
      shown.points,
      Infinity,
    );
    const all_columns = eyes.audienceBody.columns(answer, all, (value) => eyes.number(value));
    return eyes.section(
      `By ${NAMES[shown.resolution]}`,
      table,
      el(
        "p",
        { class: "screen-only" },
        eyes.saveButton("Save all figures as CSV", file, all_columns, answer.points),
      ),
    );
  };
  Object.assign(eyes.reportTable, { byDay });
})();
