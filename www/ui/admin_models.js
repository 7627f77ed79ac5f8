/*
 * admin_models.js: the models, and one of them: what its versions do, and what is kept of it.
 */
import { compareSheet } from './admin_compare.js';
import { modelsAll } from './admin_fields.js';
import { act, button, changeForm, fetched, room, sheet, tag } from './admin_parts.js';
import { canaryOnly, placeFields, placeOf, uploadSheet } from './admin_upload.js';
import { Problem, ask, askJson } from './api.js';
import { number } from './chart.js';
import { confirmByName } from './dialog.js';
import { el } from './dom.js';
import { form } from './fields.js';
import { list } from './list.js';
import { tell, tellProblem } from './notice.js';
import { qualityPart } from './quality.js';
import { when } from './when.js';

const states = { serving: 'good', canary: 'warn', shadow: '', retired: '', withdrawn: 'bad' };
const path = (name) => `admin/models/${encodeURIComponent(name)}`;
const inState = (model, state) => model.versions.find((version) => version.state === state);

function stateWords({ state, share, by }) {
  return state === 'canary' ? `canary, ${share} by ${by}` : state;
}

function keepWords(keep) {
  return keep === null ? 'nothing' : `${keep.rate} for ${keep.days} days`;
}

/* ---- what becomes of a version ---- */

/* To give a version back the place that it had. */
function asBefore(name, { version, state, share, by }) {
  const place = state === 'canary' ? { as: state, share, by } : { as: state };

  return askJson('POST', `${path(name)}/promote`, { body: { version, ...place } });
}

function placeSheet(model, version, reload) {
  const serving = inState(model, 'serving');
  const { close } = sheet(`Version ${version.version} of ${model.name}`, canaryOnly(form({
    fields: placeFields(version.state === 'canary' ? 'serving' : 'canary'),
    verb: 'Do so',
    send: (values) => askJson('POST', `${path(model.name)}/promote`, { body: { version: version.version, ...placeOf(values) } }),
    done: (made) => {
      close();
      reload();
      tell(`Version ${made.version} of ${model.name} is now ${stateWords(made)}.`, async () => {
        if (made.state !== 'serving') await askJson('POST', `${path(model.name)}/retire`, { body: { version: made.version } });
        else if (serving !== undefined) await askJson('POST', `${path(model.name)}/rollback`, { body: { to: serving.version } });
        if (version.state === 'canary' || version.state === 'shadow') await asBefore(model.name, version);
        reload();
        return `Version ${serving?.version ?? '?'} of ${model.name} serves, as before.`;
      });
    },
  })), { guards: true });
}

async function retire(model, version, reload) {
  await act(() => askJson('POST', `${path(model.name)}/retire`, { body: { version: version.version } }),
    `Version ${version.version} of ${model.name} is retired.`, async () => {
      await asBefore(model.name, version);
      reload();
      return `Version ${version.version} of ${model.name} is ${stateWords(version)} again.`;
    });
  reload();
}

async function rollBack(model, reload) {
  const from = inState(model, 'serving');

  if (!await confirmByName({
    title: 'Roll back', name: model.name, verb: 'Roll back',
    text: inState(model, 'canary') === undefined ?
      'The version that served before serves again, from the next request on.' : 'The canary ends, from the next request on.',
  })) return;
  const canary = inState(model, 'canary');

  await act(() => askJson('POST', `${path(model.name)}/rollback`, { body: {} }), `${model.name} is rolled back.`, async () => {
    await (canary === undefined ? asBefore(model.name, from) : asBefore(model.name, canary));
    reload();
    return `${model.name} is as before.`;
  });
  reload();
}

/* Takes a model out as a whole, or puts it back, by the verbs of the repository of protocol v2. */
const take = (name, verb) => ask('POST', `v2/repository/models/${encodeURIComponent(name)}/${verb}`, { body: {} });

async function putBack(name, reload) {
  await take(name, 'load');
  reload();
  return `${name} answers again.`;
}

