"use strict";
/** Deliveries, inventories and accounts: small tables, there only where there is any. */
(() => {
  const { el } = eyes;

  /** A plain table; `columns` are `[label, cell(row), isNumber]`. */
  eyes.plainTable = (label, columns, rows) =>
    el(
      "div",
      { class: "scroll", tabindex: "0", role: "region", "aria-label": `${label}: table` },
      el(
        "table",
        { class: "plain" },
        el(
          "thead",
          {},
          el(
            "tr",
            {},
            columns.map(([name, , number]) => el("th", { scope: "col", class: number && "number" }, name)),
          ),
        ),
        el(
          "tbody",
          {},
          rows.map((row) =>
            el(
              "tr",
              {},
              columns.map(([, cell, number]) => el("td", { class: number && "number" }, cell(row))),
            ),
          ),
        ),
      ),
    );

  const state = (error, word) =>
    error
      ? [
          eyes.badge("failed", error.reason.replaceAll("_", " ")),
          " ",
          el("span", { class: "trouble" }, error.message),
        ]
      : eyes.badge("ok", word);

  function deliveryState(one) {
    const parked = (one.parked_files ?? []).map((file) =>
      el("div", { class: "trouble" }, `${file.file}: ${file.error.message}`),
    );
    if (!one.last_error && one.parked) return [eyes.badge("failed", "parked files"), parked];
    return [state(one.last_error, "ok"), parked];
  }

  function deliveries(list, zone) {
    return eyes.plainTable(
      "Deliveries",
      [
        ["Delivery", (one) => one.name],
        ["Waiting", (one) => eyes.number(one.pending), true],
        ["Being imported", (one) => eyes.number(one.awaiting_import), true],
        ["Parked", (one) => eyes.number(one.parked), true],
        ["Delivered", (one) => eyes.number(one.delivered), true],
        ["Oldest waits since", (one) => eyes.time(one.oldest_pending, zone)],
        ["State, and what to do", deliveryState],
      ],
      list,
    );
  }

  function inventories(list, zone) {
    return eyes.plainTable(
      "Inventories",
      [
        ["Inventory", (one) => one.name],
        ["Cameras", (one) => eyes.number(one.cameras), true],
        ["Taken", (one) => eyes.time(one.last_success, zone)],
        ["Next", (one) => eyes.time(one.next_run, zone)],
        [
          "State, and what to do",
          (one) =>
            one.last_success || one.last_error
              ? state(one.last_error, "ok")
              : eyes.badge("never_run", "never taken"),
        ],
      ],
      list,
    );
  }

  function accounts(list, zone) {
    const word = (one) =>
      eyes.badge(eyes.tokenTroubled(one.state) ? "failed" : "ok", eyes.tokenWord(one.state));
    return eyes.plainTable(
      "Accounts",
      [
        ["Account", (one) => one.name],
        ["Kind", (one) => one.kind],
        ["Token until", (one) => eyes.time(one.expires_at, zone)],
        [
          "State, and what to do",
          (one) => [word(one), " ", el("span", { class: "trouble" }, one.message ?? "")],
        ],
      ],
      list,
    );
  }

  const PARTS = [
    ["Deliveries", "deliveries", deliveries],
    ["Inventories", "inventories", inventories],
    ["Accounts", "accounts", accounts],
  ];

  /** Sections for what there is. */
  eyes.fleet.errands = (overview) =>
    PARTS.filter(([, key]) => overview[key]?.length).map(([title, key, table]) =>
      eyes.section(title, table(overview[key], overview.timezone)),
    );
})();
