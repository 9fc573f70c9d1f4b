// Choosing seats: a tap holds at once, all or none; what others do is seen within a second.
import { ask, fill, leaveWord, pageData } from "./ask.js";
import { HoldClock } from "./holdclock.js";
import { follow } from "./live.js";
import { Message, Murmur } from "./messages.js";
import { Order } from "./order.js";
import { loneSeat, runFrom, shifted } from "./runs.js";
import { SeatGrid } from "./seatgrid.js";
import { SeatList } from "./seatlist.js";
import { recall, remember, forget } from "./storage.js";
import { Stepper } from "./stepper.js";
import { Zoom } from "./zoom.js";

const data = pageData();
const { words } = data;
const base = `/screenings/${data.screening}`;
const RESUME_MS = 120_000;
// So long a page may be behind: what it says of the showing is remembered for a second, and then the page itself.
const CACHED_MS = 2000;
const EXPIRED = "/problems/hold-expired";
const LEFT_KEY = `left:${data.screening}`;
const HELD_KEY = `held:${data.screening}`;
const OTHER_TAB_MS = 300;

const grid = new SeatGrid(document.querySelector(".map"), words);
const zoom = new Zoom(document.querySelector("[data-map]"), document.querySelector(".map"));
const order = new Order(data);
const message = new Message(document.querySelector("[data-message]"));
const murmur = new Murmur(makeRegion());
const people = new Stepper(document.querySelector("[data-people]"), words);
const list = new SeatList(document.querySelector("[data-list]"), () => people.count);
const clock = new HoldClock(data, { keep: keepLonger, letGo: () => request([]), ended: holdEnded });

let hold = data.hold;
let goesOn = false;
let queue = Promise.resolve();
let isLookDue = false;
let isOtherTabs = false;
let otherTab = null;
let oldNews = null;

for (const [label, partner] of Object.entries(data.partners)) {
  if (grid.cells.has(label)) grid.cells.get(label).partner = partner;
}

// --- holding ---

const labelsOf = (some) => (some ? some.seats.map((seat) => seat.seat) : []);
const wish = (label) => ({ seat: label, ticket_type: order.typeOf(label) || "adult" });

// One after the other: two quick taps must not overtake each other.
function request(labels, types) {
  queue = queue.then(() => send(labels, types)).catch(() => {});
  return queue;
}

// As many seats elsewhere are for the same people: their ticket types go along, where they are sold.
function carried(labels, people) {
  if (labels.length !== people.length) return null;
  return labels.map((seat, index) => ({ seat, ticket_type: soldFor(seat, people[index].ticket_type) }));
}

function soldFor(label, wanted) {
  const seat = grid.cells.get(label);
  return data.prices.some(([kind, type]) => kind === seat?.kind && type === wanted) ? wanted : "adult";
}

async function send(labels, types) {
  const seats = types || carried(labels, hold ? hold.seats : []) || labels.map(wish);
  mark(labels, true);
  try {
    const answer = await ask(`${base}/hold`, { seats });
    message.clear();
    showHold(answer.hold);
    isOtherTabs = false;
    tellOtherTabs();
    if (answer.hold) order.say(answer.words);
    if (answer.hold) warnOfLoneSeat();
  } catch (refusal) {
    explain(refusal, seats);
  } finally {
    mark(labels, false);
  }
}

function mark(labels, isWanted) {
  for (const label of labels) grid.cells.get(label)?.cell.classList.toggle("is-wanted", isWanted);
}

function showHold(next) {
  const before = new Set(labelsOf(hold));
  hold = next;
  const now = new Set(labelsOf(hold));
  for (const label of before) if (!now.has(label)) grid.setState(label, "free");
  for (const label of now) grid.setState(label, "yours");
  order.show(hold);
  showLegend();
  if (hold) clock.start(hold);
  else clock.stop();
  if (!hold) order.say(words.choose);
  showWayOut();
  forget(LEFT_KEY);
}

