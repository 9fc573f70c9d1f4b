// On every page: the theme switch, the menu, the day roll.
import { forgetTickets } from "./keeping.js";
import { remember, recall } from "./storage.js";

const root = document.documentElement;

function showTheme(group, theme) {
  for (const button of group.querySelectorAll("button")) {
    button.setAttribute("aria-pressed", String(button.value === theme));
  }
}

for (const group of document.querySelectorAll("[data-theme-switch]")) {
  group.hidden = false;
  showTheme(group, recall("theme") || "system");
  group.addEventListener("click", (event) => {
    const theme = event.target.closest("button")?.value;
    if (!theme) return;
    if (theme === "system") delete root.dataset.theme;
    else root.dataset.theme = theme;
    remember("theme", theme);
    showTheme(group, theme);
  });
}

// Tickets kept here belong to whoever signs out: they go with them, even when the issuer never sends us back.
if (document.querySelector("[data-signed-out]")) forgetTickets();
document.querySelector("form[action='/logout']")?.addEventListener("submit", forgetTickets);

// The menu closes like a menu: by Escape, or by a tap beside it.
for (const menu of document.querySelectorAll("details.menu")) {
  menu.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    menu.open = false;
    menu.querySelector("summary").focus();
  });
  document.addEventListener("click", (event) => {
    if (!menu.contains(event.target)) menu.open = false;
  });
}

// Browsers that do not know scroll-initial-target would hide a chosen day beyond the edge.
for (const strip of document.querySelectorAll(".roll, .film-days, .day-tabs")) {
  const chosen = strip.querySelector(".is-chosen");
  if (chosen && chosen.offsetLeft + chosen.offsetWidth > strip.clientWidth) {
    strip.scrollLeft = chosen.offsetLeft - 86;
  }
}

// A form on its way is not sent once more: a double click is one wish. Whoever gets no answer may try again.
const SENDING_MS = 5000;
let sentAt = new WeakMap();
addEventListener("pageshow", () => { sentAt = new WeakMap(); });
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (event.defaultPrevented || form.getAttribute("method")?.toLowerCase() !== "post") return;
  if (performance.now() - sentAt.get(form) < SENDING_MS) event.preventDefault();
  else sentAt.set(form, performance.now());
});

// "/" goes to the search, as people expect it.
document.addEventListener("keydown", (event) => {
  if (event.key !== "/" || event.target.closest("input, textarea, select, [role=grid]")) return;
  const search = document.querySelector(".find input");
  if (!search || !search.offsetParent) return;
  event.preventDefault();
  search.focus();
});
