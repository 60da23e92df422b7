"use strict";
/** The table behind a figure, and its CSV. Both are made of the same columns, so they cannot differ. */
(() => {
  const { el } = eyes;
  const PAGE = 500;

  const quoted = (value) => {
    const text = value === null || value === undefined ? "" : String(value);
    return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };

  /** RFC 4180 with LF: a header, dots as decimal marks, empty where nothing is known. */
  eyes.csv = (columns, rows) =>
    [columns.map(({ name }) => name), ...rows.map((row) => columns.map(({ value }) => value(row)))]
      .map((cells) => `${cells.map(quoted).join(",")}\n`)
      .join("");

  function download(name, text) {
    const address = URL.createObjectURL(new Blob([text], { type: "text/csv;charset=utf-8" }));
    const link = el("a", { href: address, download: name, hidden: true });
    document.body.append(link);
    link.click();
    link.remove();
    // The browser may read it a moment later.
    setTimeout(() => URL.revokeObjectURL(address), 10000);
  }

  const shown = (column, row) => (column.show ? column.show(row) : (column.value(row) ?? eyes.UNKNOWN));

  function tableRow(columns, row) {
    return el(
      "tr",
      {},
      columns.map((column) =>
        el(
          "td",
          {
            "data-column": column.name,
            "data-value": column.value(row) ?? "",
            class: column.number && "number",
          },
          shown(column, row),
        ),
      ),
    );
  }

  /** A table of `columns` (`name`, `label`, `value(row)`, and `show(row)`, `number`, `isInFileOnly`); long ones grow at the press of a button. */
  eyes.dataTable = (label, all, rows, limit = PAGE) => {
    const columns = all.filter(({ isInFileOnly }) => !isInFileOnly);
    const body = el(
      "tbody",
      {},
      rows.slice(0, limit).map((row) => tableRow(columns, row)),
    );
    const table = el(
      "table",
      { class: "plain" },
      el("caption", { class: "unseen" }, label),
      el(
        "thead",
        {},
        el(
          "tr",
          {},
          columns.map((column) =>
            el("th", { scope: "col", class: column.number && "number" }, column.label ?? column.name),
          ),
        ),
      ),
      body,
    );
    const box = el(
      "div",
      { class: "scroll tall", tabindex: "0", role: "region", "aria-label": label },
      table,
    );
    const rest = () => rows.length - body.children.length;
    const more = eyes.button(
      "Show more",
      () => {
        body.append(
          ...rows
            .slice(body.children.length, body.children.length + PAGE)
            .map((row) => tableRow(columns, row)),
        );
        more.hidden = rest() <= 0;
      },
      { hidden: rest() <= 0 },
    );
    return el("div", {}, box, more);
  };

  /** A button that saves rows as CSV, by the browser alone: it works in a file opened from disk as well. */
  eyes.saveButton = (label, file, columns, rows) =>
    eyes.button(label, () => download(`${file}.csv`, eyes.csv(columns, rows)), {
      class: "button small",
      "data-csv": file,
    });

  /** The foot of a figure: a table that opens, and a button that saves it. */
  eyes.tableBehind = ({ label, file, columns, rows }) => {
    const details = el("details", {}, el("summary", {}, "Table", eyes.unseen(` of ${label}`)));
    details.addEventListener("toggle", () => {
      if (details.open && details.children.length === 1)
        details.append(eyes.dataTable(`Table of ${label}`, columns, rows));
    });
    const save = eyes.saveButton(["CSV", eyes.unseen(` of ${label}`)], file, columns, rows);
    return el("div", { class: "behind" }, details, save);
  };
})();
