/*
 * limits.js: what is left of a caller's limits, by the header fields of an answer
 * (draft-ietf-httpapi-ratelimit-headers: RateLimit-Policy and RateLimit).
 */
import { number, track } from './chart.js';
import { span } from './countdown.js';
import { el, replace } from './dom.js';

/* The items of such a field: '"day";q=100;w=86400, ...' by their names. */
function items(text) {
  const found = new Map();

  for (const [, name, parameters] of (text ?? '').matchAll(/"([^"]*)"((?:;[a-z]+=\d+)*)/g)) {
    found.set(name, Object.fromEntries([...parameters.matchAll(/;([a-z]+)=(\d+)/g)].map(([, key, value]) => [key, Number(value)])));
  }
  return found;
}

/* [{name, left, of, seconds}], with the seconds until there is more. */
export function limitsRead(headers) {
  const policies = items(headers.get('RateLimit-Policy'));

  return [...items(headers.get('RateLimit'))].filter(([name]) => policies.has(name))
    .map(([name, { r, t }]) => ({ name, left: r, of: policies.get(name).q, window: policies.get(name).w, seconds: t }));
}

function words({ left, of, window, name }) {
  const time = { day: 'today', month: 'this month' }[name] ?? `in ${span(window)}`;

  return `${number(left)} of ${number(of)} calls left ${time}`;
}

/* Shows them in place. */
export function limitsShow(place, headers) {
  const limits = limitsRead(headers);

  if (limits.length === 0) return;
  replace(place, limits.map((limit) => el('div', {},
    el('span', { class: 'hint' }, words(limit)), track(limit.left / limit.of, { full: limit.left * 10 < limit.of }))));
}

/* Whether a call more that nobody asked for is fair: a fifth of each limit is left for others. */
export function limitsSpare(headers) {
  return limitsRead(headers).every(({ left, of }) => left * 5 > of);
}
