// The card element's inside: three fields, their checks, and the calls that only this origin makes.
(() => {
  "use strict";

  const CHANNEL = "stripe-fake";
  const told = new URLSearchParams(location.hash.slice(1));
  const id = told.get("id");
  const parentOrigin = told.get("parent");
  const form = document.querySelector("form");
  const fields = { number: form.elements.number, expiry: form.elements.expiry, cvc: form.elements.cvc };

  const digitsOf = (text) => text.replace(/\D/g, "");
  const isAmex = (number) => /^3[47]/.test(number);

  function passesLuhn(number) {
    let total = 0;
    [...number].reverse().forEach((character, place) => {
      const digit = Number(character) * (place % 2 ? 2 : 1);
      total += digit > 9 ? digit - 9 : digit;
    });
    return total % 10 === 0;
  }

  function lengthsOf(number) {
    if (isAmex(number)) return [15];
    return /^3[068]/.test(number) ? [14, 16] : [16];
  }

  // Each check gives null or [Stripe's code, what the buyer reads].
  const checks = {
    number(text) {
      const number = digitsOf(text);
      const lengths = lengthsOf(number);
      if (number.length < lengths[0]) return ["incomplete_number", "Your card number is not complete."];
      const possible = lengths.includes(number.length) && passesLuhn(number);
      return possible ? null : ["invalid_number", "Your card number is not valid."];
    },
    expiry(text) {
      const digits = digitsOf(text);
      if (digits.length < 4) return ["incomplete_expiry", "Give the month and year on your card, like 07 / 29."];
      const [month, year] = [Number(digits.slice(0, 2)), 2000 + Number(digits.slice(2))];
      if (month < 1 || month > 12) return ["invalid_expiry_month", "The month goes from 01 to 12."];
      const now = new Date();
      const past = year * 12 + month < now.getFullYear() * 12 + now.getMonth() + 1;
      if (past) return ["invalid_expiry_year_past", "That date is past."];
      return year > now.getFullYear() + 50 ? ["invalid_expiry_year", "That year is too far away."] : null;
    },
    cvc(text) {
      const wanted = isAmex(digitsOf(fields.number.value)) ? 4 : 3;
      const message = `The code has ${wanted} digits.`;
      return digitsOf(text).length === wanted ? null : ["incomplete_cvc", message];
    },
  };

  function spaced(number) {
    const groups = isAmex(number) ? /^(\d{0,4})(\d{0,6})(\d{0,5})/ : /^(\d{0,4})(\d{0,4})(\d{0,4})(\d{0,4})/;
    return groups.exec(number).slice(1).filter(Boolean).join(" ");
  }

  const shapes = {
    number: (text) => spaced(digitsOf(text)),
    expiry(text) {
      let digits = digitsOf(text).slice(0, 4);
      if (/^[2-9]/.test(digits)) digits = `0${digits}`.slice(0, 4);
      const typedSlash = digits.length === 1 && /\d\s*\/\s*$/.test(text);
      if (typedSlash) digits = `0${digits}`;
      if (digits.length > 2) return `${digits.slice(0, 2)} / ${digits.slice(2)}`;
      return typedSlash ? `${digits} / ` : digits;
    },
    cvc: (text) => digitsOf(text).slice(0, 4),
  };

  // Put spaces in as the buyer types, and leave the caret behind the digit it was behind.
  function reshape(field, shape) {
    const before = digitsOf(field.value.slice(0, field.selectionStart)).length;
    const atEnd = field.selectionStart === field.value.length;
    const shaped = shape(field.value);
    if (shaped === field.value) return;
    field.value = shaped;
    if (atEnd) return;
    let caret = 0;
    for (let seen = 0; caret < shaped.length && seen < before; caret += 1) {
      if (/\d/.test(shaped[caret])) seen += 1;
    }
    field.setSelectionRange(caret, caret);
  }

  function send(kind, content = {}) {
    parent.postMessage({ channel: CHANNEL, id, kind, ...content }, parentOrigin);
  }

  function showError(name, message) {
    const field = fields[name];
    const place = document.getElementById(`${name}-error`);
    place.textContent = message;
    place.hidden = !message;
    field.setAttribute("aria-invalid", String(Boolean(message)));
  }

  function problemOf(name) {
    return checks[name](fields[name].value);
  }

  function tellChange() {
    const names = Object.keys(fields);
    send("change", {
      detail: {
        complete: names.every((name) => !problemOf(name)),
        empty: names.every((name) => !fields[name].value),
        collapsed: false,
        value: { type: "card" },
      },
    });
  }

  function submit() {
    const problems = Object.keys(fields).map((name) => [name, problemOf(name)]);
    for (const [name, problem] of problems) showError(name, problem ? problem[1] : "");
    const first = problems.find(([, problem]) => problem);
    if (!first) return { selectedPaymentMethod: "card" };
    fields[first[0]].focus();
    return { error: { type: "validation_error", code: first[1][0], message: first[1][1] } };
  }

  function flatten(value, name, into) {
    if (value && typeof value === "object") {
      for (const [key, child] of Object.entries(value)) flatten(child, name ? `${name}[${key}]` : key, into);
    } else if (value !== undefined && value !== null) {
      into.set(name, String(value));
    }
    return into;
  }

  async function call(method, path, key, parameters) {
    const body = flatten(parameters, "", new URLSearchParams());
    const headers = { Authorization: `Bearer ${key}` };
    try {
      const response = method === "GET"
        ? await fetch(`${path}?${body}`, { headers })
        : await fetch(path, { method, headers, body });
      const answer = await response.json();
      return response.ok ? { paymentIntent: answer } : { error: answer.error };
    } catch {
      const message = "We could not reach the payment provider. Please try again.";
      return { error: { type: "api_connection_error", message } };
    }
  }

  function cardData() {
    const expiry = digitsOf(fields.expiry.value);
    return {
      number: digitsOf(fields.number.value),
      exp_month: expiry.slice(0, 2),
      exp_year: `20${expiry.slice(2)}`,
      cvc: fields.cvc.value,
    };
  }

  async function confirm({ key, clientSecret, confirmParams, expected }) {
    const checked = submit();
    if (checked.error) return checked;
    const path = `/v1/payment_intents/${clientSecret.split("_secret_")[0]}`;
    if (expected) {
      const found = await call("GET", path, key, { client_secret: clientSecret });
      const mismatch = found.error || differenceFrom(expected, found.paymentIntent);
      if (mismatch) return { error: mismatch };
    }
    const answer = await call("POST", `${path}/confirm`, key, {
      client_secret: clientSecret,
      use_stripe_sdk: true,
      return_url: confirmParams.return_url,
      receipt_email: confirmParams.receipt_email,
      payment_method_data: {
        type: "card",
        card: cardData(),
        billing_details: confirmParams.payment_method_data?.billing_details,
      },
    });
    showCardError(answer.error);
    return answer;
  }

  function differenceFrom(expected, intent) {
    if (intent.amount === expected.amount && intent.currency === expected.currency.toLowerCase()) return null;
    return {
      type: "invalid_request_error",
      code: "payment_intent_invalid_parameter",
      message: "The amount or currency given to elements() does not match the PaymentIntent.",
    };
  }

  // A refusal that points at one field is said below that field too.
  function showCardError(error) {
    const places = {
      incorrect_number: "number", invalid_expiry_month: "expiry", invalid_expiry_year: "expiry",
      expired_card: "expiry", incorrect_cvc: "cvc", invalid_cvc: "cvc",
    };
    const name = error && places[error.code];
    if (name) showError(name, error.message);
  }

  function setUp({ appearance }) {
    const theme = { night: "dark", stripe: "light", flat: "light" }[appearance?.theme];
    if (theme) document.documentElement.dataset.theme = theme;
    else delete document.documentElement.dataset.theme;
  }

  const answers = { submit, confirm };

  window.addEventListener("message", async (event) => {
    if (event.source !== parent || event.origin !== parentOrigin) return;
    const message = event.data;
    if (!message || message.channel !== CHANNEL || message.id !== id) return;
    if (message.kind === "setup") setUp(message);
    if (message.kind === "focus") fields.number.focus();
    if (message.kind === "clear") form.reset();
    if (message.kind in answers) {
      send("reply", { question: message.question, answer: await answers[message.kind](message) });
    }
  });

  for (const [name, field] of Object.entries(fields)) {
    field.addEventListener("input", () => {
      reshape(field, shapes[name]);
      if (field.getAttribute("aria-invalid") === "true" && !problemOf(name)) showError(name, "");
      tellChange();
    });
    field.addEventListener("blur", () => {
      if (field.value) showError(name, problemOf(name)?.[1] || "");
      send("blur");
    });
    field.addEventListener("focus", () => send("focus"));
  }
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    send("enter");
  });

  new ResizeObserver(() => send("height", { height: Math.ceil(document.documentElement.offsetHeight) }))
    .observe(document.documentElement);
  send("loaded");
})();
