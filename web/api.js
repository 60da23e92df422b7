"use strict";
/** Questions to the daemon: everything that the page knows comes from here. */
(() => {
  const KEY = "audience-exporter.token";

  /** What an answer other than 200 means. `status` is 0 where nobody answered. */
  class ApiError extends Error {
    constructor(status, message) {
      super(message);
      this.status = status;
    }
  }

  function remembered() {
    try {
      return sessionStorage.getItem(KEY);
    } catch {
      return null;
    }
  }
  let token = remembered();

  /** Keeps the token until the tab is closed. */
  function keepToken(value) {
    token = value;
    try {
      sessionStorage.setItem(KEY, value);
    } catch {
      // A browser that keeps nothing still has it until the page is left.
    }
  }

  const query = (parameters) => {
    const pairs = Object.entries(parameters).flatMap(([name, value]) =>
      [value].flat().map((one) => [name, one]),
    );
    return new URLSearchParams(pairs.filter(([, value]) => value !== null && value !== undefined)).toString();
  };

  async function problem(answer) {
    const told = await answer.json().catch(() => null);
    return new ApiError(answer.status, told?.error ?? `the daemon answered ${answer.status}`);
  }

  /** Addresses are relative to the page, which may lie below a path of a reverse proxy. */
  async function get(path, parameters = {}, signal) {
    const asked = query(parameters);
    const headers = token ? { Authorization: `Bearer ${token}` } : {};
    let answer;
    try {
      answer = await fetch(asked ? `${path}?${asked}` : path, { headers, signal, cache: "no-store" });
    } catch (error) {
      if (error.name === "AbortError") throw error;
      throw new ApiError(0, "the daemon does not answer");
    }
    if (!answer.ok) throw await problem(answer);
    return answer.json();
  }

  /** Pages of `/api/series`, joined. `before` comes with the first only. */
  async function series(parameters, signal) {
    const whole = await get("api/series", parameters, signal);
    let { next } = whole;
    while (next) {
      const page = await get("api/series", { ...parameters, after: next }, signal);
      whole.points.push(...page.points);
      // A server that repeats itself must not keep the page asking for ever.
      next = page.points.length ? page.next : null;
    }
    whole.next = null;
    return whole;
  }

  eyes.api = {
    ApiError,
    keepToken,
    hasToken: () => Boolean(token),
    overview: (signal) => get("api/overview", {}, signal),
    calendar: (parameters, signal) => get("api/calendar", parameters, signal),
    runs: (limit, signal) => get("api/runs", { limit }, signal),
    series,
  };
})();
