// Pages refresh themselves, so the server ends a session unless somebody does something here: this tells it, once a minute
// at most. When the session has ended the page leads to the sign-in.
(() => {
  const EVERY_MS = 60_000;
  let toldAt = Date.now();
  const leaveIfSignedOut = (response) => {
    if (response.status === 401) location.assign('/sign-in');
  };
  const tell = () => {
    if (Date.now() - toldAt < EVERY_MS) return;
    toldAt = Date.now();
    fetch('/api/presence', { method: 'PUT' }).then(leaveIfSignedOut, () => {});
  };
  for (const name of ['pointerdown', 'keydown', 'wheel']) addEventListener(name, tell, { passive: true });
  setInterval(() => void fetch('/api/history').then(leaveIfSignedOut, () => {}), EVERY_MS);
})();