async function withdraw({ name }, reload) {
  if (!await confirmByName({
    title: 'Withdraw a model', name, verb: 'Withdraw it',
    text: 'From the next request on it is as if there was no such model. Its versions are kept, and it can be put back.',
  })) return;
  await act(() => take(name, 'unload'), `${name} is withdrawn: nobody can ask it any more.`, () => putBack(name, reload));
  reload();
}

async function remove(model, version, reload) {
  if (!await confirmByName({
    title: 'Delete a version', name: `${model.name} ${version.version}`, verb: 'Delete for good',
    text: 'Its image is deleted. It cannot be taken back, but by publishing the file again.',
  })) return;
  await act(() => askJson('DELETE', `${path(model.name)}/versions/${version.version}`), `Version ${version.version} of ${model.name} is deleted.`);
  reload();
}

/* ---- one model ---- */

/* Who answers how many of the calls. */
function traffic(model) {
  const serving = inState(model, 'serving');
  const canary = inState(model, 'canary');
  const shadow = inState(model, 'shadow');
  const share = canary === undefined ? 0 : Number.parseFloat(canary.share);
  const part = (version, kind, percent) => (version === undefined ? null :
    el('li', { class: kind, 'data-share': percent }, el('b', {}, `Version ${version.version}`),
      ` ${version.state}: ${Number(percent.toFixed(2))}% of the calls`));

  if (serving === undefined) return el('p', { class: 'note warn' }, 'No version of it answers.');
  return el('div', { class: 'traffic' },
    el('progress', { class: 'share', max: 100, value: 100 - share, 'aria-hidden': 'true' }),
    el('ul', { class: 'plainlist' }, part(serving, 'serving', 100 - share), part(canary, 'canary', share),
      shadow === undefined ? null : el('li', { class: 'shadow' }, el('b', {}, `Version ${shadow.version}`), ' shadow: asked beside, unseen')));
}

function versionActs(model, version, reload) {
  const of = `version ${version.version}`;
  const live = version.state === 'canary' || version.state === 'shadow';

  if (version.state === 'serving' || version.state === 'withdrawn') return null;
  return el('span', { class: 'actions' },
    button('Use it', () => placeSheet(model, version, reload), { of }),
    live ? button('End it', () => retire(model, version, reload), { of }) : null,
    version.state === 'retired' ? button('Delete', () => remove(model, version, reload), { of }) : null);
}

function versions(model, reload) {
  const place = el('div');
  const rows = [...model.versions].sort((a, b) => b.version - a.version);

  list(place, {
    title: `Versions of ${model.name}`,
    columns: [
      { name: 'Version', cell: (version) => String(version.version) },
      { name: 'State', cell: (version) => tag(stateWords(version), states[version.state]) },
      { name: 'Published', cell: (version) => when(version.published_at) },
      { name: 'SHA-256', cell: (version) => el('code', { title: version.sha256 }, version.sha256.slice(0, 12)) },
      { name: 'Change', cell: (version) => versionActs(model, version, reload) },
    ],
    // A page at a time, of what is known.
    fetch: async (next) => ({ rows: rows.slice(next ?? 0, (next ?? 0) + 20), next: rows.length > (next ?? 0) + 20 ? (next ?? 0) + 20 : null }),
    empty: 'There is no version.',
  });
  return place;
}

function keepPart(model, reload) {
  if (model.input === 'text') {
    return el('p', {}, 'Nothing: it takes texts, and texts are not kept. So nothing is told of its quality and drift either.');
  }
  return [el('p', { class: 'hint' }, 'Rows and answers, sealed, to be compared with the truth once that is known.'), keepForm(model, reload)];
}

