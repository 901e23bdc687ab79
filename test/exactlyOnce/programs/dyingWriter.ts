import { ingestEvents } from '../../../src/ingestion/ingestEvents.js';
import { connect } from '../../../src/redis/connect.js';
import { createKeys } from '../../../src/redis/keys.js';
import { keyRingFromMaster } from '../../../src/security/KeyRing.js';
import { Erasures } from '../../../src/storage/Erasures.js';
import { EventStore, type NewEventChunk } from '../../../src/storage/EventStore.js';

/** Stores some chunks of a batch, then is killed. */
class DyingStore extends EventStore {
  override async store(chunks: readonly NewEventChunk[], now: number): Promise<never> {
    await super.store(chunks.slice(0, Number(chunkCount)), now);
    process.kill(process.pid, 'SIGKILL');
    return new Promise(() => undefined);
  }
}

const [url = '', prefix = '', master = '', jobId = '', payload = '', chunkCount = ''] = process.argv.slice(2);
const keyRing = await keyRingFromMaster(Buffer.from(master, 'base64'));
const redis = connect(url, 'patient', 'dying writer', () => undefined);
const secrets = keyRing.reading!; // made from a master key
const keys = createKeys(prefix);
const store = new DyingStore(redis, keys, secrets);
const erasures = new Erasures(redis, keys, secrets.fingerprints);
await ingestEvents(jobId, JSON.parse(payload), { store, erasures, keyRing, oldestKept: () => -Infinity, now: Date.now });
