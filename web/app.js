"use strict";
/** The frame: header, route, the one poll of `/api/overview`, and what is said when nobody answers. */
(() => {
  const { el } = eyes;
  const SOON = 10000;
  const LATER = 30000;
  const MANY_SERIES = 500;

  const part = encodeURIComponent;
  /** Addresses of views. All of their state is in them, so that they can be mailed. */
  eyes.href = {
    stream: (job, stream, query = "") => `#/stream/${part(job)}/${part(stream)}${query && `?${query}`}`,
    audience: (state) =>
      `#/audience?${new URLSearchParams(Object.entries(state).filter(([, value]) => value)).toString()}`,
  };

  let skew = 0;
  /** Now by the daemon's clock, in milliseconds. */
  eyes.now = () => Date.now() + skew;

  let overview = null;
  let shown = null;
  let lost = null;
  let timer = null;

  const NAV = [
    ["#/", "Fleet", ["", "stream"]],
    ["#/audience", "Audience", ["audience"]],
    ["#/runs", "Runs", ["runs"]],
  ];

  function route() {
    const [path, query = ""] = location.hash.replace(/^#\/?/, "").split("?");
    return { path: path.split("/").map(decodeURIComponent), query: new URLSearchParams(query) };
  }

  function header() {
    const links = NAV.map(([href, label, paths]) => el("a", { href, "data-paths": paths.join(",") }, label));
    const brand = el(
      "a",
      { class: "brand", href: "#/" },
      el("img", { src: "assets/icon.svg", alt: "", width: 24, height: 24 }),
      "audience-exporter",
    );
    return [
      brand,
      el("nav", { "aria-label": "Views" }, links),
      el("p", { class: "asof", id: "asof" }),
      eyes.theme.picker(),
    ];
  }

  function markNav(name) {
    for (const link of document.querySelectorAll("nav a")) {
      if (link.dataset.paths.split(",").includes(name)) link.setAttribute("aria-current", "page");
      else link.removeAttribute("aria-current");
    }
  }

  function tellAsOf() {
    if (!overview) return;
    const at = eyes.zone.time(Date.parse(overview.now), overview.timezone);
    const live = lost ? "waiting" : document.hidden ? "paused" : "live";
    document
      .getElementById("asof")
      .replaceChildren(
        el("span", { class: `dot dot-${live}`, "aria-hidden": "true" }),
        `as of ${at}, ${live}`,
        el("span", { class: "quiet wide" }, ` · ${overview.timezone} · version ${overview.version}`),
      );
  }

  function tellLost() {
    const banner = document.getElementById("banner");
    const told = lost && `No answer since ${lost.at}, trying again. ${lost.why}`;
    if (banner.textContent !== (told ?? "")) banner.textContent = told ?? "";
    banner.hidden = !told;
  }

  function noteLost(error) {
    const zone = overview?.timezone ?? Intl.DateTimeFormat().resolvedOptions().timeZone;
    lost ??= {
      at: eyes.zone.time(eyes.now(), zone).slice(0, 5),
      why: error.status ? `The daemon says: ${error.message}.` : "The daemon does not answer: is it running?",
    };
  }

  async function poll() {
    clearTimeout(timer);
    try {
      overview = await eyes.api.overview();
      skew = Date.parse(overview.now) - Date.now();
      lost = null;
    } catch (error) {
      if (error.status === 401) return askToken();
      noteLost(error);
    }
    tellLost();
    tellAsOf();
    if (overview) shown ? shown.update?.(overview) : open();
    again();
  }

  function again() {
    clearTimeout(timer);
    if (!document.hidden) timer = setTimeout(poll, overview?.series.length > MANY_SERIES ? LATER : SOON);
  }

  function askToken() {
    shown?.leave?.();
    shown = null;
    const main = document.getElementById("main");
    main.replaceChildren(
      eyes.tokenForm(() => {
        main.replaceChildren();
        poll();
      }),
    );
  }

  const VIEWS = { "": "fleet", stream: "stream", audience: "audience", runs: "runs" };

  /** Draws the view of the address. The focus goes to its title, except where the page has just been opened. */
  function open(moved = false) {
    const at = route();
    const name = at.path[0] ?? "";
    shown?.leave?.();
    const main = document.getElementById("main");
    main.replaceChildren();
    markNav(name);
    const make = eyes.views[VIEWS[name]];
    if (!make) {
      main.append(
        el("h1", { tabindex: "-1" }, "No such page"),
        el("p", {}, "Go back to the ", eyes.link("#/", "fleet"), "."),
      );
      shown = { title: "No such page" };
    } else {
      shown = make(main, at, overview);
      shown.update?.(overview);
    }
    document.title = `${shown.title} · audience-exporter`;
    if (moved) main.querySelector("h1")?.focus({ preventScroll: true });
  }

  let lastPath = "";
  function onHash() {
    const { path, query } = route();
    const same = path.join("/") === lastPath;
    lastPath = path.join("/");
    if (!overview) return;
    if (same && shown?.again) return shown.again({ path, query });
    open(true);
    scrollTo(0, 0);
  }

  function start() {
    eyes.theme.start();
    document.querySelector("header").append(...header());
    lastPath = route().path.join("/");
    addEventListener("hashchange", onHash);
    document.addEventListener("visibilitychange", () => {
      tellAsOf();
      document.hidden ? clearTimeout(timer) : poll();
    });
    eyes.onUnauthorised = askToken;
    poll();
  }

  if (!document.getElementById("report-data")) start();
})();
