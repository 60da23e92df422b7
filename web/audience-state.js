"use strict";
/** What is chosen in the audience view, as it stands in the address, and the range of time that it means. */
(() => {
  const { zone } = eyes;
  const HOUR = 3600000;
  const ROLLING = { "24h": 1, "3d": 3, "7d": 7 };
  const RANGES = [
    ["24h", "24 h"],
    ["3d", "3 d"],
    ["7d", "7 d"],
    ["month", "month"],
    ["custom", "custom"],
  ];
  const RESOLUTIONS = [
    ["auto", "automatic"],
    ["bucket", "hours"],
    ["day", "days"],
    ["week", "weeks"],
    ["month", "months"],
  ];

  /** The state that the address asks for; what it does not name is as it is at first. */
  function read(query, overview) {
    const job = overview.jobs.some(({ name }) => name === query.get("job"))
      ? query.get("job")
      : overview.jobs[0]?.name;
    const range = RANGES.some(([name]) => name === query.get("range")) ? query.get("range") : "7d";
    return {
      job,
      stream: query.get("stream") ?? "",
      tag: query.get("tag") ?? "",
      range,
      to: query.get("to") ?? "",
      month: query.get("month") ?? "",
      from: query.get("from") ?? "",
      until: query.get("until") ?? "",
      res: query.get("res") ?? "auto",
      before: query.get("before") ?? "",
    };
  }

  const streamsOf = (state, overview) => {
    const names = new Set(overview.series.filter(({ job }) => job === state.job).map(({ stream }) => stream));
    const [key, value] = state.tag.split(/:(.*)/s);
    return overview.streams.filter(
      ({ name, tags }) =>
        names.has(name) && (!state.stream || state.stream === name) && (!state.tag || tags[key] === value),
    );
  };

  /** The zone that the daemon will answer in: that of the streams, or of the configuration where they differ. */
  function zoneOf(state, overview) {
    const zones = new Set(streamsOf(state, overview).map(({ timezone }) => timezone));
    return zones.size === 1 ? [...zones][0] : overview.timezone;
  }

  const unitOf = (state, overview) =>
    overview.jobs.find(({ name }) => name === state.job)?.time === "by_hour" ? "hour" : "day";

  /** The last full hour, or midnight for figures by day, as a wall clock. */
  const latest = (now, name, unit) =>
    unit === "day" ? `${zone.date(now, name)}T00:00` : zone.clock(Math.floor(now / HOUR) * HOUR, name);

  const moved = (clock, days) => `${zone.addDays(clock.slice(0, 10), days)}${clock.slice(10)}`;

  function rolling(state, last) {
    const days = ROLLING[state.range];
    const to = state.to && state.to < last ? state.to : last;
    const next = moved(to, days);
    return {
      from: moved(to, -days),
      to,
      back: { to: moved(to, -days) },
      forward: to < last ? { to: next < last ? next : "" } : null,
      days,
    };
  }

  function month(state, last) {
    // On the first of a month there is nothing of it yet.
    const newest = zone.addDays(last.slice(0, 10), last.endsWith("T00:00") ? -1 : 0).slice(0, 7);
    const shown = state.month && state.month < newest ? state.month : newest;
    const first = `${shown}-01`;
    const end = `${zone.addMonths(first, 1)}T00:00`;
    const following = zone.addMonths(first, 1).slice(0, 7);
    return {
      from: `${first}T00:00`,
      to: end < last ? end : last,
      back: { month: zone.addMonths(first, -1).slice(0, 7) },
      forward: shown < newest ? { month: following < newest ? following : "" } : null,
    };
  }

  function custom(state, last) {
    const from = state.from || zone.addDays(last.slice(0, 10), -13);
    const until = state.until || last.slice(0, 10);
    const days = zone.daysBetween(from, until) + 1;
    if (!(days > 0))
      return {
        problem: "The range ends before it begins. Choose a later last day.",
        from: `${from}T00:00`,
        to: `${until}T00:00`,
      };
    const shift = (by) => ({ from: zone.addDays(from, by), until: zone.addDays(until, by) });
    const forward = shift(days);
    return {
      from: `${from}T00:00`,
      to: `${zone.addDays(until, 1)}T00:00`,
      back: shift(-days),
      forward: forward.from <= last.slice(0, 10) ? forward : null,
    };
  }

  const isDate = (text) => text === "" || /^\d{4}-\d{2}-\d{2}$/.test(text);
  const isClock = (text) => text === "" || /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}$/.test(text);
  const isMonth = (text) => text === "" || /^\d{4}-\d{2}$/.test(text);

  /**
   * The range that a state means at an instant: wall clocks `from` and `to`, what to change for a period back or forward
   * (`null` where that would be the future), and `problem` in words where there is no such range.
   */
  function period(state, now, name, unit) {
    const last = latest(now, name, unit);
    if (![state.from, state.until].every(isDate) || !isClock(state.to) || !isMonth(state.month))
      return { problem: "The address names a date that does not exist.", from: last, to: last };
    if (state.range === "month") return month(state, last);
    return state.range === "custom" ? custom(state, last) : rolling(state, last);
  }

  const instant = (clock, name) =>
    clock.endsWith("T00:00")
      ? clock.slice(0, 10)
      : `${new Date(zone.instant(clock, name)).toISOString().slice(0, 19)}Z`;

  /** What to ask `/api/series` for. */
  const question = (state, range, name) => ({
    job: state.job,
    stream: state.stream || null,
    tag: state.stream ? null : state.tag || null,
    from: instant(range.from, name),
    to: instant(range.to, name),
    resolution: state.res,
  });

  eyes.audience = { RANGES, RESOLUTIONS, read, streamsOf, zoneOf, unitOf, period, question };
})();
