// The summary: which seats, which tickets, what it costs.
import { fill } from "./ask.js";

export class Order {
  constructor(data) {
    this.data = data;
    this.form = document.querySelector("[data-order]");
    this.lines = this.form.querySelector("[data-order-lines]");
    this.onType = () => {};
    this.onDrop = () => {};
    this.lines.addEventListener("change", () => this.onType(this.wishes()));
    this.lines.addEventListener("click", (event) => {
      const button = event.target.closest("button[name=drop]");
      if (!button) return;
      event.preventDefault();
      this.onDrop(button.value);
    });
  }

  wishes() {
    return [...this.lines.querySelectorAll("[data-seat]")].map((line) => ({
      seat: line.dataset.seat,
      ticket_type: line.querySelector("select").value,
    }));
  }

  typeOf(label) {
    return this.wishes().find((wish) => wish.seat === label)?.ticket_type;
  }

  money(cents) {
    const { decimals } = this.data;
    const digits = { minimumFractionDigits: decimals, maximumFractionDigits: decimals };
    return new Intl.NumberFormat("en-GB", digits).format(cents / 10 ** decimals);
  }

  price(cents) {
    return cents === 0 ? this.data.words.freeOfCharge : this.money(cents);
  }

  show(hold) {
    const seats = hold ? hold.seats : [];
    const focused = document.activeElement?.name;
    this.lines.replaceChildren(...seats.map((seat) => this.line(seat)));
    if (focused) this.lines.querySelector(`[name="${CSS.escape(focused)}"]`)?.focus();
    this.put("[data-total]", hold ? this.money(hold.total_cents) : "");
    this.put("[data-bar-total]", hold ? this.money(hold.total_cents) : "");
    this.put("[data-bar-seats]", seats.map((seat) => seat.seat).join(", "));
    this.put("[data-bar-types]", [...new Set(seats.map((seat) => this.data.types[seat.ticket_type]))].join(", "));
    this.form.querySelector("[data-total-line]").hidden = !hold;
    this.form.querySelector("[data-buy-bar]").hidden = !hold;
    this.showProof(seats);
  }

  say(words) {
    this.put("[data-summary-words]", words);
  }

  showProof(seats) {
    const types = this.data.cards.filter((type) => seats.some((seat) => seat.ticket_type === type));
    const place = this.form.querySelector("[data-proof]");
    place.hidden = !types.length;
    place.lastElementChild.textContent = fill(this.data.words.proof, { types: types.map((type) => this.data.types[type]).join(", ") });
  }

  line(seat) {
    const line = document.createElement("li");
    line.className = "order-line";
    line.dataset.seat = seat.seat;
    line.append(
      made("b", "order-seat", seat.seat),
      made("span", "order-kind", this.data.kinds[seat.kind]),
      this.hiddenField(seat.seat),
      this.typeChoice(seat),
      made("span", "order-price", this.price(seat.price_cents)),
      this.dropButton(seat.seat),
    );
    return line;
  }

  hiddenField(label) {
    const field = made("input");
    Object.assign(field, { type: "hidden", name: "seat", value: label });
    return field;
  }

  typeChoice(seat) {
    const choice = made("select", "select");
    choice.name = `type-${seat.seat}`;
    choice.setAttribute("aria-label", fill(this.data.words.ticketFor, { seat: seat.seat }));
    for (const [kind, type] of this.data.prices) {
      if (kind !== seat.kind) continue;
      choice.append(new Option(this.data.types[type], type, false, type === seat.ticket_type));
    }
    return choice;
  }

  dropButton(label) {
    const button = made("button", "icon-button");
    Object.assign(button, { type: "submit", name: "drop", value: label });
    button.setAttribute("aria-label", fill(this.data.words.remove, { seat: label }));
    button.append(document.querySelector("[data-close-icon]").content.cloneNode(true));
    return button;
  }

  put(selector, words) {
    this.form.querySelector(selector).textContent = words;
  }
}

function made(name, className = "", text = "") {
  const node = document.createElement(name);
  node.className = className;
  node.textContent = text;
  return node;
}
