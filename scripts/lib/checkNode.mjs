// Old syntax only: this file must be readable by the Node versions that it refuses.
const LEAST = [20, 19, 0];

/** Ends the process with a clear message when Node is too old. */
export function checkNode(version = process.versions.node) {
  const parts = version.split('.').map(Number);
  for (let index = 0; index < LEAST.length; index += 1) {
    if (parts[index] > LEAST[index]) return;
    if (parts[index] < LEAST[index]) {
      process.stderr.write(
        'This needs Node ' + LEAST.slice(0, 2).join('.') + ' or newer, and this is Node ' + version + '.\n' +
          'Install a newer one from https://nodejs.org, or with your version manager: nvm install 22\n',
      );
      process.exit(1);
    }
  }
}
