/*
 * reference.js: what the reference has where scripts run: the bar on top, the address of this
 * service in its examples, and a button that copies each. The page is whole without it.
 */
import { byId, el } from './dom.js';
import { nav } from './nav.js';

function copyButton(code) {
  const button = el('button', { type: 'button', class: 'plain' }, 'Copy');

  button.addEventListener('click', async () => {
    try {
      await navigator.clipboard.writeText(code.textContent);
      button.textContent = 'Copied';
    } catch {
      getSelection().selectAllChildren(code);
      button.textContent = 'Selected';
    }
    setTimeout(() => { button.textContent = 'Copy'; }, 2000);
  });
  return button;
}

nav('reference');
byId('url').textContent = new URL('.', document.baseURI).href.replace(/\/$/, '');
for (const pre of document.querySelectorAll('pre.ask')) {
  const box = el('div', { class: 'copied' });

  pre.replaceWith(box);
  box.append(pre, copyButton(pre.firstElementChild));
}
