// What changes while the page is open: server-sent events, or asking every 5 s where those are blocked.
const POLL_MS = 5000;
const BLOCKED_AFTER = 3;

export function follow(url, { onMessage, onOpen, onLost = () => {} }) {
  let failures = 0;
  let poll = null;
  const source = new EventSource(url);

  const stopPolling = () => {
    clearInterval(poll);
    poll = null;
  };

  source.addEventListener("open", () => {
    failures = 0;
    stopPolling();
    // Whatever was missed while away is in the full state.
    onOpen();
  });
  source.addEventListener("message", (event) => {
    const message = JSON.parse(event.data);
    if (message.kind === "refetch") onOpen();
    else onMessage(message);
  });
  source.addEventListener("error", () => {
    failures += 1;
    onLost();
    if (failures >= BLOCKED_AFTER && poll === null) poll = setInterval(onOpen, POLL_MS);
  });
  window.addEventListener("pagehide", () => {
    source.close();
    stopPolling();
  });
}
