// What changes while the page is open: server-sent events, or asking every 5 s where those are blocked.
const POLL_MS = 5000;
const BLOCKED_AFTER = 3;
const FIRST_RETRY_MS = 2000;
const LAST_RETRY_MS = 60_000;

// onOpen fetches the full state: whatever was missed while away is in it.
export function follow(url, { onMessage, onOpen }) {
  let source = null;
  let failures = 0;
  let poll = null;
  let retry = null;

  function open() {
    source = new EventSource(url);
    source.addEventListener("open", opened);
    source.addEventListener("message", heard);
    source.addEventListener("error", failed);
  }

  function opened() {
    failures = 0;
    stopPolling();
    onOpen();
  }

  function heard(event) {
    const message = JSON.parse(event.data);
    if (message.kind === "refetch") onOpen();
    else onMessage(message);
  }

  // A connection that broke is tried again by the browser; any answer but a stream ends it for good, and we try.
  function failed() {
    failures += 1;
    const isOver = source.readyState === EventSource.CLOSED;
    if (isOver) retry = setTimeout(open, pause());
    if (isOver || failures >= BLOCKED_AFTER) startPolling();
  }

  // Ever longer, and not the same for all who were sent away at the same moment.
  function pause() {
    return Math.min(LAST_RETRY_MS, FIRST_RETRY_MS * 2 ** (failures - 1)) * (0.75 + Math.random() / 2);
  }

  function startPolling() {
    if (poll !== null) return;
    onOpen();
    poll = setInterval(onOpen, POLL_MS);
  }

  function stopPolling() {
    clearInterval(poll);
    poll = null;
  }

  window.addEventListener("pagehide", () => {
    source.close();
    clearTimeout(retry);
    stopPolling();
  });
  // A page that comes back as it was left has no stream any more.
  window.addEventListener("pageshow", (event) => {
    if (event.persisted) open();
  });
  open();
}
