"use strict";
/** Numbers and states as people read them. */
(() => {
  const formats = new Map();
  function format(digits) {
    if (!formats.has(digits)) {
      formats.set(
        digits,
        new Intl.NumberFormat("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits }),
      );
    }
    return formats.get(digits);
  }

  /** What is shown where nothing is known. */
  eyes.UNKNOWN = "–";

  /**
   * `12 345.6`: groups parted by thin spaces and a decimal dot, which neither side of the Atlantic can misread.
   * Unknown is a dash.
   */
  eyes.number = (value, digits = 0) =>
    value === null || value === undefined
      ? eyes.UNKNOWN
      : format(digits).format(value).replaceAll(",", "\u202f");

  eyes.percent = (share, digits = 1) =>
    share === null || !Number.isFinite(share) ? eyes.UNKNOWN : `${eyes.number(share * 100, digits)}\u202f%`;

  eyes.seconds = (value) => (value === null ? eyes.UNKNOWN : `${eyes.number(value, 1)}\u202fs`);

  /** `3 hours`, `1 hour`. */
  eyes.count = (n, word) => `${eyes.number(n)} ${word}${n === 1 ? "" : "s"}`;

  /** `1 h 05 min`: of seconds, two units at most, never negative. */
  eyes.duration = (seconds) => {
    const s = Math.max(0, Math.round(seconds));
    const two = (n) => String(n).padStart(2, "0");
    if (s < 60) return `${s} s`;
    if (s < 600 && s % 60) return `${Math.floor(s / 60)} min ${two(s % 60)} s`;
    if (s < 3600) return `${Math.floor(s / 60)} min`;
    if (s < 86400) return `${Math.floor(s / 3600)} h ${two(Math.floor((s % 3600) / 60))} min`;
    const hours = Math.floor((s % 86400) / 3600);
    return `${eyes.number(Math.floor(s / 86400))} d${hours ? ` ${hours} h` : ""}`;
  };

  const STATES = { ok: "ok", failed: "troubled", suspect: "suspect zeros", never_run: "never run" };
  eyes.stateWord = (state) => STATES[state] ?? state.replaceAll("_", " ");

  const TOKENS = {
    ok: "ready",
    ready: "ready",
    renewable: "renews when used",
    new: "not used yet",
    degraded: "renewing fails",
    rejected: "refused",
    needs_authorization: "sign-in needed",
    personal_token: "made by hand",
    unreadable: "unreadable",
  };
  /** Of a token or an account. */
  eyes.tokenWord = (state) => TOKENS[state] ?? (state ? state.replaceAll("_", " ") : eyes.UNKNOWN);
  eyes.tokenNeedsPerson = (state) => ["rejected", "needs_authorization", "unreadable"].includes(state);
  eyes.tokenTroubled = (state) => state === "degraded" || eyes.tokenNeedsPerson(state);

  /** The share of `now` that is more or less than `before`; `null` where either is unknown, or there was nothing. */
  eyes.change = (now, before) =>
    now === null || before === null || before === undefined || before === 0 ? null : (now - before) / before;

  /** What a row counts: hours or days, and of how many cameras. */
  eyes.unitWord = (unit, streams) => (streams > 1 ? `camera-${unit}` : unit);

  /**
   * How much of what should be there is there, in words: `167 of 168 hours are there; 1 missing; 3 may still change`.
   * `word` is in the singular.
   */
  eyes.coverageWords = (figures, word) => {
    const parts = [`${eyes.number(figures.exported)} of ${eyes.count(figures.expected, word)} there`];
    if (figures.missing) parts.push(`${eyes.number(figures.missing)} missing for good`);
    if (figures.lacking) parts.push(`${eyes.number(figures.lacking)} still to be had`);
    if (figures.provisional) parts.push(`${eyes.number(figures.provisional)} provisional`);
    if (figures.suspect) parts.push(`${eyes.number(figures.suspect)} with suspect zeros`);
    if (figures.pending) parts.push(`${eyes.number(figures.pending)} not over yet`);
    return parts.join("; ");
  };

  /** The state of a point for people; `null` where it is whole and final. */
  eyes.pointWords = (point, word) => {
    if (!point.expected && !point.exported) return point.pending ? "not over yet" : "nothing expected";
    if (point.expected === 1 && point.exported === 0)
      return point.missing ? "missing: the service has none" : "not there yet";
    if (point.expected === 1) {
      return point.suspect ? "suspect zero" : point.provisional ? "provisional: will be asked again" : null;
    }
    const whole = point.exported === point.expected && !point.provisional && !point.pending && !point.suspect;
    const cut = point.isCut ? "only a part of it lies in the range" : null;
    return whole ? cut : [eyes.coverageWords(point, word), cut].filter(Boolean).join("; ");
  };
})();
