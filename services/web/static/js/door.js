// The door: camera or scanner in, one verdict out. Nothing here ever says ADMIT by itself.
import { Camera } from "./door/camera.js";
import { Signals } from "./door/signals.js";
import { VerdictScreen } from "./door/verdict.js";

const page = JSON.parse(document.querySelector("#page-data").textContent);
const home = `/door/${page.screening}`;
const csrf = document.querySelector("[name=csrf_token]").value;
const SAME_CODE_MS = 3000;
// Long enough to be read, short enough that the next guest is not taken for the one let in.
const SEEN_MS = 1500;

const find = (name) => document.querySelector(`[data-${name}]`);
const form = find("code");
const field = form.elements.code;
const signals = new Signals(find("sound"), find("buzz"));
const screen = new VerdictScreen(page.words);

let last = { code: null, seenAt: 0 };
let unanswered = null;
let settling = 0;
let isInMidCode = false;

// The first of these is being asked; the others came meanwhile.
const waiting = [];

async function post(path, body, type = "application/json") {
  return fetch(path, {
    method: "POST",
    body,
    headers: { "Content-Type": type, Accept: "application/json", "X-CSRFToken": csrf },
    signal: AbortSignal.timeout(6000),
  });
}

// --- codes, from the camera, a scanner or the keyboard

// A code that stays in view is one scan, however often the camera sees it.
function isSameAgain(code) {
  const now = performance.now();
  const isSame = code === last.code && now - last.seenAt < SAME_CODE_MS;
  last = { code, seenAt: now };
  return isSame;
}

async function scan(code) {
  if (isSameAgain(code) || waiting.some((wanted) => wanted.code === code)) return;
  await ask({ code, scan_id: crypto.randomUUID() });
}

// One after the other: what came while one was asked is asked after its verdict was seen. A code that got no answer
// stays until it is tried again; whoever came behind it is scanned again.
async function ask(wanted) {
  waiting.push(wanted);
  if (waiting.length > 1) return;
  try {
    while (waiting.length) {
      clear();
      show(await verdictOn(waiting[0]));
      if (unanswered) break;
      if (waiting.length > 1) await new Promise((done) => setTimeout(done, SEEN_MS));
      waiting.shift();
    }
  } finally {
    waiting.length = 0;
  }
}

async function verdictOn(wanted) {
  try {
    const answer = await post(`${home}/scans`, JSON.stringify(wanted));
    if (!answer.ok) throw answer;
    const verdict = await answer.json();
    unanswered = null;
    return verdict;
  } catch (trouble) {
    unanswered = wanted;
    return unchecked(trouble);
  }
}

async function unchecked(trouble) {
  const sentence = trouble instanceof Response ? await sentenceOf(trouble) : page.words.offline;
  return { result: "unchecked", title: page.words.tryAgain, sentence, can_retry: true };
}

async function sentenceOf(answer) {
  if (answer.status === 401 || answer.status === 403) return page.words.signedOut;
  const problem = await answer.json().catch(() => ({}));
  return problem.detail ? `${page.words.unchecked}: ${problem.detail}` : page.words.offline;
}

// --- pictures, where the browser reads no codes itself

let frameScan = crypto.randomUUID();
let lastFrame = { ticket: null, seenAt: 0 };

async function judgeFrame(picture) {
  try {
    const answer = await post(`${home}/frames?scan_id=${frameScan}`, picture, "image/jpeg");
    if (answer.status === 429) return;
    if (!answer.ok) throw answer;
    // Only an answered picture gives its scan id up: sending it again finds the first verdict.
    frameScan = crypto.randomUUID();
    if (answer.status === 200) showFrame(await answer.json());
    camera.say(page.words.hold);
  } catch (trouble) {
    // There may have been no code in it at all: say so beside the picture, and let no ADMIT hide that.
    camera.say((await unchecked(trouble)).sentence);
    if (screen.result === "admit") screen.settle();
  }
}

function showFrame(verdict) {
  const ticket = verdict.ticket_id || verdict.sentence;
  const now = performance.now();
  const isSame = ticket === lastFrame.ticket && now - lastFrame.seenAt < SAME_CODE_MS;
  lastFrame = { ticket, seenAt: now };
  if (!isSame) show(verdict);
}

// --- the screen

