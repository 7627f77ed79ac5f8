/*
 * account_jobs.js: one's jobs, with how far they are.
 */
import { ask, askJson } from './api.js';
import { number } from './chart.js';
import { confirmByName } from './dialog.js';
import { el, freshId } from './dom.js';
import { list } from './list.js';
import { tell, tellProblem } from './notice.js';
import { when } from './when.js';

const REFRESH_MS = 2000;
const kinds = { completed: 'good', failed: 'bad', cancelled: 'warn' };

function progress(job) {
  if (job.status !== 'processing' || job.progress === null) return '';
  const left = job.progress.seconds_left;

  return [job.rows ? el('progress', { max: job.rows, value: job.progress.rows_done, 'aria-label': 'Progress' }) : null,
    ` ${number(job.progress.rows_done)} rows, ${number(job.progress.rows_per_s)}/s`,
    left === null ? '' : `, ${number(left)} s left`];
}

function isOver(job) {
  return job.status in kinds;
}

export function jobsPanel(query = {}) {
  const place = el('div');
  const id = freshId('job-status');
  let status = '';
  const shown = list(place, {
    title: 'Jobs',
    columns: [
      { name: 'Job', cell: (job) => el('code', {}, job.job_uuid) },
      { name: 'State', cell: (job) => [el('span', { class: `tag ${kinds[job.status] ?? ''}` }, job.status), progress(job)] },
      { name: 'Model', cell: (job) => `${job.model} ${job.version ?? ''}` },
      { name: 'Rows', number: true, cell: (job) => number(job.rows) },
      { name: 'Taken', cell: (job) => when(job.created_at) },
      { name: 'Kept until', cell: (job) => when(job.expires_at, '') },
      { name: 'Result', cell: (job) => job.reason ?? (job.result_label ?? (job.status === 'completed' ? number(job.result_score) : '')) },
      {
        name: 'Do',
        cell: (job) => (job.status === 'completed' ?
          el('button', { type: 'button', class: 'plain', onclick: () => save(job) }, 'Get the result') :
          isOver(job) ? '' : el('button', { type: 'button', class: 'plain', onclick: () => cancel(job) }, 'Cancel')),
      },
    ],
    fetch: async (next) => {
      const page = await askJson('GET', 'jobs', { query: { ...query, status, before: next } });

      if (page.jobs.some((job) => !isOver(job)) && next === null) again();
      return { rows: page.jobs, next: page.next };
    },
    empty: 'There is no such job. POST jobs takes one, and a file of rows as its body.',
  });

  /* While something is going on, for as long as the list is looked at. */
  function again() {
    setTimeout(() => {
      if (place.isConnected && !place.contains(document.activeElement)) shown.reload();
      else if (place.isConnected) again();
    }, REFRESH_MS);
  }

  async function save(job) {
    try {
      const answer = await ask('GET', `jobs/${job.job_uuid}/result`, { accept: '*/*' });
      const url = URL.createObjectURL(await answer.blob());

      el('a', { href: url, download: job.job_uuid }).click();
      setTimeout(() => URL.revokeObjectURL(url), 1000);
    } catch (error) {
      tellProblem(error);
    }
  }

  async function cancel(job) {
    if (!await confirmByName({
      title: 'Cancel a job', name: job.job_uuid.slice(0, 8), verb: 'Cancel the job',
      text: 'What was done of it is thrown away.',
    })) return;
    try {
      await askJson('DELETE', `jobs/${job.job_uuid}`);
      tell('The job is cancelled.');
    } catch (error) {
      tellProblem(error);
    }
    shown.reload();
  }

  return el('div', {}, el('p', { class: 'field' }, el('label', { for: id }, 'State'),
    el('select', { id, onchange: (event) => { status = event.target.value; shown.reload(); } },
      ['', 'pending', 'processing', 'completed', 'failed', 'cancelled'].map((word) => el('option', { value: word }, word || 'any')))), place);
}
