/*
 * admin_models.js: models and their versions: published, tried on a share, taken back; and how
 * good they are.
 */
import { ask, askJson } from './api.js';
import { number } from './chart.js';
import { confirmByName } from './dialog.js';
import { el, replace } from './dom.js';
import { form } from './fields.js';
import { list } from './list.js';
import { tell, tellProblem } from './notice.js';
import { paged } from './paged.js';
import { qualityPart } from './quality.js';
import { when } from './when.js';

const states = { serving: 'good', canary: 'warn', shadow: 'warn', retired: '' };

function versionText(version) {
  return version.share === null ? version.state : `${version.state}, ${version.share} by ${version.by}`;
}

/* A file goes as it is, so it is no form of fields.js. */
function upload(done) {
  const file = el('input', { id: 'image', type: 'file', accept: '.fgm', required: true });
  const name = el('input', { id: 'image-name', required: true, spellcheck: 'false', autocapitalize: 'none' });
  const as = el('select', { id: 'image-as' }, [['serving', 'have it serve'], ['canary', 'on a share of the calls'],
    ['shadow', 'beside, unseen']].map(([value, label]) => el('option', { value }, label)));
  const share = el('input', { id: 'image-share', placeholder: '10%' });
  const status = el('p', { role: 'status' });

  return el('form', {
    onsubmit: async (event) => {
      event.preventDefault();
      replace(status, 'It is on its way...');
      try {
        const made = await (await ask('POST', `admin/models/${encodeURIComponent(name.value.trim())}/versions`, {
          body: file.files[0], type: 'application/octet-stream',
          query: { as: as.value, share: as.value === 'canary' ? share.value : '' },
        })).json();

        replace(status);
        tell(`Version ${made.version} of ${name.value.trim()} is published.`);
        done();
      } catch (error) {
        replace(status);
        tellProblem(error);
      }
    },
  },
  el('p', { class: 'field' }, el('label', { for: 'image' }, 'Image (.fgm, made by forestgate model train or import)'), file),
  el('p', { class: 'field' }, el('label', { for: 'image-name' }, 'Name of the model'), name),
  el('p', { class: 'field' }, el('label', { for: 'image-as' }, 'What it is to do'), as),
  el('p', { class: 'field' }, el('label', { for: 'image-share' }, 'Share, of a canary'), share),
  el('p', {}, el('button', { type: 'submit' }, 'Publish')), status);
}

export function modelsPanel() {
  const place = el('div');
  const detail = el('div');
  const shown = list(place, {
    title: 'Models',
    columns: [
      { name: 'Model', cell: (model) => el('button', { type: 'button', class: 'plain', onclick: () => open(model.name) }, model.name) },
      { name: 'Serving', cell: (model) => String(model.versions.find((one) => one.state === 'serving')?.version ?? 'none') },
      { name: 'Beside it', cell: (model) => model.versions.filter((one) => one.state === 'canary' || one.state === 'shadow').map(versionText).join('; ') || 'nothing' },
      { name: 'Versions', number: true, cell: (model) => number(model.versions.length) },
      { name: 'Rows are kept', cell: (model) => (model.keep === null ? 'no' : `${model.keep.rate} for ${model.keep.days} days`) },
    ],
    fetch: paged('admin/models', 'models'),
    empty: 'There is no model yet. Publish one below.',
  });

  async function act(name, what, said) {
    try {
      await what();
      tell(said);
    } catch (error) {
      tellProblem(error);
    }
    shown.reload();
    await open(name);
  }

  const path = (name) => `admin/models/${encodeURIComponent(name)}`;

  function versionRow(name, version) {
    const button = (label, onclick) => el('button', { type: 'button', class: 'plain', onclick }, label);

    return el('tr', {},
      el('th', { scope: 'row' }, String(version.version)),
      el('td', {}, el('span', { class: `tag ${states[version.state] ?? ''}` }, versionText(version))),
      el('td', {}, when(version.published_at)),
      el('td', {}, el('code', { title: version.sha256 }, version.sha256.slice(0, 12))),
      el('td', { class: 'actions' },
        version.state === 'serving' ? null : button('Have it serve', () => act(name,
          () => askJson('POST', `${path(name)}/promote`, { body: { version: version.version } }), `Version ${version.version} serves.`)),
        version.state === 'canary' || version.state === 'shadow' ? button('End it', () => act(name,
          () => askJson('POST', `${path(name)}/retire`, { body: { version: version.version } }), `Version ${version.version} is retired.`)) : null,
        version.state === 'retired' ? button('Delete', async () => {
          if (await confirmByName({
            title: 'Delete a version', name: `${name} ${version.version}`, verb: 'Delete for good', text: 'Its image is deleted.',
          })) await act(name, () => askJson('DELETE', `${path(name)}/versions/${version.version}`), `Version ${version.version} is deleted.`);
        }) : null));
  }

  async function rollBack(name) {
    if (await confirmByName({
      title: 'Take a version back', name, verb: 'Roll back', text: 'The version that served before serves again, from the next request on.',
    })) await act(name, () => askJson('POST', `${path(name)}/rollback`, { body: {} }), `${name} is rolled back.`);
  }

  async function open(name) {
    try {
      const { models: [model] } = await askJson('GET', 'admin/models', { query: { name } });

      replace(detail, el('section', { class: 'card' },
        el('h2', { tabindex: '-1' }, name),
        el('div', { class: 'scroll', tabindex: '0', role: 'region', 'aria-label': 'Versions' }, el('table', {},
          el('caption', { class: 'unseen' }, `Versions of ${name}`),
          el('thead', {}, el('tr', {}, ['Version', 'State', 'Published', 'SHA-256', 'Change'].map((text) => el('th', { scope: 'col' }, text)))),
          el('tbody', {}, model.versions.map((version) => versionRow(name, version))))),
        el('p', { class: 'actions' }, el('button', { type: 'button', class: 'danger', onclick: () => rollBack(name) }, 'Roll back')),
        el('h3', {}, 'Keep what it is asked'), form({
          fields: [
            { name: 'rate', label: 'How many of the requests', value: model.keep?.rate, required: true, hint: '10%; off for none' },
            { name: 'days', label: 'For how many days', value: model.keep?.days ?? 30 },
          ],
          verb: 'Keep',
          send: ({ rate, days }) => askJson('PUT', `${path(name)}/keep`, { body: { rate, days: Number(days) } }),
          done: () => { tell('It is set.'); shown.reload(); },
        }),
        el('h3', {}, 'Quality and drift'), qualityPart(name)));
      detail.querySelector('h2').focus();
    } catch (error) {
      tellProblem(error);
    }
  }

  return el('div', {}, place, detail,
    el('section', { class: 'card' }, el('h2', {}, 'Publish'), upload(() => shown.reload())));
}
