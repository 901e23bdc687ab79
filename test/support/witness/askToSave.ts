import { connect } from 'node:net';

/** A server that is stopped or drowned does not answer; the test's own end must not wait for it. */
const MOST_MS = 1500;
const MOST_SAVE_MS = 15_000;

/**
 * Has a server that keeps nothing write all it holds into its folder, uncompressed. On a socket of its own, since a client
 * would try again.
 * @returns why it did not; undefined when it did
 */
export async function askToSave(port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    let answers = '';
    const settle = (why?: string): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(why);
    };
    let timer = setTimeout(settle, MOST_MS, 'no answer');
    socket.on('error', () => settle('no connection'));
    socket.on('end', () => settle('hung up'));
    socket.on('connect', () => socket.write('CONFIG SET rdbcompression no\r\nSAVE\r\n'));
    socket.on('data', (data) => {
      answers += data.toString('latin1');
      const lines = answers.split('\r\n').slice(0, -1);
      const refusal = lines.find((line) => !line.startsWith('+OK'));
      if (refusal !== undefined) settle(refusal.split(' ')[0]!.slice(1));
      else if (lines.length === 2) settle();
      else {
        clearTimeout(timer);
        timer = setTimeout(settle, MOST_SAVE_MS, 'no answer');
      }
    });
  });
}
