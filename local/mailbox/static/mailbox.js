// Look for new mail every two seconds, and show the list again only when there is some.
(() => {
  "use strict";
  const list = document.querySelector("[data-newest]");
  setInterval(async () => {
    if (document.hidden) return;
    try {
      const { count, messages } = await (await fetch("/api/messages?limit=1")).json();
      const newest = messages[0]?.id || "";
      if (newest !== list.dataset.newest || String(count) !== list.dataset.count) location.reload();
    } catch {
      // The mailbox is restarting; the next look will find it.
    }
  }, 2000);
})();
