/*
 * watch.js: looks again and again, as long as somebody looks on.
 */

const WORST_MS = 60000;

/*
 * Calls act after first milliseconds and again and again, until it answers "end" or the place is
 * no more in the page; not while the page is hidden.  Where it answers false, that nothing has
 * changed, or throws, it is asked less and less often, down to once in most milliseconds (in a
 * minute where it throws), and never earlier than the service said.  Returns what ends it.
 */
export function watch(place, act, { first = 1000, most = 15000 } = {}) {
  let pause = first;
  let timer = null;
  let over = false;

  function end() {
    over = true;
    clearTimeout(timer);
    document.removeEventListener('visibilitychange', seen);
  }

  function later() {
    if (!over) timer = setTimeout(step, pause);
  }

  async function step() {
    timer = null;
    if (!place.isConnected) end();
    if (over || document.hidden) return;
    try {
      const found = await act();

      if (found === 'end') end();
      pause = found === false ? Math.min(most, pause * 1.5) : first;
    } catch (error) {
      pause = Math.max(Number(error.wait ?? 0) * 1000, Math.min(WORST_MS, pause * 2));
    }
    if (timer === null) later();
  }

  function seen() {
    if (document.hidden || timer !== null || over) return;
    pause = first;
    later();
  }

  document.addEventListener('visibilitychange', seen);
  later();
  return end;
}
