/*
 * home.js: the first page: the models that whoever is here may ask, and one of them to try.
 * Which one is in the address, behind #, so that it can be linked to.
 */
import { askJson } from './api.js';
import { byId, el, replace } from './dom.js';
import { load } from './load.js';
import { modelPanel } from './model.js';
import { nav } from './nav.js';
import { tellProblem } from './notice.js';
import { forget, keyTake, kind } from './session.js';

const tasks = { classify: 'tells a class', regress: 'tells a value', anomaly: 'finds what is unusual' };

function pathOf(name) {
  return `models/${encodeURIComponent(name)}`;
}

/* The model that the address names; null where it names none of these. */
function named(models) {
  let name = '';

  try {
    name = decodeURIComponent(location.hash.slice(1));
  } catch {
    // no name of ours
  }
  return models.find((model) => model.name === name) ?? null;
}

function first(models) {
  return models.find((model) => model.default && model.state === 'ready') ?? models.find((model) => model.state === 'ready') ?? models[0];
}

function linkOf(model) {
  return el('a', { href: `#${encodeURIComponent(model.name)}` }, model.name,
    el('span', { class: 'hint' }, model.state === 'ready' ? tasks[model.task] ?? model.task : 'not available'));
}

/* The models beside the one that is shown. */
function desk(models) {
  const place = el('div', {});
  const links = models.map(linkOf);

  function open(focus) {
    const model = named(models) ?? first(models);

    links.forEach((link, i) => {
      if (models[i] === model) link.setAttribute('aria-current', 'true');
      else link.removeAttribute('aria-current');
    });
    replace(place);
    document.title = `${model.name} - Forestgate`;
    load(place, () => askJson('GET', pathOf(model.name)), (whole) => modelPanel(whole));
    if (focus) {
      place.tabIndex = -1;
      place.focus({ preventScroll: true });
    }
    requestAnimationFrame(() => links[models.indexOf(model)].scrollIntoView({ block: 'nearest', inline: 'nearest' }));
  }

  onhashchange = () => {
    if (named(models) !== null) open(true);
  };
  open(false);
  if (models.length === 1) return el('div', { class: 'desk' }, place);
  return el('div', { class: 'desk several' },
    el('nav', { class: 'menu', 'aria-label': 'Models' }, el('ul', {}, links.map((link) => el('li', {}, link)))), place);
}

function none() {
  return el('div', { class: 'state' },
    el('h2', {}, 'No model yet'),
    el('p', {}, 'None is published that you may ask. Who runs this service publishes one in the ',
      el('a', { href: './admin#models' }, 'administration'), ', or like this:'),
    el('p', {}, el('code', {}, 'forestgate model train --csv data.csv --target column -o model.fgm')),
    el('p', {}, el('code', {}, 'forestgate model publish name model.fgm')));
}

function keyFault(text) {
  byId('key-error').textContent = text;
  byId('key-text').setAttribute('aria-invalid', text === '' ? 'false' : 'true');
  if (text !== '') byId('key-text').focus();
}

/* A key that the service does not know is told where it was given. */
async function models() {
  try {
    return (await askJson('GET', 'models')).models;
  } catch (error) {
    if (error.status !== 401 || kind() !== 'key') throw error;
    forget();
    keyFault(error.message);
    return [];
  }
}

function refresh() {
  const somebody = kind() !== 'none';

  byId('hero').hidden = somebody;
  byId('desk').hidden = !somebody;
  replace(byId('models'));
  document.title = 'Forestgate';
  onhashchange = null;
  if (somebody) load(byId('models'), models, (found) => (found.length === 0 ? none() : desk(found)));
}

nav('home');
byId('key-form').addEventListener('submit', (event) => {
  const text = byId('key-text').value.trim();

  event.preventDefault();
  if (!/^[!-~]+$/.test(text)) {
    keyFault(text === '' ? 'Please paste your key.' : 'This is no key: a key has letters, digits and signs alone.');
    return;
  }
  keyFault('');
  byId('key-text').value = '';
  keyTake(text);
  byId('main').focus({ preventScroll: true });
});
document.addEventListener('session', (event) => {
  refresh();
  if (event.detail?.lapsed) tellProblem(new Error('Your session has ended. Please log in again.'));
});
refresh();
