// How long the seats stay held, by the server's clock: minutes in words, seconds only near the end.
import { fill } from "./ask.js";

const ANNOUNCE_AT = [300, 120, 60];
const ASK_AT = 120;

export class HoldClock {
  // on: {keep(): Promise<hold>, letGo(), ended(endedAt)}
  constructor({ words, salesClose }, on) {
    this.words = words;
    this.latest = new Date(salesClose).getTime();
    this.on = on;
    this.bar = document.querySelector("[data-hold-bar]");
    this.dialog = document.getElementById("more-time");
    this.live = document.querySelector("[data-status]") || this.makeLive();
    this.timer = null;
    this.dialog.querySelector("[data-keep]").addEventListener("click", () => this.keep());
    this.dialog.querySelector("[data-let-go]").addEventListener("click", () => {
      this.dialog.close();
      this.on.letGo();
    });
  }

  makeLive() {
    const region = document.createElement("p");
    region.className = "visually-hidden";
    region.setAttribute("role", "status");
    document.body.append(region);
    return region;
  }

  start(hold) {
    this.hold = hold;
    this.offset = new Date(hold.now).getTime() - Date.now();
    this.ends = new Date(hold.expires_at).getTime();
    this.asked = false;
    this.announced = new Set(ANNOUNCE_AT.filter((mark) => this.secondsLeft() <= mark));
    this.show(true);
    clearInterval(this.timer);
    this.timer = setInterval(() => this.tick(), 500);
    this.tick();
  }

  stop() {
    clearInterval(this.timer);
    this.timer = null;
    this.show(false);
    if (this.dialog.open) this.dialog.close();
  }

  secondsLeft() {
    return Math.max(0, Math.ceil((this.ends - Date.now() - this.offset) / 1000));
  }

  clockTime() {
    return clockOf(this.hold.expires_at);
  }

  show(visible) {
    if (this.bar) this.bar.hidden = !visible;
  }

  tick() {
    const left = this.secondsLeft();
    if (left === 0) {
      this.stop();
      this.on.ended(this.clockTime());
      return;
    }
    this.write(left);
    this.announce(left);
    if (left <= ASK_AT && !this.asked && this.hold.extensions_left !== 0 && this.later() > this.ends) this.offerMore();
  }

  write(left) {
    const time = this.clockTime();
    const words = left < ASK_AT ? fill(this.words.seconds, { seconds: left }) : fill(this.words.minutes, { minutes: Math.ceil(left / 60) });
    put("[data-hold-until]", fill(this.words.until, { time }));
    put("[data-hold-until-short]", fill(this.words.until, { time }));
    put("[data-hold-left]", words);
    put("[data-hold-left-short]", words);
    const progress = this.bar?.querySelector("progress");
    if (!progress) return;
    progress.max = this.hold.term_seconds || left;
    progress.value = Math.min(progress.max, left);
  }

  announce(left) {
    const mark = ANNOUNCE_AT.find((seconds) => left <= seconds && !this.announced.has(seconds));
    if (!mark) return;
    for (const seconds of ANNOUNCE_AT) if (left <= seconds) this.announced.add(seconds);
    const minutes = Math.ceil(left / 60);
    const words = minutes === 1 ? this.words.announceOne : this.words.announce;
    this.live.textContent = fill(words, { minutes, time: this.clockTime() });
  }

  // Until when the seats are kept if that is asked for now: never beyond the end of sales.
  later() {
    return Math.min(Date.now() + this.offset + this.hold.term_seconds * 1000, this.latest);
  }

  offerMore() {
    this.asked = true;
    const seats = this.hold.seats.map((seat) => seat.seat).join(", ");
    this.dialog.querySelector("[data-need-more]").textContent = fill(this.words.needMore, { seats, time: this.clockTime() });
    this.dialog.querySelector("[data-keep]").textContent = fill(this.words.keep, { time: clockOf(this.later()) });
    this.dialog.showModal();
    this.dialog.querySelector("[data-keep]").focus();
  }

  async keep() {
    const hold = await this.on.keep();
    this.dialog.close();
    if (!hold) return;
    this.start(hold);
    this.live.textContent = fill(this.words.kept, { time: this.clockTime() });
  }
}

// In the cinema's zone, whatever this device thinks.
export function clockOf(moment) {
  const timeZone = document.querySelector("[data-zone]").dataset.zone;
  return new Date(moment).toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit", timeZone });
}

function put(selector, words) {
  const node = document.querySelector(selector);
  if (node && node.textContent !== words) node.textContent = words;
}
