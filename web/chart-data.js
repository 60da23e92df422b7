"use strict";
/** Points of `/api/series` made ready to be drawn. Nothing here touches the page. */
(() => {
  const { zone } = eyes;
  const seconds = (instant) => Date.parse(instant) / 1000;
  const middle = (point) => (seconds(point.start) + seconds(point.end)) / 2;
  const wall = (point) => Date.parse(`${point.local_start}Z`);

  /** It may still change: some of it is asked again, or it is not over. */
  const isUnfinished = (point) => point.exported > 0 && (point.provisional > 0 || point.pending > 0);
  /** Some of what should be there by now is not, or cannot be believed. */
  const isPartial = (point) =>
    point.exported > 0 && (point.isCut || point.exported < point.expected || point.suspect > 0);
  /** A gap: it should be there by now, and is not. */
  const isGap = (point) => point.expected > 0 && point.exported === 0;

  const HOUR = 3600;
  /** The least that a whole one lasts, in seconds, an hour of the turn of the clock taken off. */
  const WHOLE = { day: 23 * HOUR, week: (7 * 24 - 1) * HOUR, month: (28 * 24 - 1) * HOUR };

  /**
   * The answer, with `isCut` on points of which the range, or the present, leaves only a part, and `isTwice` on those whose
   * hour comes twice because the clock is put back.
   */
  function marked(answer) {
    const { points } = answer;
    const whole = WHOLE[answer.resolution] ?? 0;
    const isCut = (point) => seconds(point.end) - seconds(point.start) < whole;
    const isTwice = (point, i) =>
      [points[i - 1], points[i + 1]].some((other) => other?.local_start === point.local_start);
    return {
      ...answer,
      points: points.map((point, i) => ({ ...point, isCut: isCut(point), isTwice: isTwice(point, i) })),
    };
  }

  const MOST = 0.9;
  /** No sum to be compared with its neighbours: it may still change, or a good part is not there. */
  const isUnsettled = (point) =>
    isUnfinished(point) || point.isCut || (point.exported > 0 && point.exported < MOST * point.expected);

  /**
   * One line as two: what is settled, and what is not. The second takes in its neighbours, so that the two meet.
   */
  function lines(points, key) {
    const values = points.map((point) => point[key]);
    const open = points.map(isUnsettled);
    return {
      values,
      settled: values.map((value, i) => (open[i] ? null : value)),
      open: values.map((value, i) => (open[i] || open[i - 1] || open[i + 1] ? value : null)),
    };
  }

  /**
   * The period before, laid under this one: hours and days by the local clock, so that 09:00 lies under 09:00 whatever the
   * clocks did in between; weeks and months in their order, because they are not aligned to the range.
   */
  function underlay(answer, key) {
    const { points, before, resolution } = answer;
    if (!before?.points?.length) return points.map(() => null);
    if (resolution === "week" || resolution === "month")
      return points.map((_, i) => before.points[i]?.[key] ?? null);
    const shift = Math.round((Date.parse(answer.from) - Date.parse(before.from)) / zone.DAY) * zone.DAY;
    const known = new Map();
    for (const point of before.points)
      if (!known.has(wall(point) + shift)) known.set(wall(point) + shift, point[key]);
    return points.map((point) => known.get(wall(point)) ?? null);
  }

  /** Stretches `[from, to)` in seconds of neighbouring points that are alike. */
  function stretches(points, isSo) {
    const found = [];
    let open = null;
    for (const point of points) {
      if (!isSo(point)) open = null;
      else if (open) open[1] = seconds(point.end);
      else found.push((open = [seconds(point.start), seconds(point.end)]));
    }
    return found;
  }

  const shortDay = (date) => `${Number(date.slice(8))} ${zone.MONTHS[Number(date.slice(5, 7)) - 1]}`;
  const dateOf = (point) => point.local_start.slice(0, 10);
  const hourOf = (point) => Number(point.local_start.slice(11, 13));
  const onTheHour = (point) => point.local_start.slice(14, 16) === "00";

  /** Rules for marks on the axis, from close to wide; the first that leaves them room is taken. */
  const HOURS = [1, 2, 3, 6, 12].map((step) => (point) => onTheHour(point) && hourOf(point) % step === 0);
  const midnight = (point) => hourOf(point) === 0 && onTheHour(point);
  const DAYS = [1, 2].map(
    (step) => (point) => midnight(point) && zone.daysBetween("2024-01-01", dateOf(point)) % step === 0,
  );
  const MONDAYS = [1, 2].map(
    (step) => (point) => midnight(point) && zone.daysBetween("2024-01-01", dateOf(point)) % (7 * step) === 0,
  );
  const MONTHS = [1, 3, 6, 12].map(
    (step) => (point) =>
      point.local_start.slice(8, 10) === "01" &&
      midnight(point) &&
      (Number(point.local_start.slice(5, 7)) - 1) % step === 0,
  );

  /** The month stands at the first mark of the axis, and where it begins. */
  function label(point, byHour, isFirst) {
    if (byHour && !midnight(point)) return point.local_start.slice(11, 16);
    const date = dateOf(point);
    if (!byHour) return shortDay(date);
    if (isFirst || date.endsWith("-01")) return shortDay(date);
    return `${zone.WEEKDAYS[zone.weekday(date)]} ${Number(date.slice(8))}`;
  }

  const everyNth = (points, most) => {
    const step = Math.max(1, Math.ceil(points.length / most));
    return points.filter((_, i) => i % step === 0);
  };

  /**
   * Marks of the local clock for the axis: `{at, label}`, `most` at the most. Hours are marked where they begin, and longer
   * periods in their middle, below their point.
   */
  function marks({ points, unit, resolution }, most) {
    const byHour = resolution === "bucket" && unit === "hour";
    const at = byHour ? (point) => seconds(point.start) : middle;
    const rules = byHour
      ? [...HOURS, ...DAYS, ...MONDAYS, ...MONTHS]
      : resolution === "day" || resolution === "bucket"
        ? [...DAYS, ...MONDAYS, ...MONTHS]
        : [];
    const fitting = (rule) => points.filter(rule);
    const picked =
      rules.map(fitting).find((list) => list.length > 0 && list.length <= most) ?? everyNth(points, most);
    const first = picked.find((point) => !byHour || midnight(point));
    const name = (point) =>
      resolution === "month"
        ? `${shortDay(dateOf(point)).split(" ")[1]} ${point.local_start.slice(0, 4)}`
        : label(point, byHour, point === first);
    return picked.map((point) => ({ at: at(point), label: name(point) }));
  }

  /** `Sat 2026-11-21 14:00`, or the day, the week or the month that a point is of. */
  function pointName(point, { unit, resolution }) {
    const date = dateOf(point);
    if (resolution === "month") return date.slice(0, 7);
    if (resolution === "week") return `week of ${zone.day(date)}`;
    if (resolution === "day" || unit === "day") return zone.day(date);
    return zone.ofClock(point.local_start) + (point.isTwice ? ` (UTC${point.utc_offset})` : "");
  }

  /** `highest 812 on Sat 2026-11-21 15:00, lowest 3 on …; 2 hours without figures`, for those who do not see the line. */
  function extremes(answer, key, show) {
    const known = answer.points.filter((point) => point[key] !== null);
    if (!known.length) return "no figures";
    const pick = (better) => known.reduce((best, point) => (better(point[key], best[key]) ? point : best));
    const told = (point) => `${show(point[key])} on ${pointName(point, answer)}`;
    const gaps = answer.points.filter((point) => isGap(point)).length;
    return `highest ${told(pick((a, b) => a > b))}, lowest ${told(pick((a, b) => a < b))}${gaps ? `; ${gaps} of ${answer.points.length} points are gaps` : ""}`;
  }

  eyes.chartData = {
    seconds,
    middle,
    isUnfinished,
    isPartial,
    isUnsettled,
    marked,
    isGap,
    lines,
    underlay,
    stretches,
    marks,
    pointName,
    extremes,
  };
})();
