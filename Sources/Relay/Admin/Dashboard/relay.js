// What the page asks of the relay's admin listener.

const TOKEN = "lobbyist-admin-token";
const PATIENCE_MS = 5000;

// The relay's answer to a request that it did not grant.
export class Refusal extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

export const token = {
  get: () => sessionStorage.getItem(TOKEN),
  set: (text) => sessionStorage.setItem(TOKEN, text),
  forget: () => sessionStorage.removeItem(TOKEN),
};

async function send(path, options) {
  const headers = { ...options.headers };
  if (token.get()) headers.Authorization = `Bearer ${token.get()}`;
  const response = await fetch(path, {
    ...options, headers, cache: "no-store", credentials: "omit", redirect: "error",
    signal: AbortSignal.timeout(PATIENCE_MS),
  });
  const text = await response.text();
  let answer;
  try {
    answer = JSON.parse(text);
  } catch {
    throw new Refusal(response.status, text.slice(0, 500) || `status ${response.status}`);
  }
  // A reload that was refused says which script and why.
  if (!response.ok && !Array.isArray(answer)) throw new Refusal(response.status, answer.error ?? `status ${response.status}`);
  return answer;
}

export function get(path, parameters = {}) {
  const given = Object.entries(parameters).filter(([, value]) => value !== "" && value !== undefined);
  const query = new URLSearchParams(given).toString();
  return send(query ? `${path}?${query}` : path, {});
}

export function post(path, body = {}) {
  return send(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
}
