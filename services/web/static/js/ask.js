// Requests to our own pages: JSON both ways, with the form token. A refusal is an answer, not an exception.
const token = () => document.querySelector("input[name=csrf_token]")?.value || "";

export class Refusal extends Error {
  constructor(status, problem) {
    super(problem.detail || problem.title || "");
    this.status = status;
    this.problem = problem;
  }
}

export async function ask(url, body) {
  const options = { headers: { Accept: "application/json" } };
  if (body !== undefined) {
    options.method = "POST";
    options.body = JSON.stringify(body);
    options.headers["Content-Type"] = "application/json";
    options.headers["X-CSRFToken"] = token();
  }
  const response = await fetch(url, options);
  const answer = response.status === 204 ? null : await response.json();
  if (!response.ok) throw new Refusal(response.status, answer || {});
  return answer;
}

// As the page goes away: the browser delivers this after we are gone.
export function leaveWord(url) {
  const form = new FormData();
  form.set("csrf_token", token());
  navigator.sendBeacon(url, form);
}

export const pageData = () => JSON.parse(document.getElementById("page-data").textContent);

export function fill(words, values) {
  return words.replace(/\{(\w+)\}/g, (_, name) => values[name]);
}
