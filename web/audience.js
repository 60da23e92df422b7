"use strict";
/** The audience view: who came, when, for how long, and how far that can be trusted. */
(() => {
  const { el } = eyes;
  const REFRESH = 60000;

  /** The toggle of the period before is one for all charts. */
  function beforeOptions(state, remember) {
    const listeners = [];
    return {
      showsBefore: () => state.before !== "off",
      setBefore(yes) {
        remember(yes);
        for (const tell of listeners) tell(yes);
      },
      listen: (callback) => listeners.push(callback),
    };
  }

  function headline(answer, state) {
    const { streams, job, timezone } = answer;
    const what =
      state.stream ||
      (state.tag ? state.tag.replace(":", ": ") : streams.length === 1 ? streams[0] : "all streams");
    const of =
      streams.length === 1
        ? eyes.link(eyes.href.stream(job, streams[0]), "its calendar")
        : eyes.count(streams.length, "stream");
    return el(
      "div",
      { class: "headline" },
      el("h2", {}, what),
      el(
        "p",
        {},
        eyes.audienceBody.rangeWords(answer),
        el("span", { class: "quiet" }, ` · ${timezone} · ${job} · `, of),
      ),
    );
  }

  const EMPTY = () =>
    eyes.notice(
      "info",
      "Nothing is exported in this range",
      "Choose another range, or look at the fleet for how far each stream is exported. Older figures are fetched by: audience-exporter backfill --from DATE --to DATE",
    );

  function view(main, at, overview) {
    const box = el("div", { class: "stack results" });
    const controls = el("div", {});
    let state = eyes.audience.read(at.query, overview);
    let abort = new AbortController();
    let seen = null;
    let asked = 0;
    main.append(el("h1", { tabindex: "-1" }, "Audience"), controls, box);

    /** The address is the state: a change goes there first, and comes back by `again`. */
    function go(change) {
      location.hash = eyes.href.audience({ ...state, ...change });
    }
    const remember = (yes) => {
      state.before = yes ? "" : "off";
      history.replaceState(null, "", eyes.href.audience(state));
    };

    function drawControls(range) {
      const focused = controls.contains(document.activeElement) ? document.activeElement : null;
      const selector = focused && (focused.id ? `#${focused.id}` : `[name="${focused.name}"]:checked`);
      controls.replaceChildren(eyes.pickers(state, range, overview, go));
      if (selector) controls.querySelector(selector)?.focus({ preventScroll: true });
    }

    function draw(answer) {
      const { expected, exported } = answer.summary;
      const options = beforeOptions(state, remember);
      const body = expected || exported ? eyes.audienceBody(answer, options) : [EMPTY()];
      box.replaceChildren(headline(answer, state), ...body);
    }

    async function load(isQuiet = false) {
      abort.abort();
      abort = new AbortController();
      asked = Date.now();
      const name = eyes.audience.zoneOf(state, overview);
      const range = eyes.audience.period(state, eyes.now(), name, eyes.audience.unitOf(state, overview));
      if (!isQuiet) drawControls(range);
      if (range.problem)
        return box.replaceChildren(eyes.notice("bad", "This range cannot be shown", range.problem));
      await ask(eyes.audience.question(state, range, name), isQuiet);
      return undefined;
    }

    async function ask(question, isQuiet) {
      const { signal } = abort;
      if (!box.children.length) box.append(eyes.loading());
      box.setAttribute("aria-busy", String(!isQuiet));
      try {
        const answer = await eyes.api.series(question, signal);
        const looks = JSON.stringify({ ...answer, now: null });
        if (!isQuiet || looks !== seen) draw(answer);
        seen = looks;
      } catch (error) {
        // What is shown stays when a refresh fails: the banner tells that nobody answers.
        if (!isQuiet || error.status === 401) eyes.showProblem(box, error, () => load());
      }
      if (!signal.aborted) box.setAttribute("aria-busy", "false");
    }

    if (!overview.series.length)
      main.append(eyes.notice("info", "No series yet", "The configuration names no stream for any job."));
    else load();
    const isLive = () => asked > 0 && !state.to && !state.month && state.range !== "custom";
    return {
      title: "Audience",
      again: ({ query }) => {
        state = eyes.audience.read(query, overview);
        load();
      },
      update: (fresh) => {
        overview = fresh;
        if (isLive() && Date.now() - asked > REFRESH && !box.contains(document.activeElement)) load(true);
      },
      leave: () => abort.abort(),
    };
  }

  eyes.views.audience = view;
})();
