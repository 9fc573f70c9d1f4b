// Tickets kept on this device for a foyer without a network: see ticket-worker.js.
export async function keepTicket() {
  if (!navigator.serviceWorker) return false;
  await navigator.serviceWorker.register("/bookings/worker.js");
  const { active } = await navigator.serviceWorker.ready;
  const files = performance.getEntriesByType("resource").map((entry) => entry.name);
  const parts = files.filter((url) => url.startsWith(`${location.origin}/static/`));
  for (const picture of document.images) parts.push(picture.src);
  return new Promise((done) => {
    navigator.serviceWorker.addEventListener("message", (event) => done(event.data === "kept"), { once: true });
    active.postMessage({ parts: [...new Set(parts)] });
  });
}

// Whoever uses this device next finds none of them.
export async function forgetTickets() {
  if (!window.caches) return;
  for (const name of await caches.keys()) await caches.delete(name);
}
