// One verdict over the whole stage: a word, a shape, a colour, a sentence.
const RESULTS = ["admit", "check", "no", "unchecked"];

const find = (name) => document.querySelector(`[data-${name}]`);

export class VerdictScreen {
  constructor(words) {
    this.words = words;
    this.admission = "";
    this.result = "";
    this.stage = find("verdict");
  }

  show(verdict, takesFocus = true) {
    this.result = verdict.result;
    this.admission = verdict.admission_id || "";
    this.reference = verdict.reference || "";
    this.stage.classList.remove(...RESULTS.map((result) => `is-${result}`));
    this.stage.classList.add(`is-${verdict.result}`);
    this.#say(this.words[verdict.result], verdict.title, verdict.sentence);
    this.#offer({ undo: Boolean(this.admission), retry: Boolean(verdict.can_retry), early: verdict.reason === "too_early" });
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

  #offer({ undo, retry, early }) {
    this.#offerEarly(early);
    find("undo-box").hidden = !undo;
    find("undo-box").open = false;
    find("retry").hidden = !retry;
    this.#cover(true);
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
    if (!isDone) return;
    this.admission = "";
    find("undo-box").hidden = true;
    find("next").focus();
  }

  // Only managers have the button.
  #offerEarly(isEarly) {
    const button = find("early");
    if (button) button.hidden = !isEarly;
  }

  clear() {
    this.settle();
    this.#offerEarly(false);
    this.admission = "";
    find("undo-box").hidden = true;
    find("retry").hidden = true;
  }
}
