"use strict";
/** What the table of the fleet shows: the answer turned into rows, and rows into an order. Nothing here touches the page. */
(() => {
  const RANK = { failed: 0, suspect: 1, never_run: 2, ok: 3 };

  /** A row knows all that is shown, searched and sorted by. */
  function row(series, stream, job, overview) {
    const until = series.exported_until ? Date.parse(series.exported_until) : null;
    return {
      ...series,
      id: `${series.job}/${series.stream}`,
      zone: stream?.timezone ?? overview.timezone,
      tags: Object.entries(stream?.tags ?? {}),
      lag: until === null ? null : (Date.parse(overview.now) - until) / 1000,
      token: stream?.token_state ?? null,
      token_expires_at: stream?.token_expires_at ?? null,
      next_run: job?.next_run ?? null,
      is_running: job?.is_running ?? false,
      trouble: series.last_error?.message ?? series.suspect ?? null,
    };
  }

  /** One for each series of `/api/overview`. */
  function rows(overview) {
    const streams = new Map(overview.streams.map((stream) => [stream.name, stream]));
    const jobs = new Map(overview.jobs.map((job) => [job.name, job]));
    return overview.series.map((one) => row(one, streams.get(one.stream), jobs.get(one.job), overview));
  }

  const text = (one) =>
    [
      one.stream,
      one.job,
      eyes.stateWord(one.state),
      one.trouble ?? "",
      one.tags.map(([k, v]) => `${k}:${v} ${v}`).join(" "),
    ]
      .join(" ")
      .toLowerCase();

  /** Whether every word of the search is somewhere in the row. */
  const matches = (one, search) => {
    const told = text(one);
    return search
      .toLowerCase()
      .split(/\s+/)
      .every((word) => told.includes(word));
  };

  const KEYS = {
    state: (one) => RANK[one.state] ?? 9,
    stream: (one) => one.stream,
    job: (one) => one.job,
    exported_until: (one) => one.exported_until,
    lag: (one) => one.lag,
    missing_buckets: (one) => one.missing_buckets,
    gaps: (one) => one.gaps,
    token: (one) => one.token_expires_at,
    next_run: (one) => one.next_run,
    trouble: (one) => one.last_error?.at ?? one.suspect,
  };
  const names = new Intl.Collator("en", { numeric: true });

  function compare(a, b) {
    if (typeof a === "string") return names.compare(a, b);
    return a - b;
  }

  /** What is unknown comes last, whichever way it is sorted; where two are equal, names decide. */
  function sorted(list, column, downward) {
    const key = KEYS[column];
    const keyed = list.map((one) => [key(one), one]);
    keyed.sort(([a, x], [b, y]) => {
      const unknown = (a === null || a === undefined) - (b === null || b === undefined);
      const order = unknown || (a === null || a === undefined ? 0 : compare(a, b) * (downward ? -1 : 1));
      return order || names.compare(x.id, y.id);
    });
    return keyed.map(([, one]) => one);
  }

  const isTroubled = (one) => one.state !== "ok";

  /** What the controls leave over, in their order. */
  function chosen(list, { search, onlyTroubled, job, column, downward }) {
    const left = list.filter(
      (one) =>
        (!onlyTroubled || isTroubled(one)) && (!job || one.job === job) && (!search || matches(one, search)),
    );
    return sorted(left, column, downward);
  }

  eyes.fleet = { rows, chosen, isTroubled };
})();
