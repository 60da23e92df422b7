"use strict";
/** A report: the views of the page as a document, drawn from the data that the file carries. Nothing is asked of anybody. */
(() => {
  const { el, zone } = eyes;
  /** What is left of A4 between the margins of report.css, in CSS pixels. */
  const WIDTH = 678;
  const WEEKS_IN_A_ROW = 27;
  const TROUBLES_SHOWN = 8;

  function head({ title, series, generated_at: at }) {
    const { timezone, job, streams } = series;
    const of = streams.length > 3 ? eyes.count(streams.length, "stream") : streams.join(", ");
    return el(
      "header",
      { class: "report-head" },
      el("p", { class: "eyebrow" }, "Audience report"),
      el("h1", {}, title),
      el("p", { class: "range" }, eyes.audienceBody.rangeWords(series)),
      el(
        "p",
        { class: "quiet" },
        `${of} · ${job} · local time of ${timezone} · as of ${zone.short(Date.parse(at), timezone)}`,
      ),
    );
  }

  /** The period before is drawn or not for all charts at once. */
  function options() {
    const listeners = [];
    let shows = true;
    return {
      width: WIDTH,
      height: 185,
      showsBefore: () => shows,
      listen: (tell) => listeners.push(tell),
      setBefore: (yes) => {
        shows = yes;
        listeners.forEach((tell) => tell(yes));
      },
    };
  }

  /** A year is wider than paper: it is cut between weeks into rows of half a year. */
  function rows(days) {
    const lead = days.length ? zone.weekday(days[0].date) : 0;
    const first = WEEKS_IN_A_ROW * 7 - lead;
    const cut = [days.slice(0, first)];
    for (let at = first; at < days.length; at += WEEKS_IN_A_ROW * 7)
      cut.push(days.slice(at, at + WEEKS_IN_A_ROW * 7));
    return cut;
  }

  function troubles(answer) {
    const shown = { ...answer, troubles: answer.troubles.slice(0, TROUBLES_SHOWN) };
    const rest = answer.troubles.length - shown.troubles.length;
    return [
      eyes.troubles(shown, TROUBLES_SHOWN),
      rest > 0 &&
        el(
          "p",
          { class: "quiet" },
          `and ${eyes.number(rest)} more; the page of the stream, or: audience-exporter coverage, has them all`,
        ),
    ];
  }

  function calendar(answer) {
    const drawn = rows(answer.days).map((days) => eyes.calendar({ ...answer, days }, false));
    return el(
      "section",
      { class: "report-calendar" },
      el(
        "div",
        { class: "whole" },
        el("h3", {}, answer.stream),
        eyes.calendarTotals(answer),
        drawn,
        eyes.calendar.legend(answer.days),
      ),
      troubles(answer),
    );
  }

  const colophon = ({ version, generated_at: at, series }) =>
    el(
      "footer",
      { class: "colophon" },
      el(
        "p",
        {},
        `Made by audience-exporter ${version} on ${zone.when(Date.parse(at), series.timezone)} (${series.timezone}) from the published files of the job ${series.job}. `,
        "Days and hours are those of the clock there. This file carries its own data and asks nothing of any network.",
      ),
    );

  function body(report) {
    const { series, calendars } = report;
    if (!series.summary.expected && !series.summary.exported)
      return [
        eyes.notice(
          "info",
          "Nothing is exported in this range",
          "Make the report of another range. The calendar of the stream shows what is there.",
        ),
      ];
    return [
      eyes.bigFigures(series),
      eyes.reportTrust(series),
      eyes.section("Figures", eyes.audienceBody.cards(series, options())),
      calendars.length > 0 && eyes.section("What is there, day by day", calendars.map(calendar)),
      eyes.reportTable(series),
    ];
  }

  const main = document.getElementById("report");
  const report = JSON.parse(document.getElementById("report-data").textContent);
  main.replaceChildren(head(report), ...body(report).filter(Boolean), colophon(report));
})();