function showWayOut() {
  const leave = document.querySelector("[data-leave]");
  leave.hidden = !hold;
  document.querySelector("[data-back]").hidden = Boolean(hold);
  if (hold) leave.action = `/holds/${hold.id}/release`;
}

// A refusal changes nothing: what was held stays held, with the ticket types it had.
function explain(refusal, asked = []) {
  order.show(hold);
  if (!refusal.problem) {
    message.show("warn", words.away);
    return;
  }
  const { lost = [], alternatives = [] } = refusal.problem;
  if (!lost.length) {
    message.show("danger", refusal.message, refusal.problem.type === EXPIRED ? "" : whatIsHeld());
    return;
  }
  for (const label of lost) grid.setState(label, "held");
  const offers = alternatives.filter((labels) => labels.length).slice(0, 3);
  const together = offers.length ? fill(words.freeTogether, { seats: offers[0].join(", ") }) : "";
  const text = together && !hold ? together : `${together} ${whatIsHeld()}`.trim();
  const said = lost.length === 1 ? words.justTaken : words.justTakenMany;
  message.show("danger", fill(said, { seats: lost.join(", ") }), text, offers.map((labels) => [
    fill(words.useThem, { seats: labels.join(", ") }),
    () => request(labels, carried(labels, asked)),
  ]));
  refresh();
}

const whatIsHeld = () => (hold ? fill(words.stillHeld, { seats: labelsOf(hold).join(", ") }) : words.nothingHeld);

function warnOfLoneSeat() {
  const labels = labelsOf(hold);
  const lone = loneSeat(grid.rows, labels);
  if (!lone) return;
  const better = shifted(grid.rows, labels, lone);
  const fix = better ? [[fill(words.shift, { seats: better.join(", ") }), () => request(better)]] : [];
  if (fix.length) message.show("warn", fill(words.lone, { seat: lone.label }), "", fix);
}

// --- choosing ---

function choose(seat) {
  const mine = labelsOf(hold);
  if (mine.includes(seat.label)) return request(mine.filter((label) => label !== seat.label && label !== partnerOf(seat)));
  if (seat.state !== "free") return undefined;
  if (isForOneMore(seat, mine)) return offerOneMore(seat, mine.length + 1);
  const missing = mine.length && mine.length < people.count ? people.count - mine.length : people.count;
  const run = runFrom(grid.rowOf(seat), seat, missing).map((found) => found.label);
  const kept = missing < people.count ? mine : [];
  const fewer = run.length < missing;
  return request([...new Set([...kept, ...run])]).then(() => {
    if (fewer && hold) order.say(fill(words.fitsOnly, { count: run.length, people: missing }));
  });
}

// Nobody moves from a wheelchair space to the companion seat, which is not sold alone: somebody is to be added.
function isForOneMore(seat, mine) {
  const isComplete = mine.length >= people.count && mine.length < people.most;
  return isComplete && seat.kind === "companion" && mine.some((label) => grid.cells.get(label).kind === "wheelchair");
}

function offerOneMore(seat, count) {
  const add = () => {
    people.set(count);
    choose(seat);
  };
  message.show("warn", fill(words.forOneMore, { seat: seat.label }), "", [[fill(words.addOneMore, { seat: seat.label, count }), add]]);
}

const partnerOf = (seat) => (seat.kind === "sofa" ? seat.partner : null);

async function pick() {
  const stepFree = document.querySelector("[data-step-free].is-on") ? "&step_free=1" : "";
  try {
    const best = await ask(`${base}/best?people=${people.count}${stepFree}`);
    await request(best.seats);
    // A refusal has been told by then.
    if (!best.seats.every((label) => labelsOf(hold).includes(label))) return;
    reveal(grid.cells.get(hold.seats[0].seat));
    if (best.relaxed.length) message.show("warn", fill(words.bestLeft, { but: best.relaxed.join(", ") }));
  } catch (refusal) {
    explain(refusal);
  }
}

function reveal(seat) {
  if (seat && zoom.isTooSmallForFingers) zoom.approach(seat.cell);
}

