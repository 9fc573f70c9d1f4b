// The map as a grid: one tab stop, arrow keys, and the state of each seat in picture and name.
export class SeatGrid {
  constructor(map, words) {
    this.map = map;
    this.words = words;
    this.cells = new Map();
    this.rows = [...map.querySelectorAll("[role=row]")].map((row) => this.readRow(row));
    this.current = this.rows[0][0];
    this.current.cell.tabIndex = 0;
    this.onToggle = () => {};
    this.onEscape = () => {};
    this.onAisle = () => {};
    map.addEventListener("keydown", (event) => this.keyPressed(event));
    // An SVG that listens for focus is a tab stop of its own in Chromium; what is around it is not.
    map.parentElement.addEventListener("focusin", (event) => this.focused(event.target));
  }

  readRow(row) {
    let block = 0;
    return [...row.querySelectorAll("[role=gridcell]")].map((cell) => {
      if ("aisle" in cell.dataset) block += 1;
      const seat = { label: cell.dataset.seat, row: cell.dataset.seat.replace(/\d+$/, ""), kind: cell.dataset.kind, state: cell.dataset.state, shape: cell.dataset.shape, partner: null, block, cell };
      cell.tabIndex = -1;
      this.cells.set(seat.label, seat);
      return seat;
    });
  }

  seatAt(node) {
    const cell = node.closest?.("[role=gridcell]");
    return cell && this.cells.get(cell.dataset.seat);
  }

  rowOf(seat) {
    return this.rows.find((row) => row.includes(seat));
  }

  // --- states ---

  setState(label, state) {
    const seat = this.cells.get(label);
    if (!seat || seat.state === state) return false;
    seat.state = state;
    const { cell } = seat;
    cell.dataset.state = state;
    cell.firstElementChild.nextElementSibling.setAttribute("href", `#${state === "free" ? seat.shape : state}`);
    cell.setAttribute("aria-selected", String(state === "yours"));
    cell.toggleAttribute("aria-disabled", false);
    if (state === "taken" || state === "held") cell.setAttribute("aria-disabled", "true");
    // The state is always the last part of the name.
    cell.setAttribute("aria-label", cell.getAttribute("aria-label").replace(/, [^,]*$/, `, ${this.words[state]}`));
    return true;
  }

  labelsIn(state) {
    return [...this.cells.values()].filter((seat) => seat.state === state).map((seat) => seat.label);
  }

  // --- moving about ---

  focus(seat) {
    if (!seat) return;
    this.current.cell.tabIndex = -1;
    this.current = seat;
    seat.cell.tabIndex = 0;
    seat.cell.focus({ preventScroll: false });
  }

  focused(node) {
    const seat = this.seatAt(node);
    if (!seat) return;
    this.current.cell.tabIndex = -1;
    this.current = seat;
    seat.cell.tabIndex = 0;
  }

  keyPressed(event) {
    if (event.altKey || event.metaKey) return;
    const row = this.rowOf(this.current);
    const column = row.indexOf(this.current);
    const target = this.targetOf(event, row, column);
    if (target === undefined) return;
    event.preventDefault();
    if (target) {
      if (target.block !== this.current.block && this.rowOf(target) === row && Math.abs(row.indexOf(target) - column) === 1) this.onAisle();
      this.focus(target);
    }
  }

  targetOf(event, row, column) {
    const last = this.rows.length - 1;
    const level = this.rows.indexOf(row);
    switch (event.key) {
      case "ArrowRight": return row[column + 1] || null;
      case "ArrowLeft": return row[column - 1] || null;
      case "ArrowDown": return this.nearest(Math.min(level + 1, last));
      case "ArrowUp": return this.nearest(Math.max(level - 1, 0));
      case "PageDown": return this.nearest(Math.min(level + 3, last));
      case "PageUp": return this.nearest(Math.max(level - 3, 0));
      case "Home": return event.ctrlKey ? this.rows[0][0] : row[0];
      case "End": return event.ctrlKey ? this.rows[last].at(-1) : row.at(-1);
      case " ": case "Enter": this.onToggle(this.current); return null;
      case "Escape": this.onEscape(); return null;
    }
    if (event.ctrlKey || event.key.length !== 1) return undefined;
    const named = this.rows.findIndex((seats) => seats[0].row.toUpperCase() === event.key.toUpperCase());
    return named < 0 ? undefined : this.nearest(named);
  }

  // The seat of another row that is straight above or below on the screen.
  nearest(level) {
    const x = placeOf(this.current.cell).x;
    return this.rows[level].reduce((best, seat) => (Math.abs(placeOf(seat.cell).x - x) < Math.abs(placeOf(best.cell).x - x) ? seat : best));
  }
}

function placeOf(cell) {
  const { e, f } = cell.transform.baseVal.getItem(0).matrix;
  return { x: e, y: f };
}
