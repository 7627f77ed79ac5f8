/*
 * account_calls.js: calls through some filters, what they come to, as a file, and as they come.
 */
import { askJson } from './api.js';
import { number } from './chart.js';
import { el, freshId, replace } from './dom.js';
import { list } from './list.js';
import { tellProblem } from './notice.js';
import { save } from './save.js';
import { watch } from './watch.js';
import { stamp } from './when.js';

const MINE = 'users/me/calls';
const PAGE = 50;

const statuses = [['', 'any'], ['2xx', 'answered (2xx)'], ['4xx', 'refused (4xx)'], ['429', 'over a limit (429)'], ['5xx', 'failed (5xx)']];

function kindOf(status) {
  if (status < 300) return 'good';
  return status < 500 ? 'warn' : 'bad';
}

/* A time of a field, which is by the reader's clock, as the service takes it. */
function instant(text) {
  return text === '' ? '' : new Date(text).toISOString();
}

function totalsOf(totals) {
  if (!totals) return 'They are too many to be summed up. A shorter time, or a key, makes them fewer.';
  const mean = totals.mean_ms === null ? '' : `, ${number(totals.mean_ms)} ms on average`;

  return `${number(totals.calls)} calls with ${number(totals.rows)} rows; ${number(totals.charged)} charged, ` +
    `${number(totals.failed)} refused or failed${mean}.`;
}

function columnsOf(names) {
  return [
    { name: 'When', cell: (call) => stamp(call.started_at) },
    { name: 'Status', cell: (call) => el('span', { class: `tag ${kindOf(call.status)}` }, String(call.status)) },
    { name: 'Model', cell: (call) => (call.model === null ? '-' : `${call.model} ${call.version ?? ''}`) },
    { name: 'Route', cell: (call) => call.route ?? '-' },
    { name: 'Key', cell: (call) => (call.key === null ? 'logged in' : names.get(call.key) ?? el('code', {}, call.key)) },
    { name: 'Rows', number: true, cell: (call) => number(call.rows) },
    { name: 'Charged', number: true, cell: (call) => number(call.charged) },
    { name: 'ms', number: true, cell: (call) => number(call.duration_us / 1000) },
    { name: 'Address', cell: (call) => call.address ?? '-' },
    { name: 'Request', wide: true, cell: (call) => el('code', { class: 'id' }, call.request_id) },
  ];
}

/* The controls of the filters; change (name, value) is told. */
function controlOf(change) {
  return (name, label, { options, type, convert = (text) => text.trim() } = {}) => {
    const id = freshId('filter');
    const onchange = (event) => change(name, convert(event.target.value));

    return el('div', { class: 'field' }, el('label', { for: id }, label), options === undefined ?
      el('input', { id, onchange, type: type ?? 'text', spellcheck: 'false', autocapitalize: 'none', autocomplete: 'off' }) :
      el('select', { id, onchange }, options.map(([value, text]) => el('option', { value }, text))));
  };
}

/* The keys and models that one's own calls may be of, by their names. */
async function fillMine(model, key, names) {
  const [{ keys }, { models }] = await Promise.all([
    askJson('GET', 'users/me/keys', { query: { revoked: true } }), askJson('GET', 'models')]);
  const more = (control, options) => control.querySelector('select')
    .append(...options.map(([value, text]) => el('option', { value }, text)));

  keys.forEach((one) => names.set(one.id, one.name));
  more(model, models.map((one) => [one.name, one.name]));
  more(key, keys.map((one) => [one.id, `${one.name} (${one.masked_key})`]));
}

/*
 * The call log: path is users/me/calls or admin/calls, more [[name, label]] are filters that it
 * has beside the others.  One's own are headed here, others by whoever shows them.
 */
export function callsPanel(path = MINE, more = []) {
  const place = el('div');
  const totals = el('p', { class: 'totals', role: 'status' });
  const filters = {};
  const names = new Map();
  const control = controlOf((name, value) => {
    filters[name] = value;
    shown.reload();
  });
  const any = path === MINE ? { options: [['', 'any']] } : {};
  const model = control('model', 'Model', any);
  const key = control('key', 'Key', any);
  const fetchPage = async (next) => {
    const page = await askJson('GET', path, { query: { ...filters, before: next, limit: PAGE } });

    if (next === null) replace(totals, page.calls.length > 0 ? totalsOf(page.totals) : null);
    return { rows: page.calls, next: page.next };
  };
  const ready = path === MINE ? fillMine(model, key, names).catch(() => null) : null; // their ids do, too
  const shown = list(place, {
    title: 'Calls',
    columns: columnsOf(names),
    key: (call) => call.request_id + call.started_at,
    fetch: async (next) => {
      await ready;
      return fetchPage(next);
    },
    empty: () => (Object.values(filters).some((value) => value !== '') ? 'There is no such call.' :
      el('p', {}, 'There is no call yet. ', path === MINE ? el('a', { href: './' }, 'Ask a model') : null)),
  });

  const csv = async () => {
    try {
      await save(path, 'calls.csv', { query: { ...filters, format: 'csv' }, accept: 'text/csv' });
    } catch (error) {
      tellProblem(error);
    }
  };

  return el('div', {}, el('div', { class: 'head' }, path === MINE ? el('h2', { tabindex: '-1' }, 'Calls') : null,
    el('span', { class: 'actions' }, liveSwitch(place, shown), el('button', { type: 'button', class: 'plain', onclick: csv }, 'Get as CSV'))),
  el('div', { class: 'row filters' }, model, key, control('status', 'Status', { options: statuses }),
    control('since', 'From', { type: 'datetime-local', convert: instant }),
    control('until', 'Until', { type: 'datetime-local', convert: instant }),
    more.map(([name, label]) => control(name, label))), totals, place);
}

/* A box: while it is ticked, new calls come by themselves. */
function liveSwitch(place, shown) {
  const id = freshId('live');
  let end = null;

  return el('span', { class: 'check' }, el('input', {
    type: 'checkbox', id,
    onchange: (event) => {
      if (event.target.checked) end = watch(place, () => shown.update(), { first: 3000 });
      else end?.();
    },
  }), el('label', { for: id }, 'Live'));
}
