/*
 * session_share.js: one session in two tabs.
 *
 * A tab that is duplicated takes a copy of its tokens along, and a refresh token holds once: the
 * tab that came second with it would end the session of both.  So one tab refreshes at a time,
 * and asks the others first whether one of them has done so.  What they say to each other stays
 * within the browser and this origin, and is kept nowhere.
 */

const NAME = 'forestgate.session';
const ANSWER_MS = 150;

const channel = typeof BroadcastChannel === 'undefined' ? null : new BroadcastChannel(NAME);
const replaced = new Map(); // a refresh token that was used, and the tokens that came of it
const waiting = new Map(); // a refresh token that is asked about, and who is to be told

channel?.addEventListener('message', ({ data }) => {
  if (data?.ask !== undefined && replaced.has(data.ask)) {
    channel.postMessage({ of: data.ask, tokens: replaced.get(data.ask) });
  } else if (data?.of !== undefined) {
    waiting.get(data.of)?.(data.tokens);
  }
});

/* Tells that a refresh token was used: other tabs that ask about it get what came of it. */
export function shareRenewed(before, tokens) {
  for (const [old, of] of replaced) {
    if (of.refresh_token === before) replaced.set(old, tokens); // it leads on to the latest
  }
  replaced.set(before, tokens);
}

/* What another tab got for this refresh token, or null. */
export function shareAsk(token) {
  if (channel === null) return Promise.resolve(null);
  return new Promise((resolve) => {
    const done = (tokens) => {
      waiting.delete(token);
      resolve(tokens);
    };

    waiting.set(token, done);
    setTimeout(done, ANSWER_MS, null);
    channel.postMessage({ ask: token });
  });
}

/* Does something while no other tab does; without locks (no secure context) just does it. */
export function shareAlone(act) {
  return navigator.locks === undefined ? act() : navigator.locks.request(NAME, act);
}
