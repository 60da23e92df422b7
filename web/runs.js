"use strict";
/** Recent runs: how they ended, how long they took, what they brought. */
(() => {
  const { el } = eyes;
  const LIMIT = 100;
  const REFRESH = 30000;

  const KINDS = { done: "ok", incomplete: "suspect", busy: "suspect" };
  const WORDS = {
    done: "done",
    incomplete: "incomplete",
    failed: "failed",
    misconfigured: "configuration refused",
    credentials_refused: "credentials refused",
    busy: "another one was at it",
  };

  /** Only the latest can be under way; an older one without an end was killed. */
  function outcome(run, isLatest) {
    if (run.outcome)
      return eyes.badge(
        KINDS[run.outcome] ?? "failed",
        WORDS[run.outcome] ?? run.outcome.replaceAll("_", " "),
      );
    return isLatest ? eyes.badge("under_way", "under way") : eyes.badge("never_run", "under way, or killed");
  }

  const took = (run) =>
    run.ended_at
      ? eyes.duration((Date.parse(run.ended_at) - Date.parse(run.started_at)) / 1000)
      : eyes.UNKNOWN;

  const failures = (n) =>
    n ? el("strong", { class: "bad" }, eyes.number(n)) : el("span", { class: "quiet" }, "0");

  function table(runs, zone) {
    const cell = (column, value, shown, number) =>
      el("td", { "data-column": column, "data-value": value ?? "", class: number && "number" }, shown);
    const row = (run, index) =>
      el(
        "tr",
        { "data-run": run.id, "data-outcome": run.outcome ?? "" },
        cell("outcome", run.outcome, outcome(run, index === 0)),
        cell("command", run.command, run.command),
        cell("started_at", run.started_at, eyes.time(run.started_at, zone)),
        cell("duration", run.ended_at, took(run), true),
        cell("windows_done", run.windows_done, eyes.number(run.windows_done), true),
        cell("windows_failed", run.windows_failed, failures(run.windows_failed), true),
        cell("rows", run.rows, eyes.number(run.rows), true),
        cell("id", run.id, run.id, true),
      );
    const heads = [
      ["Outcome"],
      ["Command"],
      ["Started"],
      ["Took", 1],
      ["Windows done", 1],
      ["Failed", 1],
      ["Rows", 1],
      ["Run", 1],
    ];
    return el(
      "div",
      { class: "scroll", tabindex: "0", role: "region", "aria-label": "Recent runs" },
      el(
        "table",
        { class: "plain" },
        el(
          "thead",
          {},
          el(
            "tr",
            {},
            heads.map(([label, number]) => el("th", { scope: "col", class: number && "number" }, label)),
          ),
        ),
        el("tbody", {}, runs.map(row)),
      ),
    );
  }

  eyes.views.runs = (main, at, overview) => {
    const abort = new AbortController();
    const box = el("div", { class: "stack", "aria-live": "off" }, eyes.loading());
    main.append(
      el("h1", { tabindex: "-1" }, "Runs"),
      el("p", { class: "quiet" }, `The latest first, in the time of ${overview.timezone}.`),
      box,
    );
    let last = "";
    let asked = 0;

    async function load() {
      asked = Date.now();
      try {
        const { runs } = await eyes.api.runs(LIMIT, abort.signal);
        const looks = JSON.stringify(runs);
        if (looks === last) return;
        last = looks;
        box.replaceChildren(
          runs.length
            ? table(runs, overview.timezone)
            : eyes.notice(
                "info",
                "No run yet",
                "The next one comes by its schedule; or start one: audience-exporter pull",
              ),
        );
      } catch (error) {
        if (!last || error.status === 401) eyes.showProblem(box, error, load);
      }
    }
    load();
    return {
      title: "Runs",
      update: () => Date.now() - asked > REFRESH && load(),
      leave: () => abort.abort(),
    };
  };
})();
