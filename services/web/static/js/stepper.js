// How many people: remembered on this device, and told to the server for the pages it draws.
import { fill } from "./ask.js";

export class Stepper {
  constructor(form, words) {
    this.form = form;
    this.words = words;
    this.most = Number(form.dataset.most);
    this.count = Number(form.dataset.value);
    this.onChange = () => {};
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.set(this.count + (event.submitter?.hasAttribute("data-more") ? 1 : -1));
    });
    this.show();
  }

  set(count) {
    this.count = Math.max(1, Math.min(count, this.most));
    document.cookie = `people=${this.count}; path=/; max-age=31536000; samesite=lax`;
    // An address may name another number, and it counts before the cookie: this page's, and where its links lead.
    history.replaceState(history.state, "", this.addressed(location.href));
    const stepFree = document.querySelector("[data-step-free]");
    stepFree.href = this.addressed(stepFree.href);
    this.show();
    this.onChange(this.count);
  }

  addressed(address) {
    const url = new URL(address);
    url.searchParams.set("people", this.count);
    return url.href;
  }

  show() {
    const words = this.count === 1 ? this.words.onePerson : fill(this.words.people, { count: this.count });
    this.form.querySelector("[data-people-words]").textContent = words;
    const end = document.querySelector("[data-most-people]");
    end.textContent = this.count >= this.most ? end.dataset.mostPeople : "";
    this.form.querySelector("[data-less]").disabled = this.count <= 1;
    this.form.querySelector("[data-more]").disabled = this.count >= this.most;
  }
}
