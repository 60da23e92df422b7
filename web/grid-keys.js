"use strict";
/** Walking over a grid by keyboard: one cell at a time takes the focus, arrow keys move it (the ARIA grid pattern). */
(() => {
  const MOVES = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };

  function target(event, cells, { row, column }, inColumn) {
    if (event.key in MOVES) {
      const [down, right] = MOVES[event.key];
      return cells.get(`${row + down},${column + right}`);
    }
    if (event.key === "Home") return inColumn(row)[0];
    if (event.key === "End") return inColumn(row).at(-1);
    return undefined;
  }

  /**
   * `cells` have `data-row` and `data-col`. `tell(cell)` is called for the cell that is pointed at or has the focus, and
   * with `null` when there is none any more.
   */
  eyes.gridKeys = (root, cells, start, tell) => {
    const place = (cell) => ({ row: Number(cell.dataset.row), column: Number(cell.dataset.col) });
    const byPlace = new Map(cells.map((cell) => [`${cell.dataset.row},${cell.dataset.col}`, cell]));
    const inRow = (row) =>
      cells
        .filter((cell) => Number(cell.dataset.row) === row)
        .sort((a, b) => place(a).column - place(b).column);
    let current = start ?? cells[0];
    for (const cell of cells) cell.tabIndex = cell === current ? 0 : -1;

    function choose(cell) {
      current.tabIndex = -1;
      current = cell;
      cell.tabIndex = 0;
    }
    const cellOf = (event) => event.target.closest?.("[data-row]");

    root.addEventListener("keydown", (event) => {
      const next = cellOf(event) && target(event, byPlace, place(cellOf(event)), inRow);
      if (event.key === "Escape") tell(null);
      if (event.key in MOVES || next) event.preventDefault();
      next?.focus();
    });
    root.addEventListener("focusin", (event) => {
      const cell = cellOf(event);
      if (!cell) return;
      choose(cell);
      tell(cell);
    });
    root.addEventListener("focusout", () => tell(null));
    root.addEventListener("pointerover", (event) => tell(cellOf(event) ?? null));
    root.addEventListener("pointerleave", () => tell(null));
    root.addEventListener("click", (event) => cellOf(event)?.focus());
  };

  /** A box beside the cell that is told about, and a line that is read aloud. `lines(cell)` gives its texts. */
  eyes.gridTip = (box, lines) => {
    const tip = eyes.el("div", { class: "tip", hidden: true, "aria-hidden": "true" });
    const live = eyes.el("p", { class: "unseen", "aria-live": "polite" });
    function tell(cell) {
      tip.hidden = !cell;
      if (!cell) return;
      const told = lines(cell);
      tip.replaceChildren(
        eyes.el("strong", {}, told[0]),
        ...told.slice(1).map((line) => eyes.el("div", {}, line)),
      );
      const [outer, inner] = [box.getBoundingClientRect(), cell.getBoundingClientRect()];
      const left = inner.left - outer.left + inner.width / 2 - tip.offsetWidth / 2;
      tip.style.left = `${Math.max(0, Math.min(left, outer.width - tip.offsetWidth))}px`;
      tip.style.top = `${inner.bottom - outer.top + 6}px`;
      if (document.activeElement === cell) live.textContent = told.join(", ");
    }
    return { tip, live, tell };
  };
})();
