// The list twin of the map: drawn by the server, fetched again when it is open and something changed.
const PATIENCE_MS = 800;

export class SeatList {
  constructor(section, peopleCount) {
    this.section = section;
    this.peopleCount = peopleCount;
    this.onPick = () => {};
    this.timer = null;
    const button = document.querySelector("[data-list-button]");
    button.setAttribute("role", "button");
    button.setAttribute("aria-expanded", String(this.isOpen));
    button.addEventListener("click", (event) => {
      event.preventDefault();
      this.toggle(button);
    });
    button.addEventListener("keydown", (event) => {
      if (event.key !== " ") return;
      event.preventDefault();
      this.toggle(button);
    });
    section.addEventListener("submit", (event) => this.submitted(event));
  }

  get isOpen() {
    return this.section.hasAttribute("data-open");
  }

  toggle(button) {
    this.section.toggleAttribute("data-open");
    button.setAttribute("aria-expanded", String(this.isOpen));
    if (!this.isOpen) return;
    this.section.scrollIntoView({ block: "start" });
    const title = this.section.querySelector("h2");
    title.tabIndex = -1;
    title.focus({ preventScroll: true });
    this.refresh();
  }

  submitted(event) {
    event.preventDefault();
    const labels = event.submitter?.name === "group"
      ? event.submitter.value.split(",")
      : [...event.target.querySelectorAll("input[name=seat]:checked")].map((box) => box.value);
    this.onPick(labels);
  }

  refreshSoon() {
    if (!this.isOpen || this.timer) return;
    this.timer = setTimeout(() => {
      this.timer = null;
      this.refresh();
    }, PATIENCE_MS);
  }

  async refresh() {
    const url = new URL(location.href);
    url.searchParams.set("people", this.peopleCount());
    try {
      const page = await (await fetch(url)).text();
      const next = new DOMParser().parseFromString(page, "text/html").querySelector("[data-list-body]");
      const before = this.section.querySelector("[data-list-body]");
      // Nothing is taken from under the fingers of somebody who is in it.
      if (!next || before.contains(document.activeElement)) return;
      const wasOpen = before.querySelector("details").open;
      before.replaceWith(next);
      next.querySelector("details").open = wasOpen;
    } catch {
      // What is on the screen stays; the next change tries again.
    }
  }
}
