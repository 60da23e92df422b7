"use strict";
/** The fleet at a glance: totals, alerts, and the table of streams × job. */
(() => {
  const { el } = eyes;
  const ALERTS_SHOWN = 8;

  const tally = (rows) => {
    const of = (state) => rows.filter((one) => one.state === state).length;
    return { ok: of("ok"), failed: of("failed"), suspect: of("suspect"), never_run: of("never_run") };
  };

  const tile = (kind, n, label) =>
    el(
      "div",
      { class: `tile tile-${kind}`, "data-zero": n === 0 },
      el("dt", {}, kind !== "plain" && eyes.icon(kind), label),
      el("dd", {}, el("data", { value: n, "data-figure": `series_${kind}` }, eyes.number(n))),
    );

  function nextTile({ jobs, timezone }) {
    const next = jobs.filter((job) => job.next_run).sort((a, b) => (a.next_run < b.next_run ? -1 : 1))[0];
    if (!next) return null;
    const left = (Date.parse(next.next_run) - eyes.now()) / 1000;
    const at = eyes.zone.clock(Date.parse(next.next_run), timezone).slice(11);
    return el(
      "div",
      { class: "tile tile-plain tile-next" },
      el("dt", {}, "Next run"),
      el(
        "dd",
        {},
        el("time", { datetime: next.next_run }, at),
        el("span", { class: "beside" }, `${next.name}, in ${eyes.duration(left)}`),
      ),
    );
  }

  function totals(overview, rows) {
    const n = tally(rows);
    return el(
      "dl",
      { class: "tiles", "aria-label": "Totals" },
      tile("ok", n.ok, "series ok"),
      tile("failed", n.failed, "troubled"),
      tile("suspect", n.suspect, "suspect"),
      tile("never_run", n.never_run, "never run"),
      tile("plain", overview.streams.length, overview.streams.length === 1 ? "stream" : "streams"),
      nextTile(overview),
    );
  }

  /** A subject may be a series, a stream, an account: only the first two lead anywhere. */
  function subject(alert, overview) {
    const series = overview.series.find(
      (one) => `${one.job}/${one.stream}` === alert.subject || one.stream === alert.subject,
    );
    return series
      ? eyes.link(eyes.href.stream(series.job, series.stream), alert.subject)
      : el("strong", {}, alert.subject);
  }

  function alertItem(alert, overview) {
    const since = Date.parse(alert.since);
    return el(
      "li",
      { "data-alert": alert.kind },
      eyes.icon("failed"),
      el(
        "div",
        {},
        el(
          "p",
          {},
          subject(alert, overview),
          " ",
          el("span", { class: "kind" }, alert.kind.replaceAll("_", " ")),
        ),
        el("p", {}, alert.message),
        el(
          "p",
          { class: "quiet" },
          "since ",
          eyes.time(alert.since, overview.timezone),
          `, for ${eyes.duration((eyes.now() - since) / 1000)}`,
        ),
      ),
    );
  }

  function alerts(overview) {
    if (!overview.alerts.length)
      return eyes.section("Alerts", el("p", { class: "calm" }, eyes.icon("ok"), "Nothing needs a person."));
    const items = overview.alerts.map((alert) => alertItem(alert, overview));
    const rest = items.slice(ALERTS_SHOWN);
    return eyes.section(
      "Alerts",
      el("ul", { class: "alerts" }, items.slice(0, ALERTS_SHOWN)),
      rest.length > 0 &&
        el(
          "details",
          {},
          el("summary", {}, `${eyes.count(rest.length, "more alert")}`),
          el("ul", { class: "alerts" }, rest),
        ),
    );
  }

  const obstacles = (overview) =>
    overview.obstacles.map((told) => eyes.notice("bad", "The daemon cannot work", told));

  function controls(state, overview, changed) {
    const set = (key, read) => (event) => {
      state[key] = read(event.target);
      changed();
    };
    const search = el("input", {
      type: "search",
      id: "search",
      value: state.search,
      placeholder: "stream, tag, trouble",
      autocomplete: "off",
      spellcheck: "false",
      oninput: set("search", (input) => input.value.trim()),
    });
    const only = el("input", {
      type: "checkbox",
      id: "only-troubled",
      checked: state.onlyTroubled,
      onchange: set("onlyTroubled", (input) => input.checked),
    });
    const job = el(
      "select",
      { id: "job-filter", onchange: set("job", (input) => input.value) },
      el("option", { value: "" }, "all jobs"),
      overview.jobs.map(({ name }) => el("option", { value: name, selected: name === state.job }, name)),
    );
    return el(
      "form",
      { class: "controls", role: "search", onsubmit: (event) => event.preventDefault() },
      el("label", { class: "field grow" }, el("span", {}, "Search"), search),
      overview.jobs.length > 1 && el("label", { class: "field" }, el("span", {}, "Job"), job),
      el("label", { class: "check" }, only, "only troubled"),
    );
  }

  const EMPTY = () =>
    eyes.notice(
      "info",
      "No series yet",
      "The configuration names no stream for any job. Add [[streams]] and [[jobs]], then: audience-exporter check",
    );

  /** Kept over visits of other views. */
  const state = { search: "", onlyTroubled: false, job: "", column: "state", downward: false };

  function sortBy(column) {
    state.downward = state.column === column ? !state.downward : false;
    state.column = column;
  }

  function view(main) {
    const { el: make } = eyes;
    const top = make("div", { class: "stack" });
    const bottom = make("div", { class: "stack" });
    const told = make("p", { class: "quiet", role: "status", id: "rows-shown" });
    const table = eyes.fleet.table((column) => {
      sortBy(column);
      show();
    });
    let rows = [];
    let seen = "";

    function show() {
      const chosen = eyes.fleet.chosen(rows, state);
      table.show(chosen, state);
      told.textContent =
        chosen.length === rows.length
          ? eyes.count(rows.length, "row")
          : `${eyes.number(chosen.length)} of ${eyes.count(rows.length, "row")}`;
      if (rows.length && !chosen.length)
        told.textContent = "No row fits. Change the search, or untick “only troubled”.";
    }
    const section = eyes.section("Streams");
    main.append(make("h1", { tabindex: "-1" }, "Fleet"), top, section, bottom);

    function build(overview) {
      section.append(
        controls(state, overview, () => {
          table.reset();
          show();
        }),
        told,
        table.node,
      );
    }

    function refreshParts(overview) {
      const looks = JSON.stringify([
        overview.alerts,
        overview.obstacles,
        overview.deliveries,
        overview.inventories,
        overview.accounts,
        overview.series.map((one) => one.state),
        Math.floor(eyes.now() / 60000),
      ]);
      if (looks === seen) return;
      seen = looks;
      const open = top.querySelector("details")?.open;
      top.replaceChildren(...obstacles(overview), totals(overview, rows), alerts(overview));
      if (open) top.querySelector("details")?.setAttribute("open", "");
      bottom.replaceChildren(...eyes.fleet.errands(overview));
    }

    function update(overview) {
      rows = eyes.fleet.rows(overview);
      if (!section.querySelector("form")) rows.length ? build(overview) : section.append(EMPTY());
      refreshParts(overview);
      if (rows.length) show();
    }
    return { title: "Fleet", update };
  }

  eyes.views = { fleet: view };
})();
