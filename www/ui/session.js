/*
 * session.js: who uses the pages: nobody, a user who logged in, or whoever has a key.
 *
 * Tokens are kept for as long as the tab is open (sessionStorage), and nowhere else.  A pasted
 * key is no session's: it is in this page's memory, and gone with it.
 *
 * The event "session" on the document tells that somebody else is here now; detail.lapsed: it
 * ended by itself, which nobody meant.  Tokens that are renewed are nobody else.
 */

const PLACE = 'forestgate.session';

let key = '';
let tokens = read();

function read() {
  try {
    return JSON.parse(sessionStorage.getItem(PLACE)) ?? null;
  } catch {
    return null; // storage that is switched off, or not ours
  }
}

function keep() {
  try {
    if (tokens === null) sessionStorage.removeItem(PLACE);
    else sessionStorage.setItem(PLACE, JSON.stringify(tokens));
  } catch {
    // then it lasts as long as the page
  }
}

function tell(lapsed = false) {
  document.dispatchEvent(new CustomEvent('session', { detail: { lapsed } }));
}

/*
 * A page that the browser has kept, and shows again when somebody goes back to it, has the tokens
 * of then: by now they may be renewed, and hold once, or be gone.
 */
addEventListener('pageshow', (event) => {
  if (!event.persisted) return;
  const now = read();
  const other = (now === null) !== (tokens === null);

  tokens = now;
  if (other) tell();
});

/* "none", "key" or "user". */
export function kind() {
  if (key !== '') return 'key';
  return tokens === null ? 'none' : 'user';
}

/* What a request says of who asks: header lines. */
export function credentials() {
  if (key !== '') return { 'X-API-Key': key };
  return tokens === null ? {} : { Authorization: `Bearer ${tokens.access}` };
}

export function refreshToken() {
  return tokens?.refresh ?? null;
}

/* Takes the answer of a login. */
export function tokensTake(answer) {
  tokensRenew(answer);
  tell();
}

/* Takes the answer of a refresh: of the same user. */
export function tokensRenew(answer) {
  tokens = { access: answer.access_token ?? answer.token, refresh: answer.refresh_token };
  keep();
}

/* Takes a key that somebody pasted; '' forgets it. */
export function keyTake(text) {
  key = text.trim();
  tell();
}

/* Forgets all.  {lapsed: true}: the service had the session ended. */
export function forget({ lapsed } = {}) {
  key = '';
  tokens = null;
  keep();
  tell(lapsed === true);
}
