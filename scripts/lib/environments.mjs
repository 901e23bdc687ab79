/** What a program of the system needs to run: where it finds things, and how it writes. */
const OF_SYSTEM = /^(PATH|HOME|USER|LOGNAME|SHELL|TMPDIR|TEMP|TMP|TZ|LANG|LANGUAGE|LC_[A-Z]+|SYSTEMROOT|LD_LIBRARY_PATH)$/i;
/** What the service is told, keys and passwords among it. */
const OF_SERVICE = /^(ANALYTICS|REDIS)_/;

/** For redis-server and whoever keeps it: nothing of the service's, and nothing of a key service's either. */
export function bareEnvironment() {
  return pick((name) => OF_SYSTEM.test(name));
}

/** For npm and other installers, which may need proxies and certificates: everything but what is the service's. */
export function installerEnvironment() {
  return pick((name) => !OF_SERVICE.test(name));
}

function pick(isWanted) {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => isWanted(name)));
}
