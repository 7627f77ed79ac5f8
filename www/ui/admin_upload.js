/*
 * admin_upload.js: an image published as the next version of a model, with how far it has come.
 *
 * fetch() does not tell how much has been sent, so this is the older way of asking.
 */
import { lastingField } from './admin_fields.js';
import { button, sheet } from './admin_parts.js';
import { Problem, address, askJson } from './api.js';
import { el, replace } from './dom.js';
import { form } from './fields.js';
import { tell } from './notice.js';
import { credentials } from './session.js';

const places = [
  ['serving', 'Have it serve: it answers all calls at once'],
  ['canary', 'Try it on a share of the calls'],
  ['shadow', 'Try it unseen: asked beside the one that serves, and only compared'],
];
export const shares = [['10%', '10%'], ['1%', '1%'], ['5%', '5%'], ['25%', '25%'], ['50%', '50%']];
export const drawnBy = [['request', 'each call by itself'], ['key', 'by key: whoever has it keeps it']];

/* Fields of what a version is to do; those of a canary are shown with it alone. */
export function placeFields(start = 'serving') {
  return [
    { name: 'as', label: 'What it is to do', options: places, value: start },
    { name: 'share', label: 'Its share of the calls', value: '10%', custom: lastingField, times: shares },
    { name: 'by', label: 'The share is drawn', options: drawnBy, value: 'request' },
  ];
}

/* What of these is sent. */
export function placeOf({ as, share, by }) {
  return as === 'canary' ? { as, share, by } : { as };
}

/* Shows the fields of these labels only while a choice is this one. */
export function only(element, choice, value, labels) {
  const select = element.querySelector(`select[name="${choice}"]`);
  const parts = [...element.querySelectorAll('legend, label')].filter((label) => labels.includes(label.textContent))
    .map((label) => label.closest('fieldset, .field'));
  const show = () => parts.forEach((part) => { part.hidden = select.value !== value; });

  select.addEventListener('change', show);
  show();
  return element;
}

export const canaryOnly = (element) => only(element, 'as', 'canary', ['Its share of the calls', 'The share is drawn']);

/* A field of fields.js: a file; the value is the File or ''. */
export function fileField({ accept, label }, described) {
  const control = el('input', { type: 'file', accept, 'aria-label': label, 'aria-describedby': described });

  return { element: el('p', { class: 'limitline' }, control), control, value: () => control.files[0] ?? '' };
}

function answerOf(request) {
  try {
    return JSON.parse(request.responseText);
  } catch {
    return {};
  }
}

/* Sends a file; each(share) tells how much of it has gone. */
function send(path, query, file, each, begun) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    const url = new URL(address(path));

    for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
    request.open('POST', url);
    for (const [name, value] of Object.entries(credentials())) request.setRequestHeader(name, value);
    request.setRequestHeader('Content-Type', 'application/octet-stream');
    request.upload.onprogress = (event) => each(event.loaded / event.total);
    request.onload = () => (request.status < 300 ? resolve(answerOf(request)) :
      reject(new Problem(request.status, answerOf(request), new Headers({ 'X-Request-ID': request.getResponseHeader('X-Request-ID') ?? '' }))));
    request.onerror = () => reject(new Problem(0, {}));
    request.onabort = () => reject(new Problem(0, { detail: 'The upload was stopped. Nothing was published.' }));
    begun(request);
    request.send(file);
  });
}

/* Publishes: of this model, or without a name of one that is typed. */
export function uploadSheet(name, done) {
  const bar = el('progress', { max: 1, value: 0, 'aria-label': 'How much has been sent' });
  const said = el('span', {});
  let running = null;
  const progress = el('p', { class: 'progress', hidden: true }, bar, ' ', said, ' ',
    button('Stop', () => running?.abort()));
  const each = (share) => {
    bar.value = share;
    replace(said, share < 1 ? `${Math.floor(share * 100)}%` : 'It is being proved...');
  };

  async function publish({ name: typed, file, ...place }) {
    const model = name ?? typed;

    await askJson('GET', 'protected'); // so that a token that has run out is renewed before
    progress.hidden = false;
    each(0);
    try {
      return await send(`admin/models/${encodeURIComponent(model)}/versions`, placeOf(place), file, each,
        (request) => { running = request; });
    } finally {
      progress.hidden = true;
      running = null;
    }
  }

  const { close } = sheet(name === undefined ? 'Publish a model' : `Publish a version of ${name}`, [
    canaryOnly(form({
      fields: [
        ...(name === undefined ? [{ name: 'name', label: 'Name of the model', required: true, hint: 'a-z 0-9 . _ and -, such as iris. One that there is gets another version.' }] : []),
        {
          name: 'file', label: 'Image', required: true, custom: fileField, accept: '.fgm',
          hint: 'A file .fgm, which forestgate model train and model import make.',
        },
        ...placeFields(),
      ],
      verb: 'Publish',
      send: publish,
      done: (made) => {
        close();
        done(made);
        tell(`Version ${made.version} of ${made.name} is published: ${made.state}${made.share ? `, ${made.share} of the calls` : ''}.`);
      },
    })),
    progress,
  ], { guards: true, onclose: () => running?.abort() });
}