// --- what others do ---

let pending = {};
function apply(seats) {
  // A burst of changes is one frame's work.
  const waiting = Object.keys(pending).length;
  Object.assign(pending, seats);
  if (waiting) return;
  requestAnimationFrame(() => {
    const changes = pending;
    pending = {};
    const mine = new Set(labelsOf(hold));
    const lost = Object.entries(changes).filter(([label, state]) => !mine.has(label) && grid.setState(label, state) && state !== "free");
    if (lost.length) showLegend();
    tellNear(lost.map(([label]) => label));
    list.refreshSoon();
  });
}

function heard(update) {
  if (update.seats) apply(update.seats);
  // Called off: there is nothing to choose any more. Not all who look at it ask at once.
  if (update.kind === "screening") setTimeout(loadAgain, CACHED_MS * (1 + Math.random()));
}

function loadAgain() {
  goesOn = true;
  location.reload();
}

function tellNear(labels) {
  const rows = new Set(labelsOf(hold).map((label) => grid.cells.get(label).row));
  const near = labels.filter((label) => rows.has(grid.cells.get(label)?.row));
  if (near.length) murmur.say(near.length === 1 ? words.nearTakenOne : fill(words.nearTaken, { count: near.length }));
}

// In the same queue: an answer from before a hold must not come after it.
function refresh() {
  if (isLookDue) return;
  isLookDue = true;
  queue = queue.then(look).catch(() => {});
}

async function look() {
  isLookDue = false;
  try {
    const answer = await ask(`${base}/state`);
    oldNews?.remove();
    if (hold && !answer.hold && Object.values(answer.seats.seats).includes("yours")) {
      // These seats are being paid by now: the page says so, and leads there.
      loadAgain();
      return;
    }
    if ((answer.hold?.id || null) !== (hold?.id || null) || labelsOf(answer.hold).join() !== labelsOf(hold).join()) {
      showHold(answer.hold);
      isOtherTabs = true;
    }
    apply(answer.seats.seats);
  } catch {
    // Said once, however often we ask until somebody answers.
    if (oldNews?.isConnected) return;
    message.show("warn", words.reconnecting);
    oldNews = message.place.firstElementChild;
  }
}

function showLegend() {
  const counts = {};
  for (const seat of grid.cells.values()) {
    if (seat.state === "free" || seat.state === "yours") counts[seat.kind] = (counts[seat.kind] || 0) + 1;
    counts[`state:${seat.state}`] = (counts[`state:${seat.state}`] || 0) + 1;
  }
  // Nobody can buy a companion seat without a wheelchair space.
  if (!counts.wheelchair) delete counts.companion;
  for (const entry of document.querySelectorAll("[data-legend]")) {
    const { legend } = entry.dataset;
    const count = counts[legend] || counts[`state:${legend}`] || 0;
    entry.hidden = !count;
    const number = entry.querySelector("[data-count]");
    if (number) number.textContent = count;
  }
}

// --- the clock ---

async function keepLonger() {
  try {
    const answer = await ask(`/holds/${hold.id}/extend`, {});
    hold = answer.hold;
    return hold;
  } catch (refusal) {
    if (refusal.problem?.type === EXPIRED) holdEnded(clock.clockTime());
    else {
      explain(refusal);
      refresh();
    }
    return null;
  }
}

function holdEnded(time) {
  const ended = hold;
  const types = ended.seats.map(({ seat, ticket_type }) => ({ seat, ticket_type }));
  showHold(null);
  const seats = labelsOf(ended).join(", ");
  message.show("warn", fill(words.ended, { time }), "", [[fill(words.takeBack, { seats }), () => request(labelsOf(ended), types)]]);
  refresh();
}

// --- leaving and coming back ---

