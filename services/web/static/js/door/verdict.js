// One verdict over the whole stage: a word, a shape, a colour, a sentence.
const RESULTS = ["admit", "check", "no", "unchecked"];

const find = (name) => document.querySelector(`[data-${name}]`);

export class VerdictScreen {
  constructor(words) {
    this.words = words;
    this.admission = "";
    this.stage = find("verdict");
  }

  show(verdict) {
    this.admission = verdict.admission_id || "";
    this.reference = verdict.reference || "";
    this.stage.classList.remove(...RESULTS.map((result) => `is-${result}`));
    this.stage.classList.add(`is-${verdict.result}`);
    this.#say(this.words[verdict.result], verdict.title, verdict.sentence);
    this.#offer({ undo: Boolean(this.admission), retry: Boolean(verdict.can_retry), early: verdict.reason === "too_early" });
    find("next").focus({ preventScroll: true });
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
    find("show-code").hidden = true;
    find("next").hidden = false;
  }

  undone(sentence, isDone) {
    find("sentence").textContent = sentence;
    if (!isDone) return;
    this.admission = "";
    this.stage.classList.remove(...RESULTS.map((result) => `is-${result}`));
    this.stage.classList.add("is-unchecked");
    find("word").textContent = "";
    find("undo-box").hidden = true;
    find("next").focus();
  }

  // Only managers have the button.
  #offerEarly(isEarly) {
    const button = find("early");
    if (button) button.hidden = !isEarly;
  }

  clear() {
    this.stage.hidden = true;
    this.#offerEarly(false);
    this.admission = "";
    find("undo-box").hidden = true;
    find("retry").hidden = true;
    find("next").hidden = true;
    find("show-code").hidden = false;
  }
}
