/*
 * api.js: asks the service.  Paths are relative to where the pages lie, whatever is before that.
 */
import { credentials, forget, kind, refreshToken, tokensRenew } from './session.js';
import { shareAlone, shareAsk, shareRenewed } from './session_share.js';

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

  /* What went wrong, as sentences. */
  faults() {
    const faults = this.errors.map((error) => faultSentence(error));

    return faults.length > 0 ? faults.join(' ') : this.message;
  }

  /* The same, and what can be done. */
  sentence() {
    const text = this.faults();

    return this.wait === null || text.includes('Try again') ? text : `${text} Try again in ${this.wait} s.`;
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

/* New tokens, of another tab or of the service.  Where it says that there are none any more, the
 * session has ended; else the answer that there was, for want of which nothing is forgotten. */
async function renew() {
  const before = refreshToken();
  const others = await shareAsk(before);

  if (others !== null) {
    tokensRenew(others);
    shareRenewed(before, others);
    return null;
  }
  const answer = await send('POST', 'auth/token', {
    body: new URLSearchParams({ grant_type: 'refresh_token', refresh_token: before }),
    type: 'application/x-www-form-urlencoded',
    open: true,
  });

  if (answer.ok) {
    const tokens = await answer.json();

    if (refreshToken() === before) tokensRenew(tokens); // nobody logged out meanwhile
    shareRenewed(before, tokens);
    return null;
  }
  if (answer.status < 500 && answer.status !== 429) {
    forget({ lapsed: true });
    return null;
  }
  return answer;
}

/* One refresh at a time: a refresh token that is used twice ends the session. */
function refresh() {
  refreshing ??= shareAlone(renew).finally(() => {
    refreshing = null;
  });
  return refreshing;
}

/*
 * Once more with a token that is not the one that was refused.  The answer, or null where there
 * is no session any more.
 */
async function again(method, path, options, refused) {
  if (credentials().Authorization === refused) {
    const answer = await refresh();

    if (answer !== null) return answer;
  }
  return kind() === 'user' ? send(method, path, options) : null;
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
  const sent = credentials().Authorization;
  let answer = await send(method, path, options);

  if (answer.status === 401 && !options.open && kind() === 'user') {
    answer = await again(method, path, options, sent) ?? answer;
    // Of who logged out there, was disabled or deleted: no new token would help.
    if (answer.status === 401 && kind() === 'user') forget({ lapsed: true });
  }
  // Who may no more may have been who may much: a page that shows more asks anew.
  if (answer.status === 403) document.dispatchEvent(new CustomEvent('denied'));
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

/*
 * Ends the session, at the service first: a token that somebody has copied holds no more.  It is
 * forgotten here in any case; an error tells that the service does not know.
 */
export async function logOut() {
  try {
    if (kind() === 'user') await ask('POST', 'auth/logout', { body: {} });
  } catch (error) {
    if (error.status !== 401) {
      throw new Error(`You are logged out here, but the service could not be told: ${error.message}`);
    }
  } finally {
    if (kind() !== 'none') forget();
  }
}

/* Whether an address is ours and leads back to it: what an answer links to. */
export function own(path) {
  return new URL(path, base).origin === base.origin;
}