function letGoOnLeaving() {
  // Seats that another tab chose are let go by that one.
  if (!hold || goesOn || isOtherTabs) return;
  remember(LEFT_KEY, JSON.stringify({ at: Date.now(), hold: hold.id, seats: hold.seats.map(({ seat, ticket_type }) => ({ seat, ticket_type })) }));
  leaveWord(`/holds/${hold.id}/release`);
  tellOtherTabs();
}

// To everybody else's map a seat of ours is one that is held; only tabs of this browser need to ask whose it is.
function tellOtherTabs() {
  remember(HELD_KEY, String(Date.now()));
}

function heardOtherTab({ key }) {
  if (key !== HELD_KEY) return;
  clearTimeout(otherTab);
  otherTab = setTimeout(refresh, OTHER_TAB_MS);
}

// The seats let go as this page was left, if that was a moment ago and no others were held since.
function takeLeft() {
  const left = JSON.parse(recall(LEFT_KEY) || "null");
  forget(LEFT_KEY);
  if (!left || Date.now() - left.at >= RESUME_MS || (hold && hold.id !== left.hold)) return null;
  return left.seats;
}

function resume(wishes, isReload = false) {
  // What the page was drawn with may be older than the word we left behind.
  showHold(null);
  const labels = wishes.map(({ seat }) => seat);
  if (!labels.every((label) => grid.cells.get(label)?.state === "free")) return;
  const again = () => request(labels, wishes);
  if (isReload) {
    again();
    return;
  }
  const seats = labels.join(", ");
  const said = labels.length === 1 ? words.resumeOne : words.resume;
  message.show("ok", fill(said, { seats }), "", [[fill(words.takeBack, { seats }), again]]);
}

function makeRegion() {
  const region = document.createElement("p");
  region.className = "visually-hidden";
  region.setAttribute("role", "status");
  region.setAttribute("aria-live", "polite");
  document.body.append(region);
  return region;
}

// --- wiring ---

document.querySelector(".map").addEventListener("click", (event) => {
  const seat = grid.seatAt(event.target);
  if (zoom.isTooSmallForFingers && matchMedia("(pointer: coarse), (max-width: 700px)").matches) {
    zoom.approach((seat || grid.current).cell);
    return;
  }
  if (seat) choose(seat);
});
grid.onToggle = choose;
grid.onEscape = () => document.getElementById("summary-title").focus();
grid.onAisle = () => { murmur.place.textContent = words.aisle; };
order.onType = (wishes) => request(wishes.map((w) => w.seat), wishes);
order.onDrop = (label) => choose(grid.cells.get(label));
people.onChange = () => list.refreshSoon();
list.onPick = (labels) => request(labels);
document.querySelector("[data-pick]").addEventListener("submit", (event) => {
  event.preventDefault();
  pick();
});
order.form.addEventListener("submit", async (event) => {
  if (event.submitter?.name !== "then") return event.preventDefault();
  goesOn = true;
  return undefined;
});
document.querySelector("[data-leave]").addEventListener("submit", () => { goesOn = true; });
document.querySelector("[data-sign-in]")?.addEventListener("click", (event) => {
  // In a tab or window of its own it does not leave this page.
  goesOn = !(event.ctrlKey || event.metaKey || event.shiftKey);
});
// Forward to the checkout one came back from is a way on, too. Where a browser does not say so, the checkout offers the
// seats again.
window.navigation?.addEventListener("navigate", ({ destination }) => {
  goesOn = goesOn || new URL(destination.url).pathname.startsWith("/checkout/");
});
window.addEventListener("storage", heardOtherTab);
window.addEventListener("pagehide", letGoOnLeaving);
window.addEventListener("pageshow", (event) => {
  if (!event.persisted) return;
  goesOn = false;
  const left = takeLeft();
  if (left) resume(left);
  refresh();
});

const left = takeLeft();
if (left) {
  resume(left, performance.getEntriesByType("navigation")[0]?.type === "reload");
} else if (hold) {
  showHold(hold);
  reveal(grid.cells.get(hold.seats[0].seat));
}
showLegend();
follow(`/live/screenings/${data.screening}`, { onMessage: heard, onOpen: refresh });
