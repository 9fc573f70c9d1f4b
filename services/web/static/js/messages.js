const PICTURES = { ok: "check", warn: "clock", danger: "warning" };

// From the sprite that the page uses already.
function icon(name) {
  const copy = document.querySelector(".icon").cloneNode(true);
  const use = copy.querySelector("use");
  use.setAttribute("href", use.getAttribute("href").replace(/#.*/, `#${name}`));
  return copy;
}

// What just happened, said beside what it is about, and once to screen readers.
export class Message {
  constructor(place) {
    this.place = place;
  }

  // kind: ok, warn or danger. actions: [[words, what to do], ...]
  show(kind, strong, text = "", actions = []) {
    const note = document.createElement("div");
    note.className = `note is-${kind}`;
    const paragraph = document.createElement("div");
    const bold = document.createElement("b");
    bold.textContent = strong;
    paragraph.append(bold, text ? ` ${text}` : "");
    if (actions.length) paragraph.append(this.buttons(actions));
    note.append(icon(PICTURES[kind]), paragraph);
    this.place.replaceChildren(note);
  }

  buttons(actions) {
    const line = document.createElement("div");
    line.className = "note-actions";
    for (const [words, act] of actions) {
      const button = document.createElement("button");
      button.type = "button";
      button.className = "button is-second is-small";
      button.textContent = words;
      button.addEventListener("click", act);
      line.append(button);
    }
    return line;
  }

  clear() {
    this.place.replaceChildren();
  }
}

// Changes that others make are told at most once in ten seconds.
export class Murmur {
  constructor(place, pauseSeconds = 10) {
    this.place = place;
    this.pause = pauseSeconds * 1000;
    this.last = -Infinity;
  }

  say(words) {
    if (Date.now() - this.last < this.pause) return;
    this.last = Date.now();
    this.place.textContent = words;
  }
}
