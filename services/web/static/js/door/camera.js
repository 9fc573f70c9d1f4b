// The camera: reads codes itself where the browser can, else hands out pictures, one at a time.
const LOOK_EVERY_MS = 120;
const PICTURE_EVERY_MS = 350;
const PICTURE_WIDTH = 960;

export class Camera {
  constructor({ video, note, torch, words, onCode, onPicture }) {
    Object.assign(this, { video, note, torch, words, onCode, onPicture });
    this.canvas = document.createElement("canvas");
  }

  // Answers whether there is a picture; the note says why not.
  async start() {
    try {
      this.note.textContent = this.words.hold;
      const stream = await navigator.mediaDevices.getUserMedia({
        video: { facingMode: "environment", width: { ideal: 1280 }, height: { ideal: 720 } },
        audio: false,
      });
      this.video.srcObject = stream;
      await this.video.play();
      this.#offerTorch(stream.getVideoTracks()[0]);
      this.#keepAwake();
      this.#look(await this.#detector());
      return true;
    } catch (error) {
      this.note.textContent = this.#reason(error);
      this.video.hidden = true;
      return false;
    }
  }

  say(words) {
    if (this.note.textContent !== words) this.note.textContent = words;
  }

  #reason(error) {
    if (error?.name === "NotAllowedError") return this.words.denied;
    return error?.name === "NotReadableError" ? this.words.cameraBusy : this.words.noCamera;
  }

  async #detector() {
    try {
      const formats = await BarcodeDetector.getSupportedFormats();
      return formats.includes("qr_code") ? new BarcodeDetector({ formats: ["qr_code"] }) : null;
    } catch {
      return null;
    }
  }

  async #look(detector) {
    const look = detector ? () => this.#readCode(detector) : () => this.#sendPicture();
    const pause = detector ? LOOK_EVERY_MS : PICTURE_EVERY_MS;
    for (;;) {
      const began = performance.now();
      if (document.visibilityState === "visible" && this.video.readyState >= 2) await look();
      await new Promise((done) => setTimeout(done, Math.max(20, pause - (performance.now() - began))));
    }
  }

  async #readCode(detector) {
    const found = await detector.detect(this.video).catch(() => []);
    if (found.length) await this.onCode(found[0].rawValue);
  }

  async #sendPicture() {
    const scale = Math.min(1, PICTURE_WIDTH / this.video.videoWidth);
    this.canvas.width = Math.round(this.video.videoWidth * scale);
    this.canvas.height = Math.round(this.video.videoHeight * scale);
    this.canvas.getContext("2d").drawImage(this.video, 0, 0, this.canvas.width, this.canvas.height);
    const picture = await new Promise((done) => this.canvas.toBlob(done, "image/jpeg", 0.75));
    if (picture) await this.onPicture(picture);
  }

  #offerTorch(track) {
    if (!track.getCapabilities?.().torch) return;
    this.torch.hidden = false;
    this.torch.addEventListener("click", () => {
      const isOn = this.torch.getAttribute("aria-pressed") !== "true";
      track.applyConstraints({ advanced: [{ torch: isOn }] });
      this.torch.setAttribute("aria-pressed", String(isOn));
    });
  }

  // Phones forget the wish whenever the page is hidden.
  #keepAwake() {
    const wish = () => document.visibilityState === "visible" && navigator.wakeLock?.request("screen").catch(() => {});
    document.addEventListener("visibilitychange", wish);
    wish();
  }
}
