// Painting places of a seat plan. The text is the plan; this only changes letters in it and asks for a preview.
const form = document.querySelector("[data-plan]");
const text = form.elements.rows;
const frame = document.querySelector("[data-grid]");
const preview = document.querySelector("[data-preview]");
const undoButton = document.querySelector("[data-undo]");
const SVG = "http://www.w3.org/2000/svg";
const UNIT = 40;
const MOST_STEPS_BACK = 50;
const SHAPES = { s: "standard", p: "premium", w: "wheelchair", c: "companion", r: "restricted" };

const history = [];
let at = { row: 0, col: 0 };
let drawn = { lines: [], cols: 0 };
let isDragging = false;

// --- the text

const readRows = () => text.value.split("\n").filter((line) => line.trim()).map((line) => {
  const [, name, seats = "", rest = ""] = line.trim().match(/^(\S+)\s*(\S*)(.*)$/);
  return { name, seats: seats.toLowerCase(), rest: rest.trim() };
});

function writeRows(rows) {
  remember();
  text.value = rows.map((row) => `${row.name.padEnd(3)}${row.seats}${row.rest ? `  ${row.rest}` : ""}`).join("\n");
  redraw();
}

function remember() {
  history.push(text.value);
  if (history.length > MOST_STEPS_BACK) history.shift();
  undoButton.disabled = false;
}

const brush = () => form.querySelector("[name=brush]:checked");
const wordOf = (letter) => form.querySelector(`[name=brush][value="${letter}"]`)?.dataset.word ?? letter;

function paint(row, col) {
  const rows = readRows();
  const letters = rows[row].seats.padEnd(col + 1, "_");
  const wanted = brush().value;
  if (letters[col] === wanted) return;
  rows[row].seats = letters.slice(0, col) + wanted + letters.slice(col + 1);
  writeRows(rows);
}

// --- the places, as a grid with one tab stop

function element(name, attributes, parent) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  parent?.append(made);
  return made;
}

function shapeOf(letters, col) {
  if (letters[col] !== "d") return SHAPES[letters[col]];
  const run = letters.slice(0, col).match(/d*$/)[0].length;
  return run % 2 ? "sofa-right" : "sofa-left";
}

// A large room has thousands of places: only rows that changed are drawn again.
function drawPlaces() {
  const rows = readRows();
  const cols = Math.max(1, ...rows.map((row) => row.seats.length));
  const lines = rows.map((row) => `${row.name} ${row.seats}`);
  const before = drawn;
  drawn = { lines, cols };
  at = { row: Math.min(at.row, rows.length - 1), col: Math.min(at.col, cols - 1) };
  const hadFocus = frame.contains(document.activeElement);
  if (lines.length !== before.lines.length || cols !== before.cols) drawGrid(rows, cols);
  else rows.forEach((row, index) => lines[index] !== before.lines[index] && drawRowAgain(row, index, cols));
  const [here, ...stops] = [place(at.row, at.col), ...frame.querySelectorAll(".place[tabindex='0']")];
  for (const stop of stops) stop.setAttribute("tabindex", "-1");
  here?.setAttribute("tabindex", "0");
  if (hadFocus) here?.focus({ preventScroll: true });
}

function drawGrid(rows, cols) {
  const width = (cols + 1) * UNIT;
  const grid = element("svg", {
    class: "paint-grid", role: "grid", viewBox: `0 0 ${width} ${rows.length * UNIT}`, "aria-label": frame.getAttribute("aria-label"),
  });
  // As wide as there is room for, but no place smaller than a finger needs.
  Object.assign(grid.style, { width: "calc(100% - 16px)", minWidth: `${width * 0.6}px`, maxWidth: `${width * 0.9}px` });
  grid.append(...rows.map((row, index) => drawRow(row, index, cols)));
  frame.replaceChildren(grid);
}

function drawRowAgain(row, index, cols) {
  frame.firstElementChild.children[index].replaceWith(drawRow(row, index, cols));
}

function drawRow(row, index, cols) {
  const group = element("g", { role: "row" });
  element("text", { role: "rowheader", x: 18, y: index * UNIT + 26 }, group).textContent = row.name;
  for (let col = 0; col < cols; col += 1) drawPlace(group, row, index, col);
  return group;
}

