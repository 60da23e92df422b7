"use strict";
/**
 * The table of the fleet. It draws 200 rows, and as many more at each press of a button: a window over a scrolled list
 * would be as fast, but neither the browser's search nor a screen reader would find what is not drawn.
 */
(() => {
  const PAGE = 200;
  const { el } = eyes;

  const COLUMNS = [
    { name: "state", label: "State", cell: stateCell },
    { name: "stream", label: "Stream", cell: streamCell, header: true },
    { name: "job", label: "Job", cell: (one) => one.job },
    {
      name: "exported_until",
      label: "Exported until",
      cell: (one) => eyes.time(one.exported_until, one.zone),
      value: (one) => one.exported_until,
    },
    { name: "lag", label: "Lag", cell: (one) => lagWords(one.lag), value: (one) => one.lag, number: true },
    {
      name: "missing_buckets",
      label: "Missing",
      cell: (one) => quietZero(one.missing_buckets),
      value: (one) => one.missing_buckets,
      number: true,
    },
    {
      name: "gaps",
      label: "Gaps",
      cell: (one) => quietZero(one.gaps),
      value: (one) => one.gaps,
      number: true,
    },
    { name: "token", label: "Token", cell: tokenCell, value: (one) => one.token_expires_at },
    { name: "next_run", label: "Next run", cell: nextCell, value: (one) => one.next_run },
    { name: "trouble", label: "Trouble, and what to do", cell: troubleCell },
  ];

  const lagWords = (lag) => (lag === null ? eyes.UNKNOWN : eyes.duration(lag));
  const quietZero = (n) => (n ? eyes.number(n) : el("span", { class: "quiet" }, eyes.number(n)));

  function stateCell(one) {
    return eyes.badge(one.state, eyes.stateWord(one.state));
  }

  function streamCell(one) {
    const tags = one.tags.map(([key, value]) => `${key}: ${value}`).join(" · ");
    return [
      eyes.link(eyes.href.stream(one.job, one.stream), one.stream),
      tags && el("span", { class: "tags" }, tags),
    ];
  }

  function tokenCell(one) {
    const word = eyes.tokenWord(one.token);
    const state = eyes.tokenTroubled(one.token) ? eyes.badge("failed", word) : word;
    const left = one.token_expires_at ? (Date.parse(one.token_expires_at) - eyes.now()) / 1000 : null;
    return [state, left > 0 && el("span", { class: "quiet below" }, `for ${eyes.duration(left)}`)];
  }

  function nextCell(one) {
    if (one.is_running) return eyes.badge("under_way", "running");
    return nextTime(one);
  }

  /** Of a run today the time alone. */
  function nextTime({ next_run: next, zone }) {
    const shown = eyes.time(next, zone);
    if (next && eyes.zone.date(Date.parse(next), zone) === eyes.zone.date(eyes.now(), zone))
      shown.textContent = shown.textContent.slice(11);
    return shown;
  }

  function troubleCell(one) {
    if (!one.trouble)
      return one.state === "never_run" ? el("span", { class: "quiet" }, "waits for its first run") : "";
    const at = one.last_error && el("span", { class: "quiet" }, eyes.time(one.last_error.at, one.zone), " ");
    return el("span", { class: "trouble" }, at, one.trouble);
  }

  function cell(column, one) {
    const value = (column.value ?? ((row) => row[column.name]))(one);
    const attributes = {
      role: column.header ? "rowheader" : "cell",
      "data-column": column.name,
      "data-label": column.label,
      "data-value": value ?? "",
      class: column.number && "number",
      scope: column.header && "row",
    };
    return el(column.header ? "th" : "td", attributes, column.cell(one));
  }

  const draw = (one) =>
    el(
      "tr",
      { role: "row", "data-series": one.id, "data-state": one.state },
      COLUMNS.map((column) => cell(column, one)),
    );

  function headCell(column, sort) {
    const label = el(
      "button",
      { type: "button", class: "sort", onclick: () => sort(column.name) },
      column.label,
      el("span", { class: "arrow", "aria-hidden": "true" }),
    );
    return el(
      "th",
      { role: "columnheader", scope: "col", "data-column": column.name, class: column.number && "number" },
      label,
    );
  }

  /**
   * `{node, show(rows, order)}`: `order` is `{column, downward}`, `onSort` is told the name of a column. Rows that look as
   * before keep their elements, so that a poll neither flickers nor takes the focus away.
   */
  function table(onSort) {
    const drawn = new Map();
    let limit = PAGE;
    let last = { rows: [], order: {} };
    const head = COLUMNS.map((column) => headCell(column, onSort));
    const body = el("tbody", { role: "rowgroup" });
    const more = eyes.button("", () => {
      limit += PAGE;
      show(last.rows, last.order);
    });
    const foot = el("p", { class: "more" });
    const node = el(
      "div",
      { class: "fleet-box" },
      el(
        "table",
        { class: "fleet", role: "table", "aria-label": "Streams" },
        el("thead", { role: "rowgroup" }, el("tr", { role: "row" }, head)),
        body,
      ),
      foot,
    );

    function element(one) {
      const looks = JSON.stringify([one, lagWords(one.lag), Math.floor(eyes.now() / 60000)]);
      const known = drawn.get(one.id);
      if (known?.looks === looks) return known.row;
      const row = draw(one);
      drawn.set(one.id, { looks, row });
      return row;
    }

    function place(rows) {
      if (rows.length === body.children.length && rows.every((row, index) => row === body.children[index]))
        return;
      const focused =
        body.contains(document.activeElement) && document.activeElement.closest("tr").dataset.series;
      body.replaceChildren(...rows);
      if (focused) drawn.get(focused)?.row.querySelector("a")?.focus({ preventScroll: true });
    }

    function markOrder({ column, downward }) {
      for (const th of head) {
        if (th.dataset.column === column) th.setAttribute("aria-sort", downward ? "descending" : "ascending");
        else th.removeAttribute("aria-sort");
      }
    }

    function show(rows, order) {
      last = { rows, order };
      markOrder(order);
      place(rows.slice(0, limit).map(element));
      const hidden = rows.length - limit;
      more.textContent = `Show ${eyes.number(Math.min(PAGE, hidden))} more`;
      foot.replaceChildren(
        ...(hidden > 0 ? [`${eyes.number(limit)} of ${eyes.number(rows.length)} shown `, more] : []),
      );
    }

    return {
      node,
      show,
      reset: () => {
        limit = PAGE;
      },
    };
  }

  eyes.fleet.table = table;
})();
