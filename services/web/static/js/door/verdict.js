// One verdict over the whole stage: a word, a shape, a colour, a sentence.
const RESULTS = ["admit", "check", "no", "unchecked"];

const find = (name) => document.querySelector(`[data-${name}]`);

export class VerdictScreen {
  constructor(words) {
    this.words = words;
    this.admission = "";
    this.result = "";
    // Another with each verdict: whoever waits for an answer sees by it that the next guest has come.
    this.turn = 0;
    this.letIn = null;
    this.stage = find("verdict");
  }

  show(verdict, takesFocus = true) {
    this.turn += 1;
    this.result = verdict.result;
    this.admission = verdict.admission_id || "";
    this.reference = verdict.reference || "";
    this.stage.classList.remove(...RESULTS.map((result) => `is-${result}`));
    this.stage.classList.add(`is-${verdict.result}`);
    this.#say(this.words[verdict.result], verdict.title, verdict.sentence);
    this.#offerChoices(verdict.choices || []);
    this.#offer({
      retry: Boolean(verdict.can_retry),
      early: verdict.reason === "too_early",
      back: verdict.reason === "already_used",
      order: verdict.result === "no",
    });
    find("undo-box").open = false;
    this.knows(this.admission ? { admission_id: this.admission, seat: verdict.seat } : this.letIn);
    this.#cover(true);
    if (takesFocus) find("next").focus({ preventScroll: true });
  }

  // A repeated scan of the same words is said again only when the words were taken out before.
  #say(word, title, sentence) {
    for (const name of ["word", "title", "sentence"]) find(name).textContent = "";
    this.stage.hidden = false;
    requestAnimationFrame(() => {
      find("word").textContent = word;
      find("title").textContent = title;
      find("sentence").textContent = sentence;
    });
  }

  // Only managers have the button that lets in early.
  #offer({ retry = false, early = false, back = false, order = false }) {
    find("retry").hidden = !retry;
    find("early")?.toggleAttribute("hidden", !early);
    find("back").hidden = !back;
    find("find-order").hidden = !order;
    find("next").textContent = back ? this.words.refuse : this.words.next;
    find("next").classList.toggle("is-second", back);
  }

  #offerChoices(choices) {
    const form = find("choices");
    form.hidden = !choices.length;
    form.querySelectorAll("button").forEach((button) => button.remove());
    form.append(...choices.map((choice) => this.#choice(choice)));
  }

  #choice({ seat, reference, is_in: isIn }) {
    const button = document.createElement("button");
    Object.assign(button, { className: "button", name: "code", value: reference });
    button.textContent = isIn ? this.words.isIn.replace("{seat}", seat) : seat;
    return button;
  }

  // Whom this door let in last, or nobody: that can be taken back, whatever stands on the screen by now.
  knows(letIn) {
    const box = find("undo-box");
    // Somebody is choosing why.
    if (box.open) return;
    const isEarlier = letIn?.admission_id !== this.admission;
    this.letIn = letIn;
    box.hidden = !letIn;
    box.classList.toggle("is-earlier", isEarlier);
    find("undo-word").textContent = isEarlier ? this.words.undoEarlier.replace("{seat}", letIn?.seat) : this.words.undo;
  }

  // The verdict lies over the picture, with the way to the next guest.
  #cover(isCovered) {
    this.stage.hidden = !isCovered;
    find("next").hidden = !isCovered;
    find("show-code").hidden = isCovered;
  }

  // The guest is in: the picture comes back, and only the way to undo stays.
  settle() {
    this.result = "";
    this.#cover(false);
  }

  // No word of the verdict before stays beside it, least of all ADMIT.
  undone(sentence, isDone) {
    this.#cover(true);
    this.result = "unchecked";
    this.stage.classList.remove(...RESULTS.map((result) => `is-${result}`));
    this.stage.classList.add("is-unchecked");
    find("word").textContent = "";
    find("sentence").textContent = sentence;
    this.#offerChoices([]);
    this.#offer({});
    if (!isDone) return;
    this.admission = "";
    find("undo-box").open = false;
    this.knows(null);
    find("next").focus();
  }

  clear() {
    this.settle();
    this.turn += 1;
    this.#offer({});
    this.admission = "";
    find("undo-box").open = false;
    this.knows(this.letIn);
  }
}
