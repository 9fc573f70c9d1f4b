// Which seats go together. Pure: rows are arrays of {label, state, kind, partner, block}, from left to right.
const FREE = (seat) => seat.state === "free" || seat.state === "yours";

export function blockOf(row, seat) {
  return row.filter((other) => other.block === seat.block);
}

// `size` seats side by side with `seat` among them, starting there if they fit; fewer where no more fit.
export function runFrom(row, seat, size) {
  const stretch = stretchAround(blockOf(row, seat), seat);
  const at = stretch.indexOf(seat);
  const start = Math.max(0, Math.min(at, stretch.length - size));
  return withPartners(row, stretch.slice(start, start + size));
}

function stretchAround(block, seat) {
  const at = block.indexOf(seat);
  let first = at;
  let last = at;
  while (first > 0 && suits(block[first - 1], seat)) first -= 1;
  while (last < block.length - 1 && suits(block[last + 1], seat)) last += 1;
  return block.slice(first, last + 1);
}

// Nobody is seated on a wheelchair space who did not tap one.
const ACCESSIBLE = new Set(["wheelchair", "companion"]);
function suits(seat, tapped) {
  return FREE(seat) && (ACCESSIBLE.has(seat.kind) === ACCESSIBLE.has(tapped.kind));
}

// Half a sofa brings the other half along.
function withPartners(row, seats) {
  const labels = new Set(seats.map((seat) => seat.label));
  for (const seat of seats) {
    if (seat.kind !== "sofa" || labels.has(seat.partner)) continue;
    const partner = row.find((other) => other.label === seat.partner);
    if (partner && FREE(partner)) labels.add(partner.label);
  }
  return row.filter((seat) => labels.has(seat.label));
}

// A single free seat that this choice leaves between itself and the next taken seat or the aisle.
export function loneSeat(rows, labels) {
  const chosen = new Set(labels);
  for (const row of rows) {
    if (!row.some((seat) => chosen.has(seat.label))) continue;
    const lone = row.find((seat) => isLeftAlone(row, seat, chosen));
    if (lone) return lone;
  }
  return null;
}

function isLeftAlone(row, seat, chosen) {
  if (!FREE(seat) || chosen.has(seat.label) || ACCESSIBLE.has(seat.kind) || seat.kind === "sofa") return false;
  const block = blockOf(row, seat);
  const at = block.indexOf(seat);
  const left = block[at - 1];
  const right = block[at + 1];
  const isOpen = (other) => other && FREE(other) && !chosen.has(other.label);
  const touches = [left, right].some((other) => other && chosen.has(other.label));
  return touches && block.length > 1 && !isOpen(left) && !isOpen(right);
}

// The same seats moved by one towards the lone seat, where that leaves nobody alone.
export function shifted(rows, labels, lone) {
  const row = rows.find((seats) => seats.includes(lone));
  const block = blockOf(row, lone);
  const places = labels.map((label) => block.findIndex((seat) => seat.label === label)).sort((a, b) => a - b);
  if (places.includes(-1)) return null;
  const step = block.indexOf(lone) < places[0] ? -1 : 1;
  const moved = places.map((at) => block[at + step]);
  if (moved.some((seat) => !seat || !FREE(seat))) return null;
  const next = moved.map((seat) => seat.label);
  return loneSeat(rows, next) ? null : next;
}
