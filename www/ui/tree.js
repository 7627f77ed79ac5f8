/*
 * tree.js: one tree of a model with the way of a row lit, which the service draws when somebody
 * wants to see it: each picture is a call.
 */
import { ask } from './api.js';
import { el, freshId, replace } from './dom.js';
import { failure } from './load.js';
import { bodyOf, pathOf } from './row.js';

const depths = [2, 3, 4, 6, 8, 12];

/* {element, row(row, spare)}: the row whose way is lit; spare: a new picture may be fetched. */
export function treePart(model) {
  const last = model.trees - 1;
  const treeId = freshId('tree');
  const depthId = freshId('depth');
  const choice = el('input', {
    id: treeId, type: 'number', min: 0, max: last, value: 0, inputmode: 'numeric', onchange: () => go(Number(choice.value)),
  });
  const depth = el('select', { id: depthId, onchange: () => draw() },
    depths.map((levels) => el('option', { value: levels, selected: levels === 4 }, `${levels} levels`)));
  const place = el('div', {});
  const body = el('div', {});
  const element = el('details', { class: 'card', ontoggle: () => { if (element.open) draw(); } },
    el('summary', {}, 'A tree, with the way of your row'), body);
  let row = null;
  let turn = 0;

  function go(tree) {
    choice.value = String(Math.min(last, Math.max(0, Math.round(tree) || 0)));
    draw();
  }

  function step(text, by) {
    return el('button', { type: 'button', class: 'plain', onclick: () => go((Number(choice.value) + by + last + 1) % (last + 1)) }, text);
  }

  async function draw() {
    const mine = ++turn;
    const tree = Number(choice.value);

    if (row === null) {
      replace(body, el('p', { class: 'hint' }, 'Ask the model about a row first.'));
      return;
    }
    if (!body.contains(place)) {
      replace(body, el('div', { class: 'row' },
        el('div', { class: 'field' }, el('label', { for: treeId }, `Tree, 0 to ${last}`), choice),
        el('div', { class: 'field' }, el('label', { for: depthId }, 'Shown'), depth),
        step('Previous', -1), step('Next', 1),
        el('p', { class: 'hint' }, 'Each picture is a call.')), place);
    }
    place.setAttribute('aria-busy', 'true');
    try {
      const answer = await ask('POST', pathOf(model, 'draw'), {
        body: bodyOf(model, row),
        query: { tree: String(tree), depth: depth.value },
        accept: 'image/svg+xml',
      });
      const picture = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(await answer.text())}`;

      if (mine !== turn) return;
      replace(place, el('div', { class: 'scroll', tabindex: '0', role: 'region', 'aria-label': 'The tree' },
        el('img', { class: 'tree', src: picture, alt: `Tree ${tree} of ${model.name}, with the way of the row lit` })));
    } catch (error) {
      if (mine === turn) replace(place, failure(error, draw));
    } finally {
      if (mine === turn) place.removeAttribute('aria-busy');
    }
  }

  return {
    element,
    row: (value, spare) => {
      row = value;
      if (element.open && spare) draw();
    },
  };
}
