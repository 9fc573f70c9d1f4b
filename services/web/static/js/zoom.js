// The map's size: fitted to the width, or large enough for fingers, with the row letters always in sight.
const FINGER_PX = 34;
const STEPS_UP = 1.35;

export class Zoom {
  constructor(frame, map) {
    this.frame = frame;
    this.map = map;
    this.units = Number(map.dataset.units);
    this.letters = this.makeLetters();
    frame.addEventListener("scroll", () => this.pinLetters(), { passive: true });
    window.addEventListener("resize", () => this.pinLetters());
    const controls = document.querySelector("[data-zoom]");
    controls.hidden = false;
    controls.querySelector("[data-larger]").addEventListener("click", () => this.scale(STEPS_UP));
    controls.querySelector("[data-smaller]").addEventListener("click", () => this.scale(1 / STEPS_UP));
    controls.querySelector("[data-fit]").addEventListener("click", () => this.fit());
  }

  get seatPx() {
    return this.map.clientWidth / this.units;
  }

  get isTooSmallForFingers() {
    return this.seatPx < 24;
  }

  fit() {
    this.frame.classList.remove("is-zoomed");
    this.map.style.removeProperty("width");
    this.pinLetters();
  }

  scale(factor) {
    const width = this.map.clientWidth * factor;
    if (width <= this.frame.clientWidth) return this.fit();
    return this.toWidth(Math.min(width, this.units * 90), 0.5, 0.5);
  }

  // Large enough to tap, with `cell` in the middle.
  approach(cell) {
    const box = this.map.getBoundingClientRect();
    const seat = cell.getBoundingClientRect();
    const across = (seat.left + seat.width / 2 - box.left) / box.width;
    const down = (seat.top + seat.height / 2 - box.top) / box.height;
    this.toWidth(this.units * FINGER_PX, across, down);
  }

  toWidth(width, across, down) {
    const { frame, map } = this;
    frame.classList.add("is-zoomed");
    map.style.setProperty("width", `${Math.round(width)}px`);
    frame.scrollLeft = across * map.clientWidth - frame.clientWidth / 2;
    frame.scrollTop = down * map.clientHeight - frame.clientHeight / 2;
    this.pinLetters();
  }

  // Beside the map's own letters, which scroll away with it. The names are in the grid; these are for the eye.
  makeLetters() {
    const gutter = document.createElement("div");
    gutter.className = "pinned-letters";
    gutter.setAttribute("aria-hidden", "true");
    const letters = [...this.map.querySelectorAll("[role=row]")].map((row) => {
      const node = document.createElement("span");
      node.textContent = row.querySelector("[role=rowheader]").textContent;
      gutter.append(node);
      const places = [...row.querySelectorAll("[role=gridcell]")].map((cell) => cell.transform.baseVal.getItem(0).matrix);
      return { node, places: places.map(({ e, f }) => ({ x: e, y: f })) };
    });
    this.frame.prepend(gutter);
    return letters;
  }

  // Rows bend: a letter stands level with the first seat of its row that is in sight.
  pinLetters() {
    const box = this.map.viewBox.baseVal;
    const scale = this.map.clientWidth / box.width;
    const edge = this.frame.scrollLeft / scale;
    this.frame.style.setProperty("--map-height", `${this.map.clientHeight}px`);
    for (const { node, places } of this.letters) {
      const seen = places.find(({ x }) => x >= edge) || places.at(-1);
      node.style.setProperty("top", `${Math.round((seen.y - box.y) * scale)}px`);
    }
  }
}