function keepForm(model, reload) {
  const part = ({ keep }) => ({ rate: keep?.rate ?? 'off', days: String(keep?.days ?? 30) });
  const send = ({ rate, days }) => askJson('PUT', `${path(model.name)}/keep`, { body: { rate, ...(days === undefined ? {} : { days: Number(days) }) } });

  return changeForm({
    fields: [
      { name: 'rate', label: 'How many of the requests', required: true, hint: '10%, or off for none.' },
      { name: 'days', label: 'For how many days', hint: 'Then they are deleted.' },
    ],
    values: part(model),
    read: async () => {
      const [now] = await modelsAll(model.name);

      return now === undefined ? null : part(now);
    },
    send: (changes) => {
      if (changes.days !== undefined && !/^[1-9][0-9]{0,4}$/.test(changes.days)) {
        throw new Problem(422, { errors: [{ field: 'days', problem: 'It is no number of days', allowed: 'a whole number, such as 30' }] });
      }
      return send({ rate: part(model).rate, ...changes });
    },
    done: (made, before) => {
      if (made === null) tell('Nothing was changed.');
      else {
        tell(`What is kept of ${model.name}: ${keepWords(made.keep)}.`, async () => {
          await send({ ...part(model), ...before });
          reload();
          return `What is kept of ${model.name} is as before.`;
        });
        reload();
      }
    },
  });
}

/* "text" or "features"; null where it cannot be told, and then it is offered all there is. */
async function inputOf(name) {
  try {
    return (await askJson('GET', `models/${encodeURIComponent(name)}`)).input ?? null;
  } catch (error) {
    if (error.status === 401) throw error;
    return null;
  }
}

function modelRoom(name) {
  const back = el('a', { href: '#models' }, 'All models');
  const content = fetched(async () => {
    const [model] = await modelsAll(name);

    if (model === undefined) throw new Problem(404, { detail: `There is no model "${name}".` });
    return { ...model, input: inState(model, 'serving') === undefined ? null : await inputOf(name) };
  }, (model, load) => [
    el('p', { class: 'actions' }, button('Publish a version', () => uploadSheet(name, load), { kind: '' }),
      model.versions.length > 1 ? button('Compare versions', () => compareSheet(model)) : null,
      model.versions.length > 1 ? button('Roll back', () => rollBack(model, load)) : null,
      inState(model, 'withdrawn') === undefined ? button('Withdraw', () => withdraw(model, load)) :
        button('Put it back', async () => {
          try {
            tell(await putBack(name, load));
          } catch (error) {
            tellProblem(error);
          }
        })),
    traffic(model), versions(model, load),
    el('div', { class: 'cards single' },
      el('section', { class: 'card' }, el('h3', {}, 'What is kept of its requests'),
        keepPart(model, load))),
    inState(model, 'serving') === undefined || model.input === 'text' ? null : [el('h3', {}, 'Quality and drift'), qualityPart(name)],
  ]);

  return room(name, back, null, content);
}

/* ---- all of them ---- */

export function modelsRoom(query) {
  const place = el('div');

  if (query.get('name') !== null) return modelRoom(query.get('name'));
  const go = (made) => { location.hash = `#models?name=${encodeURIComponent(made.name)}`; };

  list(place, {
    title: 'Models',
    columns: [
      { name: 'Model', cell: (model) => el('a', { href: `#models?name=${encodeURIComponent(model.name)}` }, model.name) },
      { name: 'Serving', cell: (model) => (inState(model, 'serving') === undefined ? tag('none', 'bad') : `version ${inState(model, 'serving').version}`) },
      { name: 'Beside it', cell: (model) => model.versions.filter(({ state }) => state === 'canary' || state === 'shadow').map((version) => [tag(`${version.version}: ${stateWords(version)}`, states[version.state]), ' ']) },
      { name: 'Versions', number: true, cell: (model) => number(model.versions.length) },
      { name: 'Kept', cell: (model) => keepWords(model.keep) },
      { name: 'Published', cell: (model) => when(model.versions.map((version) => version.published_at).sort().at(-1)) },
    ],
    fetch: async () => ({ rows: await modelsAll(), next: null }),
    empty: 'There is no model yet. Publish one.',
  });
  return room('Models', 'What is served, by which version, and what is tried beside it.',
    button('Publish a model', () => uploadSheet(undefined, go), { kind: '' }), place);
}
