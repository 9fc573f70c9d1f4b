// Paying on the page: the provider's card form, one reservation however often the button is pressed.
import { ask, fill, pageData } from "./ask.js";
import { HoldClock, clockOf } from "./holdclock.js";
import { suggestion } from "./mailhosts.js";
import { Message } from "./messages.js";
import { forget, recall } from "./storage.js";

const data = pageData();
const { words } = data;
const base = `/checkout/${data.hold.id}`;
const form = document.querySelector("[data-pay-form]");
const button = form.querySelector("[data-pay]");
const label = button.querySelector("span");
const message = new Message(document.querySelector("[data-message]"));
const KEPT = `form:${data.screening}`;
const LEFT_KEY = `left:${data.screening}`;
const FIRST_LOOK_MS = 2000;
const LAST_LOOK_MS = 30_000;

let secret = "";
let begunWith = "";
let isBusy = false;
let hold = data.hold;
let stripe = null;
let elements = null;
let nextLook = null;

// --- the card form ---

function mountCardForm() {
  if (!window.Stripe) {
    message.show("warn", words.cardAway);
    return;
  }
  stripe = window.Stripe(data.key);
  elements = stripe.elements({ mode: "payment", amount: data.amount, currency: data.currency, appearance: appearance() });
  elements.create("payment", { layout: "tabs" }).mount("[data-card-fields]");
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => elements.update({ appearance: appearance() }));
}

// The provider draws in a frame of its own: it cannot see our tokens, so they are handed over.
function appearance() {
  const style = getComputedStyle(document.querySelector("#email"));
  const page = getComputedStyle(document.body);
  return {
    theme: isDark() ? "night" : "flat",
    variables: {
      fontFamily: "Arial, sans-serif",
      fontSizeBase: "16px",
      borderRadius: "2px",
      colorText: page.color,
      colorBackground: style.backgroundColor,
      colorPrimary: page.color,
      colorDanger: getComputedStyle(form.querySelector("[data-email-error]")).color,
    },
    rules: { ".Input": { border: `1.5px solid ${style.borderTopColor}`, boxShadow: "none" } },
  };
}

function isDark() {
  const { theme } = document.documentElement.dataset;
  return theme ? theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
}

// --- paying ---

async function pay() {
  const email = form.email.value.trim();
  if (!looksLikeMail(email)) {
    showMailError(true);
    form.email.focus();
    return;
  }
  showMailError(false);
  const checked = await elements.submit();
  if (checked.error) return;
  const begun = await begin(email);
  if (!begun) return;
  const result = await stripe.confirmPayment({
    elements,
    clientSecret: secret,
    confirmParams: { return_url: data.returnUrl, payment_method_data: { billing_details: { email, name: form.elements.name.value || undefined } } },
    redirect: "if_required",
  });
  if (result.error) await failed(result.error);
  else await succeeded();
}

// The same hold is the same reservation and the same payment: asking again changes nothing.
async function begin(email) {
  const buyer = { email, name: form.elements.name.value.trim() };
  const details = JSON.stringify(buyer);
  if (secret && details === begunWith) return true;
  const answer = await ask(`${base}/pay`, buyer);
  // Paid in another tab, or free of charge: there is nothing to pay, and the booking's own page tells how it stands.
  if (!answer.client_secret) {
    location.assign(data.returnUrl);
    return false;
  }
  secret = answer.client_secret;
  begunWith = details;
  restartClock(answer.hold);
  return true;
}

async function succeeded() {
  sessionStorage.removeItem(KEPT);
  // The webhook may be on its way still: the next page waits for it, but asking speeds it up.
  await check();
  location.assign(data.returnUrl);
}

// Only a payment that waits for another card is certain not to be paid. Of any other nobody knows yet: another tab may
// have paid it, or the answer was lost.
async function failed(error) {
  // What is wrong with the card form is said in it.
  if (error.type === "validation_error") return;
  if (error.payment_intent?.status === "requires_payment_method") {
    await declined(error);
    return;
  }
  tell("warn", words.unknown);
  await findOut();
}

async function declined(error) {
  const answer = await check();
  if (isOver(answer)) {
    location.assign(data.returnUrl);
    return;
  }
  if (answer) restartClock(answer.hold);
  const longer = answer ? fill(words.longer, { time: clockOf(answer.hold.expires_at) }) : words.nothingCharged;
  tell("danger", reasonOf(error), longer);
}

function tell(kind, strong, text = "") {
  message.show(kind, strong, text);
  message.place.scrollIntoView({ block: "center" });
}

// Stripe writes only what it says of a card for buyers; the rest is for us.
function reasonOf(error) {
  if (error.code === "payment_intent_authentication_failure") return words.notApproved;
  return error.type === "card_error" ? fill(words.declined, { reason: error.message }) : words.notPaid;
}

// Asks on until somebody knows. The button may be pressed again meanwhile: it is the same payment, and charges nothing twice.
async function findOut(pause = FIRST_LOOK_MS) {
  const answer = await check();
  if (isOver(answer)) location.assign(data.returnUrl);
  else nextLook = setTimeout(findOut, pause, Math.min(pause * 2, LAST_LOOK_MS));
}

const check = () => ask(`${base}/check`, {}).catch(() => null);

