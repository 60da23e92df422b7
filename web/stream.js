"use strict";
/** One stream of one job: its facts, its calendar, and its troubles in words. */
(() => {
  const { el, zone } = eyes;

  const fact = (label, ...value) => el("div", {}, el("dt", {}, label), el("dd", {}, value));

  function facts(series, stream, job, overview) {
    const name = stream?.timezone ?? overview.timezone;
    const lag =
      series.exported_until && (Date.parse(overview.now) - Date.parse(series.exported_until)) / 1000;
    const tags = Object.entries(stream?.tags ?? {})
      .map(([key, value]) => `${key}: ${value}`)
      .join(", ");
    const others = overview.series.filter((one) => one.stream === series.stream && one.job !== series.job);
    return el(
      "dl",
      { class: "facts" },
      fact("State", eyes.badge(series.state, eyes.stateWord(series.state))),
      fact(
        "Exported until",
        eyes.time(series.exported_until, name),
        lag && el("span", { class: "quiet" }, ` ${eyes.duration(lag)} ago`),
      ),
      fact("Rows", eyes.number(series.rows)),
      fact("Files", eyes.number(series.files)),
      fact("Missing for good", eyes.count(series.missing_buckets, job?.time === "by_hour" ? "hour" : "day")),
      fact("Gaps", eyes.number(series.gaps)),
      fact("Last success", eyes.time(series.last_success, name)),
      fact(
        "Next run",
        job?.is_running ? "running" : eyes.time(job?.next_run, overview.timezone),
        el("span", { class: "quiet" }, ` ${job?.schedule ?? ""}`),
      ),
      fact(
        "Token",
        eyes.tokenWord(stream?.token_state),
        stream?.token_expires_at && [
          el("span", { class: "quiet" }, " until "),
          eyes.time(stream.token_expires_at, name),
        ],
      ),
      fact("Time zone", name),
      tags && fact("Tags", tags),
      others.length > 0 &&
        fact(
          "Also in",
          others.map((one) => [eyes.link(eyes.href.stream(one.job, one.stream), one.job), " "]),
        ),
    );
  }

  const errorNotice = (series, name) =>
    series.last_error &&
    eyes.notice(
      "bad",
      `Its last run did not end well (${zone.short(Date.parse(series.last_error.at), name)})`,
      series.last_error.message,
    );

  function period(year, zoneName) {
    if (!year) return {};
    const thisYear = zone.date(eyes.now(), zoneName).slice(0, 4);
    return year > thisYear ? {} : { from: `${year}-01-01`, to: `${Number(year) + 1}-01-01` };
  }

  function yearPicker(year, thisYear, job, stream) {
    const earlier = year ? Number(year) - 1 : thisYear - 1;
    const later = year ? Number(year) + 1 : null;
    const to = (one) => {
      location.hash = eyes.href.stream(job, stream, one && one < thisYear ? `year=${one}` : "");
    };
    const step = (icon, label, go) =>
      el(
        "button",
        {
          type: "button",
          class: "button icon-only",
          id: `year-${icon}`,
          "aria-label": label,
          title: label,
          disabled: !go,
          onclick: go,
        },
        eyes.icon(icon),
      );
    return el(
      "div",
      { class: "steps" },
      step("back", "A year back", () => to(earlier)),
      el("span", { class: "period", role: "status" }, year || "last 12 months"),
      step("forward", "A year forward", later && (() => to(later))),
    );
  }

  function view(main, at, overview) {
    const [, job, stream] = at.path;
    const find = (fresh) => fresh.series.find((one) => one.job === job && one.stream === stream);
    if (!find(overview)) {
      main.append(
        el("h1", { tabindex: "-1" }, stream ?? "No such stream"),
        eyes.notice(
          "bad",
          "There is no such series",
          `No job ${job} exports a stream ${stream}. It may have been taken out of the configuration.`,
        ),
        el("p", {}, eyes.link("#/", "Back to the fleet")),
      );
      return { title: stream ?? "Stream" };
    }
    const streamOf = (fresh) => fresh.streams.find(({ name }) => name === stream);
    const name = streamOf(overview)?.timezone ?? overview.timezone;
    const top = el("div", { class: "stack" });
    const picker = el("div", {});
    const box = el("div", { class: "stack results" }, eyes.loading());
    const audience = eyes.link(eyes.href.audience({ job, stream }), "Audience of this stream");
    audience.className = "button";
    let abort = new AbortController();
    let year = at.query.get("year") ?? "";
    let looks = "";

    main.append(
      el(
        "div",
        { class: "title" },
        el("h1", { tabindex: "-1" }, stream, " ", el("span", { class: "quiet" }, job)),
        audience,
      ),
      top,
      el(
        "section",
        { class: "section", "aria-labelledby": "coverage" },
        el("div", { class: "title" }, el("h2", { id: "coverage" }, "What is there"), picker),
        box,
      ),
    );

    function update(fresh) {
      const series = find(fresh);
      const now = JSON.stringify([series, Math.floor(eyes.now() / 60000)]);
      if (!series || now === looks) return;
      looks = now;
      top.replaceChildren(
        ...[
          errorNotice(series, name),
          series.suspect && eyes.notice("suspect", "Suspect zeros", `${series.suspect}.`),
          facts(
            series,
            streamOf(fresh),
            fresh.jobs.find((one) => one.name === job),
            fresh,
          ),
        ].filter(Boolean),
      );
    }

    function draw(answer) {
      const file = `${job}_${stream}_coverage_${answer.days[0]?.date ?? ""}`;
      const byMonth = eyes.calendar.byMonth(answer.days);
      const months = eyes.dataTable("Coverage by month", eyes.calendar.monthColumns(byMonth), byMonth);
      box.replaceChildren(
        el(
          "div",
          { class: "card" },
          eyes.calendarTotals(answer),
          eyes.calendar(answer),
          eyes.tableBehind({
            label: "every day",
            file,
            columns: eyes.calendar.dayColumns,
            rows: answer.days,
          }),
        ),
        el(
          "div",
          { class: "halves" },
          el(
            "section",
            { class: "stack", "aria-labelledby": "troubles" },
            el("h3", { id: "troubles" }, "Troubles"),
            eyes.troubles(answer),
          ),
          el(
            "section",
            { class: "stack by-month", "aria-labelledby": "by-month" },
            el("h3", { id: "by-month" }, "By month"),
            months,
          ),
        ),
      );
    }

    async function load() {
      abort.abort();
      abort = new AbortController();
      const { signal } = abort;
      const thisYear = Number(zone.date(eyes.now(), name).slice(0, 4));
      const focused = picker.contains(document.activeElement) && document.activeElement.id;
      picker.replaceChildren(yearPicker(year, thisYear, job, stream));
      if (focused)
        (picker.querySelector(`#${focused}:not(:disabled)`) ?? picker.querySelector("button"))?.focus();
      box.setAttribute("aria-busy", "true");
      try {
        draw(await eyes.api.calendar({ job, stream, ...period(year, name) }, signal));
      } catch (error) {
        eyes.showProblem(box, error, load);
      }
      if (!signal.aborted) box.setAttribute("aria-busy", "false");
    }
    load();
    return {
      title: `${stream} · ${job}`,
      update,
      again: ({ query }) => {
        year = query.get("year") ?? "";
        load();
      },
      leave: () => abort.abort(),
    };
  }

  eyes.views.stream = view;
})();
