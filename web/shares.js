"use strict";
/** Who they were: gender and age as bars of 100 %, with those of whom it is not known. */
(() => {
  const { el } = eyes;

  const GROUPS = [
    {
      name: "gender",
      label: "Gender",
      parts: [
        ["gender_female", "women"],
        ["gender_male", "men"],
        ["gender_unknown", "not known"],
      ],
    },
    {
      name: "age",
      label: "Age",
      parts: [
        ["age_young", "young"],
        ["age_senior", "senior"],
        ["age_unknown", "not known"],
      ],
    },
  ];

  const total = (summary, parts) => {
    const known = parts.map(([key]) => summary[key]).filter((value) => value !== null && value !== undefined);
    return known.length ? known.reduce((a, b) => a + b, 0) : null;
  };

  function bar(group, summary, all) {
    const part = ([key]) => {
      const piece = el("span", { class: `part part-${key}` });
      piece.style.flexGrow = String((summary[key] ?? 0) / all);
      return piece;
    };
    return el(
      "div",
      { class: "share-bar", "aria-hidden": "true" },
      group.parts.filter(([key]) => summary[key]).map(part),
    );
  }

  function key([name, label], summary, all) {
    const value = summary[name];
    const share = value === null || !all ? null : value / all;
    return el(
      "li",
      {},
      el("span", { class: `swatch part-${name}`, "aria-hidden": "true" }),
      el("span", { class: "what" }, label),
      el(
        "strong",
        {},
        el("data", { value: share ?? "", "data-figure": `${name}_share` }, eyes.percent(share)),
      ),
      el(
        "span",
        { class: "quiet" },
        el("data", { value: value ?? "", "data-figure": name }, eyes.number(value)),
      ),
    );
  }

  function group(one, summary) {
    const all = total(summary, one.parts);
    if (!all)
      return el(
        "div",
        { class: "share" },
        el("h4", {}, one.label),
        el("p", { class: "quiet" }, all === null ? "No figures in this range." : "Nobody was counted."),
      );
    return el(
      "div",
      { class: "share" },
      el("h4", {}, one.label),
      bar(one, summary, all),
      el(
        "ul",
        { class: "keys" },
        one.parts.map((part) => key(part, summary, all)),
      ),
    );
  }

  function rows(summary) {
    const of = (one) => {
      const all = total(summary, one.parts);
      return one.parts.map(([name, label]) => ({
        group: one.name,
        name,
        label,
        people: summary[name] ?? null,
        share: all && summary[name] !== null ? summary[name] / all : null,
      }));
    };
    const cross = [
      ["category_young_female", "young women"],
      ["category_young_male", "young men"],
      ["category_senior_female", "senior women"],
      ["category_senior_male", "senior men"],
    ];
    const category = cross.map(([name, label]) => ({
      group: "category",
      name,
      label,
      people: summary[name] ?? null,
      share: null,
    }));
    return [...GROUPS.flatMap(of), ...category];
  }

  const COLUMNS = [
    { name: "group", label: "Group", value: (row) => row.group },
    { name: "name", label: "Who", value: (row) => row.name, show: (row) => row.label },
    {
      name: "people",
      label: "People",
      value: (row) => row.people,
      show: (row) => eyes.number(row.people),
      number: true,
    },
    {
      name: "share",
      label: "Share",
      value: (row) => row.share,
      show: (row) => eyes.percent(row.share),
      number: true,
    },
  ];

  /** The figure, with its table. */
  eyes.shares = (answer, file) =>
    eyes.card(
      "Who was interested",
      "Shares of all that the cameras took for interested, those included of whom it is not known",
      GROUPS.map((one) => group(one, answer.summary)),
      eyes.tableBehind({
        label: "who was interested",
        file: `${file}_who`,
        columns: COLUMNS,
        rows: rows(answer.summary),
      }),
    );
})();