function drawPlace(group, row, index, col) {
  const letter = row.seats[col] ?? "_";
  const cell = element("g", {
    role: "gridcell", class: `place ${letter === "_" ? "is-nothing" : ""}`, tabindex: -1,
    "data-row": index, "data-col": col, transform: `translate(${(col + 1.5) * UNIT} ${(index + 0.5) * UNIT})`,
    "aria-label": `${row.name}, ${col + 1}: ${wordOf(letter)}`,
  }, group);
  element("rect", { x: -17, y: -17, width: 34, height: 34 }, cell);
  const shape = shapeOf(row.seats, col);
  if (shape) element("use", { href: `#${shape}` }, cell);
}

const place = (row, col) => frame.querySelector(`[data-row="${row}"][data-col="${col}"]`);

function goTo(row, col) {
  const next = place(row, col);
  if (!next) return;
  place(at.row, at.col)?.setAttribute("tabindex", "-1");
  at = { row, col };
  next.setAttribute("tabindex", "0");
  next.focus();
}

const STEPS = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };

frame.addEventListener("keydown", (event) => {
  if (event.key in STEPS) {
    const [down, right] = STEPS[event.key];
    goTo(at.row + down, at.col + right);
  } else if (event.key === " " || event.key === "Enter") {
    paint(at.row, at.col);
  } else if (event.key === "z" && (event.ctrlKey || event.metaKey)) {
    undo();
  } else return;
  event.preventDefault();
});

frame.addEventListener("focusin", ({ target }) => {
  if (target.matches(".place")) at = { row: Number(target.dataset.row), col: Number(target.dataset.col) };
});

function paintUnder(event) {
  const cell = document.elementFromPoint(event.clientX, event.clientY)?.closest(".place");
  if (!cell || !frame.contains(cell)) return;
  at = { row: Number(cell.dataset.row), col: Number(cell.dataset.col) };
  paint(at.row, at.col);
}

frame.addEventListener("pointerdown", (event) => {
  isDragging = event.pointerType === "mouse" && event.button === 0;
  if (isDragging) paintUnder(event);
});
frame.addEventListener("pointermove", (event) => isDragging && paintUnder(event));
addEventListener("pointerup", () => { isDragging = false; });
// A finger scrolls; only a tap paints.
frame.addEventListener("click", (event) => event.pointerType !== "mouse" && paintUnder(event));

// --- rows, undo

const mirrored = (seats) => [...seats].reverse().join("");
const NEXT_NAME = { H: "J", N: "P" };
const nameAfter = (name) => NEXT_NAME[name] ?? (/^[A-Y]$/.test(name) ? String.fromCharCode(name.charCodeAt(0) + 1) : `${name}1`);

const ROW_ACTIONS = {
  copy: (rows) => [...rows, { ...rows[at.row], name: nameAfter(rows.at(-1).name) }],
  mirror: (rows) => rows.map((row, index) => (index === at.row ? { ...row, seats: mirrored(row.seats) } : row)),
  remove: (rows) => (rows.length > 1 ? rows.filter((_, index) => index !== at.row) : rows),
};

for (const button of document.querySelectorAll("[data-row]")) {
  if (button.dataset.row in ROW_ACTIONS) {
    button.addEventListener("click", () => writeRows(ROW_ACTIONS[button.dataset.row](readRows())));
  }
}

function undo() {
  if (!history.length) return;
  text.value = history.pop();
  undoButton.disabled = !history.length;
  redraw();
}

undoButton.addEventListener("click", undo);

// --- the preview, drawn by the house itself

let frameAsked;
let waiting;
let asked = 0;

// At most once per frame, however fast somebody types or drags.
function redraw() {
  cancelAnimationFrame(frameAsked);
  frameAsked = requestAnimationFrame(drawPlaces);
  clearTimeout(waiting);
  waiting = setTimeout(showPreview, 350);
}

async function showPreview() {
  asked += 1;
  const mine = asked;
  try {
    const answer = await fetch(form.dataset.previewUrl, {
      method: "POST", body: new FormData(form), headers: { "Accept-Part": "drawing" },
    });
    if (mine === asked && (answer.ok || answer.status === 422)) preview.innerHTML = await answer.text();
  } catch {
    // The last drawing stays; saving says what is wrong.
  }
}

text.addEventListener("input", redraw);
for (const name of ["curve", "turn", "numbering", "notes"]) form.elements[name].addEventListener("input", redraw);

document.querySelector("[data-paint]").hidden = false;
drawPlaces();
