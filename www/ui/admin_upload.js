/*
 * admin_upload.js: an image published as the next version of a model, with how far it has come.
 */
import { lastingField } from './admin_fields.js';
import { button, sheet } from './admin_parts.js';
import { el, replace } from './dom.js';
import { form } from './fields.js';
import { tell } from './notice.js';
import { upload } from './upload.js';

const places = [
  ['serving', 'Have it serve: it answers all calls at once'],
  ['canary', 'Try it on a share of the calls'],
  ['shadow', 'Try it unseen: asked beside the one that serves, and only compared'],
];
const shares = [['10%', '10%'], ['1%', '1%'], ['5%', '5%'], ['25%', '25%'], ['50%', '50%']];
const drawnBy = [['request', 'each call by itself'], ['key', 'by key: whoever has it keeps it']];

/* Fields of what a version is to do; those of a canary are shown with it alone. */
export function placeFields(start = 'serving') {
  return [
    { name: 'as', label: 'What it is to do', options: places, value: start },
    { name: 'share', label: 'Its share of the calls', value: '10%', custom: lastingField, times: shares, other: 'another share...', such: '2.5%' },
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

/* A promise whose refusals of the body are told at the file. */
export async function ofFile(promise) {
  try {
    return await promise;
  } catch (error) {
    if (error.errors !== undefined) error.errors = error.errors.map((one) => (one.field === 'body' ? { ...one, field: 'file' } : one));
    throw error;
  }
}

/* Publishes: of this model, or without a name of one that is typed. */
export function uploadSheet(name, done) {
  const bar = el('progress', { max: 1, value: 0, 'aria-label': 'How much has been sent' });
  const said = el('span', {});
  let running = null;
  const progress = el('p', { class: 'progress', hidden: true }, bar, ' ', said, ' ',
    button('Stop', () => running?.abort()));
  const each = (sent, all) => {
    bar.value = all > 0 ? sent / all : 0;
    replace(said, sent < all ? `${Math.floor((sent / all) * 100)}%` : 'It is being proved...');
  };

  async function publish({ name: typed, file, ...place }) {
    running = new AbortController();
    progress.hidden = false;
    each(0, file.size);
    try {
      return await ofFile(upload(`admin/models/${encodeURIComponent(name ?? typed)}/versions`, file,
        { type: 'application/octet-stream', query: placeOf(place), each, signal: running.signal }));
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
          name: 'file', label: 'Image', type: 'file', required: true, accept: '.fgm',
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
