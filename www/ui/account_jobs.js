/*
 * account_jobs.js: one's jobs: sent as a file, watched, fetched, cancelled.
 */
import { askJson } from './api.js';
import { number } from './chart.js';
import { span } from './countdown.js';
import { confirmByName } from './dialog.js';
import { el, freshId, replace } from './dom.js';
import { form } from './fields.js';
import { list } from './list.js';
import { tell, tellProblem } from './notice.js';
import { save } from './save.js';
import { upload } from './upload.js';
import { watch } from './watch.js';
import { when } from './when.js';

const kinds = { completed: 'good', failed: 'bad', cancelled: 'warn' };
const endings = { 'application/json': 'json', 'application/x-npy': 'npy' };
const states = ['', 'pending', 'processing', 'completed', 'failed', 'cancelled'];

function isOver(job) {
  return job.status in kinds;
}

/* What stands for its name: the end of it, since its beginning is the time. */
function short(job) {
  return job.job_uuid.slice(-8);
}

/* ---- how far it is ---- */

function progressOf(job) {
  if (job.status !== 'processing' || job.progress === null) return null;
  const { rows, rows_done: done, rows_per_s: rate, seconds_left: left } = job.progress;

  return el('span', { class: 'progress' },
    rows ? el('progress', { max: rows, value: done, 'aria-label': `Progress of the job ${short(job)}` }) : null,
    el('span', { class: 'hint' }, rows ? `${number(done)} of ${number(rows)} rows` : `${number(done)} rows`,
      rate > 0 ? `, ${number(rate)} each second` : '', left === null ? '' : `, ${span(left)} left`));
}

function resultOf(job) {
  if (job.reason !== null) return job.reason;
  if (job.status !== 'completed') return '';
  const score = job.result_score === null ? '' : number(job.result_score);

  return job.result_label === null ? score || `${number(job.result_bytes)} bytes` : `${job.result_label} ${score}`;
}

/* ---- a new one ---- */

/* While a file is sent: how much of it, and a button that stops it. */
function sending(place, file, stop) {
  const bar = el('progress', { max: 1, value: 0, 'aria-label': `Sending ${file.name}` });
  const said = el('span', { class: 'hint' });

  replace(place, el('span', { class: 'progress' }, bar, said),
    el('button', { type: 'button', class: 'plain small', onclick: stop }, 'Stop'));
  return (sent, all) => {
    bar.value = all > 0 ? sent / all : 1;
    replace(said, sent < all ? `${number(Math.round(sent / 1024))} of ${number(Math.round(all / 1024))} kB sent` :
      'All of it is sent; each row is looked at...');
  };
}

function typeOf(file) {
  return file.name.toLowerCase().endsWith('.npy') ? 'application/x-npy' : 'text/csv';
}

async function send({ file, model, output }, place) {
  const stop = new AbortController();
  const each = sending(place, file, () => stop.abort());

  try {
    return await upload('jobs', file, { type: typeOf(file), query: { model, output }, each, signal: stop.signal });
  } finally {
    replace(place);
  }
}

function newJob(models, taken) {
  const place = el('div', { class: 'actions' });

  return [form({
    fields: [
      {
        name: 'file', label: 'Rows', type: 'file', required: true, accept: '.csv,.npy,text/csv',
        hint: 'A CSV file whose first line names the features, or an array of NumPy\'s.',
        check: (file) => (file !== '' && file.size === 0 ? 'This file is empty.' : ''),
      },
      { name: 'model', label: 'Model', options: models.map((name) => [name, name]), value: models[0] },
      {
        name: 'output', label: 'What each row is answered with', value: 'label',
        options: [['label', 'label, or value'], ['probability', 'probabilities'], ['margin', 'margins'], ['leaf', 'leaves']],
      },
    ],
    verb: 'Send it',
    send: (values) => send(values, place),
    done: taken,
  }), place];
}

