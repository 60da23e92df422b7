"use strict";
/** The controls of the audience view. They change nothing but the address; the view follows it. */
(() => {
  const { el } = eyes;
  const { RANGES, RESOLUTIONS } = eyes.audience;

  const field = (label, input, extra) =>
    el("label", { class: `field ${extra ?? ""}` }, el("span", {}, label), input);
  const options = (list, chosen) =>
    list.map(([value, label]) => el("option", { value, selected: value === chosen }, label));

  const tagsOf = (overview) => {
    const all = overview.streams.flatMap(({ tags }) =>
      Object.entries(tags).map(([key, value]) => `${key}:${value}`),
    );
    return [...new Set(all)].sort();
  };
  const streamNames = (state, overview) =>
    overview.series.filter(({ job }) => job === state.job).map(({ stream }) => stream);

  function jobPicker(state, overview, go) {
    const select = el(
      "select",
      { id: "job", onchange: () => go({ job: select.value, stream: "", tag: "" }) },
      options(
        overview.jobs.map(({ name }) => [name, name]),
        state.job,
      ),
    );
    return field("Job", select);
  }

  function whatPicker(state, overview, go) {
    const kind = state.stream ? "stream" : state.tag ? "tag" : "all";
    const tags = tagsOf(overview);
    const kinds = [
      ["all", "all streams"],
      ["stream", "one stream"],
      ...(tags.length ? [["tag", "a tag"]] : []),
    ];
    const select = el(
      "select",
      {
        id: "what",
        onchange: () => {
          const first = {
            all: {},
            stream: { stream: streamNames(state, overview)[0] ?? "" },
            tag: { tag: tags[0] },
          };
          go({ stream: "", tag: "", ...first[select.value] });
        },
      },
      options(kinds, kind),
    );
    return [
      field("Of", select),
      kind === "stream" && streamPicker(state, overview, go),
      kind === "tag" && tagPicker(state, tags, go),
    ];
  }

  function streamPicker(state, overview, go) {
    const names = streamNames(state, overview);
    const list = el(
      "datalist",
      { id: "stream-names" },
      names.map((name) => el("option", { value: name })),
    );
    const input = el("input", {
      id: "stream",
      list: "stream-names",
      value: state.stream,
      autocomplete: "off",
      spellcheck: "false",
      onfocus: () => input.select(),
      onchange: () => {
        const known = names.includes(input.value);
        input.setCustomValidity(known ? "" : "No stream of this job has that name");
        input.reportValidity();
        if (known) go({ stream: input.value });
      },
    });
    return [field("Stream", input, "grow"), list];
  }

  function tagPicker(state, tags, go) {
    const select = el(
      "select",
      { id: "tag", onchange: () => go({ tag: select.value }) },
      options(
        tags.map((tag) => [tag, tag.replace(":", ": ")]),
        state.tag,
      ),
    );
    return field("Tag", select);
  }

  function rangePicker(state, range, go) {
    const choose = (name) =>
      go({
        range: name,
        to: "",
        month: "",
        ...(name === "custom"
          ? { from: range.from.slice(0, 10), until: range.to.slice(0, 10) }
          : { from: "", until: "" }),
      });
    const radio = ([value, label]) =>
      el(
        "label",
        {},
        el("input", {
          type: "radio",
          name: "range",
          value,
          checked: value === state.range,
          onchange: () => choose(value),
        }),
        el("span", {}, label),
      );
    return el("fieldset", { class: "segments" }, el("legend", {}, "Range"), el("div", {}, RANGES.map(radio)));
  }

  function datesPicker(state, range, go) {
    const input = (name, value) =>
      el("input", {
        type: "date",
        id: name,
        value,
        required: true,
        onchange: ({ target }) => target.value && go({ [name]: target.value }),
      });
    return [
      field("From", input("from", range.from.slice(0, 10))),
      field("To, included", input("until", state.until || range.to.slice(0, 10))),
    ];
  }

  function steps(range, go) {
    const step = (icon, label, change) =>
      el(
        "button",
        {
          type: "button",
          class: "button icon-only",
          id: `step-${icon}`,
          "aria-label": label,
          title: label,
          disabled: !change,
          onclick: () => go(change),
        },
        eyes.icon(icon),
      );
    return el(
      "div",
      { class: "steps" },
      step("back", "One period back", range.back),
      step("forward", "One period forward", range.forward),
    );
  }

  /** Of figures by day there are no hours. */
  function resolutionPicker(state, unit, go) {
    const list = unit === "day" ? RESOLUTIONS.filter(([name]) => name !== "bucket") : RESOLUTIONS;
    const select = el(
      "select",
      { id: "res", onchange: () => go({ res: select.value }) },
      options(list, state.res),
    );
    return field("Points", select);
  }

  /** All controls for a state; `go(change)` is called with what a person changed. */
  eyes.pickers = (state, range, overview, go) =>
    el(
      "form",
      {
        class: "controls pickers",
        "aria-label": "What is shown",
        onsubmit: (event) => event.preventDefault(),
      },
      overview.jobs.length > 1 && jobPicker(state, overview, go),
      whatPicker(state, overview, go),
      rangePicker(state, range, go),
      state.range === "custom" && datesPicker(state, range, go),
      resolutionPicker(state, eyes.audience.unitOf(state, overview), go),
      steps(range, go),
    );
})();
