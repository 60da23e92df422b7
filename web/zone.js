"use strict";
/**
 * Local time of a camera. Instants are milliseconds; dates are `2026-11-21`, wall clocks `2026-11-21T14:00`. Zones that the
 * browser does not know count as UTC.
 */
(() => {
  const DAY = 86400000;
  const formats = new Map();
  const FIELDS = {
    year: "numeric",
    month: "2-digit",
    day: "2-digit",
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
  };

  function format(zone) {
    if (!formats.has(zone)) {
      const options = { ...FIELDS, hourCycle: "h23" };
      let made;
      try {
        made = new Intl.DateTimeFormat("en-US", { ...options, timeZone: zone });
      } catch {
        made = new Intl.DateTimeFormat("en-US", { ...options, timeZone: "UTC" });
      }
      formats.set(zone, made);
    }
    return formats.get(zone);
  }

  /** The wall clock at an instant, as if it were UTC. */
  function wall(ms, zone) {
    const part = Object.fromEntries(
      format(zone)
        .formatToParts(ms)
        .map(({ type, value }) => [type, Number(value)]),
    );
    return Date.UTC(part.year, part.month - 1, part.day, part.hour, part.minute, part.second);
  }

  const offset = (ms, zone) => wall(ms, zone) - Math.floor(ms / 1000) * 1000;
  const asText = (wallMs) => new Date(wallMs).toISOString();
  const ofDate = (date) => Date.parse(`${date}T00:00:00Z`);

  const zone = {
    DAY,
    WEEKDAYS: ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"],
    MONTHS: ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"],

    /** `2026-11-21` */
    date: (ms, name) => asText(wall(ms, name)).slice(0, 10),
    /** `2026-11-21T14:00` */
    clock: (ms, name) => asText(wall(ms, name)).slice(0, 16),

    /**
     * The instant of a wall clock. Of one that comes twice the first, of one that is skipped the instant as far behind
     * the jump as it would have been.
     */
    instant(clock, name) {
      const wanted = Date.parse(`${clock.length === 10 ? `${clock}T00:00` : clock}:00Z`);
      const early = wanted - offset(wanted - DAY, name);
      if (wall(early, name) === wanted) return early;
      const late = wanted - offset(wanted + DAY, name);
      return wall(late, name) === wanted ? late : early;
    },

    addDays: (date, days) => asText(ofDate(date) + days * DAY).slice(0, 10),
    daysBetween: (from, to) => Math.round((ofDate(to) - ofDate(from)) / DAY),
    /** 0 is Monday. */
    weekday: (date) => (new Date(ofDate(date)).getUTCDay() + 6) % 7,

    /** The first of a month, `months` later. */
    addMonths(date, months) {
      const [year, month] = date.split("-").map(Number);
      return asText(Date.UTC(year, month - 1 + months, 1)).slice(0, 10);
    },

    /** `Sat 2026-11-21` of a date. */
    day: (date) => `${zone.WEEKDAYS[zone.weekday(date)]} ${date}`,
    /** `Sat 2026-11-21 14:00` of an instant. */
    when: (ms, name) => zone.ofClock(zone.clock(ms, name)),
    /** The same of a wall clock. */
    ofClock: (clock) => `${zone.day(clock.slice(0, 10))} ${clock.slice(11, 16)}`,
    /** `2026-11-21 14:00` */
    short: (ms, name) => zone.clock(ms, name).replace("T", " "),
    /** `14:00:05` */
    time: (ms, name) => asText(wall(ms, name)).slice(11, 19),
  };
  eyes.zone = zone;

  /** A `<time>` that shows an RFC 3339 instant in a zone; a dash where there is none. */
  eyes.time = (instant, name) => {
    if (!instant) return eyes.UNKNOWN;
    return eyes.el(
      "time",
      { datetime: instant, title: `${instant} · ${name}` },
      zone.short(Date.parse(instant), name),
    );
  };
})();
