/*
 * dom.js: makes elements.  No text ever becomes markup: what a service or a person wrote goes
 * into text nodes and attributes alone.
 */

const SVG = 'http://www.w3.org/2000/svg';

function give(element, attributes) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
    else if (name === 'class') element.setAttribute('class', value);
    else if (name === 'value') element.value = value;
    else element.setAttribute(name, value === true ? '' : String(value));
  }
}

/* Puts children behind what an element has; returns it. */
export function fill(element, children) {
  for (const child of children.flat(Infinity)) {
    if (child === null || child === undefined || child === false) continue;
    element.append(child instanceof Node ? child : String(child));
  }
  return element;
}

/* el('p', {class: 'hint'}, 'text', el('b', {}, 'more')): what is null or false is left out. */
export function el(name, attributes = {}, ...children) {
  const element = document.createElement(name);

  give(element, attributes);
  return fill(element, children);
}

/* The same in SVG. */
export function svg(name, attributes = {}, ...children) {
  const element = document.createElementNS(SVG, name);

  give(element, attributes);
  return fill(element, children);
}

export function byId(id) {
  return document.getElementById(id);
}

/* Puts children in the place of what an element has. */
export function replace(element, ...children) {
  element.replaceChildren();
  return fill(element, children);
}

let last = 0;

/* An id that no other element has, for labels and what they label. */
export function freshId(stem) {
  last += 1;
  return `${stem}-${last}`;
}
