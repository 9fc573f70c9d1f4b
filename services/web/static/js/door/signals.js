// One beep lets in, two ask to look, a low long one refuses. Both sound and buzz can be switched off.
import { recall, remember } from "../storage.js";

const TONES = {
  admit: [[880, 0, 0.14]],
  check: [[660, 0, 0.12], [660, 0.2, 0.12]],
  no: [[180, 0, 0.5]],
  unchecked: [[180, 0, 0.2], [180, 0.3, 0.2]],
};
const BUZZES = { admit: [60], check: [60, 80, 60], no: [400], unchecked: [200, 100, 200] };

export class Signals {
  constructor(soundSwitch, buzzSwitch) {
    this.sound = this.#switchable(soundSwitch, "door-sound");
    this.buzz = this.#switchable(buzzSwitch, "door-buzz");
    if (!navigator.vibrate) buzzSwitch.hidden = true;
  }

  give(result) {
    if (this.sound()) this.#play(TONES[result]);
    if (this.buzz()) navigator.vibrate?.(BUZZES[result]);
  }

  #switchable(button, name) {
    button.setAttribute("aria-pressed", String(recall(name) !== "off"));
    button.addEventListener("click", () => {
      const isOn = button.getAttribute("aria-pressed") !== "true";
      button.setAttribute("aria-pressed", String(isOn));
      remember(name, isOn ? "on" : "off");
    });
    return () => button.getAttribute("aria-pressed") === "true";
  }

  // Browsers let a page sound only after a tap; until then this stays silent.
  #play(tones) {
    this.audio ??= new AudioContext();
    if (this.audio.state === "suspended") this.audio.resume();
    for (const [pitch, after, seconds] of tones) {
      const tone = this.audio.createOscillator();
      const volume = this.audio.createGain();
      tone.type = "square";
      tone.frequency.value = pitch;
      volume.gain.value = 0.2;
      tone.connect(volume).connect(this.audio.destination);
      tone.start(this.audio.currentTime + after);
      tone.stop(this.audio.currentTime + after + seconds);
    }
  }
}