// Nothing more is to be paid here: the booking's own page tells how it stands.
function isOver(answer) {
  if (!answer) return false;
  return !["paying", "held"].includes(answer.state) || !["creating", "open"].includes(answer.payment?.state ?? "open");
}

function busy(isOn) {
  isBusy = isOn;
  button.setAttribute("aria-busy", String(isOn));
  label.textContent = isOn ? words.asking : words.pay;
}

form.addEventListener("submit", async (event) => {
  if (!stripe) return;
  event.preventDefault();
  if (isBusy) return;
  busy(true);
  clearTimeout(nextLook);
  message.clear();
  try {
    await pay();
  } catch (refusal) {
    explain(refusal);
  } finally {
    busy(false);
  }
});

function explain(refusal) {
  if (!refusal.problem) {
    message.show("warn", words.away);
  } else if (refusal.problem.type === "/problems/hold-expired") {
    ended();
  } else {
    message.show("danger", refusal.problem.title || "", refusal.message);
  }
}

// --- the clock ---

const clock = new HoldClock(data, {
  keep: async () => {
    try {
      hold = (await ask(`/holds/${hold.id}/extend`, {})).hold;
      return hold;
    } catch (refusal) {
      explain(refusal);
      return null;
    }
  },
  letGo: () => document.querySelector(".masthead-way-out form").requestSubmit(),
  ended,
});

function restartClock(times) {
  hold = { ...hold, ...times, extensions_left: 0 };
  clock.start(hold);
}

function ended() {
  clock.stop();
  const seats = hold.seats.map((seat) => seat.seat).join(", ");
  // Before its time: let go on the map, here or in another tab.
  const said = clock.secondsLeft() ? words.letGo : fill(words.ended, { time: clock.clockTime() });
  message.show("warn", said, "", [[fill(words.takeBack, { seats }), takeBack]]);
  button.disabled = true;
}

// The map lets the seats go as it is left, which may be while this page is on its way.
const isLeftBehind = () => JSON.parse(recall(LEFT_KEY) || "null")?.hold === hold.id;

// This page comes back as it was left, and may be behind what happened on the map and in other tabs.
async function lookAgain() {
  if (isLeftBehind()) {
    ended();
    return;
  }
  const answer = await ask(`/bookings/${hold.id}/state`).catch(() => null);
  if (!answer || ["held", "paying"].includes(answer.state)) return;
  if (["cancelled", "expired"].includes(answer.state)) ended();
  else location.reload();
}

async function takeBack() {
  const seats = hold.seats.map(({ seat, ticket_type }) => ({ seat, ticket_type }));
  try {
    const answer = await ask(`/screenings/${data.screening}/hold`, { seats });
    forget(LEFT_KEY);
    location.assign(`/checkout/${answer.hold.id}`);
  } catch (refusal) {
    if (refusal.problem?.lost) message.show("danger", fill(words.gone, { seats: refusal.problem.lost.join(", ") }), "", alternatives(refusal.problem));
    else explain(refusal);
  }
}

function alternatives(problem) {
  return (problem.alternatives || []).slice(0, 2).map((labels) => [
    fill(words.takeBack, { seats: labels.join(", ") }),
    () => {
      hold.seats = labels.map((seat, index) => ({ seat, ticket_type: hold.seats[index]?.ticket_type || "adult" }));
      takeBack();
    },
  ]);
}

// --- the email field, and nothing typed is lost ---

const looksLikeMail = (text) => /^[^@\s]+@([^@\s.]+\.)+[^@\s.]{2,}$/.test(text);

function showMailError(isWrong) {
  const place = form.querySelector("[data-email-error]");
  place.hidden = !isWrong;
  place.querySelector("span").textContent = isWrong ? words.emailNeeded : "";
  form.email.setAttribute("aria-invalid", String(isWrong));
}

function suggest() {
  const place = form.querySelector("[data-suggestion]");
  const better = suggestion(form.email.value.trim(), data.mailHosts);
  place.hidden = !better;
  if (!better) return;
  const bold = document.createElement("b");
  const [name, host] = better.split("@");
  bold.textContent = host;
  place.querySelector("span").replaceChildren(`${words.didYouMean} ${name}@`, bold, "?");
  place.querySelector("button").onclick = () => {
    form.email.value = better;
    place.hidden = true;
    keepForm();
    form.elements.name.focus();
  };
}

function keepForm() {
  sessionStorage.setItem(KEPT, JSON.stringify({ email: form.email.value, name: form.elements.name.value }));
}

const kept = JSON.parse(sessionStorage.getItem(KEPT) || "null");
// What was typed goes before what is known of whoever signed in meanwhile.
if (kept) {
  form.email.value = kept.email || form.email.value;
  form.elements.name.value = kept.name || form.elements.name.value;
}
form.email.addEventListener("blur", () => {
  if (form.email.value) suggest();
  if (looksLikeMail(form.email.value.trim())) showMailError(false);
});
form.addEventListener("input", keepForm);
window.addEventListener("pageshow", (event) => {
  if (event.persisted) lookAgain();
});

clock.start(hold);
if (isLeftBehind()) ended();
// Without an amount there is no card to ask for: the form is sent as it is.
if (data.amount) mountCardForm();
