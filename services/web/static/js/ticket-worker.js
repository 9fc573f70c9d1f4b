// A foyer may have no network: this keeps ticket pages with what they show until the film is over, nothing else.
const KEEP_UNTIL = "Marquee-Keep-Until";
const PREFIX = "ticket:";
// With or without the key of the mail's link it is the same page.
const pathOf = (url) => new URL(url).pathname;
const cacheOf = (url) => PREFIX + pathOf(url).split("/")[2];

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

// A ticket page says what it shows; from then on it opens without us.
self.addEventListener("message", (event) => event.waitUntil(keep(event.source, event.data.parts)));

self.addEventListener("fetch", (event) => {
  const { request } = event;
  if (request.method !== "GET" || new URL(request.url).origin !== location.origin) return;
  if (request.mode === "navigate") event.respondWith(pageFor(request));
  else if (request.destination) event.respondWith(fetch(request).catch(() => kept(request)));
});

async function keep(client, parts) {
  await sweep();
  const page = await fetch(client.url);
  if (!page.ok || !page.headers.has(KEEP_UNTIL)) return;
  const cache = await caches.open(cacheOf(client.url));
  await cache.put(pathOf(client.url), page);
  await cache.addAll(parts);
  client.postMessage("kept");
}

// The newest page wherever there is a network: a ticket that was given back must not look valid here.
async function pageFor(request) {
  const page = await fetch(request).catch(() => null);
  if (page && page.status < 500) {
    if (!page.headers.has(KEEP_UNTIL)) await caches.delete(cacheOf(request.url));
    return page;
  }
  await sweep();
  const copy = await kept(pathOf(request.url));
  return copy.ok || !page ? copy : page;
}

async function kept(what) {
  return (await caches.match(what, { ignoreVary: true })) || Response.error();
}

async function sweep() {
  for (const name of await caches.keys()) {
    const page = await kept(`/bookings/${name.slice(PREFIX.length)}`);
    if (!(Date.parse(page.headers.get(KEEP_UNTIL)) > Date.now())) await caches.delete(name);
  }
}
