/*
 * admin_trends.js: how long calls took and how they ended, over time.
 */
import { fetched, filters } from './admin_parts.js';
import { askJson } from './api.js';
import { number } from './chart.js';
import { band, stacked } from './chart_time.js';
import { el, replace } from './dom.js';

const spans = [['hour', '2 days by hour'], ['minute', 'hour by minute'], ['day', '31 days by day']];
const ways = [['class', 'by their end'], ['model', 'by model'], ['status', 'by status']];
const classes = { '2xx': ['answered', 'a'], '4xx': ['refused', 'c'], '5xx': ['failed', 'd'] };
const kinds = ['a', 'b', 'c', 'e', 'd'];

/* The time of a step, as short as its length allows. */
function timeText(at, step) {
  if (step === 'day') return at.slice(0, 10);
  const date = new Date(at);
  const time = date.toLocaleTimeString('en-GB', { hour: '2-digit', minute: '2-digit' });

  return step === 'minute' ? time : `${date.toLocaleDateString('en-GB', { day: 'numeric', month: 'short' })} ${time}`;
}

function series(found, by) {
  const counts = (name) => found.outcomes.map((step) => step.counts[name] ?? 0);

  if (by === 'class') {
    return found.names.map((name) => ({ name: classes[name]?.[0] ?? name, kind: classes[name]?.[1] ?? 'b', values: counts(name) }));
  }
  const own = found.names.slice(0, kinds.length - 1);
  const rest = found.names.slice(own.length);
  const others = found.outcomes.map((step) => step.others + rest.reduce((sum, name) => sum + (step.counts[name] ?? 0), 0));

  return [...own.map((name, i) => ({ name: name === '' ? 'no model' : name, kind: kinds[i], values: counts(name) })),
    ...(others.some((count) => count > 0) ? [{ name: 'others', kind: kinds.at(-1), values: others }] : [])];
}

function shown({ latency, outcomes }, { step, by }) {
  if (latency.calls === 0) return el('p', { class: 'state' }, 'There was no call in that time.');
  const times = latency.latency.map(({ at }) => timeText(at, step));

  return [
    latency.complete_from === null ? null :
      el('p', { class: 'note warn' }, `These are the newest ${number(latency.calls)} calls alone: all since ${new Date(latency.complete_from).toLocaleString()}.`),
    el('div', { class: 'charts' },
      el('section', { class: 'card' }, el('h4', {}, 'How calls ended'), stacked('Calls over time', times, series(outcomes, by))),
      el('section', { class: 'card' }, el('h4', {}, 'How long they took'),
        band('Duration of calls over time', times, latency.latency.map((one) => (one.calls === 0 ? null :
          { low: one.p50_ms, middle: one.p90_ms, high: one.p99_ms })), 'ms', ['half within', '90% within', '99% within']))),
  ];
}

export function trends() {
  const place = el('div');
  const search = filters('What is shown', [
    { name: 'step', label: 'The last', options: spans, value: 'hour' },
    { name: 'by', label: 'Calls', options: ways, value: 'class' },
    { name: 'model', label: 'Of the model' },
  ], () => load());
  const load = () => replace(place, fetched(async () => {
    const { step, by, model } = search.values();
    /* One behind the other: of two at once a service with few workers refuses one. */
    const latency = await askJson('GET', 'admin/latency', { query: { step, model } });

    return { latency, outcomes: await askJson('GET', 'admin/outcomes', { query: { step, by, model } }) };
  }, (found) => shown(found, search.values())));

  load();
  return el('section', {}, el('h3', {}, 'Calls over time'), search.element, place);
}