/* The form, when it is asked for: opened it fetches the models. */
function maker(taken) {
  const place = el('div');
  const box = el('details', {
    class: 'card',
    ontoggle: async () => {
      if (!box.open || place.childElementCount > 0) return;
      const models = (await askJson('GET', 'models').catch(() => ({ models: [] }))).models.map((model) => model.name);

      if (models.length === 0) replace(place, el('p', {}, 'There is no model that you may use.'));
      else fresh(models);
    },
  }, el('summary', {}, 'New job from a file'), place);

  function fresh(models) {
    replace(place, newJob(models, (job) => {
      fresh(models);
      taken(job);
    }));
  }
  return box;
}

/* ---- all of them ---- */

function button(job, verb, act) {
  return el('button', { type: 'button', class: 'plain small', onclick: () => act(job) }, verb,
    el('span', { class: 'unseen' }, ` (job ${short(job)})`));
}

async function getResult(job) {
  await save(`jobs/${job.job_uuid}/result`, `${job.model}-${short(job)}.${endings[job.result_type] ?? 'csv'}`);
}

async function cancel(job) {
  if (!await confirmByName({
    title: 'Cancel a job', name: short(job), verb: 'Cancel the job',
    text: `What was done of this job (${job.model}, ${number(job.rows)} rows) is thrown away.`,
  })) return;
  await askJson('DELETE', `jobs/${job.job_uuid}`);
  tell(`The job ${short(job)} is cancelled.`);
}

function columnsOf(act) {
  return [
    { name: 'Job', cell: (job) => el('code', { title: job.job_uuid }, short(job)) },
    { name: 'State', cell: (job) => [el('span', { class: `tag ${kinds[job.status] ?? ''}` }, job.status), progressOf(job)] },
    { name: 'Model', cell: (job) => `${job.model} ${job.version ?? ''}` },
    { name: 'Rows', number: true, cell: (job) => number(job.rows) },
    { name: 'Taken', cell: (job) => when(job.created_at) },
    { name: 'Kept until', cell: (job) => when(job.expires_at, '-') },
    { name: 'Result', wide: true, cell: (job) => resultOf(job) && el('span', { class: 'result' }, resultOf(job)) },
    {
      name: 'Do',
      wide: true,
      cell: (job) => (job.status === 'completed' ? button(job, 'Get the result', act(getResult)) :
        isOver(job) ? '' : button(job, 'Cancel', act(cancel))),
    },
  ];
}

/* query: what is always asked for, such as {all: true} by an administrator. */
export function jobsPanel(query = {}) {
  const place = el('div');
  const id = freshId('job-status');
  let status = '';
  let open = 0; // jobs on the first page that have not ended
  let end = null;
  const act = (what) => async (job) => {
    try {
      await what(job);
    } catch (error) {
      tellProblem(error);
    }
    if (what === cancel) shown.reload();
  };
  const shown = list(place, {
    title: 'Jobs',
    columns: columnsOf(act),
    key: (job) => job.job_uuid,
    fetch: async (next) => {
      const page = await askJson('GET', 'jobs', { query: { ...query, status, before: next } });

      return { rows: page.jobs, next: page.next };
    },
    after: (page) => {
      open = page.rows.filter((job) => !isOver(job)).length;
      if (open > 0 && end === null) end = watch(place, look);
    },
    empty: () => (status !== '' ? 'There is no such job.' : 'There is no job yet: a file of rows is predicted in the background by one.'),
  });

  /* While something is going on, for as long as the list is looked at. */
  async function look() {
    await shown.update();
    if (open > 0) return true;
    end = null;
    return 'end';
  }

  return el('div', {}, el('h2', { tabindex: '-1' }, 'Jobs'),
    maker((job) => {
      tell(`The job ${short(job)} is taken.`);
      shown.reload();
    }),
    el('div', { class: 'row filters' }, el('div', { class: 'field' }, el('label', { for: id }, 'State'),
      el('select', { id, onchange: (event) => { status = event.target.value; shown.reload(); } },
        states.map((word) => el('option', { value: word }, word || 'any'))))), place);
}
