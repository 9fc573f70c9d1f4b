// window.Stripe as the shop's page knows it. Card data is typed into a frame on this script's own origin and
// never passes through the page; the two talk by postMessage, each checking where a message comes from.
(() => {
  "use strict";

  const ORIGIN = new URL(document.currentScript.src).origin;
  const CHANNEL = "stripe-fake";
  const PAID = ["succeeded", "processing", "requires_capture"];
  // Room around the frame's content for the focus ring, which the frame's edge would cut off.
  const RING = 6;
  let frames = 0;

  function apiError(message) {
    return { type: "api_connection_error", message };
  }

  function intentIdOf(clientSecret) {
    const found = /^(pi_[A-Za-z0-9]+)_secret_[A-Za-z0-9]+$/.exec(clientSecret || "");
    if (!found) {
      throw new IntegrationError("The client secret of a PaymentIntent looks like pi_..._secret_...");
    }
    return found[1];
  }

  class IntegrationError extends Error {
    constructor(message) {
      super(message);
      this.name = "IntegrationError";
    }
  }

  // A frame on our origin and the conversation with it.
  class Frame {
    constructor(path, title) {
      this.id = `frame-${++frames}`;
      this.waiting = new Map();
      this.questions = 0;
      this.onTell = () => {};
      this.node = document.createElement("iframe");
      this.node.title = title;
      this.node.src = `${ORIGIN}${path}#${new URLSearchParams({ id: this.id, parent: location.origin })}`;
      this.listen = (event) => this.hear(event);
      window.addEventListener("message", this.listen);
    }

    hear(event) {
      if (event.origin !== ORIGIN || event.source !== this.node.contentWindow) return;
      const message = event.data;
      if (!message || message.channel !== CHANNEL || message.id !== this.id) return;
      if (message.kind === "reply") {
        this.waiting.get(message.question)?.(message.answer);
        this.waiting.delete(message.question);
      } else {
        this.onTell(message);
      }
    }

    tell(kind, content = {}) {
      this.node.contentWindow?.postMessage({ channel: CHANNEL, id: this.id, kind, ...content }, ORIGIN);
    }

    ask(kind, content = {}) {
      const question = ++this.questions;
      return new Promise((resolve) => {
        this.waiting.set(question, resolve);
        this.tell(kind, { question, ...content });
      });
    }

    remove() {
      window.removeEventListener("message", this.listen);
      this.node.remove();
    }
  }

  class PaymentElement {
    constructor(elements, options) {
      this.elements = elements;
      this.options = options || {};
      this.listeners = new Map();
      this.frame = null;
      this.isReady = false;
    }

    mount(target) {
      const place = typeof target === "string" ? document.querySelector(target) : target;
      if (!place) throw new IntegrationError(`The selector you specified (${target}) applies to no DOM element.`);
      this.unmount();
      this.frame = new Frame("/v3/element", "Card details");
      const { style } = this.frame.node;
      style.setProperty("border", "0");
      style.setProperty("display", "block");
      style.setProperty("width", `calc(100% + ${2 * RING}px)`);
      style.setProperty("max-width", "none");
      style.setProperty("margin", `-${RING}px`);
      style.setProperty("height", "230px");
      style.setProperty("background", "transparent");
      this.frame.onTell = (message) => this.heard(message);
      place.replaceChildren(this.frame.node);
    }

    heard(message) {
      if (message.kind === "loaded") {
        this.dress();
        this.isReady = true;
        this.emit("ready", { elementType: "payment" });
      } else if (message.kind === "height") {
        this.frame.node.style.setProperty("height", `${message.height}px`);
      } else if (message.kind === "enter") {
        this.frame.node.closest("form")?.requestSubmit();
      } else {
        this.emit(message.kind, { elementType: "payment", ...message.detail });
      }
    }

    // The frame shows the page through only while both have the same colour scheme.
    dress() {
      const appearance = this.elements.options.appearance || {};
      const scheme = { night: "dark", stripe: "light", flat: "light" }[appearance.theme] || "light dark";
      this.frame?.node.style.setProperty("color-scheme", scheme);
      this.frame?.tell("setup", { appearance });
    }

    on(name, listener) {
      this.listeners.set(name, [...(this.listeners.get(name) || []), listener]);
      if (name === "ready" && this.isReady) queueMicrotask(() => listener({ elementType: "payment" }));
      return this;
    }

    once(name, listener) {
      const wrapped = (detail) => {
        this.off(name, wrapped);
        listener(detail);
      };
      return this.on(name, wrapped);
    }

    off(name, listener) {
      const kept = listener ? (this.listeners.get(name) || []).filter((known) => known !== listener) : [];
      this.listeners.set(name, kept);
      return this;
    }

    emit(name, detail) {
      for (const listener of this.listeners.get(name) || []) listener(detail);
    }

    focus() {
      this.frame?.node.focus();
      this.frame?.tell("focus");
    }

    blur() {
      this.frame?.node.blur();
    }

    clear() {
      this.frame?.tell("clear");
    }

    update(options) {
      this.options = { ...this.options, ...options };
    }

    collapse() {}

    unmount() {
      this.frame?.remove();
      this.frame = null;
      this.isReady = false;
    }

    destroy() {
      this.unmount();
      this.elements.element = null;
    }
  }

  class Elements {
    constructor(options) {
      this.options = { ...options };
      this.element = null;
      this.submitted = false;
      const { clientSecret, mode, amount, currency } = this.options;
      if (clientSecret) {
        intentIdOf(clientSecret);
      } else if (mode !== "payment" || !Number.isInteger(amount) || !currency) {
        throw new IntegrationError("elements() takes a clientSecret, or mode 'payment' with amount and currency.");
      }
    }

    create(type, options) {
      if (type !== "payment") throw new IntegrationError(`This stand-in has no '${type}' element.`);
      if (this.element) throw new IntegrationError("Can only create one Element of type payment.");
      this.element = new PaymentElement(this, options);
      return this.element;
    }

    getElement(type) {
      return type === "payment" ? this.element : null;
    }

    update(options) {
      Object.assign(this.options, options);
      if (options.appearance) this.element?.dress();
    }

    async fetchUpdates() {
      return {};
    }

    async submit() {
      const answer = await this.mountedFrame().ask("submit");
      this.submitted = !answer.error;
      return answer;
    }

    mountedFrame() {
      if (!this.element?.frame) throw new IntegrationError("The payment Element must be mounted first.");
      return this.element.frame;
    }
  }

  function fillViewport(style) {
    const looks = {
      position: "fixed", inset: "0", width: "100%", height: "100%", border: "0", "z-index": "2147483647",
      margin: "0", "max-width": "none", "max-height": "none", padding: "0", background: "transparent",
    };
    for (const [name, value] of Object.entries(looks)) style.setProperty(name, value);
  }

  // The bank's question, over the whole page; resolves when the buyer has answered.
  function askHolder(intent) {
    const action = intent.next_action;
    const url = new URL(action.redirect_to_url?.url || action.use_stripe_sdk.stripe_js);
    const before = document.activeElement;
    return new Promise((resolve) => {
      const path = `${url.pathname}?${new URLSearchParams({
        client_secret: intent.client_secret, frame: "1", parent: location.origin,
      })}`;
      const frame = new Frame(path, "Your bank asks");
      // A modal dialog keeps focus inside the frame and makes the page behind it inert.
      const dialog = document.createElement("dialog");
      dialog.setAttribute("aria-label", "Your bank asks");
      fillViewport(dialog.style);
      fillViewport(frame.node.style);
      dialog.addEventListener("cancel", (event) => event.preventDefault());
      // The frame moves from page to page, so what it says carries no id; origin and window are checked.
      window.addEventListener("message", function heard(event) {
        if (event.origin !== ORIGIN || event.source !== frame.node.contentWindow) return;
        if (event.data?.channel !== CHANNEL || event.data.kind !== "answered") return;
        window.removeEventListener("message", heard);
        frame.remove();
        dialog.close();
        dialog.remove();
        before?.focus?.();
        resolve();
      });
      dialog.append(frame.node);
      document.body.append(dialog);
      dialog.showModal();
    });
  }

  class StripeClient {
    constructor(publishableKey) {
      if (!/^pk_/.test(publishableKey || "")) {
        throw new IntegrationError("Please call Stripe() with your publishable key. You used an empty string or a secret key.");
      }
      this.key = publishableKey;
    }

    elements(options = {}) {
      return new Elements(options);
    }

    async retrievePaymentIntent(clientSecret) {
      const id = intentIdOf(clientSecret);
      // The key goes along as a parameter: a header would make the browser ask for leave first.
      const query = new URLSearchParams({ key: this.key, client_secret: clientSecret });
      try {
        const response = await fetch(`${ORIGIN}/v1/payment_intents/${id}?${query}`);
        const body = await response.json();
        return response.ok ? { paymentIntent: body } : { error: body.error };
      } catch {
        return { error: apiError("We could not reach the payment provider. Please try again.") };
      }
    }

    async confirmPayment({ elements, clientSecret, confirmParams = {}, redirect = "always" }) {
      const frame = elements.mountedFrame();
      if (!elements.options.clientSecret && !elements.submitted) {
        throw new IntegrationError("elements.submit() must be called before stripe.confirmPayment().");
      }
      if (redirect !== "if_required" && !confirmParams.return_url) {
        throw new IntegrationError("confirmParams.return_url is required when redirect is 'always'.");
      }
      const secret = clientSecret || elements.options.clientSecret;
      intentIdOf(secret);
      const { amount, currency, mode } = elements.options;
      const expected = mode && !elements.options.clientSecret ? { amount, currency } : null;
      const answer = await frame.ask("confirm", { key: this.key, clientSecret: secret, confirmParams, expected });
      return this.finish(answer, confirmParams, redirect);
    }

    async handleNextAction({ clientSecret }) {
      return this.finish(await this.retrievePaymentIntent(clientSecret), {}, "if_required");
    }

    async finish(answer, confirmParams, redirect) {
      if (answer.error) return { error: answer.error };
      let intent = answer.paymentIntent;
      if (intent.status === "requires_action") {
        await askHolder(intent);
        const after = await this.retrievePaymentIntent(intent.client_secret);
        if (after.error) return after;
        intent = after.paymentIntent;
      }
      if (!PAID.includes(intent.status)) {
        return { error: { ...(intent.last_payment_error || apiError("The payment did not go through.")), payment_intent: intent } };
      }
      return redirect === "always" ? this.leaveFor(confirmParams.return_url, intent) : { paymentIntent: intent };
    }

    leaveFor(returnUrl, intent) {
      const target = new URL(returnUrl);
      target.searchParams.set("payment_intent", intent.id);
      target.searchParams.set("payment_intent_client_secret", intent.client_secret);
      target.searchParams.set("redirect_status", "succeeded");
      location.assign(target);
      return new Promise(() => {});
    }
  }

  window.Stripe = function Stripe(publishableKey) {
    return new StripeClient(publishableKey);
  };
  window.Stripe.version = 3;
})();
