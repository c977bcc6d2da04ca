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
  return { response, text: await response.text() };
}

// What the relay says of a request that it did not grant, if it says it.
function reason({ response, text }) {
  try {
    return JSON.parse(text).error ?? `status ${response.status}`;
  } catch {
    return `status ${response.status}`;
  }
}

async function granted(path, options = {}) {
  const answer = await send(path, options);
  if (!answer.response.ok) throw new Refusal(answer.response.status, reason(answer));
  return answer.text;
}

export const getText = (path) => granted(path);

export async function get(path, parameters = {}) {
  const given = Object.entries(parameters).filter(([, value]) => value !== undefined);
  const query = new URLSearchParams(given).toString();
  return JSON.parse(await granted(query ? `${path}?${query}` : path));
}

const JSON_TYPE = { "Content-Type": "application/json" };
const posted = (body) => ({ method: "POST", headers: JSON_TYPE, body: JSON.stringify(body) });

export async function post(path, body) {
  return JSON.parse(await granted(path, posted(body)));
}

// What became of each script; also when one was refused.
export async function reload() {
  const answer = await send("reload", posted({}));
  if (!answer.response.ok && answer.response.status !== 422) throw new Refusal(answer.response.status, reason(answer));
  return JSON.parse(answer.text);
}
