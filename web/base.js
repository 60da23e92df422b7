"use strict";
/**
 * The one global of the page. Every file adds to it: classic scripts in the order of index.html, so that a report can
 * hold the very same files inside a single `<script>`.
 */
globalThis.eyes = {};

(() => {
  const SVG = "http://www.w3.org/2000/svg";

  /** Children may be nodes, texts, numbers, lists of them; `null`, `undefined` and `false` are passed over. */
  function append(node, children) {
    for (const child of children.flat(Infinity)) {
      if (child !== null && child !== undefined && child !== false) node.append(child);
    }
    return node;
  }

  function set(node, name, value) {
    if (value === null || value === undefined || value === false) return;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value === true ? "" : String(value));
  }

  function make(node, attributes, children) {
    for (const [name, value] of Object.entries(attributes ?? {})) set(node, name, value);
    return append(node, children);
  }

  /**
   * An element. Attributes that are `null` or `false` are left out; `onclick` and its like are listeners. Data only ever
   * become text nodes and attributes: nothing here parses HTML.
   */
  eyes.el = (tag, attributes, ...children) => make(document.createElement(tag), attributes, children);

  const svg = (tag, attributes, ...children) =>
    make(document.createElementNS(SVG, tag), attributes, children);

  /** Strokes on a field of 16 × 16: shapes differ, so that no state is told by its colour alone. */
  const ICONS = {
    ok: "M3 8.500 6.500 12 13 4.500",
    failed: "M8 2v7.500M8 12.800v.7",
    suspect: "M8 1.800 14.800 13.800H1.200ZM8 6.500v3.200M8 11.600v.6",
    never_run: "M3 8h10",
    under_way: "M8 3.500V8l3 2M8 1.500a6.500 6.500 0 1 0 0 13 6.500 6.500 0 0 0 0-13Z",
    info: "M8 7v5M8 4.200v.6M8 1.500a6.500 6.500 0 1 0 0 13 6.500 6.500 0 0 0 0-13Z",
    back: "M10 3 5 8l5 5",
    forward: "M6 3l5 5-5 5",
  };

  /** A drawing that repeats what the words beside it say. */
  eyes.icon = (name) =>
    svg(
      "svg",
      { class: `icon icon-${name}`, viewBox: "0 0 16 16", "aria-hidden": "true", focusable: "false" },
      svg("path", {
        d: ICONS[name] ?? ICONS.info,
        fill: "none",
        stroke: "currentColor",
        "stroke-width": 1.8,
        "stroke-linecap": "round",
        "stroke-linejoin": "round",
      }),
    );

  /** A symbol with its word. */
  eyes.badge = (kind, word) => eyes.el("span", { class: `badge badge-${kind}` }, eyes.icon(kind), word);

  /** Words for those who do not see the picture. */
  eyes.unseen = (...words) => eyes.el("span", { class: "unseen" }, ...words);

  /** A calm box: what is the matter, and what to do about it. */
  eyes.notice = (kind, title, ...rest) =>
    eyes.el(
      "div",
      { class: `notice notice-${kind}` },
      eyes.icon({ bad: "failed", suspect: "suspect" }[kind] ?? "info"),
      eyes.el(
        "div",
        {},
        title && eyes.el("strong", {}, title),
        rest.map((part) => eyes.el("p", {}, part)),
      ),
    );

  eyes.link = (href, ...children) => eyes.el("a", { href }, ...children);

  eyes.button = (label, onclick, attributes) =>
    eyes.el("button", { type: "button", class: "button", onclick, ...attributes }, label);

  /** A titled part of a view. */
  eyes.section = (title, ...children) => {
    const id = `section-${title.toLowerCase().replace(/[^a-z]+/g, "-")}`;
    return eyes.el(
      "section",
      { class: "section", "aria-labelledby": id },
      eyes.el("h2", { id }, title),
      ...children,
    );
  };

  let counter = 0;
  /** An id that nothing else on the page has. */
  eyes.uid = (stem) => `${stem}-${(counter += 1)}`;

  const colours = new Map();
  /** What a colour of the style sheet is right now: a canvas knows nothing of custom properties. */
  eyes.colour = (name) => {
    if (!colours.has(name)) {
      const probe = eyes.el("span", { hidden: true });
      probe.style.color = `var(${name})`;
      document.body.append(probe);
      colours.set(name, getComputedStyle(probe).color);
      probe.remove();
    }
    return colours.get(name);
  };
  /** To be called when the theme has changed; charts listen to `eyes:colours` and draw themselves anew. */
  eyes.forgetColours = () => {
    colours.clear();
    document.dispatchEvent(new Event("eyes:colours"));
  };
})();
