/*
 * api.js: asks the service.  Paths are relative to where the pages lie, whatever is before that.
 */
import { credentials, forget, kind, refreshToken, tokensTake } from './session.js';

const base = new URL('../', import.meta.url);

/* The address of a path, for a person who wants to copy it. */
export function address(path) {
  return new URL(path, base).href;
}

/* A refusal, or that nobody answered (status 0). */
export class Problem extends Error {
  constructor(status, said, headers) {
    super(said.detail ?? (status === 0 ? 'The service cannot be reached.' :
      `The service answered ${status}.`));
    this.status = status;
    this.errors = said.errors ?? [];
    this.requestId = said.request_id ?? headers?.get('X-Request-ID') ?? null;
    this.wait = headers?.get('Retry-After') ?? null;
  }

  /* What went wrong and what can be done, as sentences. */
  sentence() {
    const faults = this.errors.map((error) => faultSentence(error));
    const text = faults.length > 0 ? faults.join(' ') : this.message;

    return this.wait === null ? text : `${text} Try again in ${this.wait} s.`;
  }
}

/* A fault of one field: {field, problem, allowed}. */
export function faultSentence({ field, problem, allowed }) {
  const of = field ? `${field}: ` : '';

  return `${of}${problem}.` + (allowed ? ` Allowed: ${allowed}.` : '');
}

async function send(method, path, { body, type, accept, query, signal, open }) {
  const url = new URL(path, base);
  const headers = { Accept: accept ?? 'application/json', ...(open ? {} : credentials()) };
  let answer;

  for (const [name, value] of Object.entries(query ?? {})) {
    if (value !== '' && value !== null && value !== undefined) url.searchParams.set(name, value);
  }
  if (body !== undefined) headers['Content-Type'] = type ?? 'application/json';
  try {
    answer = await fetch(url, {
      method,
      headers,
      signal,
      credentials: 'omit',
      cache: 'no-store',
      body: body === undefined || type !== undefined ? body : JSON.stringify(body),
    });
  } catch (error) {
    if (error.name === 'AbortError') throw error;
    throw new Problem(0, {});
  }
  return answer;
}

let refreshing = null;

/* One refresh at a time: a refresh token that is used twice ends the session. */
function refresh() {
  refreshing ??= (async () => {
    const answer = await send('POST', 'auth/token', {
      body: new URLSearchParams({ grant_type: 'refresh_token', refresh_token: refreshToken() }),
      type: 'application/x-www-form-urlencoded',
      open: true,
    });

    if (answer.ok) tokensTake(await answer.json());
    else if (answer.status < 500 && answer.status !== 429) forget({ lapsed: true });
    return answer.ok;
  })().finally(() => {
    refreshing = null;
  });
  return refreshing;
}

/*
 * The answer of a request, whose status is good; else a Problem is thrown.  An access token
 * that has run out is renewed once.
 *
 *   body    what is sent as JSON, or as it is with its type
 *   query   {name: value}; empty values are left out
 *   open    without a credential
 */
export async function ask(method, path, options = {}) {
  let answer = await send(method, path, options);

  if (answer.status === 401 && !options.open && kind() === 'user' && refreshToken() !== null &&
      await refresh()) {
    answer = await send(method, path, options);
  }
  if (!answer.ok) {
    throw new Problem(answer.status, await answer.json().catch(() => ({})), answer.headers);
  }
  return answer;
}

/* The same, of an answer that is JSON; null of one without a body. */
export async function askJson(method, path, options = {}) {
  const answer = await ask(method, path, options);

  return answer.status === 204 ? null : answer.json();
}

/* Whether an address is ours and leads back to it: what an answer links to. */
export function own(path) {
  return new URL(path, base).origin === base.origin;
}
