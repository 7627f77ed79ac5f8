/*
 * when.js: times as a person reads them, with the whole of them at hand.
 */
import { el } from './dom.js';

const relative = new Intl.RelativeTimeFormat('en', { numeric: 'auto' });
const units = [['year', 31557600], ['month', 2629800], ['day', 86400], ['hour', 3600], ['minute', 60], ['second', 1]];
const exact = new Intl.DateTimeFormat('en', { dateStyle: 'medium', timeStyle: 'medium', hourCycle: 'h23' });

function ago(date) {
  const seconds = (date.getTime() - Date.now()) / 1000;
  const [unit, length] = units.find(([, size]) => Math.abs(seconds) >= size) ?? units.at(-1);

  return relative.format(Math.round(seconds / length), unit);
}

/* <time>: how long ago, or in how long; null is said in words. */
export function when(text, never = 'never') {
  if (text === null || text === undefined) return never;
  const date = new Date(text);

  return el('time', { datetime: text, title: exact.format(date) }, ago(date));
}

/* <time>: the time itself, by the reader's clock, with how long ago it was. */
export function stamp(text) {
  const date = new Date(text);

  return el('time', { datetime: text, title: ago(date) }, exact.format(date));
}