function show(verdict) {
  clearTimeout(settling);
  // Whoever types or scans just now goes on in the field.
  screen.show(verdict, !isInMidCode);
  if (verdict.result === "admit") settling = setTimeout(settle, SEEN_MS);
  signals.give(verdict.result);
  refreshCounts();
}

// An ADMIT that stays would be read as the next guest's.
function settle() {
  const isAtNext = document.activeElement === find("next");
  screen.settle();
  if (isTyping() && isAtNext) field.focus();
}

function clear() {
  clearTimeout(settling);
  screen.clear();
}

function next() {
  clear();
  isInMidCode = false;
  field.value = "";
  form.elements.scan_id.value = crypto.randomUUID();
  if (isTyping()) field.focus();
}

let refreshes = 0;

async function refreshCounts() {
  refreshes += 1;
  const turn = refreshes;
  try {
    const answer = await fetch(`${home}/count`, { headers: { Accept: "application/json" } });
    if (!answer.ok) return;
    const count = await answer.json();
    // What was asked before the last verdict does not know it.
    if (turn !== refreshes) return;
    find("in").textContent = count.inside;
    find("to-come").textContent = count.to_come;
    find("counts").hidden = false;
    if (count.last !== undefined) screen.knows(count.last);
  } catch {
    // The old numbers stay.
  }
}

const isTyping = () => find("show-code").getAttribute("aria-expanded") === "true";

function openCode(isOpen) {
  find("show-code").setAttribute("aria-expanded", String(isOpen));
  form.hidden = !isOpen;
  if (isOpen) field.focus();
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  const code = field.value.trim();
  if (!code) return;
  last = { code: null, seenAt: 0 };
  isInMidCode = false;
  scan(code);
  field.select();
});

field.addEventListener("input", () => {
  isInMidCode = field.value !== "";
});

// A hardware scanner is a keyboard: whatever it types, wherever the focus is, goes into the field.
document.addEventListener("keydown", (event) => {
  const isText = event.key.length === 1 && !event.ctrlKey && !event.metaKey && !event.altKey;
  if (!isText || event.target.closest("input, button, summary, a")?.matches("input")) return;
  if (event.key === " " && event.target.closest("button, summary, a")) return;
  openCode(true);
  field.value = "";
});

find("show-code").addEventListener("click", () => openCode(!isTyping()));
find("next").addEventListener("click", (event) => {
  event.preventDefault();
  next();
});
find("retry").addEventListener("click", () => unanswered && ask(unanswered));
find("early")?.addEventListener("submit", (event) => {
  event.preventDefault();
  ask({ code: screen.reference, scan_id: crypto.randomUUID(), early: true });
});
find("back").addEventListener("submit", (event) => {
  event.preventDefault();
  ask({ code: screen.reference, scan_id: crypto.randomUUID(), back: true });
});
find("choices").addEventListener("submit", (event) => {
  event.preventDefault();
  ask({ code: event.submitter.value, scan_id: crypto.randomUUID() });
});
find("find-order").addEventListener("click", () => {
  next();
  openCode(true);
});
find("undo").addEventListener("submit", async (event) => {
  event.preventDefault();
  const reason = event.submitter.value;
  const { turn, letIn } = screen;
  clearTimeout(settling);
  let sentence = page.words.offline;
  let isDone = false;
  try {
    const answer = await post(`${home}/admissions/${letIn.admission_id}/undo`, JSON.stringify({ reason }));
    const body = await answer.json();
    isDone = answer.ok;
    sentence = isDone ? page.words.undone : body.detail || page.words.tryAgain;
  } catch {
    // Offline, as said above.
  }
  // The next guest's verdict may stand there by now: it stays.
  if (screen.turn === turn) screen.undone(sentence, isDone);
  else camera.say(sentence);
  refreshCounts();
});

const camera = new Camera({
  video: find("video"),
  note: find("camera-note"),
  torch: find("torch"),
  words: page.words,
  onCode: scan,
  onPicture: judgeFrame,
});

screen.knows(page.letIn);
openCode(false);
camera.start().then((isOn) => {
  // Without a camera the field is the way in; with a mouse it is at hand anyway.
  if (!isOn || matchMedia("(pointer: fine)").matches) openCode(true);
});
setInterval(() => document.visibilityState === "visible" && refreshCounts(), 15_000);
