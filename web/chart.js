"use strict";
/**
 * A chart over time by uPlot. Lines are whole where figures are settled, dashed where they may still change or a good part is not there, and broken where
 * there is a gap, which a hatched band marks. Hollow points stand for periods of which only a part is there.
 */
(() => {
  const { el, chartData: data } = eyes;
  const HEIGHT = 250;
  const MOST_HEIGHT = 380;
  const FEW_POINTS = 62;
  const ROOM_OF_A_MARK = 58;

  /** Diagonal lines, so that a gap is seen without colours as well. */
  function hatch(context, colour, ratio) {
    const size = 7 * ratio;
    const tile = Object.assign(document.createElement("canvas"), { width: size, height: size });
    const pen = tile.getContext("2d");
    pen.strokeStyle = colour;
    pen.lineWidth = ratio;
    pen.beginPath();
    for (const shift of [-size, 0, size]) {
      pen.moveTo(shift, size);
      pen.lineTo(shift + size, 0);
    }
    pen.stroke();
    return context.createPattern(tile, "repeat");
  }

  function paintStretches(plot, stretches, fill) {
    const { ctx, bbox } = plot;
    ctx.save();
    ctx.fillStyle = fill;
    for (const [from, to] of stretches) {
      const left = Math.max(bbox.left, plot.valToPos(from, "x", true));
      const right = Math.min(bbox.left + bbox.width, plot.valToPos(to, "x", true));
      if (right > left) ctx.fillRect(left, bbox.top, Math.max(right - left, 1), bbox.height);
    }
    ctx.restore();
  }

  function paintGround(plot, points) {
    const ratio = uPlot.pxRatio;
    paintStretches(plot, data.stretches(points, data.isUnfinished), eyes.colour("--chart-open"));
    paintStretches(plot, data.stretches(points, data.isGap), eyes.colour("--chart-gap"));
    paintStretches(
      plot,
      data.stretches(points, data.isGap),
      hatch(plot.ctx, eyes.colour("--chart-hatch"), ratio),
    );
  }

  function dot(plot, x, y, colour, isHollow) {
    const { ctx } = plot;
    const ratio = uPlot.pxRatio;
    ctx.beginPath();
    ctx.arc(plot.valToPos(x, "x", true), plot.valToPos(y, "y", true), 3 * ratio, 0, 2 * Math.PI);
    ctx.fillStyle = isHollow ? eyes.colour("--surface") : colour;
    ctx.strokeStyle = colour;
    ctx.lineWidth = 1.6 * ratio;
    ctx.fill();
    ctx.stroke();
  }

  /** Points are drawn where there are few, where only a part is there, and where no neighbour would make a line of them. */
  function paintPoints(plot, points, figures) {
    const many = points.length > FEW_POINTS;
    for (const figure of figures) {
      const colour = eyes.colour(figure.colour);
      points.forEach((point, i) => {
        const value = point[figure.key];
        if (value === null) return;
        const alone =
          (points[i - 1]?.[figure.key] ?? null) === null && (points[i + 1]?.[figure.key] ?? null) === null;
        const hollow = data.isPartial(point) || data.isUnfinished(point);
        if (!many || alone || data.isPartial(point)) dot(plot, data.middle(point), value, colour, hollow);
      });
    }
  }

  const line = (figure, extra) => ({
    stroke: () => eyes.colour(figure.colour),
    width: 2,
    points: { show: false },
    spanGaps: false,
    ...extra,
  });

  function series(figures) {
    return [
      {},
      ...figures.flatMap((figure) => [
        line(figure, { width: 1.2, dash: [2, 3], alpha: 0.75, stroke: () => eyes.colour(figure.colour) }),
        line(figure, { dash: [5, 4], width: 1.8 }),
        line(figure, {}),
      ]),
    ];
  }

  function columns(answer, figures, showsBefore) {
    const nothing = answer.points.map(() => null);
    return [
      answer.points.map(data.middle),
      ...figures.flatMap(({ key }) => {
        const { settled, open } = data.lines(answer.points, key);
        return [showsBefore ? data.underlay(answer, key) : nothing, open, settled];
      }),
    ];
  }

  const FAMILY = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', sans-serif";
  /** How large letters are: 1 where a rem is 15 pixels. */
  const scale = () => parseFloat(getComputedStyle(document.documentElement).fontSize) / 15;

  function axes(answer, width, show) {
    const size = scale();
    const font = `${Math.round(12 * size)}px ${FAMILY}`;
    const marks = data.marks(answer, Math.max(2, Math.floor((width - 70) / (ROOM_OF_A_MARK * size))));
    const names = new Map(marks.map(({ at, label }) => [at, label]));
    const look = {
      stroke: () => eyes.colour("--ink-3"),
      font,
      grid: { stroke: () => eyes.colour("--chart-grid"), width: 1 },
      ticks: { show: false },
    };
    return [
      {
        ...look,
        size: 30 * size,
        splits: () => marks.map(({ at }) => at),
        values: (_, at) => at.map((one) => names.get(one) ?? ""),
      },
      { ...look, size: 58 * size, gap: 6, values: (_, values) => values.map((value) => show(value)) },
    ];
  }

  const top = (values) => Math.max(1, ...values.flat().filter((value) => value !== null)) * 1.08;

  function options(spec, width) {
    const { answer, figures, show } = spec;
    const { points } = answer;
    const range = [data.seconds(points[0].start), data.seconds(points.at(-1).end)];
    return {
      width,
      height: spec.height ?? Math.min(MOST_HEIGHT, Math.max(HEIGHT, Math.round(width * 0.3))),
      padding: [12, 24, 0, 0],
      legend: { show: false },
      cursor: { y: false, drag: { x: false, y: false }, points: { show: false } },
      scales: {
        x: { time: false, range: () => range },
        y: { range: (plot) => [0, top(plot.data.slice(1))] },
      },
      series: series(figures),
      axes: axes(answer, width, spec.showAxis ?? show),
      hooks: {
        drawClear: [(plot) => paintGround(plot, points)],
        draw: [(plot) => paintPoints(plot, points, figures)],
        setCursor: [(plot) => spec.onPoint(plot.cursor.idx ?? null, plot)],
      },
    };
  }

  /** Arrow keys walk over the points, as the mouse does. */
  function onKey(event, plot, points) {
    const now = plot.cursor.idx ?? (event.key === "ArrowLeft" ? points.length : -1);
    const moves = {
      ArrowRight: now + 1,
      ArrowLeft: now - 1,
      Home: 0,
      End: points.length - 1,
      PageDown: now + 24,
      PageUp: now - 24,
    };
    if (event.key === "Escape") return plot.setCursor({ left: -10, top: -10 });
    if (!(event.key in moves)) return undefined;
    event.preventDefault();
    const next = Math.min(points.length - 1, Math.max(0, moves[event.key]));
    return plot.setCursor({ left: plot.valToPos(data.middle(points[next]), "x"), top: 20 });
  }

  /**
   * A chart that fits its box and follows the theme. `spec`: `answer` of `/api/series`, `figures` (`key`, `label`, `colour`),
   * `show` (value to text), `label` (the text alternative), `tip(index)` (nodes that tell a point), and `width` where it is to be drawn
   * for paper. Returns `{node, showBefore(yes)}`.
   */
  eyes.chart = (spec) => {
    const tip = el("div", { class: "tip", hidden: true });
    const live = el("p", { class: "unseen", "aria-live": "polite" });
    const area = el("div", { class: "plot", role: "img", "aria-label": spec.label, tabindex: "0" });
    const node = el("div", { class: "chart" }, area, tip, live);
    let plot = null;
    let showsBefore = spec.showsBefore;

    function onPoint(index, from) {
      const isAt = index !== null && from.cursor.left >= 0;
      tip.hidden = !isAt;
      if (!isAt) return;
      tip.replaceChildren(...spec.tip(index));
      const x = from.valToPos(data.middle(spec.answer.points[index]), "x") + from.bbox.left / uPlot.pxRatio;
      const isRight = x > from.width / 2;
      tip.style.left = `${isRight ? x - tip.offsetWidth - 12 : x + 12}px`;
      if (document.activeElement === area) live.textContent = tip.innerText.replaceAll("\n", ", ");
    }

    function draw(width) {
      plot?.destroy();
      plot = new uPlot(
        options({ ...spec, onPoint }, width),
        columns(spec.answer, spec.figures, showsBefore),
        area,
      );
      // Its parts are a drawing: the label says what they show.
      plot.root.setAttribute("aria-hidden", "true");
    }

    area.addEventListener("keydown", (event) => onKey(event, plot, spec.answer.points));
    area.addEventListener("blur", () => {
      tip.hidden = true;
    });
    if (spec.width) draw(spec.width);
    else eyes.onWidth(area, (width) => draw(width));
    const recolour = () =>
      node.isConnected ? plot?.redraw() : document.removeEventListener("eyes:colours", recolour);
    queueMicrotask(() => document.addEventListener("eyes:colours", recolour));
    return {
      node,
      showBefore: (yes) => {
        showsBefore = yes;
        plot?.setData(columns(spec.answer, spec.figures, yes));
      },
    };
  };

  /** Calls `draw` with the width of a box when it is known, and when it has changed. */
  eyes.onWidth = (box, draw) => {
    let last = 0;
    new ResizeObserver(([entry]) => {
      const width = Math.floor(entry.contentRect.width);
      if (width > 0 && width !== last) draw((last = width));
    }).observe(box);
  };
})();
