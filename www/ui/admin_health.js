/*
 * admin_health.js: how the instance is.
 */
import { fetched, room, tag } from './admin_parts.js';
import { trends } from './admin_trends.js';
import { askJson } from './api.js';
import { number, percent } from './chart.js';
import { el } from './dom.js';

function bytes(count) {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  const power = count > 0 ? Math.min(units.length - 1, Math.floor(Math.log2(count) / 10)) : 0;

  return `${number(Number((count / 1024 ** power).toPrecision(3)))} ${units[power]}`;
}

function duration(seconds) {
  const [name, size] = [['day', 86400], ['hour', 3600], ['minute', 60], ['second', 1]].find(([, of]) => seconds >= of) ?? ['second', 1];
  const count = Math.floor(seconds / size);

  return `${number(count)} ${name}${count === 1 ? '' : 's'}`;
}

const mark = (good, text) => tag(text, good ? 'good' : 'bad');

/* How full something is, with the same in words beside it. */
function gauge(label, share, text) {
  return [el('meter', { min: 0, max: 1, low: 0.75, high: 0.9, optimum: 0, value: share, 'aria-label': label }), ' ', text];
}

function facts(title, rows) {
  return el('section', { class: 'card' }, el('h3', {}, title),
    el('dl', { class: 'factlist' }, rows.filter((row) => row !== null).map(([name, ...value]) => el('div', {}, el('dt', {}, name), el('dd', {}, value)))));
}

function parts(health) {
  const { database, ledger, disk, jobs, sandbox, keys, workers } = health;
  const used = disk === null ? 0 : 1 - disk.free_bytes / disk.total_bytes;

  return el('div', { class: 'cards' },
    facts('Service', [
      ['State', mark(health.status === 'healthy', health.status)], ['Version', health.version],
      workers === undefined ? null : ['Workers', `${number(workers.alive)}, of which ${number(workers.busy)} ${workers.busy === 1 ? 'has' : 'have'} a request in hand`],
      ['The one that answered runs for', duration(health.uptime_seconds)],
      sandbox === undefined ? ['Sandbox', 'not told'] : ['Sandbox', mark(sandbox.state === 'whole', sandbox.state)],
    ]),
    facts('Storage', [
      ['Database', mark(database.writable, database.writable ? 'can be written' : 'cannot be written')],
      disk === null ? ['Disk', 'not known'] : ['Disk', gauge('Disk, used', used, `${bytes(disk.free_bytes)} free of ${bytes(disk.total_bytes)} (${percent(used)} used)`)],
      ['Calls not yet in the log', gauge('Room of the ledger, used', ledger.waiting / Math.max(1, ledger.room), `${number(ledger.waiting)}, of room for ${number(ledger.room)}`)],
      ['Calls in hand', number(ledger.in_hand)],
      ['Secrets', mark(keys.sealing && keys.token, keys.sealing && keys.token ? 'there' : 'missing')],
    ]),
    facts('Jobs', jobs === undefined || jobs === null ? [['Jobs', 'not known']] : [
      ['Wait or are in work', number(jobs.open)], ['Kept', `${number(jobs.kept)}, ${bytes(jobs.bytes)}`],
      ['Runners', jobs.runners > 0 ? mark(true, number(jobs.runners)) : [mark(jobs.open === 0, 'none'), jobs.open > 0 ? ' Nobody does them: start forestgate work.' : '']],
    ]),
    facts('Models', health.models.length === 0 ? [['Models', mark(false, 'none is published')]] :
      health.models.map((model) => [el('a', { href: `#models?name=${encodeURIComponent(model.name)}` }, `${model.name}, version ${model.version}`),
        mark(model.state === 'ready', model.state)])));
}

export function healthRoom() {
  return room('Health', 'How this instance is just now.', null,
    fetched(() => askJson('GET', 'health/detailed'), (health, load) => [
      health.status === 'healthy' ? null : el('p', { class: 'note bad' }, 'Something is not well: see below. forestgate doctor tells what mends it.'),
      parts(health),
      el('p', { class: 'actions' }, el('button', { type: 'button', class: 'plain', onclick: load }, 'Look again')),
    ]), trends());
}
