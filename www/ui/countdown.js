/*
 * countdown.js: waits as long as the service says, and shows it.
 */

/*
 * Calls each with the seconds that are left, now and every second, and done at the end.  By the
 * clock, since a tab that nobody looks at has slow timers.  Returns what ends it.
 */
export function countdown(seconds, each, done) {
  const end = Date.now() + seconds * 1000;
  let timer = null;

  const step = () => {
    const left = Math.ceil((end - Date.now()) / 1000);

    if (left <= 0) {
      timer = null;
      done();
      return;
    }
    each(left);
    timer = setTimeout(step, 1000);
  };

  step();
  return () => clearTimeout(timer);
}

/* "45 s", "3 min", "5 h", "2 days": as a person says it. */
export function span(seconds) {
  const s = Math.max(0, Math.round(seconds));

  if (s < 120) return `${s} s`;
  if (s < 7200) return `${Math.round(s / 60)} min`;
  return s < 172800 ? `${Math.round(s / 3600)} h` : `${Math.round(s / 86400)} days`;
}
