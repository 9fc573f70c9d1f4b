// The waiting page turns into the ticket by itself; the ticket's code can fill the screen, and is kept for a
// foyer without a network.
import { ask, pageData } from "./ask.js";
import { keepTicket } from "./keeping.js";
import { follow } from "./live.js";

const data = pageData();
const query = data.key ? `?key=${encodeURIComponent(data.key)}` : "";
const SETTLED = ["ticketed", "refunded", "cancelled", "expired"];
const isWaiting = Boolean(document.querySelector(".waiting"));

async function look() {
  try {
    const { state, declined } = await ask(`/bookings/${data.booking}/state${query}`);
    if (state !== data.state || declined) location.replace(`/bookings/${data.booking}${query}`);
  } catch {
    // The next look will tell.
  }
}

if (isWaiting || !SETTLED.includes(data.state)) {
  follow(`/live/bookings/${data.booking}${query}`, { onMessage: look, onOpen: look });
  setInterval(look, 3000);
  // Tickets are printed after the state says so: look at the whole page again now and then.
  if (isWaiting && data.state === "ticketed") setTimeout(() => location.reload(), 2500);
}

const offline = document.querySelector("[data-offline]");
if (offline) {
  const show = () => { offline.hidden = navigator.onLine; };
  window.addEventListener("online", show);
  window.addEventListener("offline", show);
  show();
  window.addEventListener("load", async () => {
    const isKept = await keepTicket().catch(() => false);
    document.querySelector("[data-kept]").hidden = !isKept;
  });
}

let awake = null;
for (const code of document.querySelectorAll("[data-brighten]")) {
  code.addEventListener("click", async () => {
    const isLarge = code.classList.toggle("is-large");
    await awake?.release().catch(() => {});
    awake = isLarge ? await navigator.wakeLock?.request("screen").catch(() => null) : null;
  });
  code.addEventListener("keydown", (event) => {
    if (event.key === "Escape") code.classList.remove("is-large");
  });
}

document.querySelector("[data-print]")?.addEventListener("click", () => window.print());
