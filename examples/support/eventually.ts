import { setTimeout as sleep } from 'node:timers/promises';

/** Reads again until `isEnough`: a worker stores what was tracked a few milliseconds later. Gives up after 10 s. */
export async function eventually<T>(read: () => Promise<T>, isEnough: (value: T) => boolean): Promise<T> {
  const until = Date.now() + 10_000;
  for (;;) {
    const value = await read();
    if (isEnough(value)) return value;
    if (Date.now() > until) throw new Error('Nothing was stored within 10 s. Is a worker running? npm run worker:analytics');
    await sleep(50);
  }
}
